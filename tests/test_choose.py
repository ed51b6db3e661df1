import pytest

from clips import face_at
from tps_portrait.tps_core.choose import choose

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
