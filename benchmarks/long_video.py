"""Whether a long video stays small in memory and steady to the eye, in ComfyUI.

Frames of a clip, there and back until there are enough, go through the node Stylize Portrait in a
process with ComfyUI's own modules. It measures the process's memory at each frame that is painted
and after the run, and the flicker: how far a pixel's light is from the mean of the same pixel in
the frames before and after, which even motion leaves at zero. With --large it paints one picture
of so many pixels a side beside it, a quarter higher than wide, twice in each way that takes memory
of its own: what stays after the first round was made ready to paint with, and what more stays after
the second would be lost for good.
"""

import argparse
import sys
import tempfile
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))  # for the real ComfyUI

from comfyui import run_inside
from timing import machine, table

VIDEOS = Path(__file__).parents[2] / "shared" / "data" / "videos"
EARLY = 30  # the frame with which the last one is compared

RUN = """
import gc, psutil
import numpy as np, torch
import comfy.utils, nodes

given = json.load(sys.stdin)
assert load_pack()
load, stylize = (nodes.NODE_CLASS_MAPPINGS[f"TPSPortrait{name}"] for name in
                 ("LoadStyle", "Stylize"))
megabytes = lambda: psutil.Process().memory_info().rss / 1e6
seen = []

class Watched:
    def __init__(self, total):
        self.total, self.done = total, 0
    def update(self, steps):
        self.done += steps
        seen.append((self.done, megabytes()))

comfy.utils.ProgressBar = Watched
style = load.execute(given["style"]).args[0]

def peak(work):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the peak
    work()
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3

with torch.inference_mode():
    frames = torch.from_numpy(np.load(given["frames"])).float().div_(255)
    before = megabytes()
    image, mask = stylize.execute(frames, style, True, 1.0, 0.0, video=True).args
    after = megabytes()
    painted = image.mul(255).round().byte().numpy()
    np.save(given["painted"], painted)
    results = (image.nbytes + mask.nbytes) / 1e6
    del image, mask, frames, painted
    gc.collect()
    report = {"before": before, "frames": seen[-given["count"]:], "after": after,
              "results": results, "released": megabytes(), "large": []}
    if given["large"]:
        photo = torch.from_numpy(np.load(given["photo"])).float().div_(255)
        base = megabytes()
        for way in 2 * ({}, {"whole_image": False}, {"keep_colors": 1.0}, {"strength": 1.5},
                        {"ground": "blur"}):
            how = {"whole_image": True, "strength": 1.0} | way
            kept = []
            most = peak(lambda: kept.append(stylize.execute(photo, style, color_match=0.0, **how)))
            held = sum(part.nbytes for part in kept.pop().args) / 1e6
            gc.collect()
            report["large"].append((str(way or "as it is"), most - base - held, held,
                                    megabytes() - base))
print(json.dumps(report))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--video", type=Path, help="default: the first of the data collection")
    parser.add_argument("--frames", type=int, default=300, help="default: 300")
    parser.add_argument("--width", type=int, help="scale the frames; default: as they are")
    parser.add_argument("--style", default="impressionist oil")
    parser.add_argument("--large", type=int, default=0, help="side in pixels of a picture, if any")
    arguments = parser.parse_args()
    from tps_portrait.tps_core.videos.reader import ENDINGS

    found = sorted(path for path in VIDEOS.glob("*") if path.suffix in ENDINGS)
    video = arguments.video or (found[0] if found else None)
    if video is None:
        print(f"needs a video; there is none in {VIDEOS}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        measure(video, arguments, Path(name))
    return 0


def measure(video: Path, arguments: argparse.Namespace, folder: Path) -> None:
    import numpy as np

    clip = read(video, arguments.width)
    order = [*range(len(clip)), *range(len(clip) - 2, 0, -1)]  # there and back
    frames = clip[[order[index % len(order)] for index in range(arguments.frames)]]
    np.save(folder / "frames.npy", frames)
    if arguments.large:
        from PIL import Image, ImageOps

        side = arguments.large
        photo = ImageOps.fit(Image.fromarray(clip[0]), (side, round(1.25 * side)))
        np.save(folder / "photo.npy", np.asarray(photo)[None])
    given = {
        "style": arguments.style,
        "count": len(frames),
        "large": arguments.large,
        **{name: str(folder / f"{name}.npy") for name in ("frames", "painted", "photo")},
    }
    report = run_inside(RUN, folder / "comfyui", given=given)
    painted = np.load(folder / "painted.npy")

    memory = {number - len(frames): mb for number, mb in report["frames"]}
    early, last = memory[min(EARLY, len(frames))], memory[len(frames)]
    height, width = frames.shape[1:3]
    print(f"{machine()}\n\n{video.name}, {len(frames)} frames of {width} x {height}, "
          f"{arguments.style}\n")  # fmt: skip
    rows = [
        ("before the run, with the frames", report["before"]),
        (f"at frame {min(EARLY, len(frames))}", early),
        (f"at frame {len(frames)}", last),
        ("after the run", report["after"]),
        ("  of it the results", report["results"]),
        ("after frames and results are gone", report["released"]),
    ]
    print(table(("memory", "MB"), rows))
    print(f"\nframe {len(frames)} over frame {min(EARLY, len(frames))}: {last / early:.3f}")
    flickers = flicker(frames), flicker(painted)
    print(f"flicker, levels of 255: frames {flickers[0]:.2f}, painted {flickers[1]:.2f}, "
          f"{flickers[1] / flickers[0]:.2f} times as much")  # fmt: skip
    contrasts = [float(part.std()) for part in (frames, painted)]
    relative = flickers[1] / contrasts[1] / (flickers[0] / contrasts[0])
    print(f"the same over the contrast of each: {relative:.2f} times as much")
    if report["large"]:
        print(f"\none picture {arguments.large} pixels wide\n")
        columns = ("way", "MB beside the result", "MB of the result", "MB kept after it is gone")
        print(table(columns, report["large"]))


def read(video: Path, width: int | None = None):
    """The video's frames (n, h, w, 3) as bytes, made so wide."""
    import numpy as np
    import torch
    import torch.nn.functional as F

    from tps_portrait.tps_core.videos.reader import VideoReader

    with closing(VideoReader(video)) as reader:
        frames = torch.stack([frame.picture[:3] for frame in reader.frames()])
    if width:
        shape = round(frames.shape[-2] * width / frames.shape[-1]), width
        frames = F.interpolate(frames, shape, mode="bilinear", antialias=True)
    return np.ascontiguousarray(frames.movedim(1, -1).numpy())


def flicker(frames) -> float:
    """How far light is from the mean of the frames before and after, on average."""
    light = [frame.astype("float32").mean(-1) for frame in frames]
    around = zip(light, light[1:], light[2:], strict=False)
    apart = [abs(now - (last + after) / 2).mean() for last, now, after in around]
    return float(sum(apart) / len(apart))


if __name__ == "__main__":
    sys.exit(main())
