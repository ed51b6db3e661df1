import json

import pytest
import torch

from tps_portrait.tps_core.landmark_files.edits import digest, read_edits
from tps_portrait.tps_core.landmark_files.json_file import faces_to_json
from tps_portrait.tps_core.landmarks import Landmarks, mean_face

FACE = Landmarks(mean_face("ibug-68") * 0.6, "ibug-68", (200, 100))
PICTURE = torch.rand(3, 12, 20, generator=torch.Generator().manual_seed(0))


def test_a_picture_keeps_its_name_when_only_the_last_decimals_change():
    picture = (PICTURE * 255).round() / 255
    assert digest(picture) == digest(picture + 1e-4) == digest(picture.clone())
    assert len(digest(picture)) == 16


def test_another_picture_has_another_name():
    brighter, flat = (PICTURE + 0.02).clamp(0, 1), torch.full((3, 12, 20), 0.5)
    assert digest(brighter) != digest(PICTURE)
    assert digest(flat) != digest(flat.reshape(3, 20, 12))  # same levels, another shape


def test_what_was_placed_comes_back_by_picture():
    text = json.dumps({"images": {"a": faces_to_json([FACE], FACE.size),
                                  "b": {"size": [9, 9], "faces": []}}})  # fmt: skip
    edits = read_edits(text)
    (face,) = edits["a"]
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=0.006, rtol=0)
    assert (face.detector, face.size) == ("hand", (200, 100))
    assert edits["b"] == []  # a person said that there is no face


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_holds_no_edits(text):
    assert read_edits(text) == {}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"a": 1}', '{"images": {"a": {}}}', '{"images": []}', '{"images": 3}']
)
def test_a_text_that_the_editor_has_not_written_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="edits: not what the landmark editor writes"):
        read_edits(text)
