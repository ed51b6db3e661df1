"""What several test files share: a running ComfyUI, and pictures to feed it."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import comfyui as comfyui_host
from editor import Editor, find_browser, open_editor

# What is painted is the same with any back end; which one it is must not depend on the machine.
os.environ.setdefault("TPS_PORTRAIT_BACKEND", "float32")

SHARED_DATA = comfyui_host.PACK.parent / "shared" / "data"


@pytest.fixture(scope="session")
def comfyui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[comfyui_host.Host]:
    """A ComfyUI with the pack in it, started once for all tests that ask for it."""
    folder = tmp_path_factory.mktemp("comfyui")
    lend_models(folder / "models" / "tps_portrait")
    # What tests save stays in that folder, whatever the person's own setting is.
    with comfyui_host.start(folder, environment={"TPS_PORTRAIT_HOME": ""}) as host:
        yield host


def lend_models(folder: Path) -> None:
    """Links the models that are on this machine into `folder`, file by file."""
    from tps_portrait.tps_core.detectors.fetch import fetch_landmarker
    from tps_portrait.tps_core.folders import model_folders

    fetch_landmarker()
    folder.mkdir(parents=True)
    for place in [*model_folders(), SHARED_DATA / "models"]:
        for file in place.glob("*.*") if place.is_dir() else ():
            if file.is_file() and not (folder / file.name).exists():
                (folder / file.name).symlink_to(file)


@pytest.fixture(scope="module", params=["classic canvas", "Nodes 2.0"])
def editor(
    request: pytest.FixtureRequest, comfyui: comfyui_host.Host, portrait: Image.Image
) -> Iterator[Editor]:
    """ComfyUI's editor, opened once for each of its two ways to draw nodes."""
    # Every ComfyUI has a picture of that name; a workflow that named another would open in red.
    comfyui.upload(portrait, "example.png")
    settings = {"Comfy.VueNodes.Enabled": request.param == "Nodes 2.0"}
    with open_editor(comfyui.url, find_browser(), settings) as opened:
        opened.kind = request.param
        yield opened


@pytest.fixture(scope="session")
def portrait() -> Image.Image:
    """A real photo of a person that comes with a package: Eileen Collins, public domain."""
    skimage_data = pytest.importorskip("skimage.data")
    return Image.fromarray(skimage_data.astronaut())


@pytest.fixture(scope="session")
def photo(portrait):
    """The portrait's head and shoulders as a picture (3, h, w)."""
    from tps_portrait.tps_core.pictures import to_tensor

    return to_tensor(portrait.crop((60, 0, 420, 320)))


@pytest.fixture(scope="session")
def face(photo):
    """The landmarks of the photo's face."""
    from tps_portrait.tps_core.detect import detect_face

    return detect_face(photo, "photo")


@pytest.fixture(scope="session", params=["impressionist oil", "ink line", "style of 0.1.0"])
def any_style(request: pytest.FixtureRequest):
    """Each bundled style in turn, and one of the first version."""
    from tps_portrait.tps_core.style import load_style

    folder = "tests/data" if "0.1.0" in request.param else "styles"
    return load_style(comfyui_host.PACK / folder / f"{request.param}.safetensors")


@pytest.fixture
def generator():
    """A small one with random weights, the same every time."""
    import torch

    from tps_portrait.tps_core.painting.generator import Generator

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Generator((4, 4, 4, 4), 1).eval().requires_grad_(False)


@pytest.fixture
def openvino() -> None:
    """OpenVINO is installed; it isn't imported here, as then it would report so to its makers."""
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("needs openvino")


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for the screenshots."""
    chosen = os.environ.get("TPS_PORTRAIT_SCREENSHOTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def weights(monkeypatch):
    """SqueezeNet's weights can be found."""
    from tps_portrait.training.measure.perceptual import BACKBONE

    pytest.importorskip("lpips")
    models = SHARED_DATA / "models"
    if not (models / BACKBONE).is_file():
        pytest.skip("needs ../shared/data/models")
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(models))
