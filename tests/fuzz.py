"""Feeds every reader of the pack with bad files; a program of its own, so that it may crash.

    python fuzz.py COUNT [SEED [READER…]]     prints what became of the cases, as JSON

Each case must end in a value that is what it says, or in a ValueError of one line that names the
file; in ten seconds, and without a gigabyte of memory.
"""

import contextlib
import io
import json
import logging
import random
import re
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms
from safetensors.numpy import save as save_arrays

import profiles
from faces import random_bank
from hostile import hostile_bytes, hostile_container, hostile_json, twist
from tps_portrait.tps_core.align import CROP
from tps_portrait.tps_core.detectors.art_landmarker import FILE, read_art_network
from tps_portrait.tps_core.detectors.embedded_detector import FORMAT
from tps_portrait.tps_core.detectors.embedded_detector import KIND as LANDMARKER
from tps_portrait.tps_core.detectors.mesh_network import read_networks
from tps_portrait.tps_core.detectors.person_mask import FILE as PERSON_MASK
from tps_portrait.tps_core.detectors.person_mask import KIND
from tps_portrait.tps_core.landmark_files.edits import read_edits
from tps_portrait.tps_core.landmark_files.formats import read_landmarks
from tps_portrait.tps_core.landmark_files.json_file import (
    faces_to_json,
    read_set_aside,
    read_sidecar,
    sidecar_path,
)
from tps_portrait.tps_core.landmark_files.pose_keypoints import read_pose, write_pose
from tps_portrait.tps_core.landmark_files.pts_file import write_pts
from tps_portrait.tps_core.landmarks import SCHEMES, Landmarks, mean_face, read_mean_face
from tps_portrait.tps_core.painting.generator import Generator
from tps_portrait.tps_core.painting.old_generator import OldGenerator
from tps_portrait.tps_core.picture_formats import EXTRAS
from tps_portrait.tps_core.pictures import (
    picture_size,
    read_picture,
    read_with_alpha,
    software_of,
)
from tps_portrait.tps_core.style import Style, load_style, save_style
from tps_portrait.training.banks.bank import load_bank, save_bank
from tps_portrait.training.banks.review import _placed
from tps_portrait.training.measure.perceptual import _from_caffe

STATUS = Path("/proc/self/status")
SECONDS = 10  # that a case may take
MEMORY = 1_000_000_000  # bytes that a case may add to what the program holds
SIZE = (200, 100)
FACE = Landmarks(mean_face("ibug-68") * 0.6, "ibug-68", SIZE, 0.75, "embedded")
MESH = Landmarks(mean_face("mediapipe-478") * 0.5, "mediapipe-478", SIZE, 0.9, "hand")
CPU = torch.device("cpu")


class TooSlow(BaseException):
    """A case took too long."""


# --- what comes back must be what it says -------------------------------------------------------


def check_faces(faces):
    for face in faces:
        assert face.points.shape == (SCHEMES[face.scheme], 2)
        assert face.points.dtype == torch.float32
        assert face.points.isfinite().all()
        assert face.points.abs().max() < 1000
        assert all(type(side) is int and side > 0 for side in face.size)
        assert type(face.score) is float
        assert 0 <= face.score <= 1
        assert isinstance(face.detector, str)


def check_frames(read):
    frames, size = read
    for faces in frames:
        check_faces(faces)
    assert all(type(side) is int and side > 0 for side in size)


def check_style(style):
    assert type(style.record["size"]) in (int, float)
    assert 16 <= style.size <= 4096
    assert type(style.is_line_art) is bool
    for parameter in style.generator.parameters():
        assert parameter.device == CPU
        assert parameter.dtype == torch.float32
        assert parameter.isfinite().all()
    assert style(torch.zeros(1, 3, 32, 32)).shape == (1, 3, 32, 32)


