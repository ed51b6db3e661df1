"""Training in a real ComfyUI: previews, cancelling, going on, and the style at the end."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps

import comfyui as comfyui_host
from comfyui import node, wait_for
from templates import FILES
from tps_portrait.tps_core.style import load_style
from tps_portrait.training.banks.bank import load_bank, load_portraits
from tps_portrait.training.learn.state_folder import find_state
from tps_portrait.training.measure.perceptual import BACKBONE

pytestmark = pytest.mark.slow

WORKFLOW = FILES["Train a style from a folder"]
TOLD = "tps_portrait_told"
SIZE = 64
CELL = SIZE + 4  # a picture and the gap beside it, on a strip


@pytest.fixture(scope="module")
def folders(comfyui: comfyui_host.Host, portrait: Image.Image, tmp_path_factory) -> dict[str, str]:
    """A folder of art, four posters made of the portrait, and one of two photos."""
    made = tmp_path_factory.mktemp("pictures")
    face = portrait.crop((128, 0, 328, 200))
    for bits in (1, 2, 3, 4):
        poster = ImageOps.posterize(face, bits)
        save(ImageOps.mirror(poster) if bits % 2 else poster, made / "art" / f"{bits}.png")
    save(face, made / "photos" / "1.png")
    save(ImageOps.mirror(face), made / "photos" / "below" / "2.png")
    return {
        "art": comfyui.upload(made / "art", "posters"),  # by name, in ComfyUI's input folder
        "photos": str(made / "photos"),  # by its full path
    }


@pytest.fixture
def training(comfyui: comfyui_host.Host, folders: dict[str, str]) -> dict:
    """The workflow's prompt, made small enough for a test."""
    prompt = comfyui.api_prompt(WORKFLOW)
    train = with_photos(prompt)
    prompt |= sheet_and_report("photos")
    for kind, folder in folders.items():
        prompt[train[kind][0]]["inputs"] |= {"folder": folder, "size": SIZE, "min_confidence": 0.3}
    train |= {"preset": "custom", "size": SIZE, "batch": 1, "content_loss": "l1"}
    return prompt


def with_photos(prompt: dict) -> dict:
    """The inputs of the prompt's training node, which gets a bank of photos beside its art."""
    train = prompt[node_of(prompt, "TPSPortraitTrainStyle")]["inputs"]
    prompt["photos"] = node(**prompt[train["art"][0]]["inputs"], kind="TPSPortraitBuildFaceBank")
    train["photos"] = ["photos", 0]
    return train


def test_the_workflow_trains_a_style_that_can_be_loaded(comfyui, training, portrait):
    train, save = (
        node_of(training, "TPSPortraitTrainStyle"),
        node_of(training, "TPSPortraitSaveStyle"),
    )
    if (comfyui.folder / "models" / "tps_portrait" / BACKBONE).exists():
        training[train]["inputs"]["content_loss"] = "lpips"
    training[train]["inputs"] |= {"name": "whole", "steps": 4}
    training[save]["inputs"] |= {"name": "whole", "author": "A. Painter", "licence": "CC0"}
    training["graph"] = {
        "class_type": "LossGraphNode",
        "inputs": {"loss": [train, 1], "filename_prefix": "losses"},
    }

    history = comfyui.queue(training)

    shown = {
        tuple(training[name]["inputs"].get("images", [name, 0])): pictures[0]
        for name, pictures in comfyui.images(history).items()
    }
    art, photos = (training[train]["inputs"][kind][0] for kind in ("art", "photos"))
    assert shown[art, 1].size == (4 * 132 + 4, 132 + 4)
    assert shown[photos, 1].size == (2 * 132 + 4, 132 + 4)
    # Two photos a row: as they are, and painted after steps 1, 2 and 4.
    assert shown[train, 2].size == (2 * CELL + 4, 4 * CELL + 4)
    assert "graph" in [name for name, _ in shown]
    assert history["outputs"][train][TOLD] == ["trained for 4 steps"]
    assert history["outputs"][save][TOLD] == ["saved as whole"]
    reports = [output["text"][0] for output in history["outputs"].values() if "text" in output]
    assert {"4 faces from 4 files", "2 faces from 2 files"} <= {
        report.splitlines()[0] for report in reports
    }

    style = load_style(style_path(comfyui, "whole"))
    assert (style.record["steps"], style.record["author"]) == (4, "A. Painter")
    painted = comfyui.images(comfyui.queue(use_of("whole", comfyui, portrait)))["show"][0]
    assert painted.size == portrait.size


def test_previews_arrive_while_it_trains(comfyui, training):
    train = node_of(training, "TPSPortraitTrainStyle")
    training[train]["inputs"] |= {"name": "watched", "steps": 20}
    with comfyui.listen("watcher") as messages:
        history = comfyui.wait(comfyui.submit(training, "watcher"))
    assert history["status"]["completed"]
    # Two photos, and what was made of them after steps 2, 5 and 10, and at the end after step 20.
    # ComfyUI makes a preview as high as is asked for.
    sizes = [(round(768 * (2 * CELL + 4) / (rows * CELL + 4)), 768) for rows in (4, 5)]
    assert [preview.size for preview in messages.previews] == sizes
    assert {"4 of 4 images, 4 faces", "looking at the art"} <= set(messages.texts)
    assert progress_of(train, messages) == list(range(1, 21))
    assert [text.split(",")[0] for text in messages.texts if text.startswith("step")] == [
        "step 10 of 20",
        "step 20 of 20",
    ]


