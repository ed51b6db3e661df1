import json

import pytest
import torch

from tps_portrait.tps_core.landmark_files.json_file import (
    faces_to_json,
    read_set_aside,
    read_sidecar,
    sidecar_path,
    write_sidecar,
)
from tps_portrait.tps_core.landmarks import Landmarks, mean_face

FACE = Landmarks(mean_face("ibug-68") * 0.6, "ibug-68", (200, 100), 0.75, "embedded")


def test_the_json_is_the_documented_one():
    content = faces_to_json([FACE], FACE.size)
    assert content["size"] == [200, 100]
    (face,) = content["faces"]
    assert set(face) == {"points", "scheme", "score", "detector", "box"}
    assert len(face["points"]) == 68
    assert face["scheme"] == "ibug-68"
    assert face["box"][0] == min(x for x, _ in face["points"])


def test_a_sidecar_comes_back_as_it_was(tmp_path):
    picture = tmp_path / "a portrait.jpg"
    assert read_sidecar(picture) is None
    write_sidecar(picture, [FACE], FACE.size)
    assert sidecar_path(picture).name == "a portrait.landmarks.json"
    (face,) = read_sidecar(picture)
    torch.testing.assert_close(face.points, FACE.points, atol=2e-4, rtol=0)
    assert (face.detector, face.score, face.size) == ("embedded", 0.75, (200, 100))


def test_a_sidecar_may_say_that_there_is_no_face(tmp_path):
    write_sidecar(tmp_path / "a.jpg", [], (9, 9))
    assert read_sidecar(tmp_path / "a.jpg") == []


@pytest.mark.parametrize("content", ["{", "[]", '{"size": [9, 9]}', json.dumps(
    {"size": [9, 9], "faces": [{"points": [[1, 2]], "scheme": "ibug-68"}]}), json.dumps(
    {"size": [9, 0], "faces": [{"points": [[1, 2]] * 68, "scheme": "ibug-68"}]})])  # fmt: skip
def test_a_broken_sidecar_is_refused_by_name(content, tmp_path):
    sidecar_path(tmp_path / "a.jpg").write_text(content)
    with pytest.raises(ValueError, match=r"a.landmarks.json: not a landmark file"):
        read_sidecar(tmp_path / "a.jpg")


def test_a_name_too_long_for_a_landmark_file_beside_it_has_none(tmp_path):
    picture = tmp_path / ("n" * 251 + ".png")
    picture.touch()
    assert read_sidecar(picture) is None
    assert read_set_aside(picture) == []
