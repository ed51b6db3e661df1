"""The one function behind which the detectors are equals."""

import dataclasses

import pytest
import torch

from tps_portrait.tps_core import detect as module
from tps_portrait.tps_core.detect import (
    DETECTORS,
    detect,
    detect_face,
    detect_most,
    usable_detectors,
)
from tps_portrait.tps_core.detectors.table import BY_NAME, Detector, add_host_detector
from tps_portrait.tps_core.face_not_found import FaceNotFound
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.pictures import to_tensor

PICTURE = torch.zeros(3, 100, 200)


def face_of(size_px, detector="embedded", score=1.0):
    points_px = (mean_face("mediapipe-468") + 1) / 2 * size_px
    return Landmarks.from_pixels(points_px, (200, 100), "mediapipe-468", score, detector)


@pytest.fixture
def found(monkeypatch):
    """What the embedded detector finds, for a test to fill."""
    faces = []
    monkeypatch.setattr(module, "detect_embedded", lambda *_: list(faces))
    monkeypatch.setattr(module, "confirms", lambda *_: True)
    use(monkeypatch, "mediapipe", missing="mediapipe is not installed")
    return faces


def use(monkeypatch, name, faces=(), missing=""):
    """Has the detector of that name find these faces."""
    detector = Detector(lambda *_: list(faces), lambda: missing)
    monkeypatch.setitem(BY_NAME, name, detector)


def test_the_largest_face_comes_first(found):
    found += [face_of(30), face_of(90), face_of(60)]
    widths = [face.box_px[2] - face.box_px[0] for face in detect(PICTURE)]
    assert widths == sorted(widths, reverse=True)
    assert len(widths) == 3


