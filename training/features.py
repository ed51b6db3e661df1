"""The networks that evaluation sees with: what a picture shows, and how far two are apart.

The standard ones, whose figures are the published kind, are an optional package and 340 MB. The
SqueezeNet that training uses stands in for both; its figures bear its name, and are comparable
among themselves only.
"""

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass

# The name of an error: nothing is unpickled.
from pickle import UnpicklingError  # nosec B403

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .perceptual import load_squeezenet, lpips_distance, weights_only

BATCH = 16  # pictures that go through a network at once
# Share of a face crop's side, in its middle, whose features are compared: the face from forehead to
# chin. Many paintings end soon beyond it, and what fills their crops there is no art.
FACE = 0.75

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Judge:
    """A pair of networks that compare pictures; in and out on the CPU."""

    networks: str  # their names, in words
    suffix: str  # what the figures' names end in: "" for the standard networks, or "_squeezenet"
    _features: Callable[[Tensor], Tensor]
    _distance: Callable[[Tensor, Tensor], Tensor]
    _device: torch.device

    @torch.no_grad()
    def features(self, crops: Tensor) -> Tensor:
        """What the faces in face crops (n, 3, s, s), 0…1 or uint8, show: (n, d), d for any s."""
        parts = [self._features(self._lend(part)) for part in inner(crops).split(BATCH)]
        return torch.cat(parts).cpu()

    @torch.no_grad()
    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """LPIPS of pictures (b, 3, h, w), 0…1: (b,)."""
        return self._distance(self._lend(a), self._lend(b)).cpu()

    def _lend(self, pictures: Tensor) -> Tensor:
        scale = 1 if pictures.is_floating_point() else 255
        return pictures.to(self._device).float() / scale


def inner(crops: Tensor) -> Tensor:
    """The faces in the middle of face crops (n, c, s, s), FACE of their sides."""
    rim = round((1 - FACE) / 2 * crops.shape[-1])
    return crops[..., rim : -rim or None, rim : -rim or None]


def load_judge(device: torch.device | str = "cpu") -> Judge:
    """The standard networks where they can be loaded, else SqueezeNet.

    Raises ValueError, saying what is missing, when there is neither.
    """
    device = torch.device(device)
    try:
        return _load_standard(device)
    except (ImportError, RuntimeError, OSError, UnpicklingError) as error:
        # RuntimeError: a torchvision that doesn't fit its torch, or a damaged download;
        # UnpicklingError: a download that holds more than weights.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        log.info("evaluating with SqueezeNet: the standard networks can't be had (%s)", reason)
    return squeezenet_judge(load_squeezenet(device), device)


def _load_standard(device: torch.device) -> Judge:
    """FID's Inception, of the package pytorch-fid, and LPIPS with its default, AlexNet.

    Both or neither: Art-FID is made of both.
    """
    import lpips
    from pytorch_fid.inception import InceptionV3

    with warnings.catch_warnings(), weights_only():
        warnings.filterwarnings("ignore", module="torchvision")
        inception = InceptionV3()  # its 2048 pooled features
        network = lpips.LPIPS(net="alex", verbose=False)
    inception.requires_grad_(False).eval().to(device)
    network.requires_grad_(False).eval().to(device)
    return Judge(
        "FID's Inception and LPIPS with AlexNet, the standard networks",
        "",
        lambda pictures: inception(pictures)[0].flatten(1),
        lpips_distance(network),
        device,
    )


def squeezenet_judge(network: nn.Module, device: torch.device) -> Judge:
    """The judge by a network of `load_squeezenet`, which is on the device."""

    def features(pictures: Tensor) -> Tensor:
        """The last of its maps, averaged over the picture: 512 values, around 1 in size.

        Each place counts alike, as in LPIPS: of the bare maps a few strong values would decide,
        and the kernel distance, which cubes them, then takes paintings for photos.
        """
        maps = network.net(network.scaling_layer(2 * pictures - 1))[-1]
        return F.normalize(maps, dim=1).mean((2, 3)) * maps.shape[1] ** 0.5

    return Judge(
        "SqueezeNet",
        "_squeezenet",
        features,
        lpips_distance(network),
        device,
    )
