"""The pack in a real ComfyUI: it loads quietly and quickly, paints, warps, and says what is wrong.

Training is in test_comfyui_training.py.
"""

import itertools
import urllib.request

import numpy as np
import pytest
import torch
from PIL import Image

import comfyui as comfyui_host
from comfyui import node
from templates import FILES
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.geometry.similarity import fit_similarity
from tps_portrait.tps_core.pictures import to_tensor

pytestmark = pytest.mark.slow

# Loads the pack as ComfyUI does and reports what that brought; benchmarks/bench_import.py times it.
LOAD = """
import logging, warnings

said, handler = [], logging.Handler(logging.WARNING)
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger().addHandler(handler)
before = set(sys.modules)
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    loaded = load_pack()
print(json.dumps({
    "loaded": loaded,
    "said": said + [str(warning) for warning in warned],
    "modules": sorted(set(sys.modules) - before),
}))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What loading the pack once in a process of its own did."""
    # With a space and a dot: any folder's name must do.
    result = comfyui_host.run_inside(LOAD, tmp_path_factory.mktemp("load"), "TPS Portrait v0.1")
    assert result["loaded"], result["said"]
    return result


def test_the_pack_loads_without_a_word(report):
    assert report["said"] == []


def test_loading_leaves_the_heavy_packages_alone(report):
    loaded = {name.partition(".")[0] for name in report["modules"]}
    assert not loaded & {"mediapipe", "lpips", "kornia", "torchvision", "scipy", "skimage"}


def test_comfyui_knows_our_nodes_and_complains_of_nothing(comfyui):
    ours = {
        name: info
        for name, info in comfyui.object_info().items()
        if info["python_module"] == f"custom_nodes.{comfyui_host.PACK_NAME}"
    }
    assert ours
    for name, info in ours.items():
        assert name.startswith("TPSPortrait")
        assert info["category"].startswith("TPS Portrait")
        assert info["description"], f"{name} has no description"
    # The only line about the pack is the one on how long it took.
    lines = [line for line in comfyui.log().splitlines() if comfyui_host.PACK_NAME in line]
    assert len(lines) == 1, lines
    assert "seconds: " in lines[0]


def test_every_node_has_a_page_of_help_that_names_its_inputs(comfyui):
    for name, info in comfyui.object_info().items():
        if name.startswith("TPSPortrait"):
            page = f"{comfyui.url}/extensions/{comfyui_host.PACK_NAME}/docs/{name}.md"
            with urllib.request.urlopen(page) as answer:
                text = answer.read().decode()
            assert text.startswith(f"# {info['display_name']}\n")
            inputs = [*info["input"]["required"], *info["input"].get("optional", {})]
            assert [i for i in inputs if f"**{i}**" not in text] == [], name


def test_stylizing_paints_the_face_and_leaves_the_rest(comfyui, portrait):
    photo = portrait.crop((20, 0, 420, 512))  # wide is not high: no axis may be mistaken
    prompt = comfyui.api_prompt(FILES["One block at a time"])
    (loader,), (blend,) = of_type(prompt, "LoadImage"), of_type(prompt, "TPSPortraitBlendFace")
    prompt[loader]["inputs"]["image"] = comfyui.upload(photo, "photo.png")
    prompt["as image"] = node("MaskToImage", mask=[blend, 1])
    prompt["mask"] = node("PreviewImage", images=["as image", 0])

    shown = shown_by_source(prompt, comfyui.images(comfyui.queue(prompt)))

    aligned, painted = shown["TPSPortraitAlignFace"], shown["TPSPortraitApplyStyle"]
    assert (aligned.size, painted.size) == ((256, 256), (256, 256))
    result, mask = shown["TPSPortraitBlendFace"], levels(shown["MaskToImage"])[..., :1]
    assert result.size == photo.size
    change = np.abs(levels(result) - levels(photo))
    outside, inside = mask == 0, mask > 250
    assert outside.mean() > 0.5
    assert 2000 < inside.sum() < 6000  # pixels: the face, not the square that was cut out
    assert (change * outside).max() <= 1  # ComfyUI cuts decimals off when it saves
    assert (change * inside).sum() / inside.sum() / 3 > 5