def test_landmarks_that_form_no_face_are_dropped(found, caplog):
    caplog.set_level("INFO", logger="tps_portrait")
    good = face_of(60)
    scrambled = torch.rand(468, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found += [dataclasses.replace(good, points=scrambled), good]
    assert detect(PICTURE) == [good]
    assert "embedded is dropped" in caplog.text


def test_no_face_is_an_empty_list_and_a_sentence(found):
    assert detect(PICTURE) == []
    with pytest.raises(FaceNotFound) as caught:
        detect_face(PICTURE, "portrait.jpg", min_confidence=0.7)
    assert str(caught.value) == (
        "portrait.jpg: no face found at confidence 0.7; lower min_confidence, or place its "
        "landmarks by hand (in ComfyUI with Edit Face Landmarks, else with tps-portrait bank "
        "FOLDER --review), or use a picture in which the face is larger"
    )


def test_more_faces_than_are_wanted_are_said_and_the_largest_are_kept(found):
    found += [face_of(30), face_of(90), face_of(60)]
    faces, more = detect_most(PICTURE, "auto", 2, 0.5)
    assert [face.box_px for face in faces] == [found[1].box_px, found[2].box_px]
    assert more
    assert not detect_most(PICTURE, "auto", 3, 0.5)[1]
    assert not detect_most(PICTURE, "auto", 1, 0.5)[1]


def test_half_a_face_at_the_border_is_none_and_no_rocket_is_taken_for_one(portrait):
    # The landmarker for art is as sure of the shuttle behind the astronaut as of a face.
    assert detect(to_tensor(portrait.crop((235, 0, 512, 400))), max_faces=1) == []
    assert detect(to_tensor(portrait.crop((290, 0, 512, 512))), max_faces=1) == []


def test_the_hosts_own_detector_is_one_of_them(monkeypatch):
    with pytest.raises(ValueError, match="the comfyui detector can't run: it is ComfyUI's own"):
        detect(PICTURE, "comfyui")
    monkeypatch.setitem(BY_NAME, "comfyui", BY_NAME["comfyui"])  # put back after the test
    add_host_detector(lambda *_: [face_of(50, "comfyui")], lambda: "")
    assert detect(PICTURE, "comfyui")[0].detector == "comfyui"


def test_a_sure_face_gets_no_second_look(found, monkeypatch):
    monkeypatch.setattr(module, "detect_augmented", lambda *_: pytest.fail("looked again"))
    found += [face_of(60)]
    assert detect(PICTURE) == found


def test_a_sure_face_takes_the_points_of_a_newer_mesh_that_sees_it_too(found, monkeypatch):
    use(monkeypatch, "mediapipe", [face_of(20, "mediapipe"), face_of(61, "mediapipe")])
    found += [face_of(60, score=0.995), face_of(99)]
    assert [(face.detector, face.score) for face in detect(PICTURE)] == [
        ("embedded", 1.0),
        ("mediapipe", 0.995),
    ]


def test_a_sure_face_that_the_landmarker_for_art_does_not_see_gets_second_looks(found, monkeypatch):
    found += [face_of(60)]
    monkeypatch.setattr(module, "confirms", lambda *_: False)
    monkeypatch.setattr(module, "detect_augmented", lambda *_: [])
    monkeypatch.setattr(module, "detect_art", lambda *_: [])
    assert detect(PICTURE) == []


def test_where_it_is_unsure_all_looks_are_asked(found, monkeypatch):
    found += [face_of(60, score=0.6)]
    monkeypatch.setattr(module, "detect_augmented", lambda *_: [face_of(60, score=0.6)] * 3)
    monkeypatch.setattr(module, "detect_art", lambda *_: [face_of(60, "art", score=0.7)])
    (face,) = detect(PICTURE)
    assert face.detector == "art+embedded"
    assert face.scheme == "ibug-68"
    assert face.score > 0.7


def test_a_single_unsure_look_is_no_face(found, monkeypatch):
    monkeypatch.setattr(module, "detect_augmented", lambda *_: [face_of(60, score=0.7)])
    monkeypatch.setattr(module, "detect_art", lambda *_: [])
    assert detect(PICTURE) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"picture": torch.zeros(1, 3, 9, 9)}, r"a picture is \(3, h, w\), got \(1, 3, 9, 9\)"),
        ({"picture": torch.zeros(3, 0, 9)}, r"got \(3, 0, 9\)"),
        (
            {"detector": "dlib"},
            f"unknown detector 'dlib'; known: {', '.join(DETECTORS)}",
        ),
        ({"max_faces": 0}, "max_faces must be at least 1 .* got 0 and 0.5"),
        ({"min_confidence": 1.0}, "between 0 and 1, got 10 and 1.0"),
    ],
)
def test_bad_arguments_are_refused_with_a_sentence(found, arguments, message):
    with pytest.raises(ValueError, match=message):
        detect(**{"picture": PICTURE, **arguments})


def test_usable_detectors_names_every_one_of_them():
    usable = usable_detectors()
    assert {"auto", *usable} == set(DETECTORS)
    assert usable["embedded"] == usable["art"] == ""


def test_mediapipe_says_what_it_lacks(monkeypatch, tmp_path):
    from tps_portrait.tps_core import folders
    from tps_portrait.tps_core.detectors import mediapipe_detector

    monkeypatch.setattr(folders, "_host_folders", [])
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path))
    monkeypatch.setattr(mediapipe_detector.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match='mediapipe is not installed; run: pip install "media'):
        detect(PICTURE, "mediapipe")
    monkeypatch.setattr(mediapipe_detector.importlib.util, "find_spec", lambda name: name)
    with pytest.raises(
        ValueError, match=f"face_landmarker.task is missing; put it into {tmp_path}"
    ):
        detect(PICTURE, "mediapipe")


@pytest.mark.parametrize("content", [b"", b"PK", bytes(1000)], ids=["empty", "cut", "zeros"])
def test_a_damaged_mediapipe_model_is_named(content, monkeypatch, tmp_path):
    from tps_portrait.tps_core.detectors import mediapipe_detector

    pytest.importorskip("mediapipe")
    (tmp_path / "face_landmarker.task").write_bytes(content)
    monkeypatch.setattr(mediapipe_detector, "find_model", lambda name: tmp_path / name)
    with pytest.raises(ValueError, match="face_landmarker.task: damaged"):
        mediapipe_detector.detect_mediapipe(torch.zeros(3, 64, 64), 1, 0.5)
