import pytest
import torch

from clips import face_at
from tps_portrait.tps_core import choose as module
from tps_portrait.tps_core.choose import choose, faces_to_paint, find_faces, pick
from tps_portrait.tps_core.face_not_found import FaceNotFound

# In the order of the detector: the largest is neither the leftmost nor the surest.
RIGHT = face_at(500, 200, size=120, score=0.6)
LEFT = face_at(100, 200, size=90, score=0.7)
MIDDLE = face_at(300, 200, size=60, score=0.9)
FACES = [LEFT, RIGHT, MIDDLE]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("index", [LEFT, RIGHT, MIDDLE]),
        ("largest", [RIGHT, LEFT, MIDDLE]),
        ("left to right", [LEFT, MIDDLE, RIGHT]),
        ("score", [MIDDLE, LEFT, RIGHT]),
    ],
)
def test_each_order(order, expected):
    assert choose(FACES, order) == expected


def test_the_first_and_how_many():
    assert choose(FACES, "left to right", first=2, most=1) == [MIDDLE]
    assert choose(FACES, "left to right", first=2) == [MIDDLE, RIGHT]
    assert choose(FACES, "left to right", first=4) == []
    assert choose([], "largest") == []


def test_faces_that_are_equal_keep_their_order():
    assert choose([RIGHT, RIGHT, LEFT], "score") == [LEFT, RIGHT, RIGHT]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"order": "age"}, "unknown order 'age'; known: index, largest"),
        ({"first": 0}, "counted from 1"),
        ({"most": 0}, "counted from 1"),
    ],
)
def test_what_cannot_be_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        choose(FACES, **setting)


@pytest.mark.parametrize(
    ("which", "numbers", "expected"),
    [
        ("auto", (1,), FACES),
        ("all", (1,), FACES),
        ("largest", (9,), [RIGHT]),
        ("left to right", (2,), [MIDDLE]),
        ("left to right", (3, 1), [RIGHT, LEFT]),
        ("score", (1,), [MIDDLE]),
    ],
)
def test_the_faces_to_paint_are_picked(which, numbers, expected):
    assert pick(FACES, "group.jpg", which, numbers) == expected


def test_a_number_that_no_face_has_is_said():
    with pytest.raises(FaceNotFound, match=r"group.jpg: face 4 is to be .* but only 3 are there"):
        pick(FACES, "group.jpg", "score", (1, 4))
    with pytest.raises(ValueError, match="unknown choice of faces 'oldest'; known: auto, largest"):
        pick(FACES, "group.jpg", "oldest")


def test_of_a_group_all_faces_are_looked_for_only_where_they_are_wanted(monkeypatch):
    monkeypatch.setattr(module, "detect_face", lambda *_: RIGHT)
    monkeypatch.setattr(module, "detect_faces", lambda *_: FACES)
    picture = torch.zeros(3, 9, 9)
    assert find_faces(picture, "group.jpg") == [RIGHT]
    assert find_faces(picture, "group.jpg", "all") == FACES
    assert find_faces(picture, "group.jpg", "left to right", (2,)) == [MIDDLE]


def test_a_picture_without_that_face_is_left_as_it_is_where_that_is_chosen(monkeypatch):
    def nothing(*_):
        raise FaceNotFound("a.jpg: no face found")

    monkeypatch.setattr(module, "detect_face", nothing)
    picture = torch.zeros(3, 9, 9)
    with pytest.raises(FaceNotFound):
        faces_to_paint(picture, "a.jpg", None)
    assert faces_to_paint(picture, "a.jpg", None, no_face="skip") is None
    assert faces_to_paint(picture, "a.jpg", FACES, "score", 4, "skip") is None
    assert faces_to_paint(picture, "a.jpg", [], no_face="skip") is None
    # Landmarks that say "no face" are no failure: the whole image can be painted.
    assert faces_to_paint(picture, "a.jpg", []) == []
    assert faces_to_paint(picture, "a.jpg", FACES, no_face="skip") == FACES
