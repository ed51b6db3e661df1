"""What several test files share: a running ComfyUI, and pictures to feed it."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

import comfyui as comfyui_host
from editor import Editor, find_browser, open_editor
from tps_portrait.tps_core.example_pictures import CLIP
from videos import write_for_camera

# The developers' data collection; a name that isn't there shows what is skipped without it.
SHARED_DATA = Path(
    os.environ.get("TPS_PORTRAIT_TEST_DATA", comfyui_host.PACK.parent / "shared" / "data")
)


@pytest.fixture(autouse=True)
def _painted_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is painted is the same with any back end: which one must not depend on the machine."""
    painter = "tps_portrait.tps_core.painting.painter"
    monkeypatch.setattr(f"{painter}.best_backend", lambda device: "float32")


@pytest.fixture(scope="session")
def comfyui(
    tmp_path_factory: pytest.TempPathFactory, squeezenet: Path
) -> Iterator[comfyui_host.Host]:
    """A ComfyUI with the pack in it, started once for all tests that ask for it."""
    folder = tmp_path_factory.mktemp("comfyui")
    lend_models(folder / "models" / "tps_portrait", squeezenet)
    # What tests save stays in that folder, whatever the person's own setting is.
    with comfyui_host.start(folder, environment={"TPS_PORTRAIT_HOME": ""}) as host:
        yield host


def lend_models(folder: Path, *places: Path, names: str = "*.*") -> None:
    """Links the models of such names in these places and on this machine into `folder`."""
    from tps_portrait.tps_core.folders import model_folders

    folder.mkdir(parents=True)
    for place in [*places, *model_folders(), SHARED_DATA / "models"]:
        for file in place.glob(names) if place.is_dir() else ():
            if file.is_file() and not (folder / file.name).exists():
                (folder / file.name).symlink_to(file)


@pytest.fixture(scope="module", params=["classic canvas", "Nodes 2.0"])
def editor(
    request: pytest.FixtureRequest,
    comfyui: comfyui_host.Host,
    portrait: Image.Image,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Editor]:
    """ComfyUI's editor, opened once for each of its two ways to draw nodes."""
    comfyui.upload(portrait, "example.png")
    settings = {"Comfy.VueNodes.Enabled": request.param == "Nodes 2.0"}
    camera = tmp_path_factory.mktemp("camera") / "clip.mjpeg"
    write_for_camera(CLIP, camera)
    with open_editor(comfyui.url, find_browser(), settings, camera) as opened:
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


@pytest.fixture(scope="module")
def small_networks() -> Iterator[None]:
    """What is trained has few weights, and learns from pairs of which one is the other's negative.

    How a training goes doesn't depend on that.
    """
    from tps_portrait.training.learn import networks, painted_pairs

    def small(of: type, *first: object) -> Callable:
        return lambda width=0, *rest, **more: of(*first, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("Generator", "LineGenerator"):
            patch.setattr(networks, name, small(getattr(networks, name), (4, 4, 8, 8), 1))
        patch.setattr(networks, "Discriminator", small(networks.Discriminator, 4))
        patch.setattr(painted_pairs, "paint_crop", lambda picture, *_: 1 - picture)
        yield


@pytest.fixture
def here(tmp_path, monkeypatch, generator):
    """A folder to be in, with a style, a picture and a folder of two; nobody looks for faces."""
    from faces import noise
    from tps_portrait.tps_core import choose
    from tps_portrait.tps_core.align import CROP
    from tps_portrait.tps_core.face_not_found import FaceNotFound
    from tps_portrait.tps_core.style import Style, save_style

    def nothing(picture, name, *_):
        raise FaceNotFound(f"{name}: no face found")

    monkeypatch.setattr(choose, "detect_face", nothing)
    monkeypatch.chdir(tmp_path)
    record = {"architecture": generator.architecture, "crop": CROP, "size": 64}
    save_style(Style(generator, record), tmp_path / "style.safetensors")
    (tmp_path / "photos").mkdir()
    for name in ("me.png", "photos/a.png", "photos/b.jpg"):
        noise().save(tmp_path / name)
    return tmp_path


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


@pytest.fixture(scope="session")
def squeezenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a SqueezeNet whose weights are drawn from a seed, so that none are fetched.

    What it sees is enough to tell pictures apart.
    """
    pytest.importorskip("lpips")
    import torch
    import torchvision

    from tps_portrait.tps_core.container import write_container
    from tps_portrait.training.measure.perceptual import FORMAT, KEPT

    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = torchvision.models.squeezenet1_1().state_dict()
    weights = {name: w for name, w in weights.items() if name.startswith("features.")}
    folder = tmp_path_factory.mktemp("squeezenet")
    write_container(folder / KEPT, FORMAT, weights, {})
    return folder


@pytest.fixture
def weights(squeezenet, monkeypatch):
    """SqueezeNet's weights can be found."""
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(squeezenet))
