import pytest
import torch

from clips import SIZE, face_at
from tps_portrait.tps_core.landmark_files.pose_keypoints import read_pose, write_pose
from tps_portrait.tps_core.landmarks import Landmarks

FACE = face_at(300, 200)
OTHER = face_at(100, 300, size=60)


def person(face, pupils=(), unit=(1, 1), score=1.0):
    points = face.points_px.tolist() + list(pupils)
    flat = [n for x, y in points for n in (x / unit[0], y / unit[1], score)]
    return {"pose_keypoints_2d": [0.0] * 54, "face_keypoints_2d": flat}


def frame(*people, size=SIZE):
    return {"people": list(people), "canvas_width": size[0], "canvas_height": size[1]}


@pytest.mark.parametrize("unit", [(1, 1), SIZE], ids=["pixels", "0 to 1"])
def test_68_points_in_pixels_and_in_shares(unit):
    frames, size = read_pose([frame(person(FACE, unit=unit, score=0.8)), frame()])
    assert size == SIZE
    (face,), empty = frames
    assert empty == []
    assert (face.scheme, face.detector) == ("ibug-68", "pose keypoints")
    assert face.score == pytest.approx(0.8)
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=1e-2, rtol=0)


@pytest.mark.parametrize("unit", [(1, 1), SIZE], ids=["pixels", "0 to 1"])
def test_of_70_points_the_last_two_are_the_pupils(unit):
    right, left = (290.0, 185.0), (312.0, 186.0)
    ((face,),), _ = read_pose([frame(person(FACE, [right, left], unit))])
    assert face.scheme == "mediapipe-478"
    points_px = face.points_px
    torch.testing.assert_close(
        points_px[[468, 473]], torch.tensor([right, left]), atol=1e-2, rtol=0
    )
    # The irises go with them.
    torch.testing.assert_close(points_px[469:473].mean(0), torch.tensor(right), atol=1.0, rtol=0)
    torch.testing.assert_close(face.shape68_px, FACE.points_px, atol=0.1, rtol=0)


def test_a_face_that_hangs_out_of_its_picture_is_still_in_shares():
    outside = face_at(620, 460)
    ((face,),), _ = read_pose([frame(person(outside, unit=SIZE))])
    torch.testing.assert_close(face.points_px, outside.points_px, atol=1e-2, rtol=0)


def test_what_the_frames_are_in_is_judged_over_all_of_them():
    tiny = Landmarks.from_pixels(FACE.points_px / 200, SIZE, "ibug-68")  # all within 2 pixels
    frames, _ = read_pose([frame(person(tiny)), frame(person(FACE))])
    torch.testing.assert_close(frames[0][0].points_px, tiny.points_px, atol=1e-2, rtol=0)


def test_points_that_were_not_found_are_filled_in_from_the_others():
    someone = person(FACE)
    lost = [0, 1, 20, 40, 60]
    for point in lost:
        someone["face_keypoints_2d"][3 * point : 3 * point + 3] = [0.0, 0.0, 0.0]
    ((face,),), _ = read_pose([frame(someone)])
    assert face.score == 1
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=1.0, rtol=0)


def test_people_without_a_face_are_left_out():
    few = person(OTHER)
    few["face_keypoints_2d"][30:] = [0.0] * (3 * 68 - 30)
    people = [{"pose_keypoints_2d": [0.0] * 54}, {"face_keypoints_2d": None}, few, person(FACE)]
    ((face,),), _ = read_pose([frame(*people)])
    torch.testing.assert_close(face.points, FACE.points, atol=1e-4, rtol=0)
    animals = {"version": "ap10k", "animals": [[[1, 2, 1]] * 17], "canvas_width": 9,
               "canvas_height": 9}  # fmt: skip
    assert read_pose([animals]) == ([[]], (9, 9))


def test_one_frame_need_not_be_in_a_list_and_points_may_be_in_triples():
    someone = person(FACE)
    flat = someone["face_keypoints_2d"]
    someone["face_keypoints_2d"] = [flat[i : i + 3] for i in range(0, len(flat), 3)]
    ((face,),), _ = read_pose(frame(someone))
    torch.testing.assert_close(face.points, FACE.points, atol=1e-4, rtol=0)


def test_the_size_is_taken_from_the_picture_only_where_the_canvas_is_not_told():
    bare = {"people": [person(FACE, unit=SIZE)]}
    assert read_pose([bare], SIZE)[1] == SIZE
    assert read_pose([frame()], (7, 7))[1] == SIZE
    with pytest.raises(ValueError, match="how large their picture is; connect it to image"):
        read_pose([bare])


@pytest.mark.parametrize("points", [68, 70])
@pytest.mark.parametrize("in_shares", [False, True])
def test_what_we_write_we_read(points, in_shares):
    faces = [[FACE, OTHER], []]
    written = write_pose(faces, SIZE, points, in_shares)
    assert [len(frame["people"]) for frame in written] == [2, 0]
    flat = written[0]["people"][0]["face_keypoints_2d"]
    assert len(flat) == 3 * points
    assert set(flat[2::3]) == {1.0}
    assert (max(flat) <= 1) == in_shares
    read, size = read_pose(written)
    assert size == SIZE
    for face, expected in zip(read[0], faces[0], strict=True):
        torch.testing.assert_close(face.shape68_px, expected.points_px, atol=0.1, rtol=0)


def test_the_pupils_are_the_middles_of_the_irises_the_right_one_first():
    (written,) = write_pose([[FACE.convert("mediapipe-478")]], SIZE)
    flat = written["people"][0]["face_keypoints_2d"]
    right, left = flat[3 * 68 : 3 * 68 + 2], flat[3 * 69 : 3 * 69 + 2]
    eyes = [FACE.part(name).mean(0) for name in ("right_eye", "left_eye")]
    eyes = [((eye + 1) / 2 * torch.tensor(SIZE)).tolist() for eye in eyes]
    assert right == pytest.approx(eyes[0], abs=1.0)
    assert left == pytest.approx(eyes[1], abs=1.0)


@pytest.mark.parametrize(
    ("pose", "message"),
    [
        ([], "the pose keypoints are empty"),
        (None, "the pose keypoints are empty"),
        (["a"], "not pose keypoints: each frame"),
        ([{"people": {}}], "not pose keypoints: each frame"),
        ([frame({"face_keypoints_2d": [1.0] * 15})], "a face has 15 numbers; known are 68 or 70"),
        ([frame({"face_keypoints_2d": ["a"] * 204})], "a face's points are no numbers"),
    ],
)
def test_what_is_no_pose_is_refused(pose, message):
    with pytest.raises(ValueError, match=message):
        read_pose(pose)
