"""A style as an ONNX file, for other programs, browsers and phones."""

import copy
import importlib.util
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .output_files import replace_file
from .painting.generator import STRIDE, Generator
from .painting.onnx_file import INPUT, to_onnx
from .painting.openvino import BackendFailed, OpenVino
from .painting.painter import MOST_DIFFERENCE, MOST_MEAN_DIFFERENCE, difference
from .style import FORMAT, Style

PRECISIONS = ("float32", "float16")
CHECKED_PX = 256  # the side of the picture that an export of any size is checked with
MOST_CHECKED = 4  # photos that it is checked with, where there are some


log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Exported:
    """What was written, and how far what it paints is from what the style paints."""

    path: Path
    bytes: int
    checked_by: str  # the program that painted with the file; "" if there was none to do it
    mean: float  # difference in 0…1 over the picture, NaN if it wasn't checked
    most: float

    def describe(self) -> str:
        """The same in a sentence or two."""
        text = f"{self.path}: {self.bytes / 1e6:.1f} MB"
        if not self.checked_by:
            return f"{text}, not checked: that needs onnxruntime; run: pip install onnxruntime"
        return (
            f"{text}, checked with {self.checked_by}: it differs by {255 * self.mean:.2f} of 255 "
            f"on average, by {255 * self.most:.1f} at most"
        )


def export_style(
    style: Style,
    path: Path | str,
    size: int | None = None,
    precision: str = "float32",
    photos: Sequence[Tensor] = (),
) -> Exported:
    """Writes the style to an .onnx file, and checks what that paints if something can run it.

    The file takes "picture" (b, 3, h, w), RGB in 0…1, and gives "painted". `size` fixes both sides
    and b = 1; without it, all three are open, and sides must be multiples of STRIDE. "float16" is
    stored in half precision, like the style itself, and paints the same. It is checked with the
    `photos`, each (3, h, w) in 0…1, or with a picture of its own.
    Raises ValueError without the package onnx, for another ending, precision or size that can't be,
    and a file that paints something else, which is not written.
    """
    path = Path(path)
    if importlib.util.find_spec("onnx") is None:
        raise ValueError("an export needs the package onnx; run: pip install onnx")
    if path.suffix != ".onnx":
        raise ValueError(f"{path}: an exported style's file name must end in .onnx")
    if precision not in PRECISIONS:
        raise ValueError(
            f"precision {precision}: choose {' or '.join(PRECISIONS)}; what int8 painted was up to "
            "152 of 255 levels off, so it is no longer written"
        )
    if size is not None and (size < 2 * STRIDE or size % STRIDE):
        raise ValueError(
            f"size {size}: must be a multiple of {STRIDE}, {2 * STRIDE} or more; "
            f"the nearest is {max(2, round(size / STRIDE)) * STRIDE}"
        )
    generator = copy.deepcopy(style.generator).cpu()  # the caller's stays where it is
    side = size or max(2, round(style.size / STRIDE)) * STRIDE
    shape = (1, size, size) if size else ("batch", "height", "width")
    record = style.record | {"precision": precision, "stride": STRIDE}
    metadata = {"format": FORMAT, "record": json.dumps(record)}
    file = to_onnx(generator, shape, metadata, precision != "float32")
    pictures = [_fitted(photo, side) for photo in photos[:MOST_CHECKED]]
    exported = _check(generator, file, pictures or [_sample(size or CHECKED_PX)], path)
    if exported.mean > MOST_MEAN_DIFFERENCE or exported.most > MOST_DIFFERENCE:
        raise ValueError(f"{exported.describe()}; it was not written: please report this")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, file)
    return exported


def _check(generator: Generator, file: bytes, pictures: list[Tensor], path: Path) -> Exported:
    for name, run in RUNNERS.items():
        if importlib.util.find_spec(name):
            try:
                painted = torch.cat([run(file, picture) for picture in pictures])
            except BackendFailed as error:
                log.info("The export can't be checked with %s: %s", name, error)
                continue
            with torch.no_grad():
                wanted = torch.cat([generator(picture) for picture in pictures])
            return Exported(path, len(file), name, *difference(painted, wanted))
    return Exported(path, len(file), "", float("nan"), float("nan"))


def _run_in_onnxruntime(file: bytes, picture: Tensor) -> Tensor:
    """Raises BackendFailed."""
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as errors
    except (ImportError, AttributeError, OSError) as error:
        raise BackendFailed(f"can't be imported: {error}") from None
    try:
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        (painted,) = session.run(None, {INPUT: picture.numpy()})
    except (errors.Fail, errors.InvalidGraph, errors.NotImplemented) as error:
        # One that is too old for the file.
        raise BackendFailed(str(error)) from None
    return torch.from_numpy(painted)


RUNNERS: dict[str, Callable[[bytes, Tensor], Tensor]] = {
    "onnxruntime": _run_in_onnxruntime,
    "openvino": lambda file, picture: OpenVino(file)(picture),
}


def _fitted(photo: Tensor, side: int) -> Tensor:
    """The photo's middle square as a picture (1, 3, side, side)."""
    h, w = photo.shape[-2:]
    n = min(h, w)
    y, x = (h - n) // 2, (w - n) // 2
    square = photo[None, :, y : y + n, x : x + n]
    return F.interpolate(square, (side, side), mode="bilinear", antialias=True).clamp(0, 1)


def _sample(side: int) -> Tensor:
    """A picture (1, 3, side, side) of patches and grain, the same every time."""
    random = torch.Generator().manual_seed(0)
    patches = F.interpolate(torch.rand(1, 3, 12, 12, generator=random), (side, side))
    return (patches + 0.05 * torch.randn(patches.shape, generator=random)).clamp(0, 1)
