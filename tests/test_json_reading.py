import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tps_portrait.tps_core.json_reading import (
    listed,
    number,
    parse_json,
    picture_sides,
    read_bytes,
    text,
    truth,
    whole,
)
from tps_portrait.tps_core.landmark_files.edits import read_edits
from tps_portrait.tps_core.landmark_files.json_file import faces_from_json
from tps_portrait.tps_core.landmark_files.points_json import read_points
from tps_portrait.tps_core.landmark_files.pose_keypoints import read_pose
from tps_portrait.tps_core.landmark_files.pts_file import read_pts

numbers = some.integers() | some.floats(allow_nan=False, allow_infinity=False)
values = some.recursive(
    some.none() | some.booleans() | numbers | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)
# The names that readers look for, so that some get further than the first.
names = some.sampled_from(["images", "size", "faces", "points", "scheme", "score", "people", "x"])
objects = some.recursive(
    some.none()
    | some.booleans()
    | some.floats()
    | some.integers()
    | some.sampled_from(["ibug-68"]),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(names, inner, max_size=4),
)


@given(values.filter(lambda value: len(json.dumps(value)) < 10_000))
def test_what_json_can_say_is_read_as_it_is(value):
    assert parse_json(json.dumps(value)) == value
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"not JSON \(Expecting value"),
        (b"{'a': 1}", "not JSON"),
        ("[1]".encode("utf-16"), r"not JSON \(byte 0 is not UTF-8; save it as UTF-8"),
        (b"[NaN]", "NaN is not a finite number"),
        (b"[-Infinity]", "-Infinity is not a finite number"),
        (b"[1e999]", "1e999. is not a finite number"),
        (b"9" * 5000, "a number of 5000 digits"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a": [' * 2000 + b"1" + b"]}" * 2000, "nested too deep"),
        (b'{"a": 1, "b": 2, "a": 3}', "the name 'a' is given twice"),
    ],
    ids=["empty", "quotes", "utf-16", "nan", "inf", "1e999", "digits", "open", "deep", "twice"],
)
def test_what_readers_do_not_agree_on_is_refused(content, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_json(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [-1, 0, 20000, "5", True, None, 2.5, [3], {}, 10**400, 1e300])
def test_only_a_whole_number_in_range_is_one(value):
    with pytest.raises(ValueError, match=r"the size is .*, not a whole number from 1 to 9"):
        whole(value, "the size", 1, 9)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1, "0.5", True, None, [0.5]])
def test_only_a_number_in_range_is_one(value):
    with pytest.raises(ValueError, match=r"the score is .*, not a number from 0 to 1"):
        number(value, "the score", 0, 1)


def test_what_is_right_comes_back():
    assert whole(3.0, "n", 1, 9) == 3
    assert number(1, "x", 0, 1) == 1.0
    assert text("a", "t") == "a"
    assert truth(False, "b") is False
    assert listed((1, 2), "l", 2) == [1, 2]
    assert picture_sides([640, 480]) == (640, 480)


@pytest.mark.parametrize("value", [[9], [9, 9, 9], [9, 0], [9, -1], ["9", 9], [9, 1e7], 9, None])
def test_a_pictures_size_is_two_whole_numbers_of_pixels(value):
    with pytest.raises(ValueError, match="the picture's size"):
        picture_sides(value)


def test_an_error_shows_a_wrong_value_in_one_short_line():
    with pytest.raises(ValueError, match="n is") as caught:
        whole("a\nb" * 1000, "n", 1, 9)
    assert len(str(caught.value)) < 150
    assert "\n" not in str(caught.value)


def test_only_ordinary_files_of_bearable_size_are_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", 5) == b"12345"
    with pytest.raises(ValueError, match=r"a: can't be read .it is larger than 4e-06 MB"):
        read_bytes(tmp_path / "a", 4)
    with pytest.raises(ValueError, match="b: no such file"):
        read_bytes(tmp_path / "b", 5)
    with pytest.raises(ValueError, match="can't be read .it is not an ordinary file"):
        read_bytes(tmp_path, 5)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match="not an ordinary file"):
            read_bytes(path, 5)


@settings(max_examples=200)
@given(objects)
def test_whatever_json_says_landmark_readers_give_faces_or_a_sentence(value):
    written = json.dumps(value)
    for read in (
        lambda: faces_from_json(value),
        lambda: read_pose(value, (9, 9)),
        lambda: read_points(written, (9, 9)),
        lambda: read_edits(written),
    ):
        try:
            read()
        except ValueError as error:
            assert "\n" not in str(error)  # noqa: PT017 (either outcome is right)


@given(some.text() | some.from_regex(r"version: 1\nn_points: \d+\n\{[-0-9. einf\n]*\}"))
def test_whatever_a_text_says_pts_files_give_a_face_or_a_sentence(written):
    try:
        assert read_pts(written, (9, 9)).points.isfinite().all()
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either outcome is right)
