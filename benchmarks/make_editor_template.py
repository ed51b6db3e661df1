"""Makes web/mean_face.js: the landmark editor's 68 points, with the depth of each.

The points are those of tps_core/mean_face.json. The depth is what best explains, over the faces
of many pictures, how the points move against each other when heads turn (factorisation: each face
is an affine view of the same solid one). Only then do five clicks on a half turned face put the
jaw where it is: see web/landmark_template.js.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.landmarks import IBUG_MIRROR, eye_distance, mean_face
from tps_portrait.tps_core.pictures import read_picture

NOSE_TIP = 30
FLAT = [*range(36, 48), 48, 54]  # the eyes and the corners of the mouth: their plane is depth 0
ROUNDS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+",
                        help="pictures of faces, some of them turned")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()

    faces = []
    for path in (path for folder in arguments.folders for path in list_pictures(folder)):
        found = detect(read_picture(path))
        if found:
            points = found[0].shape68_px.double()
            faces.append((points - points.mean(0)) / eye_distance(points))
    mean = mean_face("ibug-68").double()
    depth = find_depth(mean, faces)
    rows = [
        f"  [{x:.5f}, {y:.5f}, {z:.3f}],".replace("-0.000]", "0.000]")
        for (x, y), z in zip(mean.tolist(), depth.tolist(), strict=True)
    ]
    text = (
        "// Made by benchmarks/make_editor_template.py from tps_core/mean_face.json.\n"
        "\n"
        "/** The mean face's 68 points: x, y (down) and depth, the nose's tip being at 1. */\n"
        "export const MEAN_FACE = [\n" + "\n".join(rows) + "\n];\n"
    )
    arguments.output.write_text(text, "utf-8")
    print(f"the depth in {len(faces)} faces written to {arguments.output}")


def find_depth(mean: Tensor, faces: list[Tensor]) -> Tensor:
    """How far each of the mean face's points (68, 2) lies before the eyes: (68,), nose tip 1."""
    plane = torch.cat([mean, torch.ones(len(mean), 1, dtype=mean.dtype)], 1)
    depth = torch.zeros(len(mean), dtype=mean.dtype)
    depth[NOSE_TIP] = 1
    depth = _beyond(plane, depth)
    for _ in range(ROUNDS):
        moved, weight = torch.zeros_like(depth), 0.0
        for face in faces:
            view = torch.linalg.lstsq(torch.cat([plane, depth[:, None]], 1), face).solution
            moved += (face - plane @ view[:3]) @ view[3]
            weight += view[3] @ view[3]
        depth = _beyond(plane, moved / weight)
    flat = torch.linalg.lstsq(plane[FLAT], depth[FLAT, None]).solution
    depth = depth - (plane @ flat)[:, 0]
    return depth / depth[NOSE_TIP]


def _beyond(plane: Tensor, depth: Tensor) -> Tensor:
    """The depth, made symmetric, of unit length and without what an affine map can do as well."""
    depth = (depth + depth[torch.tensor(IBUG_MIRROR)]) / 2
    depth = depth - (plane @ torch.linalg.lstsq(plane, depth[:, None]).solution)[:, 0]
    return depth / depth.norm()


if __name__ == "__main__":
    main()
