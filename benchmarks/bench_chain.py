"""Times the whole chain on a portrait of 1920 x 1080, stage by stage, and a video of 1280 x 720.

The stages take turns, several times; of the video each way to paint it does.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from timing import in_turn, machine, table
from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.blend import blend
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.detectors.art_landmarker import confirms
from tps_portrait.tps_core.detectors.embedded_detector import detect_embedded
from tps_portrait.tps_core.light import light_for_lines
from tps_portrait.tps_core.one_thread import one_thread
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.pictures import read_picture, to_image, to_tensor
from tps_portrait.tps_core.style import Style, find_style, list_styles, load_style
from tps_portrait.tps_core.stylize import paint_whole, stylize
from tps_portrait.tps_core.tracking.follower import Follower
from tps_portrait.tps_core.videos.frame import Frame
from tps_portrait.tps_core.videos.paint_frame import VideoOptions, paint_frame
from tps_portrait.tps_core.videos.plan import plan_frames
from tps_portrait.tps_core.videos.reader import VideoReader
from tps_portrait.tps_core.videos.stylize_video import stylize_video
from tps_portrait.tps_core.videos.writer import VideoWriter

FULL_HD, HD = (1080, 1920), (720, 1280)
RATE, CUTS = 25, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", help="a portrait of yours; default: the one in scikit-image")
    parser.add_argument("--style", action="append", help="default: all that are installed")
    parser.add_argument("--rounds", type=int, default=9, help="default: 9")
    parser.add_argument("--frames", type=int, default=75, help="of the video; default: 75")
    parser.add_argument("--only", choices=["picture", "video"], help="default: both")
    arguments = parser.parse_args()
    portrait = _portrait(arguments.photo)
    styles = {name: load_style(find_style(name)) for name in arguments.style or list_styles()}
    print(machine(), "\n")
    with tempfile.TemporaryDirectory() as name, torch.no_grad():
        folder = Path(name)
        if arguments.only != "video":
            for style_name, style in styles.items():
                print(f"A portrait of 1920 x 1080, {style_name}\n")
                print(_picture_table(portrait, style, folder, arguments.rounds), "\n")
        if arguments.only != "picture":
            _write_film(folder / "film.mp4", portrait, arguments.frames)
            print(f"A video of 1280 x 720, {arguments.frames} frames, {CUTS} shots\n")
            print(_frame_table(folder, next(iter(styles.values()))), "\n")
            print(_video_table(folder, styles, arguments.rounds))


def _picture_table(portrait: Tensor, style: Style, folder: Path, rounds: int) -> str:
    """Where the time goes, and what both ways to paint take in all."""
    write_picture(folder / "photo.jpg", portrait)
    photo = read_picture(folder / "photo.jpg")
    face = detect_face(photo, "photo")
    alignment = align(face)
    crop = alignment.crop(photo, style.painting_px)
    painted = style(crop[None])[0]
    (seen,) = detect_embedded(photo, 1, 0.5)
    stages: dict[str, Callable[[], object]] = {
        "read the JPEG": lambda: read_picture(folder / "photo.jpg"),
        "detect": lambda: detect_embedded(photo, 1, 0.5),
        "confirm": lambda: confirms(photo, seen),
        "align and cut out": lambda: align(face).crop(photo, style.painting_px),
        "light for lines": lambda: light_for_lines(crop, alignment.points),
        "paint the face": lambda: style(crop[None]),
        "blend": lambda: blend(photo, painted, alignment),
        "scale and paint the whole": lambda: paint_whole(photo, style, alignment.extent_px),
        "write the JPEG": lambda: write_picture(folder / "out.jpg", photo),
        "**all: the face**": lambda: stylize(photo, style, whole_image=False),
        "**all: the whole image**": lambda: stylize(photo, style, whole_image=True),
    }
    if not style.is_line_art:
        del stages["light for lines"]
    times = in_turn(stages, rounds)
    rows = [
        (name, own.ms, own.cpu_ms, 1000 / own.ms if name.startswith("**") else "")
        for name, own in times.items()
    ]
    return table(["", "ms", "CPU ms", "pictures/s"], rows)


def _frame_table(folder: Path, style: Style) -> str:
    """CPU milliseconds that a frame takes in each part of the work, which overlap."""
    rows = []

    def timed(name: str, work: Callable[[], list]) -> list:
        begun = time.process_time()
        done = work()
        rows.append((name, 1000 * (time.process_time() - begun) / len(done)))
        return done

    with one_thread():
        reader = VideoReader(folder / "film.mp4")
        frames = timed("read, twice", lambda: list(reader.frames()))
        rows[0] = (rows[0][0], 2 * rows[0][1])
        follower = Follower()
        observations = timed("follow the face", lambda: [follower(f.picture) for f in frames])
        plans = timed("steady", lambda: list(plan_frames(observations)))
        for name, options in _ways().items():
            painted = timed(
                f"paint {name}",
                lambda options=options: [
                    paint_frame(frame.picture, style, plan, options)
                    for frame, plan in zip(frames, plans, strict=True)
                ],
            )
        writer = VideoWriter(folder / "out.mp4", reader)

        def write() -> list:
            for frame, picture in zip(frames, painted, strict=True):
                writer.add(Frame(picture, frame.time))
            writer.finish()
            return frames

        timed("write", write)
        reader.close()
    return table(["", "CPU ms a frame"], rows)


def _video_table(folder: Path, styles: dict[str, Style], rounds: int) -> str:
    """Frames per second from file to file."""
    seconds: dict[tuple[str, str], list[float]] = {}
    with one_thread():
        for _ in range(rounds):
            for name, style in styles.items():
                for way, options in _ways().items():
                    begun = time.perf_counter()
                    report = stylize_video(
                        folder / "film.mp4", folder / "out.mp4", style, options, workers=2
                    )
                    own = seconds.setdefault((name, way), [])
                    own.append((time.perf_counter() - begun) / report.frames)
    rows = [(*key, 1 / statistics.median(own)) for key, own in seconds.items()]
    return table(["style", "painted", "frames/s"], rows)


def _ways() -> dict[str, VideoOptions]:
    return {"the face": VideoOptions(whole_image=False), "the whole image": VideoOptions()}


def _portrait(path: str | None) -> Tensor:
    """A portrait (3, 1080, 1920): as high as the picture, its own blurred copy beside it."""
    if path:
        portrait = read_picture(path)
    else:
        from skimage.data import astronaut

        portrait = to_tensor(to_image(torch.from_numpy(astronaut() / 255).movedim(-1, 0)))
        portrait = portrait[:, :340, 50:390]
    height, width = FULL_HD
    own_width = min(width, round(portrait.shape[2] * height / portrait.shape[1]))
    sharp = F.interpolate(portrait[None], (height, own_width), mode="bicubic", antialias=True)
    picture = F.interpolate(portrait[None], (9, 16), mode="area")
    picture = F.interpolate(picture, FULL_HD, mode="bicubic")[0]
    left = (width - own_width) // 2
    picture[:, :, left : left + own_width] = sharp[0]
    return picture.clamp(0, 1)


def _write_film(path: Path, portrait: Tensor, count: int) -> None:
    """Zooms over the portrait with two cuts, some noise, and a tone."""
    import av

    noise = np.random.default_rng(0)
    image = to_image(portrait)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE)
        stream.height, stream.width = HD
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "18"}
        for index in range(count):
            shot, share = divmod(index * CUTS / count, 1)
            zoom = (1.1 + 0.3 * share, 1.4 - 0.2 * share, 1.2)[int(shot)]
            width, height = 1920 / zoom, 1080 / zoom
            x, y = 960 + 120 * (share - 0.5), 540 - 200 * (zoom - 1.1)
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            small = image if shot != 1 else image.transpose(0)
            pixels = np.asarray(small.resize(HD[::-1], box=box)).astype(np.int16)
            pixels += noise.integers(-3, 4, (*HD, 1), dtype=np.int16)
            frame = av.VideoFrame.from_ndarray(pixels.clip(0, 255).astype(np.uint8), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


if __name__ == "__main__":
    main()