def test_cancel_keeps_what_was_trained_and_the_same_prompt_goes_on(comfyui, training):
    train = node_of(training, "TPSPortraitTrainStyle")
    training[train]["inputs"] |= {"name": "cancelled", "steps": 30}
    with comfyui.listen("hasty") as messages:
        prompt_id = comfyui.submit(training, "hasty")
        wait_for(lambda: len(progress_of(train, messages)) > 3)
        comfyui.interrupt()
        seen = progress_of(train, messages)[-1]
        history = comfyui.wait(prompt_id)

    assert "execution_interrupted" in [kind for kind, _ in history["status"]["messages"]]
    state = comfyui.folder / "output" / "tps_portrait" / "cancelled"
    step = len(find_state(state).history)
    assert seen <= step <= seen + 2
    name = f"cancelled at step {step}"
    assert load_style(style_path(comfyui, name)).record["steps"] == step
    (said,) = told(messages)
    assert said.startswith(f"stopped; the style so far is saved as {name}. Run goes on from there")
    assert said.endswith("the training lies in output/tps_portrait/cancelled")
    loading = comfyui.object_info()["TPSPortraitLoadStyle"]["input"]["required"]
    assert name in loading["style_name"][1]["options"]

    with comfyui.listen("patient") as messages:
        history = comfyui.wait(comfyui.submit(training, "patient"))
    assert history["status"]["completed"]
    assert progress_of(train, messages) == list(range(step, 31))
    assert f"going on from step {step} of 30" in messages.texts
    assert told(messages)[0] == "trained for 30 steps"
    # All rows but the first are of steps 3, 7, 15 and 30, whichever the training went on from.
    assert strip_of(train, training, comfyui).size == (2 * CELL + 4, 5 * CELL + 4)
    assert len(find_state(state).history) == 30


def test_cancel_ends_the_work_before_the_first_step_too(comfyui, training):
    train = node_of(training, "TPSPortraitTrainStyle")
    del training[train]["inputs"]["photos"]
    training[train]["inputs"] |= {"name": "hesitant", "steps": 30}
    with comfyui.listen("hesitant") as messages:
        prompt_id = comfyui.submit(training, "hesitant")
        wait_for(lambda: any("2 of 64 photos painted" in text for text in messages.texts), 180)
        comfyui.interrupt()
        history = comfyui.wait(prompt_id)
    assert "execution_interrupted" in [kind for kind, _ in history["status"]["messages"]]
    assert not [text for text in messages.texts if text.startswith("60 of 64 photos")]


def test_more_steps_go_on_after_the_style_was_saved(comfyui, training):
    train, save = (
        node_of(training, "TPSPortraitTrainStyle"),
        node_of(training, "TPSPortraitSaveStyle"),
    )
    training[save]["inputs"]["name"] = "longer"
    for steps in (2, 3):
        training[train]["inputs"] |= {"name": "longer", "steps": steps}
        comfyui.queue(training)
    assert len(find_state(comfyui.folder / "output" / "tps_portrait" / "longer").history) == 3
    steps = [
        load_style(style_path(comfyui, name)).record["steps"] for name in ("longer", "longer 2")
    ]
    assert steps == [2, 3]


def test_a_workflow_from_before_the_presets_means_what_it_meant(comfyui, folders):
    workflow = json.loads(WORKFLOW.read_text("utf-8"))
    (of_old,) = (n for n in workflow["nodes"] if n["type"] == "TPSPortraitTrainStyle")
    of_old["inputs"] = [i for i in of_old["inputs"] if i["name"] not in ("preset", "early_stop")]
    of_old["widgets_values"] = ["old", 2, SIZE, 1, 7, "l1", True, False, True, True]
    prompt = comfyui.api_prompt(workflow)
    train = node_of(prompt, "TPSPortraitTrainStyle")
    saved = {name: value for name, value in prompt[train]["inputs"].items() if name not in folders}
    assert saved == {
        "name": "old",
        "steps": 2,
        "size": SIZE,
        "batch": 1,
        "seed": 7,
        "content_loss": "l1",
        "warp_features": True,
        "warp_pixels": False,
        "local": True,
        "resume": True,
    }
    with_photos(prompt)
    for kind, folder in folders.items():
        bank = prompt[prompt[train]["inputs"][kind][0]]["inputs"]
        bank |= {"folder": folder, "size": SIZE, "min_confidence": 0.3}
    comfyui.queue(prompt)
    options = options_of("old", comfyui)
    assert (options["steps"], options["size"], options["batch"]) == (2, SIZE, 1)
    assert (options["seed"], options["warp_pixels"], options["early_stop"]) == (7, False, True)


