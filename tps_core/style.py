"""A trained style: the generator with its record, in memory and on disk."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .align import CROP
from .container import build_network, read_container, write_container
from .folders import files_by_name
from .json_reading import Checks, fields, listed, one_line, text, truth, whole
from .light import brighten, light_for_lines
from .painting.generator import STRIDE, Generator, LineGenerator
from .painting.old_generator import LeanGenerator, OldGenerator, SmoothGenerator
from .painting.painter import paint

FORMAT = "tps-portrait-style/1"
NETWORKS = {
    "unet16-grain": Generator,
    "unet16-smooth": SmoothGenerator,
    "unet16-soft": LineGenerator,
    "unet16-lean": LeanGenerator,
    "unet16": OldGenerator,
}
# Faces are painted at one size, so that strokes have one relative to the face: that at which the
# style was trained. Styles of fewer pixels than this are painted at twice their size, at most at
# this one: at their own, lips and noses get blotches.
SMALL_PX = 256
MOST_BLOCKS, WIDEST = 64, 2048  # of an architecture: ours have 2 blocks, and are 144 wide


def _architecture(value: object, what: str) -> None:
    architecture = fields(value, what, {"name": text}, "name", "widths", "blocks")
    for width in listed(architecture["widths"], f"{what}'s widths", 4):
        whole(width, f"{what}'s width", 1, WIDEST)
    whole(architecture["blocks"], f"{what}'s blocks", 0, MOST_BLOCKS)


def _digits(value: object, what: str) -> None:
    whole(value, what, 0, 2**64)


# What a record may say, and must if it says it.
RECORD: Checks = {
    "architecture": _architecture,
    "scheme": text,
    "size": lambda value, what: whole(value, what, 16, 4096),
    "steps": _digits,
    "seed": _digits,
    "art": text,
    "tones": truth,
    "licence": text,
    "author": text,
}


@dataclass(frozen=True)
class Style:
    """A style; called with pictures (b, 3, h, w) in 0…1, of any size, it gives them painted."""

    generator: Generator
    # What a stranger needs to know: architecture, scheme, crop, size (training size in pixels),
    # steps, seed, art (a hash of the pictures), tones (whether it has any), licence, author.
    record: dict = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The side of the face crops that the style was trained on, in pixels."""
        return self.record["size"]

    @property
    def is_line_art(self) -> bool:
        """Whether it draws lines without tones: then a face is lit for it first (see light.py)."""
        return not self.record.get("tones", True)

    @property
    def painting_px(self) -> int:
        """The side in pixels at which it paints a face crop, whatever the face's own."""
        return max(self.size, min(2 * self.size, SMALL_PX))

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def to(self, device: torch.device | str) -> "Style":
        """This style, moved to the device: its network is moved, not copied."""
        return Style(self.generator.to(device), self.record)

    def lit(self, picture: Tensor, points: Tensor, exponent: float | None = None) -> Tensor:
        """The picture (3, h, w), 0…1, in the light that the style needs for its face.

        The face's points (68, 2) are in −1…1. Raised to the power of the `exponent`, where one is
        given, whatever the face.
        """
        if not self.is_line_art:
            return picture
        return light_for_lines(picture, points) if exponent is None else brighten(picture, exponent)

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """The pictures (b, 3, h, w), 0…1, painted; padding to the network's stride is invisible.

        Result on the pictures' own device, in their dtype.
        """
        h, w = pictures.shape[-2:]
        # At least two positions in the innermost map: of one there is no norm.
        below, right = (max(-n % STRIDE, 2 * STRIDE - n) for n in (h, w))
        padded = F.pad(pictures.to(self.device).float(), (0, right, 0, below), mode="replicate")
        return paint(self.generator, padded)[..., :h, :w].to(pictures)

    def paint_within(self, pictures: Tensor) -> Tensor:
        """The pictures (b, 3, h, w) painted as the middle of larger ones.

        For whole images: at the border of a face crop there is mostly hair, and a network that
        sees a border there paints bars.
        """
        margin = STRIDE
        larger = F.pad(pictures, [margin] * 4, mode="replicate")
        return self(larger)[..., margin:-margin, margin:-margin]


def save_style(style: Style, path: Path | str) -> None:
    """Writes the style to a *.safetensors file, in half precision.

    Raises ValueError when the name doesn't end so, and for a style with weights that aren't finite.
    """
    if Path(path).suffix != ".safetensors":
        raise ValueError(f"{path}: a style's file name must end in .safetensors")
    weights = {name: tensor.half() for name, tensor in style.generator.state_dict().items()}
    if not all(tensor.isfinite().all() for tensor in weights.values()):
        raise ValueError(f"{path}: not saved, as weights of the style are infinite; train it again")
    write_container(path, FORMAT, weights, style.record)


def load_style(path: Path | str) -> Style:
    """The style in the file, on the CPU.

    Raises ValueError for a file that is missing, damaged, foreign or of a newer version.
    """
    weights, record = read_container(path, FORMAT, "a style")
    architecture = record.get("architecture")
    architecture = architecture if isinstance(architecture, dict) else {}
    name = architecture.get("name")
    network = NETWORKS.get(name) if isinstance(name, str) else None
    if network is None or record.get("crop") != CROP:
        raise ValueError(f"{path}: made by a newer TPS Portrait: update the pack")
    try:
        fields(record, "the style", RECORD, "size")
        known = {what: value for what, value in architecture.items() if what != "name"}
        generator = build_network(lambda: network(**known), weights)
    except (TypeError, ValueError) as error:  # TypeError: an architecture that says more
        raise ValueError(f"{path}: damaged ({one_line(error)}); copy or train it again") from None
    return Style(generator.eval().requires_grad_(False), record)


def list_styles() -> dict[str, Path]:
    """The styles that can be used by name, sorted: each name with its file.

    A style of the user's hides a bundled one of the same name.
    """
    return files_by_name("styles")


def find_style(name: str) -> Path:
    """The file of a style, given by its name or by its path.

    Raises ValueError, listing the names there are.
    """
    styles = list_styles()
    if name in styles:
        return styles[name]
    if Path(name).is_file():
        return Path(name)
    known = ", ".join(styles) or "none yet: train one first"
    raise ValueError(f"{name}: no such style or file; styles: {known}")
