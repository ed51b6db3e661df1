"""How long ComfyUI's Cancel takes, from pressing it to the end, in the midst of each long work.

In a real ComfyUI. Each work is begun several times and cancelled at another moment, spread over the
time that it takes (at most LONGEST_S of it). Evaluating needs SqueezeNet from the data collection.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))  # for the real ComfyUI

from PIL import Image

import comfyui
from comfyui import Host, node
from timing import machine, table
from tps_portrait.tps_core.example_pictures import ART, GROUP, PHOTO

MODELS = Path(__file__).parents[2] / "shared" / "data" / "models"
LONGEST_S = 20.0  # of a work that takes longer, this much is looked at
LARGE = (6000, 7500)
DETECTOR = {"detector": "auto", "min_confidence": 0.5}
WHOLE = {"whole_image": True, "strength": 1.0, "color_match": 0.0}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5, help="for each work; default: 5")
    parser.add_argument("--only", help="the work whose name has this in it")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name, comfyui.start(Path(name)) as host:
        for what, work in works(host).items():
            if not arguments.only or arguments.only in what:
                lasted, waits = measure(host, work, arguments.times)
                rows.append((what, lasted, sorted(waits)[len(waits) // 2], max(waits)))
                print(rows[-1], file=sys.stderr)
    print(f"{machine()}\n")
    print(table(("what is cancelled", "it takes, s", "median wait, s", "longest wait, s"), rows))
    return 0


def works(host: Host) -> dict[str, dict]:
    """Prompts by what they do; their nodes "work" take the time."""
    faces = host.folder / "input" / "faces"
    faces.mkdir()
    lent = host.folder / "models" / "tps_portrait"
    lent.mkdir(exist_ok=True)
    for file in MODELS.glob("squeezenet*"):
        (lent / file.name).symlink_to(file)
    with Image.open(PHOTO) as photo, Image.open(GROUP) as group:
        host.upload(photo.convert("RGB").resize(LARGE), "large.jpg")
        host.upload(Image.effect_noise(LARGE, 60).convert("RGB"), "noise.jpg")
        for index in range(20):
            group.convert("RGB").rotate(index).resize((2400, 1600)).save(faces / f"{index}.jpg")
    given = {
        "large": node("LoadImage", image="large.jpg"),
        "noise": node("LoadImage", image="noise.jpg"),
        "photo": node("LoadImage", image=host.upload(PHOTO)),
        "art": node("LoadImage", image=host.upload(ART)),
        "style": node("TPSPortraitLoadStyle", style_name="van gogh oil"),
        "many": node("RepeatImageBatch", image=["photo", 0], amount=100),
        "some": node("RepeatImageBatch", image=["photo", 0], amount=20),
        "faces": node("TPSPortraitBuildFaceBank", folder="tps_portrait_art", size=256, **DETECTOR),
    }
    style = {"style": ["style", 0], **WHOLE}
    train = {
        "art": ["faces", 0], "steps": 200, "size": 256, "batch": 1, "seed": 0, "local": False,
        "content_loss": "l1", "warp_features": True, "warp_pixels": True, "resume": False,
        "preset": "custom", "early_stop": False,
    }  # fmt: skip
    evaluated = {"photos": ["some", 0], "results": ["some", 0], "art": ["faces", 0]}
    detected = {"max_faces": 10, "no_face": "empty", **DETECTOR}
    return {what: given | {"work": work} for what, work in {
        "looking for faces where none is, 6000 x 7500": node(
            "TPSPortraitDetectLandmarks", image=["noise", 0], **detected
        ),
        "a face bank of 20 groups": node(
            "TPSPortraitBuildFaceBank", folder="faces", size=256, **DETECTOR
        ),
        "one picture of 6000 x 7500, its ground blurred": node(
            "TPSPortraitStylize", image=["large", 0], ground="blur", keep_colors=0.5, **style
        ),
        "a video of 100 frames": node(
            "TPSPortraitStylize", image=["many", 0], video=True, **style
        ),
        "paint like a picture": node(
            "TPSPortraitPaintLike", image=["photo", 0], art=["art", 0], art_colors=1.0, **WHOLE
        ),
        "paint like a picture, 6000 x 7500": node(
            "TPSPortraitPaintLike", image=["large", 0], art=["art", 0], art_colors=0.5, **WHOLE
        ),
        "training, its pairs first": node(
            "TPSPortraitTrainStyle", name="pairs", pairs_weight=1.0, **train
        ),
        "training, without pairs": node(
            "TPSPortraitTrainStyle", name="alone", pairs_weight=0.0, **train
        ),
        "evaluating 20 results": node("TPSPortraitEvaluateStyle", **evaluated, **DETECTOR),
        "exporting a style": node(
            "TPSPortraitExportStyle",
            style=["style", 0], name="exported", size=0, precision="float32",
        ),
    }.items()}  # fmt: skip


def measure(host: Host, prompt: dict, times: int) -> tuple[float, list[float]]:
    """How long the node "work" takes, and from Cancel to the end, in seconds, for each moment."""
    lasted, _ = begin(host, prompt, 0, LONGEST_S)
    return lasted, [
        begin(host, prompt, number + 1, lasted * (number + 0.5) / times)[1]
        for number in range(times)
    ]


def begin(host: Host, prompt: dict, number: int, seconds: float) -> tuple[float, float]:
    """How long "work" went on, at most so many seconds, and from Cancel to the end."""
    work = prompt["work"] | {"_meta": {"title": str(number)}}
    name = f"work {number}"  # ComfyUI knows the results of a node that it has done
    prompt = {key: value for key, value in prompt.items() if key != "work"} | {name: work}
    prompt["shown"] = node("PreviewAny", source=[name, 0])
    with host.listen("canceller") as messages:
        prompt_id = host.submit(prompt, "canceller")
        host.post("/free", {"free_memory": True})  # after it, so that the next run does it again
        while not any(said["node"] == name for said in messages.of_type("executing")):
            time.sleep(0.005)
        started = time.monotonic()
        while time.monotonic() < started + seconds and not done(messages, prompt_id):
            time.sleep(0.005)
        pressed = time.monotonic()
        host.interrupt()
        while not done(messages, prompt_id):
            time.sleep(0.005)
        waited = time.monotonic() - pressed
        if errors := messages.of_type("execution_error"):
            raise RuntimeError(errors[0]["exception_message"])
        return pressed - started, waited


def done(messages: comfyui.Messages, prompt_id: str) -> bool:
    """Whether the prompt has ended, however it ended."""
    kinds = ("execution_interrupted", "execution_error", "execution_success")
    ended = [said for kind in kinds for said in messages.of_type(kind)]
    return any(said["prompt_id"] == prompt_id for said in ended)


if __name__ == "__main__":
    sys.exit(main())
