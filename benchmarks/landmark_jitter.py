"""How much landmarks jitter from frame to frame, before and after smoothing, and how they lag.

From each photo two clips are made: it rests, or a window glides over it. Every frame gets noise
of its own and is detected again. Jitter is the mean motion of a landmark between two frames beyond
the motion that the clip has; lag is how far the smoothed landmarks are behind, over the speed.
The filters are compared on the same landmarks; the last one is what the node does.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.pictures import read_picture
from tps_portrait.tps_core.tracking.one_euro import PADDING_FRAMES, one_euro, one_euro_both_ways
from tps_portrait.tps_core.tracking.smoothing import CUTOFF_PER_FRAME, PLACE_SPEED_FACTOR, smooth

PHOTOS = Path(__file__).parents[2] / "shared" / "data" / "photos"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=12, help="how many photos; default: 12")
    parser.add_argument("--frames", type=int, default=48, help="frames of a clip; default: 48")
    parser.add_argument("--noise", type=float, default=8, help="in levels of 255; default: 8")
    parser.add_argument("--speed", type=int, default=2, help="of the pan, px a frame; default: 2")
    parser.add_argument("--width", type=int, help="scale the photos; default: as they are")
    arguments = parser.parse_args()
    paths = list_pictures(PHOTOS) if PHOTOS.is_dir() else []
    if not paths:
        print(f"needs photos in {PHOTOS}", file=sys.stderr)
        return 2
    paths = paths[:: max(1, len(paths) // arguments.photos)][: arguments.photos]
    generator = torch.Generator().manual_seed(0)
    clips = {"still": 0, "pan": arguments.speed}
    results: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for path in paths:
        photo = read_picture(path)
        if arguments.width:
            height = round(photo.shape[1] * arguments.width / photo.shape[2])
            shape = (height, arguments.width)
            photo = F.interpolate(photo[None], shape, mode="bicubic", antialias=True)[0]
        for clip, speed in clips.items():
            frames = gliding(photo, speed, arguments.frames, arguments.noise, generator)
            faces = [detect(frame, max_faces=1) for frame in frames]
            if not all(faces):
                print(f"{path.name}, {clip}: left out, a frame has no face")
                continue
            for name, points_px in filtered(faces).items():
                figures = measure(pixels(faces), points_px, speed)
                results.setdefault((clip, name), []).append(figures)
    print(f"{len(paths)} photos, clips of {arguments.frames} frames, noise of {arguments.noise:g} "
          f"levels, pan of {arguments.speed} px a frame")  # fmt: skip
    print(f"{'clip':7}{'filter':24}{'jitter, px':>11}{'less by':>9}{'at worst':>9}"
          f"{'lag, frames':>13}{'at worst':>9}")  # fmt: skip
    for (clip, name), figures in results.items():
        jitter, less, lag = torch.tensor(figures).unbind(-1)
        behind = f"{lag.mean():13.2f}{lag.abs().max():9.2f}" if clip == "pan" else ""
        print(f"{clip:7}{name:24}{jitter.mean():11.3f}{less.mean():9.0%}{less.min():9.0%}{behind}")
    return 0


def gliding(
    photo: Tensor, speed: int, count: int, noise: float, generator: torch.Generator
) -> Iterator[Tensor]:
    """Frames of a window that glides to the right over the photo (3, h, w), with noise in each.

    Whole pixels a frame, so that the motion is known and nothing is resampled.
    """
    width = photo.shape[-1] - speed * (count - 1)
    for t in range(count):
        frame = photo[:, :, speed * t : speed * t + width]
        frame = frame + noise / 255 * torch.randn(frame.shape, generator=generator)
        yield (frame.clamp(0, 1) * 255).round() / 255


def filtered(faces: list[list[Landmarks]]) -> dict[str, Tensor]:
    """The landmarks (t, n, 2) in pixels by the name of the filter that they went through."""
    raw = pixels(faces)
    unit = (raw - raw.mean(1, keepdim=True)).square().sum(-1).mean().sqrt()
    setting = (CUTOFF_PER_FRAME, PLACE_SPEED_FACTOR)
    return {
        "none": raw,
        "each point, forwards": one_euro(raw / unit, *setting) * unit,
        "each point, both ways": one_euro_both_ways(raw / unit, *setting) * unit,
        "place and shape": pixels(smooth(faces)),
    }


def pixels(faces: list[list[Landmarks]]) -> Tensor:
    """The first face of each frame in pixels: (t, n, 2)."""
    return torch.stack([face.points_px for face, *_ in faces])


def measure(raw: Tensor, smoothed: Tensor, speed: int) -> tuple[float, float, float]:
    """Jitter in pixels, by what share it is less than that of `raw`, and lag in frames."""
    motion = torch.tensor([-float(speed), 0.0])  # the face glides to the left
    before, after = ((p.diff(dim=0) - motion).norm(dim=-1).mean() for p in (raw, smoothed))
    middle = slice(min(PADDING_FRAMES, len(raw) // 4), -min(PADDING_FRAMES, len(raw) // 4))
    behind = (raw - smoothed)[middle].mean((0, 1)) @ motion / max(speed, 1) ** 2
    return float(after), float(1 - after / before), float(behind)


if __name__ == "__main__":
    sys.exit(main())
