"""Times a thin-plate-spline warp against kornia's and against `grid_sample` alone.

All in one run, in turn, several times: quote the ratios, the machine may be busy.
"""

import argparse
import statistics
import time

import torch
import torch.nn.functional as F
from kornia.geometry.transform import get_tps_transform, warp_image_tps

from tps_portrait.tps_core.warp import pixel_centres, warp_image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="side of the picture; default: 512")
    parser.add_argument("--points", type=int, default=68, help="default: 68")
    parser.add_argument("--rounds", type=int, default=9, help="default: 9")
    arguments = parser.parse_args()

    random = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, arguments.size, arguments.size, generator=random)
    source = torch.rand(1, arguments.points, 2, generator=random) * 1.8 - 0.9
    target = source + 0.02 * torch.randn(source.shape, generator=random)
    grid = pixel_centres(image.shape[-2:], like=image)[None]

    def kornia() -> torch.Tensor:
        weights, affine = get_tps_transform(target, source)
        return warp_image_tps(image, source, weights, affine)

    contestants = {
        "grid_sample alone": lambda: F.grid_sample(image, grid, align_corners=False),
        "ours": lambda: warp_image(image, source, target),
        "kornia": kornia,
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    with torch.no_grad():
        for run in range(arguments.rounds + 1):  # the first is a warm-up
            for name, work in contestants.items():
                begun = time.perf_counter()
                work()
                if run:
                    seconds[name].append(time.perf_counter() - begun)
    print(f"{arguments.size} x {arguments.size}, {arguments.points} points, "
          f"{torch.get_num_threads()} threads, medians of {arguments.rounds}")  # fmt: skip
    base = seconds["grid_sample alone"]
    for name, own in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(own, base, strict=True))
        print(f"{name:20} {1000 * statistics.median(own):8.1f} ms {ratio:8.1f} x grid_sample")


if __name__ == "__main__":
    main()
