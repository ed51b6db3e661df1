"""Extras: paints each picture, one or a whole batch."""

import logging

import torch
from modules import scripts_postprocessing

from .controls import make_controls, read_controls
from .host import Interrupted, check_interrupted, device
from .picture import fingerprint, paint_image
from .settings import to_infotext

log = logging.getLogger("tps_portrait")

# What a picture that can't be painted may lead to. The WebUI would end the whole batch.
UNPAINTABLE = (ValueError, OSError, MemoryError, RuntimeError)
FAILED = "TPS Portrait failed"  # the key under which the infotext says why


class ExtrasScript(scripts_postprocessing.ScriptPostprocessing):
    """The panel of Extras."""

    name = "TPS Portrait"
    order = 4000  # what comes out of upscaling and face restoration is painted

    def ui(self):
        """The controls by the names that `process` gets them under."""
        return make_controls("extras")

    def process(self, pp, **values):
        """Paints pp.image. What can't be painted stays, and the infotext says why."""
        try:
            chosen = read_controls(values)
            if chosen is None:
                return
            settings, art = chosen
            pp.image = paint_image(pp.image, settings, art, device(), check_interrupted)
        except Interrupted:
            return
        except UNPAINTABLE as error:
            log.error("not painted: %s", reason(error))
            pp.info[FAILED] = reason(error)
        else:
            pp.info.update(to_infotext(settings, fingerprint(art) if art else ""))


def reason(error: Exception) -> str:
    """Why a picture could not be painted, in a sentence."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return "the picture takes more memory than there is; make it smaller"
    return str(error)
