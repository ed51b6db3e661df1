import json

import pytest
import torch

from clips import SIZE, face_at
from tps_portrait.tps_core.landmark_files.formats import read_landmarks, write_landmarks
from tps_portrait.tps_core.landmark_files.json_file import read_sidecar
from tps_portrait.tps_core.picture_writer import write_picture

FACE, OTHER = face_at(300, 200, score=0.75), face_at(100, 300, size=60)


@pytest.mark.parametrize("name", ["portrait", "portrait.jpg", "portrait.landmarks.json"])
def test_one_image_makes_the_sidecar_of_its_picture(name, tmp_path):
    path = write_landmarks(tmp_path / name, [[FACE, OTHER]], SIZE)
    assert path == tmp_path / "portrait.landmarks.json"
    assert len(read_sidecar(tmp_path / "portrait.jpg")) == 2
    for place in (path, tmp_path / "portrait.jpg"):
        ((face, _),), size = read_landmarks(place)
        assert size == SIZE  # the points' own
        torch.testing.assert_close(face.points_px, FACE.points_px, atol=0.01, rtol=0)
        assert (face.score, face.detector) == (0.75, "test")


def test_several_images_make_one_file_with_all_of_them(tmp_path):
    path = write_landmarks(tmp_path / "clip v1.2", [[FACE], [], [OTHER]], SIZE)
    assert path == tmp_path / "clip v1.2.json"
    frames, size = read_landmarks(path)
    assert ([len(faces) for faces in frames], size) == ([1, 0, 1], SIZE)


def test_what_the_detect_command_writes_is_read(tmp_path):
    from tps_portrait.tps_core.landmark_files.json_file import faces_to_json

    file = tmp_path / "found.json"
    file.write_text(json.dumps({"images": {"b.png": faces_to_json([FACE], SIZE)}}))
    ((face,),), _ = read_landmarks(file)
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=0.01, rtol=0)


def test_a_pts_file_comes_back_with_the_size_of_the_picture(tmp_path):
    path = write_landmarks(tmp_path / "portrait.png", [[FACE]], SIZE, "pts")
    assert path == tmp_path / "portrait.pts"
    ((face,),), size = read_landmarks(path, SIZE)
    assert size == SIZE
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=0.01, rtol=0)


def test_a_pts_file_looks_for_its_picture_beside_it(tmp_path):
    path = write_landmarks(tmp_path / "portrait", [[FACE]], SIZE, "pts")
    with pytest.raises(ValueError, match=r"portrait.pts: it doesn't say how large .* to image"):
        read_landmarks(path)
    write_picture(tmp_path / "portrait.png", torch.zeros(3, 30, 40))
    assert read_landmarks(path)[1] == (40, 30)
    assert read_landmarks(path, SIZE)[1] == SIZE  # a picture that is given wins


@pytest.mark.parametrize("frames", [[[FACE, OTHER]], [[FACE], [OTHER]], [[]]])
def test_a_pts_file_holds_one_face(frames, tmp_path):
    with pytest.raises(ValueError, match=r"a .pts file holds one face, and here are \d; choose"):
        write_landmarks(tmp_path / "a", frames, SIZE, "pts")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path):
    first = write_landmarks(tmp_path / "face 1", [[FACE]], SIZE)
    kept = first.read_text()
    numbered = [write_landmarks(tmp_path / "face 1", [[OTHER]], SIZE).name for _ in range(2)]
    assert numbered == ["face 1 2.landmarks.json", "face 1 3.landmarks.json"]
    with pytest.raises(ValueError, match=r"face 1.landmarks.json: is there already; choose"):
        write_landmarks(tmp_path / "face 1", [[OTHER]], SIZE, there="error")
    assert first.read_text() == kept
    assert write_landmarks(tmp_path / "face 1", [[OTHER]], SIZE, there="replace") == first
    assert first.read_text() != kept
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("content", ['{"name": "settings"}', "[]", "not even JSON", "link"])
@pytest.mark.parametrize("form", ["json", "pts"])
def test_a_file_without_landmarks_is_never_replaced(form, content, tmp_path):
    path = tmp_path / ("a.pts" if form == "pts" else "a.landmarks.json")
    if content == "link":
        other = write_landmarks(tmp_path / "other", [[FACE]], SIZE, form)
        content = other.read_text()
        path.symlink_to(other)
    else:
        path.write_text(content)
    written = write_landmarks(tmp_path / "a", [[OTHER]], SIZE, form, "replace")
    assert written.name == path.name.replace("a.", "a 2.")
    assert path.read_text() == content


def test_a_picture_that_may_not_be_read_gives_no_size(tmp_path):
    path = write_landmarks(tmp_path / "a", [[FACE]], SIZE, "pts")
    write_picture(tmp_path / "a.png", torch.zeros(3, 30, 40))
    with pytest.raises(ValueError, match="doesn't say how large"):
        read_landmarks(path, may_read=lambda path: path.suffix != ".png")


def test_where_nothing_can_be_written_it_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"a.landmarks.json: can't be written \(No such file"):
        write_landmarks(tmp_path / "nowhere" / "a", [[FACE]], SIZE)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", r"a.json: not JSON"),
        ("a.pts", b"68 points", r"a.pts: not a .pts file"),
        ("a.json", b"\xff\xfe\x00", r"a.json: can't be read"),
        ("a.landmarks.json", b'{"size": [9, 9], "faces": [{}]}', r"json: not a landmark file"),
    ],
)
def test_a_broken_file_is_refused_by_name(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_landmarks(tmp_path / name, SIZE)


@pytest.mark.parametrize("name", ["a.json", "a.jpg"])
def test_a_missing_file_is_named(name, tmp_path):
    with pytest.raises(ValueError, match=r"a(.landmarks)?.json: no such file"):
        read_landmarks(tmp_path / name)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="can't be read"):
        read_landmarks(tmp_path)
