import pytest
import torch

from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.blend import blend, face_mask, match_color, outline_mask
from tps_portrait.tps_core.landmarks import Landmarks, mean_face

FACE = Landmarks(mean_face("ibug-68") * 0.5, "ibug-68", (160, 160))
PICTURE = torch.full((3, 160, 160), 0.4)


def test_the_mask_covers_the_face_and_fades_to_nothing_at_the_crops_frame():
    mask = face_mask(align(FACE), 96)[0]
    assert mask[48, 48] > 0.99
    assert mask[60, 48] > 0.99
    frame = torch.cat([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert frame.max() < 0.03


def test_blending_a_face_back_unpainted_changes_nothing():
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(3, 20, 20, generator=generator)
    picture = torch.nn.functional.interpolate(picture[None], (160, 160), mode="bicubic")[0]
    picture = picture.clamp(0, 1)
    alignment = align(FACE)
    result, _ = blend(picture, alignment.crop(picture, 160), alignment)
    assert (result - picture).abs().max() < 0.03


def test_there_is_no_seam():
    result, mask = blend(PICTURE, torch.ones(3, 96, 96), align(FACE))
    assert result.max() > 0.99  # the painting is there
    for axis in (1, 2):
        assert result.diff(dim=axis).abs().max() < 0.08  # 0.6 of difference, over 8 px or more
    assert mask.shape == (1, 160, 160)


def test_a_mask_of_ones_fades_nowhere_but_at_the_crop():
    _, mask = blend(PICTURE, torch.ones(3, 96, 96), align(FACE), torch.ones(1, 96, 96))
    assert mask[0, 80, 80] == 1
    assert mask[0, 0, 0] == 0


def test_color_match_takes_on_the_mean_color_it_covers():
    generator = torch.Generator().manual_seed(0)
    face, original = torch.rand(2, 3, 32, 32, generator=generator)
    face[0] *= 0.3
    mask = torch.ones(1, 32, 32)
    matched = match_color(face, original, mask)
    before = (face.mean((1, 2)) - original.mean((1, 2))).abs().max()
    after = (matched.mean((1, 2)) - original.mean((1, 2))).abs().max()
    assert after < before / 3


@pytest.mark.parametrize("size", [(64, 200), (200, 64)])
def test_the_outline_mask_has_the_pictures_shape(size):
    mask = outline_mask(Landmarks(FACE.points, "ibug-68", size))
    assert mask.shape == (1, size[1], size[0])
    assert mask.max() > 0.9
