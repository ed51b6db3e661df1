"""Landmarks in a real ComfyUI: kept, exchanged, drawn, smoothed, morphed."""

import json
import os

import numpy as np
import pytest
import torch
from PIL import Image

pytestmark = pytest.mark.slow

DETECT = {"detector": "auto", "max_faces": 1, "min_confidence": 0.5, "no_face": "error"}
CONVERT = {"order": "index", "first": 1, "max_faces": 64, "pose_points": "70",
           "pose_units": "pixels"}  # fmt: skip


def node(kind, **inputs):
    """A node of a prompt; kinds without a prefix are ours."""
    known = ("LoadImage", "PreviewImage", "PreviewAny", "ImageBatch")
    return {"class_type": kind if kind in known else f"TPSPortrait{kind}", "inputs": inputs}


@pytest.fixture
def prompt(comfyui, portrait):
    """A prompt that detects the landmarks of a photo, wider than it is high."""
    name = comfyui.upload(portrait.crop((0, 0, 512, 400)), "wide photo.png")
    return {
        "photo": node("LoadImage", image=name),
        "found": node("DetectLandmarks", image=["photo", 0], **DETECT),
    }


def shown(comfyui, prompt, link):
    """The faces at the link of the prompt, as their points in pixels (n, 2), for each image."""
    kind = prompt[link[0]]["class_type"]
    if kind != "TPSPortraitConvertLandmarks":
        prompt |= {"as json": node("ConvertLandmarks", face_landmarks=link, **CONVERT)}
        link = ["as json", 2]
    history = comfyui.queue(prompt | {"show": node("PreviewAny", source=link)})
    content = json.loads(history["outputs"]["show"]["text"][0])
    pictures = content["images"].values() if "images" in content else [content]
    return [[np.array(face["points"]) for face in picture["faces"]] for picture in pictures]


def mesh(points):
    """All 478 points of a face of as many points as its scheme has."""
    from tps_portrait.tps_core.landmarks import SCHEMES, Landmarks

    scheme = next(name for name, count in SCHEMES.items() if count == len(points))
    face = Landmarks.from_pixels(points, (512, 400), scheme)
    return face.convert("mediapipe-478").points_px.numpy()


def error_of(comfyui, prompt):
    """What ComfyUI says of a prompt that fails."""
    history = comfyui.wait(comfyui.submit(prompt))
    (error,) = (what for kind, what in history["status"]["messages"] if kind == "execution_error")
    return error["exception_message"].strip()


def test_what_is_saved_is_loaded_again_and_nothing_is_overwritten_unasked(comfyui, prompt):
    (detected,) = shown(comfyui, dict(prompt), ["found", 0])
    save = node("SaveLandmarks", face_landmarks=["found", 0], file="kept/photo.png",
                format="json", existing="number")  # fmt: skip
    for name in ("photo", "photo 2"):
        save["inputs"]["face_landmarks"] = ["found", 0]
        saving = prompt | {"save": save}
        (path,) = comfyui.queue(saving)["outputs"]["save"]["text"]
        assert path == str(comfyui.folder / "output" / "kept" / f"{name}.landmarks.json")
        save["inputs"]["file"] = "kept/photo"  # or ComfyUI would see nothing to do again
    loading = {"load": node("LoadLandmarks", file="kept/photo.landmarks.json")}
    (loaded,) = shown(comfyui, loading, ["load", 0])
    np.testing.assert_allclose(loaded, detected, atol=0.02)

    # A file that was changed is loaded again.
    file = comfyui.folder / "output" / "kept" / "photo.landmarks.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"faces": []}))
    os.utime(file, (1, 1))
    assert shown(comfyui, loading, ["load", 0]) == [[]]


def test_a_pts_file_goes_out_and_comes_back(comfyui, prompt):
    (detected,) = shown(comfyui, dict(prompt), ["found", 0])
    prompt |= {
        "save": node("SaveLandmarks", face_landmarks=["found", 0], file="points",
                     format="pts", existing="replace"),
        "load": node("LoadLandmarks", file=["save", 0], image=["photo", 0]),
    }  # fmt: skip
    ((loaded,),) = shown(comfyui, prompt, ["load", 0])
    assert loaded.shape == (68, 2)
    assert (comfyui.folder / "output" / "points.pts").read_text().startswith("version: 1\n")
    from tps_portrait.tps_core.landmarks import IBUG_OF_MEDIAPIPE

    np.testing.assert_allclose(loaded, detected[0][IBUG_OF_MEDIAPIPE], atol=0.1)


@pytest.mark.parametrize("units", ["pixels", "0 to 1"])
def test_pose_keypoints_go_out_and_come_back(units, comfyui, prompt):
    (detected,) = shown(comfyui, dict(prompt), ["found", 0])
    prompt["out"] = node("ConvertLandmarks", face_landmarks=["found", 0], **CONVERT)
    prompt["out"]["inputs"]["pose_units"] = units
    prompt["back"] = node("ConvertLandmarks", pose_keypoints=["out", 1], **CONVERT)
    ((back,),) = shown(comfyui, prompt, ["back", 2])
    from tps_portrait.tps_core.landmarks import IBUG_OF_MEDIAPIPE

    for index in [*IBUG_OF_MEDIAPIPE, 468, 473]:
        np.testing.assert_allclose(mesh(back)[index], mesh(detected[0])[index], atol=0.2)


