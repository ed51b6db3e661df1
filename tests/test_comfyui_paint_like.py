"""Painting like one picture of art in a real ComfyUI."""

import numpy as np
import pytest
from PIL import Image

import comfyui as comfyui_host
from comfyui import node, wait_for
from templates import FILES
from tps_portrait.cli import main
from tps_portrait.tps_core.example_pictures import ART, PHOTO

pytestmark = pytest.mark.slow

WORKFLOW = FILES["Paint like a picture"]
DEFAULTS = {"whole_image": True, "strength": 1.0, "art_colors": 1.0, "color_match": 0.0}


@pytest.fixture(scope="module")
def prompt(comfyui) -> dict:
    """A small photo and a small picture of art, and the node that paints."""
    photo, art = (Image.open(path).convert("RGB") for path in (PHOTO, ART))
    photo.thumbnail((160, 160))
    art.thumbnail((320, 320))
    return {
        "photo": node("LoadImage", image=comfyui.upload(photo, "small photo.png")),
        "art": node("LoadImage", image=comfyui.upload(art, "small art.png")),
        "paint": node("TPSPortraitPaintLike", image=["photo", 0], art=["art", 0], **DEFAULTS),
        "show": node("PreviewImage", images=["paint", 0]),
        "as image": node("MaskToImage", mask=["paint", 1]),
        "mask": node("PreviewImage", images=["as image", 0]),
    }


def changed(prompt: dict, more: dict | None = None, **inputs) -> dict:
    """The prompt with other inputs of the node that paints, and with more nodes."""
    paint = prompt["paint"] | {"inputs": prompt["paint"]["inputs"] | inputs}
    return prompt | {"paint": paint} | (more or {})


def levels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"), dtype=np.float32)


def error_of(comfyui, prompt: dict) -> str:
    """What ComfyUI says of the prompt that fails."""
    history = comfyui.wait(comfyui.submit(prompt))
    (error,) = (what for kind, what in history["status"]["messages"] if kind == "execution_error")
    return error["exception_message"].strip()


def test_the_template_paints_as_it_is_with_pictures_that_come_with_the_pack(comfyui):
    template = comfyui.api_prompt(WORKFLOW)
    photos = {n["inputs"]["image"] for n in template.values() if n["class_type"] == "LoadImage"}
    assert photos == {"tps_portrait_photo.png", "tps_portrait_art.png"}
    with comfyui.listen("visitor") as messages:
        history = comfyui.wait(comfyui.submit(template, "visitor"))
    ((painted,),) = comfyui.images(history).values()
    with Image.open(PHOTO) as photo:
        assert painted.size == photo.size
        assert np.abs(levels(painted) - levels(photo)).mean() > 10
    done = [event["value"] / event["max"] for event in messages.of_type("progress")]
    assert done == sorted(done)
    assert done[-1] == 1
    assert len(messages.previews) >= 3
    last, size = messages.previews[-1], (painted.width // 4, painted.height // 4)
    differences = levels(last.resize(size)) - levels(painted.resize(size))
    assert np.abs(differences).mean() < 3


def test_a_picture_of_yours_stays_where_one_of_the_template_would_be(tmp_path):
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "tps_portrait_photo.jpg").write_bytes(b"mine")
    assert comfyui_host.run_inside("print(json.dumps(load_pack()))", tmp_path)
    assert (tmp_path / "input" / "tps_portrait_photo.jpg").read_bytes() == b"mine"
    assert (tmp_path / "input" / "tps_portrait_art.jpg").read_bytes() == ART.read_bytes()


@pytest.mark.parametrize("name", ["photo", "art", "group"])
def test_the_templates_pictures_are_there_without_loss_and_as_older_workflows_name_them(
    comfyui, name
):
    inputs = comfyui.folder / "input"
    with (
        Image.open(inputs / f"tps_portrait_{name}.png") as lossless,
        Image.open(inputs / f"tps_portrait_{name}.jpg") as named_before,
    ):
        assert (lossless.format, named_before.format) == ("PNG", "JPEG")
        assert np.array_equal(levels(lossless), levels(named_before))