def test_stylizing_in_one_node_keeps_the_size_too(comfyui, portrait):
    photo = portrait.crop((20, 0, 420, 512))
    prompt = {
        "photo": node("LoadImage", image=comfyui.upload(photo, "photo.png")),
        "style": node("TPSPortraitLoadStyle", style_name="impressionist oil"),
        "paint": node(
            "TPSPortraitStylize",
            image=["photo", 0],
            style=["style", 0],
            whole_image=True,
            strength=1.0,
            color_match=0.5,
        ),
        "show": node("PreviewImage", images=["paint", 0]),
    }
    (result,) = comfyui.images(comfyui.queue(prompt))["show"]
    assert result.size == photo.size
    assert np.abs(levels(result) - levels(photo)).mean() > 3


@pytest.mark.parametrize("video", [False, True])
def test_a_transparent_ground_is_saved_as_such(comfyui, portrait, video):
    prompt = {
        "photo": node("LoadImage", image=comfyui.upload(portrait, "photo.png")),
        "style": node("TPSPortraitLoadStyle", style_name="ink line"),
        "paint": node(
            "TPSPortraitStylize",
            image=["photo", 0],
            style=["style", 0],
            whole_image=True,
            strength=1.5,
            color_match=0.0,
            video=video,
            keep_colors=0.5,
            ground="transparent",
        ),
        "show": node("PreviewImage", images=["paint", 0]),
        "as image": node("MaskToImage", mask=["paint", 1]),
        "mask": node("PreviewImage", images=["as image", 0]),
    }
    shown = comfyui.images(comfyui.queue(prompt))
    (result,), (mask,) = shown["show"], shown["mask"]
    assert result.mode == "RGBA"
    alpha = np.asarray(result)[..., 3]
    assert alpha[60:200, 190:260].mean() > 250  # the face
    assert alpha[20:160, 20:60].max() < 5
    assert np.abs(levels(mask)[..., 0] - alpha).max() <= 1


def test_frames_of_a_video_are_painted_one_after_the_other(comfyui, portrait):
    photo = portrait.crop((20, 0, 420, 512))
    prompt = {
        "photo": node("LoadImage", image=comfyui.upload(photo, "photo.png")),
        "frames": node("RepeatImageBatch", image=["photo", 0], amount=4),
        "style": node("TPSPortraitLoadStyle", style_name="ink line"),
        "paint": node(
            "TPSPortraitStylize",
            image=["frames", 0],
            style=["style", 0],
            whole_image=False,
            strength=1.0,
            color_match=0.0,
            video=True,
        ),
        "show": node("PreviewImage", images=["paint", 0]),
    }
    results = [levels(shown) for shown in comfyui.images(comfyui.queue(prompt))["show"]]
    assert len(results) == 4
    assert np.abs(results[0] - levels(photo)).mean() > 1
    for earlier, later in itertools.pairwise(results):
        assert np.abs(earlier - later).mean() < 0.5  # nothing trembles where nothing moves


