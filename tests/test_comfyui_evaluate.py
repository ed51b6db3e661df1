"""Evaluation in a real ComfyUI: the node's figures, contact sheet and report."""

import re

import pytest
from PIL import ImageOps

from comfyui import node
from tps_portrait.training.measure.perceptual import BACKBONE

pytestmark = pytest.mark.slow


@pytest.fixture
def prompt(comfyui, portrait, tmp_path):
    """Two photos, their results, which are a little darker, and the photos as art."""
    face = portrait.crop((60, 0, 420, 320))
    faces = {"a": face, "b": ImageOps.mirror(face)}
    prompt, settings = {}, {"detector": "auto", "min_confidence": 0.5}
    for name, picture in faces.items():
        picture.save(tmp_path / f"{name}.png")
        darker = picture.point(lambda level: level * 0.8)
        for kind, shown in (("photo", picture), ("result", darker)):
            uploaded = comfyui.upload(shown, f"{kind} {name}.png")
            prompt[f"{kind} {name}"] = node("LoadImage", image=uploaded)
    for kind in ("photo", "result"):
        pair = {"image1": [f"{kind} a", 0], "image2": [f"{kind} b", 0]}
        prompt[f"{kind}s"] = node("ImageBatch", **pair)
    prompt["art"] = node("TPSPortraitBuildFaceBank", folder=str(tmp_path), size=128, **settings)
    prompt["evaluate"] = node(
        "TPSPortraitEvaluateStyle",
        photos=["photos", 0],
        results=["results", 0],
        art=["art", 0],
        **settings,
    )
    prompt["report"] = node("PreviewAny", source=["evaluate", 0])
    prompt["mld"] = node("PreviewAny", source=["evaluate", 1])
    prompt["curve"] = node("PreviewAny", source=["evaluate", 9])
    prompt["sheet"] = node("PreviewImage", images=["evaluate", 7])
    return prompt


def test_the_node_measures_and_shows_the_worst_first(comfyui, prompt):
    if not (comfyui.folder / "models" / "tps_portrait" / BACKBONE).exists():
        pytest.skip("needs ../shared/data/models")
    history = comfyui.queue(prompt)
    shown = {name: history["outputs"][name]["text"][0] for name in ("report", "mld", "curve")}
    assert "found 100%: in 2 of 2 results" in shown["report"]
    assert re.search("^kid_(efficientnet|squeezenet) ", shown["report"], re.M)
    assert float(shown["curve"]) > 0.99
    assert 0 < float(shown["mld"]) < 0.02
    (sheet,) = comfyui.images(history)["sheet"]
    assert sheet.width > 600


def test_another_number_of_results_is_refused_in_a_sentence(comfyui, prompt):
    prompt["evaluate"]["inputs"]["results"] = ["result a", 0]
    history = comfyui.wait(comfyui.submit(prompt))
    (error,) = (what for kind, what in history["status"]["messages"] if kind == "execution_error")
    assert error["exception_message"].strip() == (
        "2 photos and 1 results; connect the results of these photos, in their order"
    )