def test_a_preset_replaces_three_settings_and_how_long_it_takes_is_shown(comfyui, training):
    train = node_of(training, "TPSPortraitTrainStyle")
    training[train]["inputs"] |= {"name": "preset", "preset": "quick", "steps": 2}
    with comfyui.listen("planner") as messages:
        prompt_id = comfyui.submit(training, "planner")
        wait_for(lambda: any(text.startswith("step 10 ") for text in messages.texts))
        comfyui.interrupt()
        comfyui.wait(prompt_id)
    (told,) = (text for text in messages.texts if text.startswith("step 10 "))
    assert re.fullmatch(r"step 10 of 1500, about \d+ (s|min|h).* left", told)
    options = options_of("preset", comfyui)
    assert (options["steps"], options["size"], options["batch"]) == (1500, 256, 1)


def test_a_saved_face_bank_takes_the_place_of_the_folder(comfyui, folders):
    settings = {"size": SIZE, "detector": "auto", "min_confidence": 0.3}
    built = {
        "bank": node("TPSPortraitBuildFaceBank", folder=folders["art"], **settings),
        "save": node("TPSPortraitSaveFaceBank", face_bank=["bank", 0], name="posters"),
    }
    seen = comfyui.queue(built | sheet_and_report("bank"))
    saved = comfyui.folder / "models" / "tps_portrait" / "banks" / "posters.safetensors"
    assert len(load_bank(saved)) == 4

    loaded = {"bank": node("TPSPortraitLoadFaceBank", bank_name="posters")}
    found = comfyui.queue(loaded | sheet_and_report("bank"))
    sheets = [comfyui.images(history)["sheet"][0] for history in (seen, found)]
    assert ImageChops.difference(*sheets).getbbox() is None
    reports = [history["outputs"]["report"]["text"] for history in (seen, found)]
    assert reports[0] == reports[1]
    assert reports[0][0].startswith("4 faces from 4 files")


def test_without_photos_it_trains_with_those_of_the_pack(comfyui, training):
    train = node_of(training, "TPSPortraitTrainStyle")
    del training[train]["inputs"]["photos"]
    training[train]["inputs"] |= {"name": "lent", "steps": 2, "pairs_weight": 0.0}
    comfyui.queue(training)
    assert find_state(comfyui.folder / "output" / "tps_portrait" / "lent").record["photos"] == (
        load_portraits().digest
    )


def test_few_settings_are_shown_until_more_are_asked_for(comfyui):
    given = comfyui.object_info()["TPSPortraitTrainStyle"]["input"]
    inputs = given["required"] | given["optional"]
    assert [name for name, (_, said) in inputs.items() if not said.get("advanced")] == [
        "art", "name", "resume", "photos", "preset", "look",
    ]  # fmt: skip


def save(picture: Image.Image, path: Path) -> None:
    """Saves the picture in a folder that may not exist yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def node_of(prompt: dict, kind: str) -> str:
    """The id of the prompt's only node of the type."""
    (name,) = (name for name, node in prompt.items() if node["class_type"] == kind)
    return name


def sheet_and_report(bank: str) -> dict:
    """Nodes that show the contact sheet and the report of the node that makes a face bank."""
    return {
        "sheet": node("PreviewImage", images=[bank, 1]),
        "report": node("PreviewAny", source=[bank, 2]),
    }


def style_path(host: comfyui_host.Host, name: str) -> Path:
    """Where the host keeps a style that was saved under the name."""
    return host.folder / "models" / "tps_portrait" / "styles" / f"{name}.safetensors"


def options_of(training: str, host: comfyui_host.Host) -> dict:
    """The options of the training that was kept under the name."""
    return find_state(host.folder / "output" / "tps_portrait" / training).record["options"]


def use_of(style: str, host: comfyui_host.Host, picture: Image.Image) -> dict:
    """A prompt that paints the picture with a style, named as in the list."""
    return {
        "photo": {
            "class_type": "LoadImage",
            "inputs": {"image": host.upload(picture, "photo.png")},
        },
        "style": {"class_type": "TPSPortraitLoadStyle", "inputs": {"style_name": style}},
        "paint": {
            "class_type": "TPSPortraitApplyStyle",
            "inputs": {"image": ["photo", 0], "style": ["style", 0], "strength": 1.0},
        },
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["paint", 0]}},
    }


def told(messages: comfyui_host.Messages) -> list[str]:
    """What nodes told the person in toasts."""
    return [event["text"] for event in messages.of_type(TOLD)]


def strip_of(train: str, prompt: dict, host: comfyui_host.Host) -> Image.Image:
    """The sample strip of the training that the prompt has done."""
    show = {"show": node("PreviewImage", images=[train, 2])}
    return host.images(host.queue(prompt | show))["show"][0]


def progress_of(node: str, messages: comfyui_host.Messages) -> list[int]:
    """The steps that the node said it had done."""
    return [event["value"] for event in messages.of_type("progress") if event["node"] == node]
