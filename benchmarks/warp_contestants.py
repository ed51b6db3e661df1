"""Who can warp a picture by a thin-plate spline, each behind the same call.

A function here makes a problem's input and gives the work to be timed. Packages that aren't
installed raise ImportError.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tps_portrait.tps_core.geometry.warp import backward_grid, warp_image
from tps_portrait.tps_core.landmarks import mean_face

Work = Callable[[], object]
NOISE_PX = 1.2  # of a detector, at 512 pixels


@dataclass(frozen=True)
class Problem:
    """A batch of pictures of which each is to be warped its own way."""

    pictures: Tensor  # (b, 3, s, s)
    source: Tensor  # (b, n, 2)
    target: Tensor  # (b, n, 2)


def problem(size: int, points: int, batch: int, rough: bool = False) -> Problem:
    """The mean face bent smoothly, or with a detector's noise in each landmark too.

    Every n-th landmark of MediaPipe's 478, except for 68.
    """
    random = torch.Generator().manual_seed(0)
    if points == 68:
        face = mean_face("ibug-68")
    else:
        mesh = mean_face("mediapipe-478")
        face = mesh[torch.linspace(0, len(mesh) - 1, points).round().long()]
    source = 0.5 * face.expand(batch, -1, -1).contiguous()
    x, y = source.unbind(-1)
    by = 0.06 * (1 + torch.arange(batch)[:, None] / batch)
    target = source + torch.stack([by * (2.5 * y + 1).sin(), by * (2 * x + y).cos()], -1)
    if rough:
        target = target + NOISE_PX / 256 * torch.randn(target.shape, generator=random)
    return Problem(torch.rand(batch, 3, size, size, generator=random), source, target)


def sampling(*args) -> Work:
    """torch's `grid_sample` alone, with the finished grid: what no warp can do without."""
    p = problem(*args)
    grid = backward_grid(p.source, p.target, p.pictures.shape[-2:])
    return lambda: F.grid_sample(p.pictures, grid, padding_mode="border", align_corners=False)


def ours(*args) -> Work:
    p = problem(*args)
    return lambda: warp_image(p.pictures, p.source, p.target)


def kornia(*args) -> Work:
    """One picture after the other: a batch of 8 with 478 points would need 20 GB."""
    from kornia.geometry.transform import get_tps_transform, warp_image_tps

    p = problem(*args)

    def work() -> None:
        for i in range(len(p.pictures)):
            source, target = p.source[i : i + 1], p.target[i : i + 1]
            weights, affine = get_tps_transform(target, source)
            warp_image_tps(p.pictures[i : i + 1], source, weights, affine)

    return work


def scikit_image(*args) -> Work:
    from skimage.transform import ThinPlateSplineTransform, warp

    p = problem(*args)
    pictures = p.pictures.permute(0, 2, 3, 1).numpy()
    # It expects pixels, and the map backwards.
    size = pictures.shape[1]
    source, target = (((points + 1) * size / 2 - 0.5).numpy() for points in (p.source, p.target))

    def work() -> None:
        for i, picture in enumerate(pictures):
            spline = ThinPlateSplineTransform.from_estimate(target[i], source[i])
            warp(picture, spline, mode="edge", order=1)

    return work


def opencv(*args) -> Work:
    import cv2

    p = problem(*args)
    # Its own threads count as torch's do.
    cv2.setNumThreads(torch.get_num_threads())
    pictures = p.pictures.permute(0, 2, 3, 1).contiguous().numpy()
    size = pictures.shape[1]
    source, target = (((points + 1) * size / 2 - 0.5).numpy() for points in (p.source, p.target))
    matches = [cv2.DMatch(k, k, 0) for k in range(source.shape[1])]

    def work() -> None:
        for i, picture in enumerate(pictures):
            spline = cv2.createThinPlateSplineShapeTransformer()
            spline.estimateTransformation(target[i : i + 1], source[i : i + 1], matches)
            spline.warpImage(picture, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    return work


CONTESTANTS = {
    "grid_sample alone": sampling,
    "ours": ours,
    "kornia": kornia,
    "scikit-image": scikit_image,
    "OpenCV": opencv,
}
