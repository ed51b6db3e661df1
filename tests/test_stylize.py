"""Painting a photo: all of it or the face, and what is said to be painted."""

import pytest
import torch

from tps_portrait.tps_core import finish as finishing
from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.blend import blend
from tps_portrait.tps_core.geometry.pixels import as_bytes
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.light import SKIN_LIGHT, skin_light
from tps_portrait.tps_core.style import Style
from tps_portrait.tps_core.stylize import paint_face, paint_whole, stylize, unpainted


class Negative(Style):
    """A style in whose painting nothing stays what it was."""

    def __init__(self):
        super().__init__(torch.nn.Identity(), {"size": 64, "tones": True})

    def __call__(self, pictures):
        return 1 - pictures


@pytest.fixture
def person(photo, monkeypatch):
    """The left half is the person."""
    mask = torch.zeros_like(photo[:1])
    mask[..., : photo.shape[-1] // 2] = 1
    monkeypatch.setattr(finishing, "person_mask", lambda picture: mask)
    return mask


def test_the_whole_image_is_painted_unless_the_face_alone_is_wanted(photo, face):
    whole, alone = (stylize(photo, Negative(), face, *w) for w in ((), (False,)))
    assert (whole.picture[:, :8, :8] - photo[:, :8, :8]).abs().max() > 0.3
    assert (whole.mask == 1).all()
    assert torch.equal(alone.picture[:, :8, :8], photo[:, :8, :8])
    assert alone.mask[0, :8, :8].max() == 0
    assert alone.mask.max() == 1


class Copy(Style):
    """A style of line art that copies what it is shown."""

    def __init__(self):
        super().__init__(torch.nn.Identity(), {"size": 256, "tones": False})

    def __call__(self, pictures):
        return pictures


class Edge(Copy):
    """A style of line art that is black on the left and white on the right."""

    def __call__(self, pictures):
        drawn = torch.ones_like(pictures)
        drawn[..., : pictures.shape[-1] // 2] = 0
        return drawn


def test_line_art_that_is_enlarged_keeps_its_edges(photo):
    large = torch.nn.functional.interpolate(photo[None], scale_factor=4)[0]
    soft = paint_whole(large, Edge(), 4 * 256.0)[0, 0]
    greys = ((soft > 0.1) & (soft < 0.9)).sum()
    assert greys <= 2
    painted = Edge()
    painted.record["tones"] = True
    as_it_is = paint_whole(large, painted, 4 * 256.0)[0, 0]
    assert ((as_it_is > 0.1) & (as_it_is < 0.9)).sum() > greys


def test_a_painted_face_is_what_the_photo_gets_blended_in(photo, face):
    alignment = align(face)
    painted, mask = paint_face(photo, Negative(), alignment)
    assert painted.shape == (3, 128, 128)
    blended, _ = blend(photo, painted, alignment, mask)
    assert torch.equal(blended, stylize(photo, Negative(), face, False).picture)


def test_a_face_is_lit_for_line_art_as_it_needs_or_as_a_video_says(photo, face):
    dark, alignment = photo**3, align(face)
    painted, _ = paint_face(dark, Copy(), alignment)
    assert skin_light(painted, alignment.points) == pytest.approx(SKIN_LIGHT, abs=0.02)
    unlit, _ = paint_face(dark, Copy(), alignment, exponent=1.0)
    assert torch.equal(unlit, alignment.crop(dark, 256))


def test_a_face_of_bytes_is_painted_as_one_of_floats(photo, face):
    of_floats, _ = paint_face(photo, Negative(), align(face))
    of_bytes, _ = paint_face(as_bytes(photo), Negative(), align(face))
    assert (of_bytes - of_floats).abs().max() < 2 / 255


@pytest.mark.parametrize("whole_image", [True, False])
def test_the_ground_is_what_was_asked_for_and_the_mask_what_is_painted(
    whole_image, photo, face, person
):
    painted = stylize(photo, Negative(), face, whole_image)
    kept = stylize(photo, Negative(), face, whole_image, ground="keep")
    assert torch.equal(kept.picture, torch.where(person == 1, painted.picture, photo))
    assert torch.equal(kept.mask, painted.mask * person)
    clear = stylize(photo, Negative(), face, whole_image, ground="transparent")
    assert torch.equal(clear.picture, torch.cat([painted.picture, person]))


def test_beyond_full_strength_the_mask_is_full(photo, face):
    assert stylize(photo, Negative(), face, strength=1.5).mask.max() == 1
    assert stylize(photo, Negative(), face, strength=0.5).mask.max() == 0.5


@pytest.mark.parametrize("options", [{"strength": 1.8}, {"keep_colors": 1.0}])
def test_around_a_face_that_is_painted_alone_the_photo_stays_as_it_is(options, photo, face):
    result = stylize(photo, Negative(), face, False, **options)
    outside = result.mask[0] == 0
    assert outside.float().mean() > 0.3
    assert torch.equal(result.picture[:, outside], photo[:, outside])
    plain = stylize(photo, Negative(), face, False).picture
    assert (result.picture - plain).abs().max() > 0.1


def test_an_unknown_ground_is_refused_before_anything_is_painted(photo):
    with pytest.raises(ValueError, match="ground 'sky' is not known"):
        stylize(photo, None, ground="sky")


def test_a_ground_without_a_person_is_refused_by_the_photos_name(photo, face, person):
    person.zero_()
    with pytest.raises(ValueError, match="me.jpg: no person is seen"):
        stylize(photo, Negative(), face, name="me.jpg", ground="blur")


class Flat(Negative):
    """A style that paints everything in one grey."""

    def __init__(self, level):
        super().__init__()
        self.record["level"] = level

    def __call__(self, pictures):
        return torch.full_like(pictures, self.record["level"])


@pytest.mark.parametrize("whole_image", [True, False])
def test_each_face_gets_its_own_style_and_the_first_one_paints_the_rest(photo, face, whole_image):
    pair, width = torch.cat([photo, photo], 2), photo.shape[-1]
    height, points = photo.shape[1], face.points_px
    faces = [
        Landmarks.from_pixels(points + torch.tensor([x, 0.0]), (2 * width, height), face.scheme)
        for x in (0.0, width)
    ]
    result = stylize(pair, [Flat(0.2), Flat(0.8)], faces, whole_image)
    x, y = points.mean(0).int().tolist()
    assert result.picture[:, y, x].tolist() == pytest.approx([0.2] * 3, abs=0.01)
    assert result.picture[:, y, width + x].tolist() == pytest.approx([0.8] * 3, abs=0.01)
    corner = torch.full((3,), 0.2) if whole_image else pair[:, 0, -1]
    torch.testing.assert_close(result.picture[:, 0, -1], corner)


def test_what_is_left_unpainted_has_the_shape_of_what_is_painted(photo):
    plain, clear = unpainted(photo), unpainted(photo, "transparent")
    assert torch.equal(plain.picture, photo)
    assert torch.equal(clear.picture, torch.cat([photo, torch.ones_like(photo[:1])]))
    assert plain.mask.max() == clear.mask.max() == 0