def test_of_several_faces_one_is_chosen_from_the_left(comfyui, portrait):
    face = portrait.crop((120, 0, 330, 250))
    both = Image.new("RGB", (700, 300))
    both.paste(face.resize((150, 179)), (20, 60))
    both.paste(face, (400, 20))
    prompt = {
        "photo": node("LoadImage", image=comfyui.upload(both, "two people.png")),
        "found": node("DetectLandmarks", image=["photo", 0], **DETECT | {"max_faces": 2}),
    }
    for order, left in (("largest", False), ("left to right", True)):
        choice = CONVERT | {"order": order, "max_faces": 1}
        prompt["one"] = node("ConvertLandmarks", face_landmarks=["found", 0], **choice)
        ((chosen,),) = shown(comfyui, prompt, ["one", 2])
        assert (chosen[:, 0].mean() < 200) == left


def test_gaps_in_a_clip_are_filled_smoothed_and_drawn(comfyui, portrait):
    """The face moves by 20 pixels, and is gone in the frame between."""
    pictures = {
        "first": portrait.crop((40, 0, 400, 320)),
        "none": Image.new("RGB", (360, 320), "grey"),
        "last": portrait.crop((20, 0, 380, 320)),
    }
    prompt = {
        name: node("LoadImage", image=comfyui.upload(picture, f"{name}.png"))
        for name, picture in pictures.items()
    } | {
        "two": node("ImageBatch", image1=["first", 0], image2=["none", 0]),
        "clip": node("ImageBatch", image1=["two", 0], image2=["last", 0]),
    }
    filling = DETECT | {"no_face": "interpolate"}
    prompt["found"] = node("DetectLandmarks", image=["clip", 0], **filling)
    first, filled, last = (faces[0] for faces in shown(comfyui, dict(prompt), ["found", 0]))
    assert 15 < (last - first).mean(0)[0] < 25
    np.testing.assert_allclose(filled, (first + last) / 2, atol=0.05)

    prompt["found"]["inputs"]["no_face"] = "empty"
    prompt["steady"] = node("SmoothLandmarks", face_landmarks=["found", 0], steadiness=0.5,
                            agility=1.0, no_face="previous")  # fmt: skip
    steady = [faces[0] for faces in shown(comfyui, dict(prompt), ["steady", 0])]
    np.testing.assert_allclose(steady[1], steady[0], atol=0.05)

    prompt["draw"] = node("DrawLandmarks", image=["clip", 0], face_landmarks=["steady", 0],
                          thickness=1.0)  # fmt: skip
    prompt["show"] = node("PreviewImage", images=["draw", 0])
    drawn = comfyui.images(comfyui.queue(prompt))["show"]
    for picture, before in zip(drawn, pictures.values(), strict=True):
        assert picture.size == before.size
        changed = np.abs(np.asarray(picture, float) - np.asarray(before, float)).max(-1) > 20
        assert 0.01 < changed.mean() < 0.2


def test_a_caricature_is_a_face_that_warp_can_use(comfyui, prompt, portrait):
    squeezed = portrait.resize((400, 512))
    name = comfyui.upload(squeezed, "narrow.png")
    prompt |= {
        "narrow": node("LoadImage", image=name),
        "other": node("DetectLandmarks", image=["narrow", 0], **DETECT),
        "morph": node("MorphLandmarks", face_landmarks=["found", 0], other=["other", 0],
                      amount=-1.0, align=True),
        "warp": node("Warp", image=["photo", 0], source=["found", 0], target=["morph", 0],
                     strength=1.0, stiffness=0.001, placement="exact"),
        "show": node("PreviewImage", images=["warp", 0]),
    }  # fmt: skip
    (result,) = comfyui.images(comfyui.queue(prompt))["show"]
    assert result.size == (512, 400)
    (face,), (caricature,) = (shown(comfyui, prompt, [link, 0])[0] for link in ("found", "morph"))
    aspects = [np.ptp(points[:, 0]) / np.ptp(points[:, 1]) for points in (face, caricature)]
    assert aspects[1] > 1.1 * aspects[0]  # the other is narrower, so it becomes wider


def test_what_cannot_be_done_is_said_in_a_sentence(comfyui, prompt):
    points = json.dumps(torch.rand(68, 2).tolist())
    cases = [
        (
            {"face_landmarks": ["found", 0], "points_json": points},
            "2 of face_landmarks, pose_keypoints and points_json are given; connect or fill in "
            "exactly one",
        ),
        (
            {"points_json": points},
            "the points don't say how large their picture is; connect it to image",
        ),
    ]
    for inputs, message in cases:
        failing = prompt | {"convert": node("ConvertLandmarks", **CONVERT, **inputs)}
        failing["show"] = node("PreviewAny", source=["convert", 2])
        assert error_of(comfyui, failing) == message
    for file, message in (
        ("../elsewhere", "../elsewhere: can't be used as a name here (it leads upwards); use "
         "another one"),
        ("", "name the file to save"),
        ("/no such place/face", "/no such place/face: outside the folders that nodes may use on "
         "this server; name something in ComfyUI's input or output folder, or have its owner add "
         "the folder to TPS_PORTRAIT_ROOTS"),
    ):  # fmt: skip
        failing = prompt | {
            "save": node("SaveLandmarks", face_landmarks=["found", 0], file=file, format="json",
                         existing="number"),
        }  # fmt: skip
        assert error_of(comfyui, failing) == message
    failing = {"load": node("LoadLandmarks", file="nowhere.json")}
    failing["show"] = node("PreviewAny", source=["load", 0])
    refusal = "nowhere.json: no such file; name one in ComfyUI's input or output folder"
    with pytest.raises(RuntimeError, match=refusal):  # before the run
        comfyui.submit(failing)
