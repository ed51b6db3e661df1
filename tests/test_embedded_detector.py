"""The embedded detector, against MediaPipe's own and against points that people placed."""

import importlib.util
import itertools
import json
import random
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open

from conftest import SHARED_DATA as DATA
from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.detectors.blaze_face import merge, views_of
from tps_portrait.tps_core.detectors.embedded_detector import (
    FILE,
    KIND,
    area_means,
    follow_mesh,
    support,
)
from tps_portrait.tps_core.detectors.face_mesh import FaceCut
from tps_portrait.tps_core.detectors.mesh_network import load_networks
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.landmarks import mirror_order
from tps_portrait.tps_core.pictures import read_picture, to_tensor

ROOT = Path(__file__).parents[1]
RIGHT_EYE, LEFT_EYE = 33, 263


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks so small lose time with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def photos():
    """Files of six photos: men and women, light and dark, near and far."""
    return list_pictures(Path(__file__).parent / "data" / "portraits")


@pytest.fixture(scope="module")
def photo(photos):
    return read_picture(photos[2])


@pytest.fixture(scope="module")
def face(photo):
    return find(photo, max_faces=1)[0]


def find(picture, **options):
    return detect(picture, "embedded", **options)


def eye_distance(points_px):
    return float((points_px[RIGHT_EYE] - points_px[LEFT_EYE]).norm())


def misfit(points_px, expected_px):
    """The mean distance as a share of the distance between the eyes' outer corners."""
    return float((points_px - expected_px).norm(dim=-1).mean()) / eye_distance(expected_px)


def noise(height, width, seed=0):
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def test_it_places_the_points_where_mediapipe_does_with_the_same_models(portrait):
    file = ROOT / "tests" / "astronaut_landmarks.json"
    expected = torch.tensor(json.loads(file.read_text("utf-8"))["points"])
    face = find(to_tensor(portrait))[0].convert("ibug-68")
    error = (face.points_px - expected).norm(dim=-1)
    # In a picture of 512 pixels; the eyes' outer corners are 62 pixels apart.
    assert error.mean() < 0.6
    assert error.max() < 2


def test_it_agrees_with_mediapipe_of_today(photos, monkeypatch):
    # That is another generation of the models: on 568 photos the mesh differs by 1.9 pixels on
    # average at 512, the same generation's by 0.9.
    pytest.importorskip("mediapipe")
    if not DATA.is_dir():
        pytest.skip("needs ../shared/data/models")
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(DATA))
    errors = []
    for path in photos[:4]:
        picture = read_picture(path)
        ours = find(picture, max_faces=1)[0].points_px
        theirs = detect(picture, "mediapipe", 1)[0]
        assert theirs.scheme == "mediapipe-478"
        error = (ours - theirs.points_px[:468]).norm(dim=-1).mean()
        errors.append(float(error) * 512 / max(picture.shape))
    assert sum(errors) / len(errors) < 2.5
    assert max(errors) < 5


def test_one_photo_has_one_face_with_all_that_is_told_of_it(photo):
    (face,) = find(photo)  # even if small ones are looked for
    assert face.scheme == "mediapipe-468"
    assert face.points.shape == (468, 2)
    assert face.points.dtype == torch.float32
    assert face.size == (photo.shape[2], photo.shape[1])
    assert face.detector == "embedded"
    assert 0.5 <= face.score <= 1


def test_two_people_side_by_side_are_two_faces(photos):
    left, right = read_picture(photos[1]), read_picture(photos[2])
    height = max(left.shape[1], right.shape[1])
    pair = torch.cat([F.pad(p, (0, 0, 0, height - p.shape[1])) for p in (left, right)], 2)
    faces = sorted(find(pair), key=lambda face: face.box_px[0])
    assert len(faces) == 2
    shift = torch.tensor([left.shape[2], 0])
    for found, alone, origin in ((faces[0], left, 0), (faces[1], right, shift)):
        expected_px = find(alone, max_faces=1)[0].points_px
        assert misfit(found.points_px - origin, expected_px) < 0.03
    assert len(find(pair, max_faces=1)) == 1


def test_a_crowd_of_small_faces_is_found(photos):
    small = [F.interpolate(read_picture(p)[None], (160, 130))[0] for p in photos]
    crowd = torch.cat([torch.cat(small[:3] * 2, 2), torch.cat(small[3:6] * 2, 2)], 1)
    assert len(find(crowd, max_faces=20)) == 12