def test_node_and_command_paint_the_same_picture(comfyui, prompt, tmp_path, monkeypatch):
    # The same models, so that landmarks are by the same detector.
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(comfyui.folder / "models" / "tps_portrait"))
    shown = comfyui.images(comfyui.queue(prompt))
    files = [comfyui.folder / "input" / f"small {name}.png" for name in ("photo", "art")]
    out = tmp_path / "out.png"
    command = ["paint-like", files[0], "--art", files[1], "-o", out, "--device", "cpu"]
    assert main([str(argument) for argument in command]) == 0
    with Image.open(out) as painted:
        # ComfyUI cuts decimals off when it saves, the command rounds.
        assert np.abs(levels(painted) - levels(shown["show"][0])).max() <= 1
    assert levels(shown["mask"][0]).min() == 255


def test_the_inputs_change_the_painting(comfyui, prompt):
    whole = levels(comfyui.images(comfyui.queue(prompt))["show"][0])
    photo = levels(Image.open(comfyui.folder / "input" / "small photo.png"))
    face = comfyui.images(comfyui.queue(changed(prompt, whole_image=False)))
    outside = levels(face["mask"][0]) == 0
    assert outside.mean() > 0.3
    assert (np.abs(levels(face["show"][0]) - photo) * outside).max() <= 1
    for inputs in ({"strength": 1.5, "ground": "keep"}, {"art_colors": 0.0}):
        other = comfyui.images(comfyui.queue(changed(prompt, **inputs)))["show"][0]
        assert np.abs(levels(other) - whole).mean() > 1, inputs
    clear = comfyui.images(comfyui.queue(changed(prompt, ground="transparent")))["show"][0]
    assert clear.mode == "RGBA"


def test_each_image_has_its_own_art_or_all_have_the_first(comfyui, prompt):
    more = {
        "two": node("RepeatImageBatch", image=["photo", 0], amount=2),
        "dark": node("ImageInvert", image=["art", 0]),
        "arts": node("ImageBatch", image1=["art", 0], image2=["dark", 0]),
    }
    alone = levels(comfyui.images(comfyui.queue(prompt))["show"][0])
    # The inverted art has no face that a detector knows.
    found = node("TPSPortraitDetectLandmarks", image=["art", 0], detector="auto", max_faces=1,
                 min_confidence=0.5, no_face="error")  # fmt: skip
    faces = {"faces": found}
    pair = changed(
        prompt, more | faces, image=["two", 0], art=["arts", 0], art_landmarks=["faces", 0]
    )
    first, second = comfyui.images(comfyui.queue(pair))["show"]
    assert np.abs(levels(first) - alone).max() <= 1
    assert np.abs(levels(second) - alone).mean() > 10
    (only,) = comfyui.images(comfyui.queue(changed(pair, image=["photo", 0])))["show"]
    assert np.abs(levels(only) - alone).max() <= 1


def test_a_picture_without_a_face_is_named_with_what_to_do(comfyui, prompt):
    blank = {"blank": node("EmptyImage", width=160, height=160, batch_size=1, color=8421504)}
    assert error_of(comfyui, changed(prompt, blank, art=["blank", 0])) == (
        "art 1 of 1: no face found in this picture of art; place its landmarks by hand (in "
        "ComfyUI with Edit Face Landmarks, else with tps-portrait bank FOLDER --review), or choose "
        "another picture"
    )
    assert error_of(comfyui, changed(prompt, blank, image=["blank", 0])) == (
        "image 1 of 1: no face found at confidence 0.5; lower min_confidence in a Detect Face "
        "Landmarks that you connect, set no_face to skip, or place its landmarks by hand (in "
        "ComfyUI with Edit Face Landmarks, else with tps-portrait bank FOLDER --review), or use a "
        "picture in which the face is larger"
    )


def test_cancel_ends_it_and_it_can_be_run_again(comfyui, prompt):
    many = {"many": node("RepeatImageBatch", image=["photo", 0], amount=50)}
    with comfyui.listen("hasty") as messages:
        prompt_id = comfyui.submit(changed(prompt, many, image=["many", 0]), "hasty")
        wait_for(lambda: messages.of_type("progress"))
        comfyui.interrupt()
        history = comfyui.wait(prompt_id, 60)
    assert "execution_interrupted" in [kind for kind, _ in history["status"]["messages"]]
    assert max(event["value"] for event in messages.of_type("progress")) < 50 * 100 / 2
    comfyui.queue(changed(prompt, strength=0.9))
