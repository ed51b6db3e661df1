from dataclasses import replace

import pytest
import torch

from tps_portrait.tps_core.landmarks import (
    IBUG_MIRROR,
    IBUG_OF_MEDIAPIPE,
    IBUG_PARTS,
    Landmarks,
    check_plausible,
    eye_distance,
    eye_distance_from_front,
    mean_face,
    mirror_order,
    same_face,
)

MESH = Landmarks(mean_face("mediapipe-478") * 0.5, "mediapipe-478", (200, 100))
FACE = mean_face("ibug-68")


def test_pixels_and_back():
    pixels = MESH.points_px
    again = Landmarks.from_pixels(pixels, MESH.size, MESH.scheme)
    torch.testing.assert_close(again.points, MESH.points)
    centre = Landmarks.from_pixels(torch.full((68, 2), 50.0), (100, 200), "ibug-68")
    assert centre.points[0].tolist() == [0.0, -0.5]


@pytest.mark.parametrize(
    ("points", "scheme", "message"),
    [
        (torch.zeros(5, 2), "ibug-68", "68 points of x and y"),
        (torch.zeros(68, 2), "dlib-5", "unknown landmark scheme"),
    ],
)
def test_points_that_are_not_the_schemes_are_refused(points, scheme, message):
    with pytest.raises(ValueError, match=message):
        Landmarks.from_pixels(points, (9, 9), scheme)


def test_the_right_eye_is_on_the_left_of_the_picture():
    assert MESH.part("right_eye")[:, 0].max() < MESH.part("left_eye")[:, 0].min()


# The table from the mesh to iBUG's 68 points, checked by what those points mean.
@pytest.mark.parametrize("scheme", ["ibug-68", "mediapipe-468", "mediapipe-478"])
def test_the_mirror_order_is_its_own_inverse_and_mirrors_the_mean_face(scheme):
    order, points = mirror_order(scheme), mean_face(scheme)
    assert (order[order] == torch.arange(len(order))).all()
    flipped = points[order] * torch.tensor([-1.0, 1.0])
    torch.testing.assert_close(flipped, points, atol=1e-3, rtol=0)


def test_the_68_points_mirror_as_the_mesh_points_they_stand_for():
    mesh = mirror_order("mediapipe-478")[torch.tensor(IBUG_OF_MEDIAPIPE)].tolist()
    assert mesh == [IBUG_OF_MEDIAPIPE[i] for i in IBUG_MIRROR]


def test_no_mesh_point_stands_for_two():
    assert len(set(IBUG_OF_MEDIAPIPE)) == 68


def test_the_jaw_runs_evenly_along_the_outline_from_right_to_left():
    jaw = FACE[IBUG_PARTS["jaw"]]
    assert (jaw.diff(dim=0)[:, 0] > 0).all()
    steps = jaw.diff(dim=0).norm(dim=1)
    assert steps.max() < 2.2 * steps.min()  # MediaPipe's outline has only so many points
    assert int(jaw[:, 1].argmax()) == 8  # the chin


@pytest.mark.parametrize("part", ["right_brow", "left_brow"])
def test_brows_run_from_left_to_right_and_arch(part):
    brow = FACE[IBUG_PARTS[part]]
    assert (brow.diff(dim=0)[:, 0] > 0).all()
    assert brow[2, 1] < max(brow[0, 1], brow[4, 1])


@pytest.mark.parametrize("part", ["right_eye", "left_eye"])
def test_eyes_run_clockwise_from_their_left_corner_over_the_upper_lid(part):
    eye = FACE[IBUG_PARTS[part]]
    assert int(eye[:, 0].argmin()) == 0
    assert int(eye[:, 0].argmax()) == 3
    assert eye[1:3, 1].max() < eye[4:, 1].min()
    assert eye[1, 0] < eye[2, 0]
    assert eye[4, 0] > eye[5, 0]


def test_the_nose_runs_down_its_bridge_then_across_its_base():
    nose = FACE[IBUG_PARTS["nose"]]
    assert (nose[:4].diff(dim=0)[:, 1] > 0).all()
    assert nose[:4, 0].abs().max() < 0.01
    assert (nose[4:].diff(dim=0)[:, 0] > 0).all()
    assert nose[4:, 1].min() > nose[3, 1]


def test_the_mouth_runs_clockwise_outer_lip_then_inner_lip():
    mouth = FACE[IBUG_PARTS["mouth"]]
    outer, inner = mouth[:12], mouth[12:]
    for lip, left, right in ((outer, 0, 6), (inner, 0, 4)):
        assert int(lip[:, 0].argmin()) == left
        assert int(lip[:, 0].argmax()) == right
        upper, lower = lip[1:right], lip[right + 1 :]
        assert (upper.diff(dim=0)[:, 0] > 0).all()
        assert (lower.diff(dim=0)[:, 0] < 0).all()
        assert upper[:, 1].mean() < lower[:, 1].mean()
    assert inner[:, 0].min() > outer[:, 0].min()
    assert outer[1:6, 1].mean() < inner[1:4, 1].mean() < inner[5:, 1].mean() < outer[7:, 1].mean()


