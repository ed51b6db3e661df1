"""A running ComfyUI that strangers send prompts to: what they name, and how many they are."""

import itertools
import json
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

import comfyui as comfyui_host
from comfyui import node
from conftest import lend_models
from hostile_names import NAMES
from tps_portrait.tps_core.landmark_files.formats import write_landmarks
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.pictures import to_tensor
from tps_portrait.tps_core.style import Style, load_style
from tps_portrait.training.banks.bank import FaceBank, save_bank
from tps_portrait.training.banks.entry import Entry

log = logging.getLogger("tps_portrait")

pytestmark = pytest.mark.slow

# Writes down, in the process of ComfyUI, each file and folder below $SPY_ON that is touched.
SPY = """
import os, threading
EVENTS = {"open", "os.listdir", "os.scandir", "os.mkdir", "os.rename", "os.remove", "os.rmdir",
          "os.link", "os.symlink", "os.truncate", "os.chmod", "os.utime"}
PLACES = os.environ["SPY_ON"].split(os.pathsep)
LOG = os.open(os.environ["SPY_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def spy(event, arguments):
    if event in EVENTS:
        for argument in arguments[:2]:
            if isinstance(argument, (str, bytes)) and len(argument) > 2:
                name = os.fsdecode(argument)
                real = name if "\\0" in name else os.path.realpath(name)
                if any(real == place or real.startswith(place + "/") for place in PLACES):
                    os.write(LOG, f"{event} {real}\\n".encode("utf-8", "replace"))

sys.addaudithook(spy)
"""
FACE = Landmarks(mean_face("ibug-68") * 0.5, "ibug-68", (300, 200))
HUGE = 10_000_000_000  # bytes
POINTS = json.dumps(FACE.points_px.tolist())

# Where there is something that is none of a stranger's business.
OUTSIDE = [
    "{secret}", "{secret}/art", "{secret}/art/one.png", "{secret}/face.landmarks.json",
    "{secret}/face.pts", "{secret}/missing", "{secret}/./art/", "/{secret}/art", "{home}/private",
    "~/private", "~/private/one.png", "/etc", "/etc/passwd", "/etc/shadow", "/", "//", "/proc",
    "/proc/self/environ", "/proc/self/mem", "/proc/1/root", "/proc/self/fd/0", "/dev", "/dev/zero",
    "/dev/random", "/dev/stdin", "/dev/fd/0", "/dev/tty", "/sys/kernel", "/tmp", "/root",
    "{input}/../../secret", "{output}/../../secret/x", "{models}/../../secret",
    "{temp}/../../secret", "{allowed}/../secret", "{allowed} too", "{allowed} too/one.png",
    "{base}", "{base}/user", "{base}/custom_nodes", "{base}/comfyui.log", "{input}/out",
    "{output}/out/x", "{input}/inner/out/art", "file://{secret}/art", "../../secret/art",
    "..\\..\\secret\\art", "inner/../../../secret/art", "{pack}/styles/ink line.safetensors",
]  # fmt: skip
# What lies in the input and in the output folder and isn't what it seems.
TRAPS = [
    "out", "out/art", "out/face.landmarks.json", "out/face.pts", "out/missing", "inner/out",
    "inner/out/art", "link.landmarks.json", "link.png", "link.pts", "pipe.json",
    "pipe.landmarks.json", "pipe.png", "zero.json", "zero.landmarks.json", "socket.json",
    "folder.json", "huge.json", "huge.pts", "round", "round.json", "nowhere.json", "{input}/out/x",
]  # fmt: skip


