import pytest
import torch

from tps_portrait.tps_core.detectors.augmentation import AUGMENTATIONS, COPY_PX, detect_augmented
from tps_portrait.tps_core.geometry.pixels import pixel_centres, sample
from tps_portrait.tps_core.landmarks import Landmarks, mean_face, mirror_order


def places(width=200, height=120):
    """A picture whose red and green say where each pixel lies, as shares of its sides."""
    centres = (pixel_centres((height, width), like=torch.zeros(1)) + 1) / 2
    return torch.cat([centres, torch.full((height, width, 1), 0.5)], -1).movedim(-1, 0)


def test_points_come_back_to_the_picture():
    """A detector that sees a small face in the copy's middle: what it saw there must lie here."""
    picture, read = places(), []

    def detect(copy):
        points = 0.2 * mean_face("ibug-68")
        read.append(sample(copy[None], points[None, None])[0, :2, 0].T)
        return [Landmarks(points, "ibug-68", (COPY_PX, COPY_PX))]

    found = detect_augmented(picture, detect)
    assert len(found) == len(AUGMENTATIONS)
    for look, face, colors in zip(AUGMENTATIONS, found, read, strict=True):
        if look.light:
            continue  # colours that were changed say nothing
        shares = face.points_px / torch.tensor([200.0, 120.0])
        order = mirror_order("ibug-68") if look.mirror else torch.arange(68)
        torch.testing.assert_close(shares, colors[order], atol=0.01, rtol=0)


def test_who_saw_it_and_how_sure_is_kept():
    face = Landmarks(mean_face("ibug-68"), "ibug-68", (COPY_PX, COPY_PX), 0.7, "embedded")
    found = detect_augmented(torch.rand(3, 50, 80), lambda copy: [face])
    assert {(one.score, one.detector, one.size) for one in found} == {(0.7, "embedded", (80, 50))}


@pytest.mark.parametrize("size", [(1, 1), (700, 20)])
def test_any_picture_will_do(size):
    assert detect_augmented(torch.rand(3, *size), lambda copy: []) == []