def test_picking_68_of_the_mesh_and_bending_the_mesh_onto_them_comes_back():
    face = MESH.convert("ibug-68")
    mesh = face.convert("mediapipe-478")
    assert mesh.points.shape == (478, 2)
    torch.testing.assert_close(mesh.convert("ibug-68").points, face.points, atol=1e-3, rtol=0)
    # Between the known points it is a guess, but on an undistorted face a good one.
    torch.testing.assert_close(mesh.points, MESH.points, atol=2e-3, rtol=0)


def test_468_points_are_the_478_without_irises():
    torch.testing.assert_close(MESH.convert("mediapipe-468").points, MESH.points[:468])


def test_mirroring_twice_changes_nothing_and_once_swaps_the_eyes():
    shifted = Landmarks(MESH.points + 0.2, MESH.scheme, MESH.size)
    torch.testing.assert_close(shifted.mirror().mirror().points, shifted.points)
    assert shifted.mirror().part("right_eye")[:, 0].mean() < shifted.mirror().points[:, 0].mean()


def test_a_face_says_how_large_it_is_in_pixels():
    face = MESH.with_pixels(MESH.points_px * 2, size=(400, 200))
    assert face.eye_distance_px == pytest.approx(2 * MESH.eye_distance_px)
    assert face.area_px == pytest.approx(4 * MESH.area_px)
    torch.testing.assert_close(face.points, MESH.points)


def test_the_68_points_of_any_scheme_are_the_same():
    face = MESH.convert("ibug-68")
    torch.testing.assert_close(face.shape68, MESH.shape68)
    torch.testing.assert_close(face.shape68_px, face.points_px)


def test_new_pixels_keep_all_else_but_what_is_named():
    face = replace(MESH, score=0.7).with_pixels(MESH.points_px + 1, detector="morph")
    assert (face.scheme, face.size, face.score, face.detector) == (
        "mediapipe-478", (200, 100), 0.7, "morph",
    )  # fmt: skip
    torch.testing.assert_close(face.points_px, MESH.points_px + 1)


def test_the_distance_of_two_faces_is_in_eye_distances_of_the_first():
    moved = MESH.with_pixels(MESH.points_px + torch.tensor([3.0, 4.0]))
    assert MESH.distance(moved) == pytest.approx(5 / MESH.eye_distance_px)
    larger = MESH.with_pixels(2 * MESH.points_px)
    assert larger.distance(MESH) == pytest.approx(MESH.distance(larger) / 2)


def test_faces_overlap_as_their_boxes_do():
    x0, _, x1, _ = MESH.box_px
    beside = MESH.with_pixels(MESH.points_px + torch.tensor([(x1 - x0) / 2, 0.0]))
    assert MESH.overlap(MESH) == 1
    assert MESH.overlap(beside) == pytest.approx(1 / 3, abs=1e-5)


@pytest.mark.parametrize(
    ("away", "scale", "same"), [(0.2, 1, True), (0.4, 1, False), (0, 3, False)]
)
def test_points_near_each_other_in_size_and_place_lie_on_one_face(away, scale, same):
    moved = scale * FACE + torch.tensor([away * float(eye_distance(FACE)), 0.0])
    assert same_face(FACE, moved) == same_face(moved, FACE) == same


def test_a_face_in_profile_is_no_smaller_than_from_the_front():
    profile = FACE * torch.tensor([0.2, 1.0])
    unit = float(eye_distance(FACE))
    assert eye_distance(profile) < 0.3 * unit
    assert 0.5 * unit < eye_distance_from_front(profile) <= unit
    moved = profile + torch.tensor([0.1 * unit, 0.0])
    assert same_face(profile, moved)


def scrambled(seed):
    order = torch.randperm(478, generator=torch.Generator().manual_seed(seed))
    return Landmarks(MESH.points[order], MESH.scheme, MESH.size)


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [
        (scrambled(0), "don't form a face"),
        (Landmarks(MESH.points * torch.tensor([-1.0, 1.0]), MESH.scheme, MESH.size), "form a face"),
        (Landmarks(MESH.points * 0, MESH.scheme, MESH.size), "don't form a face"),
        (Landmarks(MESH.points + 1.2, MESH.scheme, MESH.size), "outside the picture"),
        (Landmarks(MESH.points * torch.nan, MESH.scheme, MESH.size), "not finite"),
    ],
    ids=["scrambled", "mirrored without reordering", "one point", "outside", "nan"],
)
def test_what_is_no_face_is_refused(landmarks, message):
    with pytest.raises(ValueError, match=message):
        check_plausible(landmarks)


@pytest.mark.parametrize("turn", [0, 45, 90, 180])
def test_a_face_is_plausible_however_it_is_turned(turn):
    angle = torch.deg2rad(torch.tensor(float(turn)))
    linear = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    check_plausible(Landmarks(mean_face("ibug-68") @ linear.T * 0.3, "ibug-68", (64, 64)))
