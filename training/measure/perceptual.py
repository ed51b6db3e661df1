"""LPIPS with a frozen SqueezeNet backbone: the distance by which content is held.

The `lpips` package brings the measure and its linear heads. Its backbone's weights are looked for
in the models folder. Where they are not, torchvision's file is fetched once, its hash is checked,
its weights are taken without running anything in it, and kept there as safetensors.
"""

import hashlib
import io
import logging
import os
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# The name of an error: nothing is unpickled.
from pickle import UnpicklingError  # nosec B403

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...tps_core.container import build_network, read_container, write_container
from ...tps_core.folders import find_model, model_folder
from ...tps_core.json_reading import one_line, read_bytes

FORMAT = "tps-portrait-squeezenet/1"
KEPT = "squeezenet1_1.safetensors"
TORCHVISION = "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"
SHA256 = "b8a52dc0"  # what that of torchvision's file begins with, as its name says
ONLY_WEIGHTS = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"  # the environment variable that torch knows
MOST_BYTES = 50_000_000  # of either file; they have 5 million
BACKBONE = "squeezenet1.1_caffe_torchlayout_notop.npz"
# The file's network takes BGR in 0…255 minus this mean; torchvision's takes RGB in 0…1,
# minus RGB_MEAN, over RGB_SPREAD.
BGR_MEAN = torch.tensor([103.939, 116.779, 123.68])
RGB_MEAN = torch.tensor([0.485, 0.456, 0.406])
RGB_SPREAD = torch.tensor([0.229, 0.224, 0.225])
log = logging.getLogger("tps_portrait")