@pytest.mark.parametrize(
    "picture",
    [noise(200, 300), torch.zeros(3, 64, 64), torch.ones(3, 1, 1), noise(4, 900)],
    ids=["noise", "black", "one pixel", "a strip"],
)
def test_where_there_is_no_face_none_is_found(picture):
    assert find(picture) == []


def test_a_small_face_in_a_large_picture_is_found(photo, face):
    small = F.interpolate(photo[None], scale_factor=0.5, mode="bilinear", antialias=True)[0]
    large = noise(1800, 2600) * 0.3
    x, y = 1500, 200
    large[:, y : y + small.shape[1], x : x + small.shape[2]] = small
    (found,) = find(large, max_faces=1)
    points_px = (found.points_px - torch.tensor([x, y])) * 2
    assert misfit(points_px, face.points_px) < 0.04


def test_a_face_that_fills_the_frame_is_found(photo, face):
    x0, y0, x1, y1 = (round(value) for value in face.box_px)
    (found,) = find(photo[:, y0:y1, x0:x1], max_faces=1)
    assert misfit(found.points_px + torch.tensor([x0, y0]), face.points_px) < 0.04


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.mean(0, keepdim=True).expand(3, -1, -1),
        lambda p: p * 0.15,
        lambda p: F.interpolate(p[None], scale_factor=3, mode="bilinear")[0],
        lambda p: p.double(),
    ],
    ids=["grey", "dark", "large", "float64"],
)
def test_colour_light_size_and_type_change_nothing(photo, face, change):
    (found,) = find(change(photo), max_faces=1)
    assert float((found.points - face.points).abs().mean()) < 0.01


def test_a_mirrored_picture_gives_mirrored_landmarks(photo, face):
    (found,) = find(photo.flip(-1), max_faces=1)
    points = found.points[mirror_order("mediapipe-468")] * torch.tensor([-1.0, 1.0])
    assert float((points - face.points).norm(dim=-1).mean()) < 0.015


@pytest.mark.parametrize("quarters", [-1, 1])
def test_a_face_on_its_side_is_found(photo, face, quarters):
    turned = torch.rot90(photo, quarters, (1, 2))
    (found,) = find(turned, max_faces=1)
    x, y = found.points.unbind(-1)
    back = torch.stack([-quarters * y, quarters * x], -1)
    assert float((back - face.points).norm(dim=-1).mean()) < 0.03


def test_a_face_that_stands_on_its_head_gets_its_points_the_right_way_round(photo, face):
    (found,) = find(photo.flip(-1).flip(-2), max_faces=1)
    assert float((-found.points - face.points).norm(dim=-1).mean()) < 0.03


def test_a_face_of_three_percent_of_a_4k_picture_is_found(photo, face):
    x0, _, x1, _ = face.box_px
    factor = 0.03 * 3840 / (x1 - x0)
    small = F.interpolate(photo[None], scale_factor=factor, mode="area")[0]
    large = torch.full((3, 2160, 3840), 0.6)
    x, y = 2200, 900
    large[:, y : y + small.shape[1], x : x + small.shape[2]] = small
    (found,) = find(large, max_faces=1)
    scale = torch.tensor([small.shape[2] / photo.shape[2], small.shape[1] / photo.shape[1]])
    expected_px = face.points_px * scale + torch.tensor([x, y])
    assert misfit(found.points_px, expected_px) < 0.06


def test_a_face_is_supported_where_it_is_and_nothing_beside_it(photo, face):
    points_px = face.shape68_px
    assert support(photo, points_px) > 0.9
    below = points_px + torch.tensor([0.0, 2.5 * face.eye_distance_px])
    assert support(photo, below) < 0.1


def test_it_can_be_used_in_inference_mode_and_afterwards_without(photo, face):
    with torch.inference_mode():
        inside = find(photo, max_faces=1)[0].points
    outside = find(photo, max_faces=1)[0].points
    torch.testing.assert_close(inside.clone(), face.points)
    torch.testing.assert_close(outside, face.points)
    assert not outside.is_inference()


