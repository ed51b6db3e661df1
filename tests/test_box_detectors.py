import importlib.util

import pytest
import torch

from conftest import SHARED_DATA
from tps_portrait.tps_core.detectors import box_detectors
from tps_portrait.tps_core.detectors.box_detectors import TRUST, detect_boxes


@pytest.fixture
def models(monkeypatch):
    pytest.importorskip("cv2")
    folder = SHARED_DATA / "models"
    if not (folder / box_detectors.YUNET).is_file():
        pytest.skip("needs ../shared/data/models")
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(folder))


def test_the_mean_face_lies_roughly_on_the_face_and_says_that_it_is_a_guess(models, photo, face):
    found = next(one for one in detect_boxes(photo) if one.detector == "yunet")
    apart = (found.points_px - face.shape68_px).norm(dim=-1).mean()
    assert apart < 0.2 * face.eye_distance_px
    assert 0 < found.score <= TRUST


def test_without_opencv_or_the_models_nothing_is_seen(monkeypatch, tmp_path):
    picture = torch.rand(3, 60, 60)
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        assert detect_boxes(picture) == []
    monkeypatch.setattr(box_detectors, "find_model", lambda name: None)
    assert detect_boxes(picture) == []


@pytest.mark.parametrize("name", [box_detectors.YUNET, box_detectors.ANIME])
@pytest.mark.parametrize("content", [b"", b"<x>", bytes(1000)], ids=["empty", "text", "zeros"])
def test_a_damaged_model_is_named(name, content, monkeypatch, tmp_path):
    pytest.importorskip("cv2")
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(
        box_detectors, "find_model", lambda wanted: tmp_path / name if wanted == name else None
    )
    with pytest.raises(ValueError, match=f"{name}: damaged") as caught:
        detect_boxes(torch.rand(3, 60, 60))
    assert "\n" not in str(caught.value)
