"""LPIPS with a frozen SqueezeNet backbone: the distance by which content is held.

The `lpips` package brings the measure and its linear heads. Its backbone's weights are looked for
in the models folder, then in torchvision's own download cache, then downloaded by torchvision.
"""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..tps_core.folders import find_model, model_folder

BACKBONE = "squeezenet1.1_caffe_torchlayout_notop.npz"
# The file's network takes BGR in 0…255 minus this mean; torchvision's takes RGB in 0…1,
# minus RGB_MEAN, over RGB_SPREAD.
BGR_MEAN = torch.tensor([103.939, 116.779, 123.68])
RGB_MEAN = torch.tensor([0.485, 0.456, 0.406])
RGB_SPREAD = torch.tensor([0.229, 0.224, 0.225])


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

    def see(pictures: Tensor) -> list[Tensor]:
        maps = network.net(network.scaling_layer(2 * pictures - 1))[1:4]
        return [F.normalize(x, dim=1) * x.shape[1] ** 0.5 for x in maps]

    return see


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
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torchvision")
        network = lpips.LPIPS(net="squeeze", pnet_rand=True, verbose=False)
    _load_backbone(network.net)
    return network.requires_grad_(False).eval().to(device, memory_format=torch.channels_last)


def _load_backbone(backbone: nn.Module) -> None:
    """Loads the ImageNet weights into the package's SqueezeNet."""
    path = find_model(BACKBONE)
    weights = _from_caffe(path) if path else _from_torchvision()
    # The package cuts torchvision's "features" into slices but keeps each layer's number.
    for name, parameter in backbone.named_parameters():
        _, number, rest = name.split(".", 2)
        parameter.data.copy_(weights[f"features.{number}.{rest}"])


def _from_caffe(path: Path) -> dict[str, Tensor]:
    """The file's weights with its input convention folded into the first layer."""
    with np.load(path, allow_pickle=False) as file:
        weights = {name: torch.from_numpy(file[name]) for name in file.files}
    kernel = weights["features.0.weight"].flip(1)  # BGR to RGB
    offset = 255 * RGB_MEAN - BGR_MEAN.flip(0)
    weights["features.0.bias"] = weights["features.0.bias"] + torch.einsum(
        "ochw,c->o", kernel, offset
    )
    weights["features.0.weight"] = kernel * (255 * RGB_SPREAD)[:, None, None]
    return weights


def _from_torchvision() -> dict[str, Tensor]:
    from torchvision.models import SqueezeNet1_1_Weights

    try:
        return SqueezeNet1_1_Weights.DEFAULT.get_state_dict(progress=False)
    except OSError as error:
        raise ValueError(
            f"LPIPS needs SqueezeNet's weights, which can't be downloaded ({error}); "
            f"put {BACKBONE} into {model_folder()}"
        ) from None