@dataclass
class Place:
    """A ComfyUI on a shared machine. `allowed` is what its owner added; `log` what the spy saw."""

    host: comfyui_host.Host
    folders: dict[str, Path]
    log: Path

    def name(self, form: str) -> str:
        """The name with the places' folders in it."""
        for key, folder in self.folders.items():
            form = form.replace(f"{{{key}}}", str(folder))
        return form

    def touched(self) -> set[str]:
        """What the spy saw."""
        return set(self.log.read_text().splitlines())


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    top = tmp_path_factory.mktemp("shared")
    base, home = top / "comfyui", top / "home"
    folders = {name: base / name for name in ("input", "output", "models", "temp")} | {
        "base": base,
        "secret": top / "secret",
        "home": home,
        "allowed": top / "allowed",
        "pack": comfyui_host.PACK,
    }
    lend_models(base / "models" / "tps_portrait")
    for folder in (top / "secret", home / "private", top / "allowed too", top / "allowed"):
        for name in ("one.png", "art/one.png"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            noise(1).save(folder / name)
            write_landmarks(folder / name, [[FACE]], FACE.size)
        for form in ("json", "pts"):
            write_landmarks(folder / "face", [[FACE]], FACE.size, form)
    for name in ("input", "output"):
        set_traps(base / name, top / "secret")
    save_bank(noise_bank(34), base / "models" / "tps_portrait" / "banks" / "noise.safetensors")
    save_bank(noise_bank(2), top / "secret" / "noise.safetensors")
    watched = [top / "secret", home / "private", top / "allowed too", top / "allowed",
               "/etc/passwd", "/etc/shadow", "/dev/zero", "/dev/random"]  # fmt: skip
    environment = {
        "TPS_PORTRAIT_HOME": "",
        "TPS_PORTRAIT_ROOTS": str(top / "allowed"),
        "HOME": str(home),
        "SPY_ON": os.pathsep.join(map(str, watched)),
        "SPY_LOG": str(top / "spy.log"),
        "OMP_NUM_THREADS": "1",
    }
    with comfyui_host.start(base, environment=environment, first=SPY) as host:
        (top / "spy.log").write_text("")  # libraries look into their own places when they start
        yield Place(host, folders, top / "spy.log")


def set_traps(folder: Path, secret: Path) -> None:
    """Puts TRAPS into the folder, as only somebody on the machine itself could."""
    (folder / "inner").mkdir(parents=True)
    (folder / "out").symlink_to(secret)
    (folder / "inner" / "out").symlink_to(secret)
    for name in ("link.landmarks.json", "link.pts", "link.png"):
        target = "face" + name.removeprefix("link") if name != "link.png" else "one.png"
        (folder / name).symlink_to(secret / target)
    for name in ("pipe.json", "pipe.landmarks.json"):
        os.mkfifo(folder / name)
    for name in ("zero.json", "zero.landmarks.json"):
        (folder / name).symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # an address has to be short
        listener.bind("socket.json")
        os.chdir(here)
    (folder / "folder.json").mkdir()
    for name in ("huge.json", "huge.pts"):
        with (folder / name).open("wb") as file:
            file.truncate(HUGE)
    for name in ("round", "round.json"):
        (folder / name).symlink_to(folder / name)
    (folder / "nowhere.json").symlink_to(folder / "missing.json")


def noise(seed: int, size: tuple[int, int] = (30, 20)) -> Image.Image:
    width, height = size
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def noise_bank(count: int) -> FaceBank:
    """A bank of that many faces that are none."""
    random = torch.Generator().manual_seed(0)
    return FaceBank(
        torch.randint(0, 255, (count, 3, 64, 64), dtype=torch.uint8, generator=random),
        torch.ones(count, 1, 64, 64, dtype=torch.uint8),
        mean_face("ibug-68").repeat(count, 1, 1) * 0.5,
        [Entry(f"{number}.png", True, "") for number in range(count)],
    )


def points(text: str = POINTS) -> dict:
    """A node with landmarks from text, on a picture of 300 x 200."""
    return {
        "blank": node("EmptyImage", width=300, height=200, batch_size=1, color=0),
        "points": node("TPSPortraitConvertLandmarks", points_json=text, image=["blank", 0],
                       order="index", first=1, max_faces=64, pose_points="70",
                       pose_units="pixels"),
    }  # fmt: skip


def prompt_of(use: str, name: object) -> dict:
    """A prompt in which a node is given the name."""
    if use == "build":
        made = {"it": node("TPSPortraitBuildFaceBank", folder=name, size=64, detector="auto",
                           min_confidence=0.5),
                "show": node("PreviewAny", source=["it", 2])}  # fmt: skip
    elif use == "load":
        made = {"it": node("TPSPortraitLoadLandmarks", file=name),
                "json": node("TPSPortraitConvertLandmarks", face_landmarks=["it", 0], order="index",
                             first=1, max_faces=64, pose_points="70", pose_units="pixels"),
                "show": node("PreviewAny", source=["json", 2])}  # fmt: skip
    elif use in ("save json", "save pts"):
        made = points() | {
            "show": node("TPSPortraitSaveLandmarks", face_landmarks=["points", 0], file=name,
                         format=use.removeprefix("save "), existing="replace"),
        }  # fmt: skip
    elif use == "train":
        made = {"bank": node("TPSPortraitLoadFaceBank", bank_name="noise"),
                "it": node("TPSPortraitTrainStyle", art=["bank", 0], photos=["bank", 0], name=name,
                           steps=1, size=64, batch=1, seed=0, content_loss="l1", local=False,
                           warp_features=False, warp_pixels=False, resume=True,
                           pairs_weight=0.0),  # painting them takes minutes
                "show": node("PreviewImage", images=["it", 2])}  # fmt: skip
    elif use == "load style":
        made = {"it": node("TPSPortraitLoadStyle", style_name=name),
                "show": node("PreviewAny", source=["it", 0])}  # fmt: skip
    elif use == "load bank":
        made = {"it": node("TPSPortraitLoadFaceBank", bank_name=name),
                "show": node("PreviewAny", source=["it", 2])}  # fmt: skip
    elif use == "save bank":
        made = {
            "bank": node("TPSPortraitLoadFaceBank", bank_name="noise"),
            "show": node("TPSPortraitSaveFaceBank", face_bank=["bank", 0], name=name),
        }
    else:
        made = {"style": node("TPSPortraitLoadStyle", style_name="ink line")}
        if use == "save style":
            made["show"] = node("TPSPortraitSaveStyle", style=["style", 0], name=name, author="",
                                licence="")  # fmt: skip
        else:
            made["show"] = node("TPSPortraitExportStyle", style=["style", 0], name=name, size=64,
                                precision="float32")  # fmt: skip
    return made


READING, WRITING = ("build", "load"), ("save json", "save pts")
NAMING = ("train", "save style", "save bank", "export")
LISTED = ("load style", "load bank")


def refusal(answer: str) -> str:
    """What our node says of a prompt that isn't run, or that ComfyUI itself refuses it."""
    details = re.findall(r'"details": "((?:[^"\\]|\\.)*)"', answer)
    own = json.loads(f'"{details[-1]}"').partition(" - ")[2] if details else ""
    return own or f"ComfyUI: {answer.splitlines()[0]}"[:400]


def errors_of(host: comfyui_host.Host, prompts: list[dict]) -> list[str]:
    """What ComfyUI said of each of the prompts, "" where it was done."""
    waiting = []
    for prompt in prompts:
        try:
            waiting.append((host.submit(prompt), ""))
        except RuntimeError as refused:  # before the run
            waiting.append((None, refusal(str(refused))))
    said = []
    for prompt_id, refused in waiting:
        entry = host.wait(prompt_id) if prompt_id else {"status": {"messages": []}}
        failed = [what for kind, what in entry["status"]["messages"] if kind == "execution_error"]
        assert all(what["exception_type"] == "ValueError" for what in failed), failed
        said.append(refused or "".join(what["exception_message"].strip() for what in failed))
    return said


def tree(*folders: Path) -> dict[str, tuple]:
    """All that lies in the folders, with its content and when it was changed."""
    found = {}
    for folder in folders:
        for path in [folder, *sorted(folder.rglob("*"))]:
            stat = path.lstat()
            content = path.read_bytes() if path.is_file() and stat.st_size < HUGE else b""
            found[str(path)] = (stat.st_mtime_ns, stat.st_ino, content)
    return found


@pytest.mark.parametrize("use", [*READING, *WRITING, *NAMING, *LISTED])
def test_no_name_leads_out_of_the_folders(use, place):
    names = [*NAMES, *map(place.name, OUTSIDE)]
    if use in READING:
        names += map(place.name, TRAPS)
    elif use in WRITING:
        names += [place.name(name) for name in TRAPS if "out" in name]
    assert len(names) > 100
    outside = [place.folders[name] for name in ("secret", "home", "allowed")]
    before, made = tree(*outside), tree(place.folders["output"], place.folders["models"])
    said = errors_of(place.host, [prompt_of(use, name) for name in names])
    accepted = [name for name, error in zip(names, said, strict=True) if not error]
    assert accepted == []
    for name, error in zip(names, said, strict=True):
        assert len(error) < 500, ascii(name)
        assert "\n" not in error, ascii(name)
        assert not set(error) & set(map(chr, range(32))), ascii(name)
        assert "Traceback" not in error
    assert tree(*outside) == before
    kept = {name: entry[2] for name, entry in made.items()}
    now = tree(place.folders["output"], place.folders["models"])
    assert {name: entry[2] for name, entry in now.items()} == kept
    assert place.touched() == set()
    assert place.host.get("/system_stats")


def test_names_in_the_editor_s_text_are_no_files(place):
    names = [*NAMES, *map(place.name, OUTSIDE)]
    outside = [place.folders[name] for name in ("secret", "home", "allowed")]
    before = tree(*outside)
    faces = {"size": [300, 200], "faces": [{"points": json.loads(POINTS), "scheme": "ibug-68"}]}
    prompts = []
    for name in names:
        edit = node("TPSPortraitEditLandmarks", image=["blank", 0], face_landmarks=["points", 0],
                    edits=json.dumps({"images": {name: faces}}))  # fmt: skip
        prompts.append(points() | {"show": edit})
    errors_of(place.host, prompts)
    assert tree(*outside) == before
    assert place.touched() == set()
    shown = list((place.folders["temp"] / "tps_portrait_editor").iterdir())
    assert len(shown) == 1  # all of them had the same picture


def test_whether_there_is_something_outside_is_not_told(place):
    for use in READING:
        there = ["{secret}/art", "{secret}/face.pts", "out/art", "out/face.pts", "/etc/passwd"]
        missing = ["{secret}/no", "{secret}/no.pts", "out/no", "out/no.pts", "/etc/no"]
        prompts = [prompt_of(use, place.name(name)) for name in there + missing]
        said = {error.split(": ", 1)[1] for error in errors_of(place.host, prompts)}
        assert len(said) == 1


def test_honest_names_go_on_working_and_the_owner_s_folder_too(place):
    """This is also what shows that the spy sees."""
    place.log.write_text("")
    inside = place.folders["input"] / "art"
    inside.mkdir()
    noise(1).save(inside / "one.png")
    write_landmarks(inside / "one.png", [[FACE]], FACE.size)
    write_landmarks(place.folders["input"] / "mine", [[FACE]], FACE.size)
    allowed = place.folders["allowed"]
    prompts = {
        "by name": prompt_of("load", "mine.landmarks.json"),
        "picture": prompt_of("load", "art/one.png"),
        "allowed": prompt_of("load", f"{allowed}/face.landmarks.json"),
        "saved": prompt_of("save json", "kept/face.png"),
        "saved by full path": prompt_of("save json", f"{place.folders['input']}/art/two.png"),
        "saved as allowed": prompt_of("save pts", f"{allowed}/new"),
        "style": prompt_of("save style", "mine"),
        "export": prompt_of("export", "mine"),
        "bank": prompt_of("save bank", "mine"),
        "train": prompt_of("train", "mine"),
    }
    said = errors_of(place.host, list(prompts.values()))
    assert dict(zip(prompts, said, strict=True)) == dict.fromkeys(prompts, "")
    made = ["output/kept/face.landmarks.json", "input/art/two.landmarks.json",
            "models/tps_portrait/styles/mine.safetensors", "output/tps_portrait/mine.onnx",
            "models/tps_portrait/banks/mine.safetensors", "output/tps_portrait/mine"]  # fmt: skip
    assert [name for name in made if not (place.folders["base"] / name).exists()] == []
    assert (allowed / "new.pts").exists()
    assert f"open {allowed}/face.landmarks.json" in place.touched()
    (built,) = errors_of(place.host, [prompt_of("build", "art")])
    assert "no usable face" in built or built == ""


def test_choices_that_are_none_end_with_a_sentence_too(place):
    """Older versions of ComfyUI don't check them."""
    wrong = []
    choices = (("build", "detector"), ("save json", "format"), ("save json", "existing"),
               ("export", "precision"), ("train", "preset"), ("train", "content_loss"))  # fmt: skip
    names = (("load", "file"), ("build", "folder"), ("save style", "name"))
    for use, key in (*choices, *names):
        for value in ("../../secret", "", "x" * 100_000, None, 7, {"a": 1}, ["a", 9], [])[
            : 3 if (use, key) in choices else None
        ]:
            prompt = prompt_of(use, "checked")
            (prompt.get("it") or prompt["show"])["inputs"][key] = value
            wrong.append(prompt)
    for error in errors_of(place.host, wrong):
        assert "\n" not in error
    assert place.host.queue(prompt_of("load style", "ink line"))


def test_a_long_walk_ends_and_can_be_cancelled(place):
    folder = place.folders["input"] / "many"
    folder.mkdir()
    for number in range(2):
        noise(number, (600, 600)).save(folder / f"{number}.png")
    for number in range(2, 800):
        (folder / f"{number}.png").hardlink_to(folder / f"{number % 2}.png")
    with place.host.listen("hasty") as messages:
        prompt_id = place.host.submit(prompt_of("build", "many"), "hasty")
        end = time.monotonic() + 60
        while not messages.of_type("progress") and time.monotonic() < end:
            time.sleep(0.05)
        place.host.interrupt()
        cancelled = time.monotonic()
        entry = place.host.wait(prompt_id)
    assert "execution_interrupted" in [kind for kind, _ in entry["status"]["messages"]]
    assert time.monotonic() - cancelled < 20
    for number in range(20_100):
        (folder / f"x{number}").touch()
    (said,) = errors_of(place.host, [prompt_of("build", "many")])
    assert said.startswith("many: more than 20000 files in the folder and below it; choose one")


def test_on_its_own_machine_a_server_reads_anywhere_and_writes_nowhere_else(comfyui, tmp_path):
    """With the setting that everybody starts with."""
    set_traps(tmp_path / "traps", tmp_path)
    write_landmarks(tmp_path / "mine", [[FACE]], FACE.size)
    assert errors_of(comfyui, [prompt_of("load", f"{tmp_path}/mine.landmarks.json")]) == [""]
    before = tree(tmp_path)
    traps = [f"{tmp_path}/traps/{name}" for name in
             ("pipe.json", "pipe.png", "zero.json", "socket.json", "folder.json", "huge.json",
              "round.json", "nowhere.json")]  # fmt: skip
    traps += ["/dev/zero", "/dev/stdin", "/proc/self/mem", "/", "/root"]
    places = [f"{tmp_path}/new", f"{tmp_path}/mine", "/tmp/new", "~/new", "traps/../x"]
    prompts = [prompt_of("load", name) for name in traps]
    prompts += [prompt_of("build", "/")]
    prompts += [
        prompt_of(use, name) for use in (*WRITING, "save style", "export") for name in places
    ]
    said = errors_of(comfyui, prompts)
    assert [prompt for prompt, error in zip(prompts, said, strict=True) if not error] == []
    assert "/: more than 20000 files in the folder" in said[len(traps)]
    assert tree(tmp_path) == before
    assert comfyui.get("/system_stats")


CLIENTS, EACH = 4, 50  # prompts of each
WARM_UP = 15  # prompts of each client, before the memory is looked at
KINDS = ("bundled", "renamed", "rewritten", "landmarks")


@dataclass
class Order:
    """A prompt that was queued, and what has to come of it."""

    number: int
    kind: str
    prompt_id: str

    @property
    def colour(self) -> int:
        """That of a blank picture which it shows: no other prompt has the same."""
        return 0x100000 + 0x1234 * self.number

    @property
    def points(self) -> list[list[float]]:
        """Landmarks that no other prompt has."""
        return (FACE.points_px * 0.5 + self.number / 4).tolist()


def test_of_two_hundred_prompts_of_four_clients_none_is_lost_or_mixed_up(place):
    folder = place.folders["models"] / "tps_portrait" / "styles"
    folder.mkdir(exist_ok=True)
    bundled = [comfyui_host.PACK / "styles" / f"{name}.safetensors" for name in
               ("ink line", "impressionist oil")]  # fmt: skip
    for name in ("renamed", "rewritten"):
        (folder / f"{name}.safetensors").write_bytes(bundled[0].read_bytes())
    styles = [load_style(path) for path in bundled]
    process = psutil.Process(place.host.process.pid)
    before = None
    with all_the_while(rename, folder / "renamed.safetensors", bundled), all_the_while(
        rewrite, folder / "rewritten.safetensors", bundled
    ):  # fmt: skip
        for first, each in ((0, WARM_UP), (CLIENTS * WARM_UP, EACH)):
            before, damaged = process.memory_info().rss, 0
            with ThreadPoolExecutor(CLIENTS) as pool:
                clients = [
                    pool.submit(client, place.host, f"client {first} {i}", first + i * each, each)
                    for i in range(CLIENTS)
                ]
                orders = [order for found in clients for order in found.result()]
            assert len({order.prompt_id for order in orders}) == CLIENTS * each
            for order in orders:
                damaged += check(place.host, order, styles)
            place.host.post("/history", {"clear": True})  # ComfyUI's own memory of them
    growth = process.memory_info().rss / before - 1
    log.info("%d prompts, %d met half a style, memory %+.2f %%", len(orders), damaged, 100 * growth)
    assert damaged < EACH  # most find it whole
    assert growth < 0.02


def client(host: comfyui_host.Host, name: str, first: int, count: int) -> list[Order]:
    """Queues so many prompts at once and waits for all; what it is told is of its own alone."""
    orders = []
    with host.listen(name) as messages:
        for number in range(first, first + count):
            order = Order(number, KINDS[number % len(KINDS)], "")
            order.prompt_id = host.submit(prompt_for(host, order), name)
            orders.append(order)
        for order in orders:
            host.wait(order.prompt_id)
        time.sleep(0.5)
    told = {data["prompt_id"] for data in messages.of_type("execution_start")}
    assert told == {order.prompt_id for order in orders}
    return orders


def prompt_for(host: comfyui_host.Host, order: Order) -> dict:
    """A blank of the order's colour, and a painting or landmarks of its own."""
    own = node("EmptyImage", width=16, height=16, batch_size=1, color=order.colour)
    prompt = {"own": own, "colour": node("PreviewImage", images=["own", 0])}
    if order.kind == "landmarks":
        made = points(json.dumps(order.points)) | {
            "save": node("TPSPortraitSaveLandmarks", face_landmarks=["points", 0],
                         file=f"crowd/{order.number}", format="json", existing="error"),
            "load": node("TPSPortraitLoadLandmarks", file=["save", 0]),
            "json": points()["points"],
            "show": node("PreviewAny", source=["json", 2]),
        }  # fmt: skip
        made["json"]["inputs"] |= {"points_json": "", "face_landmarks": ["load", 0]}
        del made["json"]["inputs"]["image"]
        return prompt | made
    picture = noise(order.number, (10, 8)).resize((80, 64))
    return prompt | {
        "photo": node("LoadImage", image=host.upload(picture, f"crowd {order.number}.png")),
        "style": node("TPSPortraitLoadStyle",
                      style_name="ink line" if order.kind == "bundled" else order.kind),
        "paint": node("TPSPortraitApplyStyle", image=["photo", 0], style=["style", 0], strength=1),
        "show": node("PreviewImage", images=["paint", 0]),
    }  # fmt: skip


def check(host: comfyui_host.Host, order: Order, styles: list[Style]) -> int:
    """Whether all is as it should be; 1 where a style was met that was only half there."""
    entry = host.get(f"/history/{order.prompt_id}")[order.prompt_id]
    failed = [what for kind, what in entry["status"]["messages"] if kind == "execution_error"]
    if failed and order.kind == "rewritten":
        assert "damaged" in failed[0]["exception_message"]
        return 1
    assert failed == []
    pictures = host.images(entry)
    colour = pictures["colour"][0].convert("RGB").getpixel((3, 3))
    assert colour == (order.colour >> 16, order.colour >> 8 & 255, order.colour & 255)
    if order.kind == "landmarks":
        (face,) = json.loads(entry["outputs"]["show"]["text"][0])["faces"]
        np.testing.assert_allclose(face["points"], order.points, atol=0.02)
        return 0
    painted = np.asarray(pictures["show"][0].convert("RGB"), dtype=np.float32)
    photo = to_tensor(noise(order.number, (10, 8)).resize((80, 64)))[None]
    off = [
        np.abs(style(photo)[0].permute(1, 2, 0).numpy() * 255 - painted).max() for style in styles
    ]
    assert min(off[: 1 if order.kind == "bundled" else 2]) < 2, off
    return 0


@contextmanager
def all_the_while(work: Callable, path: Path, sources: list[Path]) -> Iterator[None]:
    """Puts now one source, now another at the path, from a thread."""
    done = threading.Event()

    def go_on() -> None:
        for source in itertools.cycle(sources):
            if done.wait(0.1):
                break
            work(source.read_bytes(), path)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def rename(content: bytes, path: Path) -> None:
    """Puts a new file in the old one's place, as we save."""
    path.with_suffix(".new").write_bytes(content)
    path.with_suffix(".new").replace(path)


def rewrite(content: bytes, path: Path) -> None:
    """Empties the file and fills it again, as a copy over it does."""
    with path.open("wb", buffering=0) as file:
        file.write(content[: len(content) // 2])
        time.sleep(0.01)
        file.write(content[len(content) // 2 :])
