"""Makes what templates open with (pictures, a clip, landmarks), but the photo and the art.

The group is put together of three portraits, because no photo of a group is in the collection. In
the clip the portrait that comes with the pack turns its head: each point moves by its depth, and a
spline bends the photo after them. The average face is tps_core/mean_face.json as a landmark file.
"""

import argparse
import json
import math
import re
from fractions import Fraction
from pathlib import Path

import av
import torch
import torch.nn.functional as F
from torch import Tensor

from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.detectors.person_mask import person_mask
from tps_portrait.tps_core.example_pictures import AVERAGE, CLIP, GROUP, PHOTO
from tps_portrait.tps_core.face_warp import warp_face
from tps_portrait.tps_core.landmark_files.json_file import faces_to_json
from tps_portrait.tps_core.landmarks import Landmarks, eye_distance, mean_face
from tps_portrait.tps_core.pictures import read_picture, to_image

DEPTHS = Path(__file__).parents[1] / "web" / "mean_face.js"

GROUND = (0.62, 0.60, 0.55)  # behind the group
GROUP_PX = (960, 560)  # width and height
# From back to front: the photo, how high its picture is in the group's, and its middle there.
PERSONS = (
    ("photo_cc0_interfaces_027.jpg", 500, 480),
    ("photo_cc0_interfaces_049.jpg", 540, 170),
    ("photo_cc0_interfaces_030.jpg", 500, 770),
)

CLIP_PX = (320, 340)
RATE, FRAMES = 12, 36
TURN, NOD = 0.10, 0.03  # how far the nose's tip moves, in eye distances

AVERAGE_PX = 512  # side of the picture that the average face is in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="the collection's folder photos_wild")
    arguments = parser.parse_args()
    to_image(group(arguments.photos)).save(GROUP, quality=85)
    write_clip(turning(read_picture(PHOTO)), CLIP)
    points_px = mean_face("ibug-68") * AVERAGE_PX / 4 + AVERAGE_PX / 2
    size = (AVERAGE_PX, AVERAGE_PX)
    face = Landmarks.from_pixels(points_px, size, "ibug-68", 1.0, "the average face")
    AVERAGE.write_text(json.dumps(faces_to_json([face], size)), "utf-8")
    for path in (GROUP, CLIP, AVERAGE):
        print(path, path.stat().st_size)


def group(folder: Path) -> Tensor:
    """The persons side by side before one ground: (3, h, w)."""
    width, height = GROUP_PX
    picture = torch.tensor(GROUND)[:, None, None].repeat(1, height, width)
    picture *= torch.linspace(1.1, 0.8, height)[:, None]
    for name, side, middle in PERSONS:
        photo = read_picture(folder / name)
        both = torch.cat([photo, person_mask(photo)])[None]
        both = F.interpolate(both, (side, side), mode="area")[0]
        x0, x1 = middle - side // 2, middle + side // 2
        both = both[..., max(0, -x0) : side - max(0, x1 - width)]
        part = picture[:, height - side :, max(0, x0) : min(width, x1)]
        part.copy_(part.lerp(both[:3], both[3:]))
    return picture


def turning(photo: Tensor) -> list[Tensor]:
    """The photo (3, h, w) in frames, in which the head turns to one side and to the other."""
    numbers = re.findall(r"\[(-?[\d.]+), (-?[\d.]+), (-?[\d.]+)\]", DEPTHS.read_text("utf-8"))
    depth = torch.tensor([float(z) for _, _, z in numbers])
    photo = F.interpolate(photo[None], CLIP_PX[::-1], mode="area")[0]
    face = detect_face(photo, "the portrait").convert("ibug-68")
    still, unit = face.points_px, eye_distance(face.points_px)
    frames = []
    for index in range(FRAMES):
        angle = 2 * math.pi * index / FRAMES  # the last frame is followed by the first
        way = torch.tensor([TURN * math.sin(angle), NOD * (1 - math.cos(2 * angle))]) * unit
        moved = Landmarks.from_pixels(still + depth[:, None] * way, face.size, "ibug-68")
        frames.append(warp_face(photo, face, moved, stiffness=0.001, placement="exact")[0])
    return frames


def write_clip(frames: list[Tensor], path: Path) -> None:
    """Writes the frames (3, h, w) as a video that every browser plays."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE, options={"crf": "24", "preset": "veryslow"})
        stream.width, stream.height, stream.pix_fmt = *CLIP_PX, "yuv420p"
        for index, frame in enumerate(frames):
            image = av.VideoFrame.from_image(to_image(frame)).reformat(format="yuv420p")
            image.pts, image.time_base = index, Fraction(1, RATE)
            file.mux(stream.encode(image))
        file.mux(stream.encode(None))


if __name__ == "__main__":
    main()
