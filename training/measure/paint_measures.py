"""How much paint a result shows beyond its photo: three figures of one picture, by no network.

A network that a style was trained through can be fooled; a tint or a weave doesn't fool these.
All compare face crops (3, h, w), 0…1, of any device, and mean scales in pixels of crops of FACE_PX.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ...tps_core.paint_like.fields import LUMA

FACE_PX = 256  # side of the face crops that the scales below are meant for, in pixels
STROKES_PX = (2.0, 4.0)  # the sigmas between which detail is compared
WEAVE_BAND = (0.12, 0.2)  # of a weave's frequencies, in cycles per pixel
SECTOR_RADIANS = math.radians(15)  # how far from a diagonal or an axis still counts as it
LEVEL_8_BIT = 1 / 255  # of a picture of 8 bits; what varies by less than half of it is rounding


def color_curve(photo: Tensor, result: Tensor) -> float:
    """The share of the result's variance that one quadratic function of the photo's RGB explains.

    1 for any tint or tone curve, which is no painting; nan for a result of one colour.
    """
    pixels = _pixels(result)
    spread = float((pixels - pixels.mean(1, keepdim=True)).square().mean())
    if spread < (LEVEL_8_BIT / 2) ** 2:
        return math.nan
    return 1 - float(_unexplained(photo, result).square().mean()) / spread


def detail_correlation(photo: Tensor, result: Tensor) -> float:
    """The correlation of the photo's and the result's luma between the sigmas of STROKES_PX.

    1 where every detail is the photo's own, however strong; nan where one of them has no detail.
    """
    a, b = (_detail(_luma(picture)) for picture in (photo, result))
    a, b = a - a.mean(), b - b.mean()
    if min(a.std(), b.std()) < LEVEL_8_BIT / 10:  # blurring has averaged the rounding out
        return math.nan
    return float((a * b).mean() / (a.square().mean() * b.square().mean()).sqrt())


def weave(photo: Tensor, result: Tensor) -> float:
    """How much more diagonal than its photo is what a result adds, in WEAVE_BAND.

    What it adds is what the curve of `color_curve` doesn't explain. Around 1 for strokes of the
    brush, and 1 where nothing is added; well above it there is a grain over the picture, the mark
    of a generator's own grid. nan where the photo itself has nothing there.
    """
    added, own = _luma(_unexplained(photo, result).view_as(result)), _luma(photo)
    if added.std() < LEVEL_8_BIT / 2:
        return 1.0
    return _diagonal(added) / _diagonal(own)


def _pixels(picture: Tensor) -> Tensor:
    """The picture's colours: (3, h w) in double precision on the CPU."""
    return picture.detach().to("cpu", torch.float64).flatten(1)


def _unexplained(photo: Tensor, result: Tensor) -> Tensor:
    """What the best quadratic function of the photo's RGB leaves of the result: (3, h w)."""
    r, g, b = _pixels(photo)
    terms = torch.stack([torch.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, r * b, g * b], 1)
    # Terms that depend on each other, as a grey photo's, leave columns of no more than noise.
    basis = torch.linalg.qr(terms).Q
    colors = _pixels(result)
    return colors - colors @ basis @ basis.T


def _luma(picture: Tensor) -> Tensor:
    """The luma (h, w) of the picture (3, h, w), in double precision on the CPU."""
    luma = torch.tensor(LUMA, dtype=torch.float64) @ _pixels(picture)
    return luma.view(picture.shape[-2:])


def _detail(luma: Tensor) -> Tensor:
    """What lies between the sigmas of STROKES_PX in the luma (h, w)."""
    fine, coarse = (_blurred(luma, sigma_px) for sigma_px in STROKES_PX)
    return fine - coarse


def _blurred(luma: Tensor, sigma_px: float) -> Tensor:
    """The luma (h, w) after a Gaussian; beyond the border the picture is mirrored."""
    reach = math.ceil(4 * sigma_px)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1.0).double() / sigma_px) ** 2)
    kernel = (kernel / kernel.sum())[None, None]
    padded = F.pad(luma[None, None], [reach] * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel[..., None, :]), kernel[..., None])[0, 0]


def _diagonal(luma: Tensor) -> float:
    """The energy along the diagonals over that along the axes, of the luma (h, w) in WEAVE_BAND.

    nan where there is none along the axes.
    """
    height, width = luma.shape
    windows = [torch.hann_window(n, dtype=torch.float64) for n in (height, width)]
    power = torch.fft.fft2((luma - luma.mean()) * torch.outer(*windows)).abs().square()
    y, x = torch.meshgrid(
        torch.fft.fftfreq(height).abs(), torch.fft.fftfreq(width).abs(), indexing="ij"
    )
    frequency, angle = torch.hypot(y, x), torch.atan2(y, x)  # 0 to a quarter of a turn
    band = (frequency >= WEAVE_BAND[0]) & (frequency <= WEAVE_BAND[1])
    diagonal = band & ((angle - math.pi / 4).abs() < SECTOR_RADIANS)
    axis = band & ((angle - math.pi / 4).abs() > math.pi / 4 - SECTOR_RADIANS)
    energies = power[diagonal].sum(), power[axis].sum()
    # In a picture of a tenth of a level there is nothing to compare.
    least = (LEVEL_8_BIT / 10) ** 2 * power.numel()
    return float(energies[0] / energies[1]) if energies[1] > least else math.nan