def check_bank(bank):
    n, s = len(bank), bank.size
    assert bank.faces.shape == (n, 3, s, s)
    assert bank.inside.shape == (n, 1, s, s)
    assert bank.points.shape == (n, 68, 2)
    assert bank.points.isfinite().all()
    assert sum(entry.used for entry in bank.entries) == n
    assert isinstance(bank.report, str)
    assert len(bank.digest) == 64


def check_networks(networks):
    for network in networks.values():
        outputs = network(torch.zeros(1, 3, network.size, network.size))
        assert all(isinstance(output, torch.Tensor) for output in outputs)


def check_picture(picture):
    assert picture.dtype == torch.float32
    assert picture.ndim == 3
    assert picture.shape[0] == 3
    assert picture.numel() > 0
    assert 0 <= picture.min() <= picture.max() <= 1


def check_layers(layers):
    picture, alpha = layers
    check_picture(picture)
    if alpha is not None:
        assert alpha.shape == (1, *picture.shape[1:])
        assert 0 <= alpha.min() <= alpha.max() <= 1


def check_size(size):
    assert all(type(side) is int and side > 0 for side in size)


# --- readers: what is good, how it is made bad, how it is read ----------------------------------


def file_reader(folder, name, good, spoil, read, check):
    """A case: writes a bad file of that name, and reads it."""

    def case(dice):
        content = dice.choice(good)
        path = folder / name(content) if callable(name) else folder / name
        path.write_bytes(spoil(content, dice))
        check(read(path))

    return case


def style_files(folder):
    made = []
    for network in (Generator((4, 4, 4, 4), 1), OldGenerator((4, 4, 4, 4), 1)):
        record = {
            "architecture": network.architecture,
            "crop": CROP,
            "scheme": "ibug-68",
            "size": 128,
            "steps": 3,
            "seed": 0,
            "art": "abc",
            "licence": "",
            "author": "me",
            "tones": True,
        }
        save_style(Style(network, record), folder / "good.safetensors")
        made.append((folder / "good.safetensors").read_bytes())
    return made


def bank_file(folder):
    save_bank(random_bank(3, 16), folder / "good.safetensors")
    return (folder / "good.safetensors").read_bytes()


def landmark_model():
    """A file of two small networks with all kinds of steps."""
    dice = np.random.default_rng(0)

    def step(do, output, *inputs, **settings):
        return {"do": do, "inputs": list(inputs), "output": output, **settings}

    def conv(output, source, stride):
        return step("conv", output, source, padding=[0] * 4, stride=stride, groups=1)

    detector = [
        conv("1", "0", 8),
        step("relu", "2", "1"),
        step("pad", "3", "2", channels=2),
        step("add", "4", "3", "3"),
        step("prelu", "5", "4"),
        step("reshape", "6", "5", shape=[896, 16]),
        step("max_pool", "7", "0", size=2, stride=2),
        conv("8", "7", 8),
        step("reshape", "9", "8", shape=[448, 1]),
        step("concatenate", "10", "9", "9"),
    ]
    mesh = [
        conv("1", "0", 8),
        step("reshape", "2", "1", shape=[1404]),
        conv("3", "0", 16),
    ]
    graphs = {
        "face_detector": {"input": "0", "size": 128, "outputs": ["6", "10"], "steps": detector},
        "face_mesh": {"input": "0", "size": 16, "outputs": ["2", "3"], "steps": mesh},
    }
    shapes = {
        "face_detector.1.weight": (54, 3, 1, 1),
        "face_detector.1.bias": (54,),
        "face_detector.5.weight": (56,),
        "face_detector.8.weight": (7, 3, 1, 1),
        "face_detector.8.bias": (7,),
        "face_mesh.1.weight": (351, 3, 1, 1),
        "face_mesh.1.bias": (351,),
        "face_mesh.3.weight": (1, 3, 1, 1),
        "face_mesh.3.bias": (1,),
    }
    weights = {n: dice.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}
    return save_arrays(weights, {"format": FORMAT, "graphs": json.dumps(graphs)})


