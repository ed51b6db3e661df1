import json

import pytest
import torch

from clips import SIZE, face_at
from tps_portrait.tps_core.landmark_files.json_file import faces_to_json
from tps_portrait.tps_core.landmark_files.points_json import read_points, write_points
from tps_portrait.tps_core.landmark_files.pose_keypoints import write_pose

FACE = face_at(300, 200, score=0.75)
OTHER = face_at(100, 300, size=60)
POINTS = FACE.points_px.tolist()
SHARES = ((FACE.points + 1) / 2).tolist()


def test_one_frame_is_written_as_a_sidecar_and_comes_back():
    text = write_points([[FACE, OTHER]], SIZE)
    assert json.loads(text) == faces_to_json([FACE, OTHER], SIZE)
    ((face, other),), size = read_points(text)
    assert size == SIZE
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=0.01, rtol=0)
    assert (face.score, face.detector, other.scheme) == (0.75, "test", "ibug-68")


def test_several_frames_are_written_as_detect_does_and_come_back_in_their_order():
    count = 11  # "10" comes before "2" where names are sorted
    frames = [[face_at(200 + 10 * t, 200)] for t in range(count)] + [[]]
    text = write_points(frames, SIZE)
    assert list(json.loads(text)["images"]) == [str(t) for t in range(1, count + 2)]
    read, size = read_points(text)
    assert size == SIZE
    for (face,), (expected,) in zip(read[:count], frames[:count], strict=True):
        torch.testing.assert_close(face.points_px, expected.points_px, atol=0.01, rtol=0)
    assert read[-1] == []


def test_pose_keypoints_as_text_are_understood():
    ((face,),), size = read_points(json.dumps(write_pose([[FACE]], SIZE, 68)))
    assert size == SIZE
    torch.testing.assert_close(face.points, FACE.points, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "content",
    [
        POINTS,
        SHARES,
        [{"x": x, "y": y} for x, y in POINTS],
        [POINTS],
        [[POINTS]],
        [[x, y, 0.5] for x, y in POINTS],
    ],
    ids=["pixels", "shares", "x and y by name", "a list of faces", "frames", "with a third number"],
)
def test_bare_points(content):
    ((face,),), size = read_points(json.dumps(content), SIZE)
    assert size == SIZE
    assert (face.scheme, face.detector) == ("ibug-68", "points")
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=1e-2, rtol=0)


def test_bare_points_of_frames_that_begin_without_a_face():
    frames, _ = read_points(json.dumps([[], [POINTS, OTHER.points_px.tolist()]]), SIZE)
    assert [len(faces) for faces in frames] == [0, 2]


@pytest.mark.parametrize("scheme", ["mediapipe-468", "mediapipe-478"])
def test_the_number_of_bare_points_tells_their_scheme(scheme):
    points = FACE.convert(scheme).points_px.tolist()
    ((face,),), _ = read_points(json.dumps(points), SIZE)
    assert face.scheme == scheme


def test_70_bare_points_have_the_pupils_at_their_end():
    ((face,),), _ = read_points(json.dumps([*POINTS, [290, 185], [312, 186]]), SIZE)
    assert face.points_px[468].tolist() == pytest.approx([290, 185], abs=1e-2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[[1, 2]", "not JSON"),
        ("7", "there are no points in it"),
        ("[]", "there are no points in it"),
        ("{}", "there are no points in it"),
        ('[{"a": 1}]', "there are no points in it"),
        ('{"images": {}}', "there are no images in it"),
        ('{"images": [1]}', "there are no images in it"),
        ('{"faces": []}', "not a landmark file"),
        ('{"size": [0, 9], "faces": []}', "size, its width, is 0, not a whole number"),
        ('{"images": {"a": 3}}', "not a landmark file"),
        ("[[1, 2], [3, 4]]", "a face has 2 points; known are sets of 478, 468, 68 and 70 points"),
        ('[[1, 2], ["a", 4]]', "points that can't be read"),
        ("[[1, 2], [3]]", "points that can't be read"),
        ("[[1], [3]]", "points that can't be read"),
        (json.dumps([[float("nan"), 1.0]] * 68), "not a finite number"),
        (json.dumps([[float("inf"), 1.0]] * 70), "not a finite number"),
        ("[[[[[1, 2]]]]]", "there are no points in it"),
    ],
)
def test_what_is_in_no_known_form_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        read_points(text, SIZE)


def test_bare_points_need_the_size_of_their_picture():
    with pytest.raises(ValueError, match="how large their picture is; connect it to image"):
        read_points(json.dumps(POINTS))
