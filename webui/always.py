"""txt2img and img2img: paints what was generated, if that is switched on."""

import logging

from modules import scripts

from .controls import NAMES, make_controls, paste_fields, read_controls
from .extras import FAILED, UNPAINTABLE, reason
from .host import Interrupted, check_interrupted, device
from .picture import fingerprint, paint_image
from .settings import WAYS, to_infotext

log = logging.getLogger("tps_portrait")

OVERRIDES = "_tps_portrait_overrides"  # of a processing: what the X/Y/Z plot sets, by NAMES
# The hook that gets whole images; an inpainting's cut-out is put back before. A1111 1.7 hasn't it.
HAS_WHOLE_IMAGES = hasattr(scripts.Script, "postprocess_image_after_composite")


class AlwaysScript(scripts.Script):
    """The panel below the prompt."""

    def title(self):
        """The name in the page, and in the API's alwayson_scripts."""
        return "TPS Portrait"

    def show(self, is_img2img):
        """On both tabs, always."""
        return scripts.AlwaysVisible

    def ui(self, is_img2img):
        """The controls, of the same number and order every time."""
        controls = make_controls("img2img" if is_img2img else "txt2img")
        self.infotext_fields = paste_fields(controls)
        return list(controls.values())

    def process(self, processing, *values):
        """Writes into the infotext what will be painted."""
        try:
            if chosen := _read(processing, values):
                settings, art = chosen
                written = to_infotext(settings, fingerprint(art) if art else "")
                processing.extra_generation_params.update(written)
        except ValueError as error:
            processing.extra_generation_params[FAILED] = str(error)

    def postprocess_image_after_composite(self, processing, shown, *values):
        """Paints shown.image; one that can't be painted stays, and a comment says why."""
        try:
            if chosen := _read(processing, values):
                settings, art = chosen
                shown.image = paint_image(shown.image, settings, art, device(), check_interrupted)
        except Interrupted:
            return
        except UNPAINTABLE as error:
            log.error("not painted: %s", reason(error))
            if hasattr(processing, "comment"):
                processing.comment(f"TPS Portrait: not painted: {reason(error)}")

    if not HAS_WHOLE_IMAGES:
        postprocess_image = postprocess_image_after_composite


def _read(processing, values):
    """As `read_controls`, with what the X/Y/Z plot says in place of the controls."""
    overrides = getattr(processing, OVERRIDES, {})
    if overrides:
        overrides = overrides | {"enabled": True}
    if "style" in overrides:
        overrides = overrides | {"way": WAYS[0]}
    return read_controls(dict(zip(NAMES, values, strict=False)) | overrides)