# What a damaged .npz file leads to; MemoryError: one that says it is enormous.
NPZ_DAMAGED = (
    OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, NotImplementedError,
    RuntimeError, MemoryError, SyntaxError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def lpips_distance(network: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """LPIPS by a network of the lpips package: of two pictures (b, 3, h, w) in 0…1 a (b,) distance.

    Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features", 2018.
    """
    return lambda a, b: network(2 * a - 1, 2 * b - 1).flatten()


def feature_maps(network: nn.Module) -> Callable[[Tensor], list[Tensor]]:
    """What a network of `load_squeezenet` sees in pictures (b, 3, h, w) in 0…1.

    Three maps of 128, 256 and 384 channels at about 1/4, 1/8 and 1/16 of the resolution, as in
    LPIPS each place of one length.
    """

    eye = Eye(network)
    return lambda pictures: eye.maps(eye.look(pictures))


class Eye:
    """A network of `load_squeezenet` that looks at pictures once, for LPIPS and its maps alike."""

    def __init__(self, network: nn.Module):
        self._network = network

    def look(self, pictures: Tensor) -> list[Tensor]:
        """All that the network makes of pictures (b, 3, h, w) in 0…1."""
        return self._network.net(self._network.scaling_layer(2 * pictures - 1))

    def distance(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        """The LPIPS of what `look` gave of pictures a and b: (b,)."""
        layers = zip(self._network.lins, a, b, strict=True)
        return sum(
            layer((F.normalize(x, dim=1) - F.normalize(y, dim=1)).square()).mean((1, 2, 3))
            for layer, x, y in layers
        )

    def maps(self, seen: list[Tensor]) -> list[Tensor]:
        """The maps of `feature_maps`, of what `look` gave."""
        return [F.normalize(x, dim=1) * x.shape[1] ** 0.5 for x in seen[1:4]]


def structure_distance(
    feature_maps: Callable[[Tensor], list[Tensor]],
) -> Callable[[Tensor, Tensor], Tensor]:
    """How differently two pictures (b, 3, h, w) are put together, whatever their colours: (b,).

    Each place of a map is likened to all others; what is alike in one picture should be alike in
    the other. So a smooth cheek stays smooth, and teeth stay other than lips.
    Source: Zheng et al., "The Spatially-Correlative Loss for Various Image Translation Tasks",
    2021, with the whole map for its patches.
    """

    def likeness(pictures: Tensor) -> list[Tensor]:
        flat = [x.flatten(2) for x in feature_maps(pictures)[1:]]
        flat = [F.normalize(x - x.mean(2, keepdim=True), dim=1) for x in flat]
        return [x.transpose(1, 2) @ x for x in flat]

    def distance(a: Tensor, b: Tensor) -> Tensor:
        rows = zip(likeness(a), likeness(b), strict=True)
        return sum(1 - F.cosine_similarity(x, y, dim=2).mean(1) for x, y in rows) / 2

    return distance


def load_squeezenet(device: torch.device | str = "cpu") -> nn.Module:
    """The package's LPIPS network, frozen, on its SqueezeNet with the ImageNet weights.

    Its `net` is the SqueezeNet, in slices, and its `scaling_layer` takes −1…1 to what that takes.
    Raises ValueError, saying how to get what is missing.
    """
    try:
        import lpips
    except (ImportError, RuntimeError) as error:
        # RuntimeError: a torchvision that doesn't fit its torch.
        raise ValueError(
            f"LPIPS needs the packages lpips and torchvision ({error}); pip install lpips"
        ) from None
    # Its layers are first filled at random; it calls torchvision in a way of long ago.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), weights_only():
        warnings.filterwarnings("ignore", module="torchvision")
        network = lpips.LPIPS(net="squeeze", pnet_rand=True, verbose=False)
    _load_backbone(network.net)
    return network.requires_grad_(False).eval().to(device, memory_format=torch.channels_last)


@contextmanager
def weights_only() -> Iterator[None]:
    """Within it torch takes nothing but weights from the files that other packages let it load."""
    before = os.environ.get(ONLY_WEIGHTS)
    os.environ[ONLY_WEIGHTS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[ONLY_WEIGHTS]
        else:
            os.environ[ONLY_WEIGHTS] = before


def _load_backbone(backbone: nn.Module) -> None:
    """Loads the ImageNet weights into the package's SqueezeNet."""
    if path := find_model(KEPT):
        weights, _ = read_container(path, FORMAT, "the SqueezeNet", MOST_BYTES)
    elif path := find_model(BACKBONE):
        weights = _from_caffe(path)
    else:
        path, weights = _from_torchvision()
    # The package cuts torchvision's "features" into slices but keeps each layer's number.
    numbers = {name: f"features.{name.split('.', 1)[1]}" for name, _ in backbone.named_parameters()}
    try:
        build_network(lambda: backbone, {n: weights[full] for n, full in numbers.items()})
    except KeyError as error:
        raise ValueError(f"{path}: damaged ({error} is missing); delete it") from None
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({one_line(error)}); delete it") from None


def _from_caffe(path: Path) -> dict[str, Tensor]:
    """The file's weights with its input convention folded into the first layer.

    Raises ValueError, naming the file, when it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            weights = {name: torch.from_numpy(file[name]) for name in file.files}
        kernel = weights["features.0.weight"].flip(1)  # BGR to RGB
        offset = 255 * RGB_MEAN - BGR_MEAN.flip(0)
        weights["features.0.bias"] = weights["features.0.bias"] + torch.einsum(
            "ochw,c->o", kernel, offset
        )
        weights["features.0.weight"] = kernel * (255 * RGB_SPREAD)[:, None, None]
    except NPZ_DAMAGED as error:
        raise ValueError(f"{path}: damaged ({one_line(error)}); copy it again") from None
    return weights


def _from_torchvision() -> tuple[Path, dict[str, Tensor]]:
    """torchvision's own file, and its weights, which are put into the models folder."""
    name = TORCHVISION.rpartition("/")[2]
    cached = Path(torch.hub.get_dir()) / "checkpoints" / name
    with tempfile.TemporaryDirectory(prefix="tps_portrait_") as temporary:
        fetched = Path(temporary) / name
        if cached.is_file():
            fetched = cached
        else:
            try:
                torch.hub.download_url_to_file(TORCHVISION, str(fetched), SHA256, progress=False)
            except (OSError, RuntimeError) as error:  # RuntimeError: it has another hash
                raise ValueError(
                    f"LPIPS needs SqueezeNet's weights, which can't be downloaded "
                    f"({one_line(error)}); put {BACKBONE} into {model_folder()}"
                ) from None
        weights = read_torchvision(fetched)
    try:
        kept = model_folder() / KEPT
        write_container(kept, FORMAT, weights, {"source": TORCHVISION, "licence": "BSD-3-Clause"})
    except (OSError, ValueError) as error:
        log.info("SqueezeNet's weights can't be kept: %s", error)
    return fetched, weights


def read_torchvision(path: Path) -> dict[str, Tensor]:
    """The weights of SqueezeNet's features in torchvision's file.

    Raises ValueError for any other file: its hash is looked at before it is opened, and nothing
    but weights is taken from it.
    """
    content = read_bytes(path, MOST_BYTES)
    if not hashlib.sha256(content).hexdigest().startswith(SHA256):
        raise ValueError(f"{path}: not torchvision's file (its sha256 is another); delete it")
    try:
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return {
            name: x.detach().clone() for name, x in weights.items() if name.startswith("features.")
        }
    except (
        UnpicklingError,
        RuntimeError,
        EOFError,
        AttributeError,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(f"{path}: damaged ({one_line(error)}); delete it") from None