def test_boxes_of_one_face_become_one():
    box = torch.zeros(3, 8, 2)
    box[:, 1] = 10.0
    box[1] += 1
    box[2] += 50
    points, scores = merge(box, torch.tensor([0.6, 0.9, 0.7]))
    assert scores.tolist() == pytest.approx([0.9, 0.7])
    # The mean of the first two, weighted by their scores.
    assert points[0, 0].tolist() == pytest.approx([0.6, 0.6])
    assert points[1, 0].tolist() == [50, 50]


@pytest.mark.parametrize("zoom", [0.6, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("size", [(200, 200), (300, 200), (7, 400)])
def test_views_cover_the_whole_picture_and_overlap(size, zoom):
    side = max(size) / zoom
    linear, shift = views_of(size, zoom)
    assert (linear == side / 2 * torch.eye(2)).all()
    for axis, length in enumerate(size):
        middles = sorted(set(shift[:, axis].tolist()))
        assert middles[0] <= side / 2 + 1e-3
        assert middles[-1] >= length - side / 2 - 1e-3
        assert all(b - a <= side * 2 / 3 + 1e-3 for a, b in itertools.pairwise(middles))


def test_a_cut_takes_its_points_from_where_it_took_the_pixels():
    # A picture whose red and green are its coordinates shows where the pixels came from.
    y, x = torch.meshgrid(torch.arange(80) + 0.5, torch.arange(100) + 0.5, indexing="ij")
    picture = torch.stack([x, y, x])
    eyes = torch.tensor([[30.0, 30.0]]), torch.tensor([[50.0, 40.0]])
    box = torch.tensor([[30.0, 20.0]]), torch.tensor([[60.0, 50.0]])
    cut = FaceCut.around_box(*box, *eyes)
    steps = torch.arange(16) / 16
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    expected = cut.to_pixels(torch.stack([u, v], -1).view(1, -1, 2)) + 0.5
    taken = cut.take(picture, 16)[0, :2].flatten(1).T
    inside = ((expected[0] > 1) & (expected[0] < torch.tensor([99, 79]))).all(-1)
    assert inside.float().mean() > 0.8
    torch.testing.assert_close(taken[inside], expected[0][inside], atol=0.05, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("detector", ["embedded", "mediapipe"])
def test_the_requirements_hold_on_a_sample_of_the_photos(detector, monkeypatch):
    if not DATA.is_dir():
        pytest.skip("the shared photos are not there")
    if detector == "mediapipe":
        pytest.importorskip("mediapipe")
        monkeypatch.setenv("TPS_PORTRAIT_HOME", str(DATA))
    file = ROOT / "benchmarks" / "landmark_accuracy.py"
    specification = importlib.util.spec_from_file_location("landmark_accuracy", file)
    benchmark = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(benchmark)
    templates = json.loads((DATA / "photos_landmarks189.json").read_text("utf-8"))
    photos = random.Random(0).sample(list_pictures(DATA / "photos"), 24)
    accuracy = benchmark.measure(photos, templates, detector)
    assert accuracy.found == accuracy.photos
    assert accuracy.median <= 0.04


def test_the_models_ship_with_the_pack_and_say_where_they_come_from():
    with safe_open(FILE, "np") as file:
        metadata = file.metadata()
    assert metadata["format"] == "tps-portrait-landmarker/1"
    assert "MediaPipe 0.10.21" in metadata["source"]
    assert "Apache-2.0" in metadata["licence"]
    networks = load_networks(FILE, torch.device("cpu"), KIND)
    assert {name: network.size for name, network in networks.items()} == {
        "face_detector": 128,
        "face_mesh": 192,
    }


@pytest.mark.parametrize("size", [(270, 480), (180, 320), (250, 278)])
def test_the_overview_is_made_of_the_means_that_it_says(size):
    picture = noise(*size)
    shape = tuple(round(n * 256 / max(size)) for n in size)
    expected = F.interpolate(picture[None], shape, mode="area")[0]
    torch.testing.assert_close(area_means(picture, shape), expected, atol=1e-5, rtol=0)
    of_a_file = picture.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    torch.testing.assert_close(area_means(of_a_file, shape), expected, atol=1e-5, rtol=0)


def test_a_face_is_followed_to_where_it_moved(photo, face):
    moved = photo.roll(6, 2)
    followed = follow_mesh(moved, face)
    assert followed.score > 0.9
    points_px = followed.points_px - torch.tensor([6.0, 0])
    assert misfit(points_px, face.points_px) < 0.03
    assert follow_mesh(torch.full_like(photo, 0.5), face).score < 0.5