def test_warping_takes_the_face_to_the_other_ones_shape(comfyui, portrait):
    photo, wide = portrait.crop((20, 0, 420, 512)), portrait.resize((680, 512))
    prompt = comfyui.api_prompt(FILES["Warp one face onto another"])
    (warp,) = of_type(prompt, "TPSPortraitWarp")
    for side, picture in (("source", photo), ("target", wide)):
        detector = prompt[warp]["inputs"][side][0]
        loader = prompt[detector]["inputs"]["image"][0]
        prompt[loader]["inputs"]["image"] = comfyui.upload(picture, f"{side}.png")

    shown = shown_by_source(prompt, comfyui.images(comfyui.queue(prompt)))

    result = shown["TPSPortraitWarp"]
    assert result.size == photo.size
    before, after, target = (shape(picture) for picture in (photo, result, wide))
    assert distance(after, target) < 0.4 * distance(before, target)
    y, x = [0, 0, -1, -1], [0, -1, 0, -1]  # the corners, which stay where they are
    assert np.abs(levels(result)[y, x] - levels(photo)[y, x]).max() <= 4


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            {"landmarks": ("TPSPortraitDetectLandmarks", {"image": ["blank", 0]})},
            "image 1 of 1: no face found at confidence 0.5; lower min_confidence, or set no_face "
            "to empty",
        ),
        (
            {
                "landmarks": ("TPSPortraitDetectLandmarks", {"image": ["three", 0]}),
                "faces": (
                    "TPSPortraitAlignFace",
                    {"image": ["two", 0], "face_landmarks": ["landmarks", 0], "size": 128},
                ),
            },
            "landmarks of 3 images don't fit a batch of 2; connect the landmarks of these images, "
            "or of a single one for all",
        ),
        (
            {
                "landmarks": ("TPSPortraitDetectLandmarks", {"image": ["photo", 0]}),
                "faces": (
                    "TPSPortraitAlignFace",
                    {"image": ["photo", 0], "face_landmarks": ["landmarks", 0], "size": 128},
                ),
                "blended": (
                    "TPSPortraitBlendFace",
                    {
                        "image": ["blank", 0],
                        "faces": ["faces", 0],
                        "alignment": ["faces", 1],
                        "color_match": 0.0,
                    },
                ),
            },
            "a face was cut from image 1, of 512 x 512 pixels; here are 1, of 256 x 256; connect "
            "the image that went into Align Face",
        ),
    ],
    ids=["no face", "another number of images", "another image"],
)
def test_what_cannot_be_done_is_said_in_a_sentence(nodes, message, comfyui, portrait):
    blank = Image.new("RGB", (256, 256), "grey")
    prompt = {
        "photo": node("LoadImage", image=comfyui.upload(portrait, "photo.png")),
        "blank": node("LoadImage", image=comfyui.upload(blank, "blank.png")),
        "two": node("ImageBatch", image1=["photo", 0], image2=["photo", 0]),
        "three": node("ImageBatch", image1=["two", 0], image2=["photo", 0]),
    }
    detection = {"detector": "auto", "min_confidence": 0.5}
    for name, (kind, inputs) in nodes.items():
        if kind == "TPSPortraitDetectLandmarks":
            inputs = detection | {"max_faces": 1, "no_face": "error"} | inputs
        prompt[name] = node(kind, **inputs)
        prompt[f"show {name}"] = node("PreviewAny", source=[name, 0])

    history = comfyui.wait(comfyui.submit(prompt))

    (error,) = (what for kind, what in history["status"]["messages"] if kind == "execution_error")
    assert error["exception_message"].strip() == message
    assert error["exception_type"] == "ValueError"  # of another kind the editor shows the path


def test_what_can_be_seen_before_the_run_is_refused_before_it(comfyui):
    prompt = {
        "bank": node("TPSPortraitBuildFaceBank", folder="nowhere", size=64, detector="auto",
                     min_confidence=0.5),
        "show": node("PreviewImage", images=["bank", 1]),
    }  # fmt: skip
    with pytest.raises(RuntimeError, match="nowhere: no such folder; name one in ComfyUI's input"):
        comfyui.submit(prompt)


def of_type(prompt: dict, kind: str) -> list[str]:
    """The ids of the prompt's nodes of a type."""
    return [name for name, node in prompt.items() if node["class_type"] == kind]


def shown_by_source(prompt: dict, images: dict[str, list[Image.Image]]) -> dict[str, Image.Image]:
    """The one picture that each node shows, by the type of the node that made it."""
    return {
        prompt[prompt[name]["inputs"]["images"][0]]["class_type"]: picture
        for name, (picture,) in images.items()
    }


def levels(picture: Image.Image) -> np.ndarray:
    """The picture's levels 0…255: (h, w, 3)."""
    return np.asarray(picture.convert("RGB"), dtype=np.float32)


def shape(picture: Image.Image) -> torch.Tensor:
    """The landmarks of the face in the picture, in pixels: (68, 2)."""
    return detect_face(to_tensor(picture), "picture").shape68_px


def distance(face: torch.Tensor, other: torch.Tensor) -> float:
    """How far a face's shape is from another's, wherever and however large the other is."""
    linear, shift = fit_similarity(other, face)
    return float((other @ linear.T + shift - face).norm(dim=-1).mean())