def pictures():
    """Small pictures in all formats, with an EXIF where there is room for one."""
    dice = np.random.default_rng(0)
    image = Image.fromarray(dice.integers(0, 255, (20, 28, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    options = {"JPEG": {"exif": exif}, "PNG": {"exif": exif}, "WEBP": {"exif": exif}}
    made = []
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"):
        file = io.BytesIO()
        image.save(file, kind, **options.get(kind, {}))
        made.append(file.getvalue())
    for mode in ("RGBA", "LA", "P", "I;16", "1"):
        file = io.BytesIO()
        image.convert("L" if mode == "I;16" else mode).convert(mode).save(file, "PNG")
        made.append(file.getvalue())
    lab = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    for kind, more, profile in (
        ("PNG", image, profiles.display_p3()),
        ("JPEG", image.convert("CMYK"), profiles.cmyk()),
        ("TIFF", image.convert("L"), profiles.grey(1.0)),
        ("TIFF", lab, None),
        ("ICO", image.convert("RGBA"), None),
    ):
        file = io.BytesIO()
        more.save(file, kind, icc_profile=profile)
        made.append(file.getvalue())
    for extra in EXTRAS:
        if not extra.what_is_missing():
            file = io.BytesIO()
            image.save(file, extra.format, exif=exif.tobytes())
            made.append(file.getvalue())
    return made


def hostile_picture(content, dice):
    kind = dice.randrange(5)
    if kind == 4 and (at := max(content.find(b"acsp"), content.find(b"ftyp"))) > 0:
        # What the colours mean.
        head = bytearray(content)
        for _ in range(8):
            head[min(at + dice.randrange(400), len(head) - 1)] = dice.randrange(256)
        return bytes(head)
    if kind == 0 and content.startswith(b"\x89PNG"):
        # A header that is whole, and claims what it likes.
        sides = [dice.choice([0, 1, 40, 5000, 13300, 2**31 - 1, 2**32 - 1]) for _ in range(2)]
        depth, color = dice.choice([1, 8, 16]), dice.choice([0, 2, 3, 4, 6])
        header = b"IHDR" + struct.pack(">IIBBBBB", *sides, depth, color, 0, 0, 0)
        return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
    if kind == 1 and b"Exif\x00\x00" in content:
        start = content.index(b"Exif\x00\x00") + 6
        noise = dice.randbytes(dice.choice([4, 20, 40]))
        return content[:start] + noise + content[start + len(noise) :]
    return hostile_bytes(content, dice, 300)


def video():
    from videos import write_video

    dice = np.random.default_rng(0)
    frames = [dice.integers(0, 255, (32, 48, 3), dtype=np.uint8) for _ in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        write_video(Path(folder) / "a.mp4", frames, sound="aac")
        return (Path(folder) / "a.mp4").read_bytes()


def read_video(path):
    from tps_portrait.tps_core.videos.reader import VideoReader

    reader = VideoReader(path)
    try:
        assert reader.rate > 0
        assert reader.count >= 0
        return [part for part in reader.parts() if hasattr(part, "picture")]
    finally:
        reader.close()


def animations():
    frames = [picture_of_noise(seed) for seed in range(3)]
    made = []
    for kind in ("GIF", "WEBP", "PNG"):
        file = io.BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=100)
        made.append(file.getvalue())
    return made


def picture_of_noise(seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (32, 48, 4), dtype=np.uint8)
    return Image.fromarray(pixels)


def read_animation(path):
    from tps_portrait.tps_core.videos.animation import AnimationReader

    reader = AnimationReader(path)
    assert reader.rate > 0
    return list(reader.parts())


def check_video(frames):
    assert frames
    for frame in frames:
        assert frame.picture.dtype == torch.uint8
        assert frame.picture.shape[0] in (3, 4)


def npz():
    dice = np.random.default_rng(0)
    file = io.BytesIO()
    kernel = dice.normal(size=(8, 3, 3, 3)).astype(np.float32)
    arrays = {"features.0.weight": kernel, "features.0.bias": np.zeros(8, np.float32)}
    np.savez(file, **arrays)
    return file.getvalue()


def check_arrays(weights):
    assert all(isinstance(weight, torch.Tensor) for weight in weights.values())


def points_texts():
    points = FACE.points_px.tolist()
    sidecar = faces_to_json([FACE, MESH], SIZE)
    return [
        sidecar,
        {"images": {"a.png": sidecar, "b.png": faces_to_json([], SIZE)}},
        points,
        [points, points],
        [[points], [points]],
        [{"x": x, "y": y} for x, y in points],
        [*points, [90, 45], [110, 45]],
        write_pose([[FACE, FACE], []], SIZE, 70),
    ]


def untouched(content, dice, head=0):
    """The good content itself, as a file has it."""
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def readers(folder, spoiled=True):
    """Each reader's case, by name; with good files if they aren't to be spoiled."""
    made = {}

    def add(name, file, good, spoil, read, check):
        spoil = spoil if spoiled else untouched
        made[name] = file_reader(folder, file, good, spoil, read, check)

    add("style", "a.safetensors", style_files(folder), hostile_container, load_style, check_style)
    add("bank", "a.safetensors", [bank_file(folder)], hostile_container, load_bank, check_bank)
    model = [landmark_model()]
    networks = partial(read_networks, device=CPU, kind=LANDMARKER)
    add("landmark model", "m.safetensors", model, hostile_container, networks, check_networks)
    mask, masks = [PERSON_MASK.read_bytes()], partial(read_networks, device=CPU, kind=KIND)
    add("person mask", "p.safetensors", mask, hostile_container, masks, check_networks)
    add(
        "art landmarks", "l.safetensors", [FILE.read_bytes()], hostile_container,
        read_art_network, lambda network: None,
    )  # fmt: skip
    sidecars = [
        faces_to_json([FACE, MESH], SIZE) | {"set_aside": faces_to_json([FACE], SIZE)["faces"]}
    ]
    picture = folder / "a.jpg"
    add("sidecar", sidecar_path(picture).name, sidecars, hostile_json,
        lambda path: read_sidecar(picture), check_faces)  # fmt: skip
    add("set aside", sidecar_path(picture).name, sidecars, hostile_json,
        lambda path: read_set_aside(picture), check_faces)  # fmt: skip
    add("points", "p.json", points_texts(), hostile_json,
        lambda path: read_landmarks(path, SIZE), check_frames)  # fmt: skip
    add("pts", "p.pts", [write_pts(FACE).encode()], hostile_bytes,
        lambda path: read_landmarks(path, SIZE), check_frames)  # fmt: skip
    poses = [write_pose([[FACE, FACE], []], SIZE, n, s) for n in (68, 70) for s in (False, True)]
    changed = twist if spoiled else lambda value, dice: value
    made["pose"] = lambda dice: check_frames(read_pose(changed(dice.choice(poses), dice), SIZE))
    edits = {"images": {"0123456789abcdef": faces_to_json([FACE], SIZE)}}

    def read_text(dice):
        content = hostile_json(edits, dice) if spoiled else untouched(edits, dice)
        for faces in read_edits(content.decode("latin-1")).values():
            check_faces(faces)

    made["edits"] = read_text
    placed = faces_to_json([FACE], SIZE)["faces"]
    made["review"] = lambda dice: check_faces(_placed(changed(placed, dice), SIZE))
    good = pictures()
    add("picture", "a.bin", good, hostile_picture, read_picture, check_picture)
    add("small picture", "a.bin", good, hostile_picture,
        partial(read_picture, most_pixels=100), check_picture)  # fmt: skip
    add("picture with alpha", "a.bin", good, hostile_picture, read_with_alpha, check_layers)
    add("picture's maker", "a.bin", good, hostile_picture, software_of,
        lambda name: len(name))  # fmt: skip
    add("picture's size", "a.bin", good, hostile_picture, picture_size, check_size)
    with contextlib.suppress(ImportError):  # videos are optional
        add("video", "a.mp4", [video()], partial(hostile_bytes, head=3000), read_video, check_video)
    spoil = partial(hostile_bytes, head=400)
    add("animation", "a.webp", animations(), spoil, read_animation, check_video)
    add("npz", "a.npz", [npz()], hostile_bytes, _from_caffe, check_arrays)
    mean = [json.loads((Path(FILE).parents[1] / "mean_face.json").read_text("utf-8"))]
    add("mean face", "mean.json", mean, hostile_json, read_mean_face, check_mean)
    return made


def check_mean(mean):
    assert mean["points"].shape == (478, 2)
    assert mean["points"].isfinite().all()
    assert mean["mirror"].shape == (478,)


NAMED = {"pose": "", "edits": "edits", "review": ""}


def memory():
    """The most bytes that the program has held so far."""
    if STATUS.is_file():
        # Unlike ru_maxrss it doesn't begin with what the program held that started this one.
        return 1024 * int(re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text())[1])
    return 0  # other systems don't say


def tried(name, case, dice, folder):
    """Runs one case: "accepted" or "refused", else what is wrong; its seconds."""
    begun = time.perf_counter()
    held = memory()
    try:
        case(dice)
        wrong = "accepted"
    except ValueError as error:
        message = str(error)
        wrong = "refused"
        if "\n" in message or len(message) > 1000 + len(str(folder)):
            wrong = f"not one line: {message[:300]!r}"
        elif NAMED.get(name, str(folder)) not in message:
            wrong = f"doesn't name the file: {message[:300]!r}"
    except TooSlow:
        wrong = f"longer than {SECONDS} s"
    except BaseException:  # noqa: BLE001 (whatever comes is what is looked for)
        wrong = traceback.format_exc(limit=-6)
    seconds = time.perf_counter() - begun
    if memory() - held > MEMORY:
        wrong = f"took {(memory() - held) / 1e9:.1f} GB, and was {wrong}"
    return wrong, seconds


def too_slow(*_):
    raise TooSlow


def main(count, seed=0, only=()):
    """Runs so many cases, the readers by turns; what became of them, by reader."""
    warnings.simplefilter("error")
    logging.disable(logging.CRITICAL)
    try:
        import av

        av.logging.set_level(av.logging.PANIC)
    except ImportError:
        pass
    torch.set_num_threads(1)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, too_slow)
    with tempfile.TemporaryDirectory(prefix="fuzz_") as name:
        folder = Path(name)
        cases = {n: case for n, case in readers(folder).items() if not only or n in only}
        found = {n: {"accepted": 0, "refused": 0, "faults": [], "slowest": 0.0} for n in cases}
        for reader, case in readers(folder, spoiled=False).items():
            wrong, _ = tried(reader, case, random.Random(0), folder)
            if reader in found and wrong != "accepted":
                found[reader]["faults"].append(f"a good file: {wrong}")
        for number in range(count):
            reader = list(cases)[number % len(cases)]
            dice = random.Random(f"{seed} {reader} {number}")
            print(reader, number, file=sys.stderr)  # the last one, should it kill the program
            if hasattr(signal, "SIGALRM"):
                signal.alarm(SECONDS)
            wrong, seconds = tried(reader, cases[reader], dice, folder)
            if hasattr(signal, "SIGALRM"):
                signal.alarm(0)
            own = found[reader]
            own["slowest"] = round(max(own["slowest"], seconds), 3)
            if wrong in ("accepted", "refused"):
                own[wrong] += 1
            else:
                own["faults"].append(f"{number}: {wrong}")
        return {"readers": found, "memory": memory(), "seed": seed}


if __name__ == "__main__":
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    print(json.dumps(main(int(sys.argv[1]), seed, sys.argv[3:])))
