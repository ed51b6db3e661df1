import torch
import torch.nn.functional as F

from tps_portrait.tps_core.detectors.art_landmarker import FILE, confirms, detect_art


def distance(found, face):
    """The mean distance of the points in inter-ocular distances."""
    a, b = found.points_px, face.shape68_px
    return float((a - b).norm(dim=-1).mean()) / face.eye_distance_px


def test_it_finds_a_face_where_the_detector_for_photos_does(photo, face):
    (found,) = detect_art(photo, 1, 0.5)
    assert distance(found, face) < 0.08
    assert found.detector == "art"


def test_it_finds_it_in_another_place_at_another_size_turned_to_grey(photo, face):
    small = F.interpolate(photo[None], scale_factor=0.6, mode="area")[0].mean(0, keepdim=True)
    picture = torch.full((3, 400, 500), 0.8)
    height, width = small.shape[-2:]
    picture[:, 150 : 150 + height, 220 : 220 + width] = small
    (found,) = detect_art(picture, 1, 0.5)
    points = found.points_px - torch.tensor([220.0, 150.0])
    expected = face.shape68_px * 0.6
    assert (points - expected).norm(dim=-1).mean() < 0.1 * 0.6 * face.eye_distance_px


def test_it_confirms_a_face_where_one_is(photo, face):
    assert confirms(photo, face)
    assert not confirms(photo.flip(-1), face)


def test_it_sees_no_face_in_nothing_and_in_noise():
    noise = torch.rand(3, 200, 300, generator=torch.Generator().manual_seed(0))
    for picture in (torch.zeros(3, 100, 100), noise):
        assert detect_art(picture, 5, 0.5) == []


def test_the_smallest_and_the_longest_pictures_will_do():
    for size in ((1, 1), (20, 900)):
        assert isinstance(detect_art(torch.rand(3, *size), 1, 0.5), list)


def test_the_model_is_small():
    assert FILE.stat().st_size < 5e6
