"""ComfyUI's own face landmarker and its nodes, beside ours: for versions that have them (0.22).

With COMFYUI_PATH; our oldest ComfyUI doesn't have them. The model's weights are drawn from a seed,
so what it finds is no face; but it is found, called and read as the real one.
"""

import numpy as np
import pytest

import comfyui as comfyui_host
from comfyui_backend import find_backend

pytestmark = pytest.mark.slow

RUN = """
import importlib
from pathlib import Path

import folder_paths
import numpy as np
import torch
from safetensors.torch import save_file

given = json.load(sys.stdin)
folder = Path(folder_paths.models_dir) / "detection"
folder.mkdir(parents=True)
theirs = importlib.import_module("comfy_extras.nodes_mediapipe")
assert load_pack()
ours = {name.rpartition(".nodes.")[2]: module for name, module in sys.modules.items()
        if ".nodes." in name}
core, sockets, topology = (ours[name] for name in ("core_landmarker", "sockets", "topology"))

missing = core.what_is_missing()
torch.manual_seed(0)
weights = {}
for variant in ("short", "full"):
    network = theirs.FaceLandmarker(device="cpu", dtype=torch.float32, detector_variant=variant)
    for name, tensor in network.state_dict().items():
        weights[name.replace("detector.", f"detector_{variant}.")] = tensor.contiguous().clone()
for name, lines in topology.CONNECTION_SETS.items():
    if name not in ("all", "contours"):
        weights[f"topology.{name}"] = torch.tensor(sorted(lines), dtype=torch.int32)
for name in theirs._CANONICAL_KEYS:
    weights[name] = torch.zeros(3)
save_file({"layer.weight": torch.zeros(1)}, folder / "another.safetensors")
save_file(weights, folder / "mediapipe_face_fp32.safetensors")

with torch.inference_mode():
    seen = core.detect_with_core(torch.rand(3, 90, 120), 4, 0.01)
    image = torch.from_numpy(np.array(given["image"], dtype=np.float32)) / 255
    detect, draw = (nodes.NODE_CLASS_MAPPINGS[f"TPSPortrait{name}"] for name in
                    ("DetectLandmarks", "DrawLandmarks"))
    found = detect.execute(image, "auto", 1, 0.5, "error").args[0]
    visualize = theirs.MediaPipeFaceMeshVisualize.execute
    drawn = {
        part: visualize(found, {"connections": "custom", part: True}, "#ff0000", 1, 0).args[0]
        for part in ("tesselation", "face_oval", "irises")
    }
    filled = theirs.MediaPipeFaceMask.execute(found, {"regions": "all"}).args[0]
    # What the core's nodes make of a face in between: a copy with its own keys alone.
    copied = {**found, "frames": [[theirs._copy_face(face) for face in f] for f in found["frames"]]}
    back = sockets.to_frames(copied, 1)[0][0]
    direct = sockets.to_frames(found, 1)[0][0]
    redrawn = draw.execute(image, copied, 1.0).args[0]
print(json.dumps({
    "missing": [missing, core.what_is_missing()],
    "model": Path(core._model()).name,
    "seen": [[face.scheme, face.detector, list(face.size)] for face in seen],
    "drawn": {part: int((made > 0).any(-1).sum()) for part, made in drawn.items()},
    "filled": float(filled.mean()),
    "apart": float((back.shape68_px - direct.shape68_px).abs().max()),
    "redrawn": float((redrawn - image).abs().max()),
}))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, portrait) -> dict:
    """What RUN said."""
    if not (find_backend() / "comfy_extras" / "nodes_mediapipe.py").is_file():
        pytest.skip("this ComfyUI has no face landmarker of its own")
    small = portrait.crop((60, 0, 420, 320)).resize((180, 160))
    given = {"image": np.asarray(small)[None].tolist()}
    return comfyui_host.run_inside(RUN, tmp_path_factory.mktemp("core"), given=given)


def test_its_model_is_found_among_others_in_its_folder(said):
    before, after = said["missing"]
    assert "put mediapipe_face_fp32.safetensors into models/detection" in before
    assert (after, said["model"]) == ("", "mediapipe_face_fp32.safetensors")


def test_what_it_finds_are_landmarks_of_ours(said):
    assert said["seen"]
    assert all(face == ["mediapipe-478", "comfyui", [120, 90]] for face in said["seen"])


def test_its_nodes_draw_our_landmarks(said):
    assert said["drawn"]["tesselation"] > 3 * said["drawn"]["face_oval"] > 0
    assert said["drawn"]["irises"] > 0
    assert 0.02 < said["filled"] < 0.5


def test_ours_take_what_its_nodes_give(said):
    assert said["apart"] < 0.5
    assert said["redrawn"] > 0.1
