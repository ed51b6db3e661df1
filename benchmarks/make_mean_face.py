"""Makes tps_core/mean_face.json: the mean of many near-frontal faces, symmetric and upright.

Each face of the folder is detected with the 478-point mesh, all are aligned to each other
(generalised Procrustes analysis), averaged with their mirror images, and put into the face crop.
The mirror order comes out of it: the partner of a point is the one nearest to its reflection.
"""

import argparse
import json
from pathlib import Path

import torch
from scipy.optimize import linear_sum_assignment

from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.geometry.similarity import fit_similarity
from tps_portrait.tps_core.pictures import read_picture

# The crop convention: the mesh, forehead to chin, is this high, in a crop of height 2, and its
# chin lies here. Portraits keep some hair and neck; tightly cut art still fills the crop.
HEIGHT, CHIN = 1.48, 0.82


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder of portrait photos")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()

    faces = []
    for path in list_pictures(arguments.photos):
        found = detect(read_picture(path), detector="mediapipe")
        if found:
            faces.append(found[0].points_px)
    meshes = torch.stack(faces).double()
    mirror = None
    mean = _normalised(meshes[0])
    for _ in range(5):
        mean = _normalised(torch.stack([_moved(mesh, mean) for mesh in meshes]).mean(0))
        mirror = _mirror_order(mean)
        flipped = mean[mirror] * torch.tensor([-1.0, 1.0])
        mean = _normalised((mean + _moved(flipped, mean)) / 2)
    mean = (mean + mean[mirror] * torch.tensor([-1.0, 1.0])) / 2

    top, chin = mean[10, 1], mean[152, 1]
    mean = mean * HEIGHT / (chin - top)
    mean[:, 1] += CHIN - mean[152, 1]
    content = {
        "points": [[round(x, 5), round(y, 5)] for x, y in mean.tolist()],
        "mirror": mirror.tolist(),
    }
    arguments.output.write_text(json.dumps(content) + "\n", "utf-8")
    print(f"mean of {len(meshes)} faces written to {arguments.output}")


def _normalised(mesh: torch.Tensor) -> torch.Tensor:
    """Centred, unit size, with the line from forehead to chin upright."""
    mesh = mesh - mesh.mean(0)
    x, y = mesh[152] - mesh[10]
    length = (x * x + y * y).sqrt()
    turn = torch.stack([torch.stack([y, -x]), torch.stack([x, y])]) / length
    return mesh @ turn.T / mesh.square().sum(-1).mean().sqrt()


def _moved(mesh: torch.Tensor, onto: torch.Tensor) -> torch.Tensor:
    linear, shift = fit_similarity(mesh, onto)
    return mesh @ linear.T + shift


def _mirror_order(mean: torch.Tensor) -> torch.Tensor:
    distances = torch.cdist(mean * torch.tensor([-1.0, 1.0], dtype=mean.dtype), mean)
    order = torch.as_tensor(linear_sum_assignment(distances.numpy())[1])
    assert (order[order] == torch.arange(len(mean))).all(), "the mirror order is not an involution"
    return order


if __name__ == "__main__":
    main()
