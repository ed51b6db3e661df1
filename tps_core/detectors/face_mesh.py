"""Places the mesh network's points on faces: cuts each out upright, and takes its points back."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..geometry.squares import cut_squares
from .mesh_network import MeshNetwork

BOX_MARGIN = 1.5  # the cut's side, in longer sides of the detector's box
# The same cut told from the mesh, which reaches up the forehead: its side in longer sides of the
# mesh's box, and how far below that box's centre it lies, in its own sides. Means over 114 photos.
MESH_MARGIN, MESH_DROP = 1.4, 0.027
# A cut is worth making again if it would differ by more than this share of its side.
STRAYED_SHARE = 0.04
MOST_CUTS = 8
HOPELESS_PRESENCE = 0.01  # a presence below which a new cut won't help
RIGHT_EYE, LEFT_EYE = 33, 263  # the mesh's outer eye corners


@dataclass(frozen=True)
class FaceCut:
    """Where faces are cut out of a picture: turned squares, in pixels, on the CPU."""

    centre: Tensor  # (n, 2)
    side: Tensor  # (n,)
    axes: Tensor  # (n, 2, 2) rows: the cut's x axis and its y axis, of length 1

    @classmethod
    def around_box(cls, low: Tensor, high: Tensor, right_eye: Tensor, left_eye: Tensor):
        """The cuts for faces in boxes from low to high, upright by their eyes; all (n, 2)."""
        return cls(
            (low + high) / 2, BOX_MARGIN * (high - low).amax(-1), _axes(left_eye - right_eye)
        )

    @classmethod
    def around_points(cls, points_px: Tensor, right_eye: Tensor, left_eye: Tensor):
        """The cuts for the meshes points_px (n, k, 2), upright by their eyes (n, 2)."""
        axes = _axes(left_eye - right_eye)
        upright = points_px @ axes.mT
        low, high = upright.amin(1), upright.amax(1)
        side = MESH_MARGIN * (high - low).amax(-1)
        centre = (low + high) / 2 + MESH_DROP * torch.stack([torch.zeros_like(side), side], -1)
        return cls((centre[:, None] @ axes)[:, 0], side, axes)

    def to_pixels(self, points: Tensor) -> Tensor:
        """Points of the cuts (n, k, 2), 0…1 over each, in pixels of the picture."""
        return self.centre[:, None] + self.side[:, None, None] * (points - 0.5) @ self.axes

    def strays_from(self, other: "FaceCut") -> Tensor:
        """Which of the cuts differ much from the other's: (n,) of truth values."""
        moved = (self.centre - other.centre).norm(dim=-1) + (self.side - other.side).abs()
        return moved > STRAYED_SHARE * other.side

    def __getitem__(self, which: Tensor) -> "FaceCut":
        return FaceCut(self.centre[which], self.side[which], self.axes[which])

    def take(self, picture: Tensor, size: int) -> Tensor:
        """The faces, cut out of the picture (3, h, w), 0…1 or bytes: (n, 3, size, size), 0…1.

        Beyond the picture's edge its last pixels are repeated, as MediaPipe does.
        """
        linear = self.side[:, None, None] / 2 * self.axes.mT
        # MediaPipe samples where a pixel begins, not in its middle, and the mesh network has
        # learnt it so: half a pixel of the cut is 0.3 % of an eye distance.
        shift = self.centre + 0.5 - (linear @ torch.full((2,), 1 / size))
        return cut_squares(picture, linear, shift, size, whole_steps=True)


def _axes(towards: Tensor) -> Tensor:
    x, y = F.normalize(towards, dim=-1).unbind(-1)
    return torch.stack([torch.stack([x, y], -1), torch.stack([-y, x], -1)], 1)


def place_mesh(
    network: MeshNetwork,
    picture: Tensor,
    cut: FaceCut,
    min_presence: float,
    most_cuts: int = MOST_CUTS,
) -> tuple[Tensor, Tensor]:
    """The mesh (n, 468, 2) in pixels and its presence (n,), 0…1, of the faces in the cuts.

    In an inexact cut the network places the points askew, so the face is cut out again from them,
    as MediaPipe does from one video frame to the next, until the cut stays where it is or shows no
    face any more.
    """
    kept = torch.zeros(len(cut.side), 468, 2)
    best = torch.full((len(cut.side),), -1.0)
    active = torch.arange(len(cut.side))
    for _ in range(most_cuts):
        points, logits = network(cut.take(picture, network.size))
        presence = logits.flatten().sigmoid().cpu()
        # x, y and a depth, which is not used, in pixels of the cut
        points = points.reshape(-1, 468, 3)[..., :2].cpu() / network.size
        points_px = cut.to_pixels(points)
        good = (presence >= min_presence) | (presence > best[active])
        kept[active[good]], best[active[good]] = points_px[good], presence[good]
        again = FaceCut.around_points(points_px, points_px[:, RIGHT_EYE], points_px[:, LEFT_EYE])
        on = good & again.strays_from(cut) & (presence > HOPELESS_PRESENCE)
        if not on.any():
            break
        cut, active = again[on], active[on]
    return kept, best
