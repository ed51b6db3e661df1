"""The networks that evaluation sees with: what a picture shows, and how far two are apart.

The standard ones, whose figures are the published kind, are an optional package and 340 MB.
EfficientNet, another package, stands in for what pictures show, and the SqueezeNet that training
uses for how far two are apart, and for both where there is nothing else. Their figures bear their
names, and are comparable among themselves only.
"""

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

# The name of an error: nothing is unpickled.
from pickle import UnpicklingError  # nosec B403

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .efficientnet import load_efficientnet
from .perceptual import load_squeezenet, lpips_distance, weights_only

BATCH_SIZE = 16  # pictures that go through a network at once
# Share of a face crop's side, in its middle, whose features are compared: the face from forehead to
# chin. Many paintings end soon beyond it, and what fills their crops there is no art.
FACE_SHARE = 0.75
# The same for whose face it is: nearly without hair and ground, which a result may have kept.
PERSON_SHARE = 0.6
PERSON_PX = 192  # side in pixels at which EfficientNet sees that
EFFICIENTNET = "_efficientnet"  # what the names of the witness's figures end in

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Witness:
    """EfficientNet, which no style is trained through; in and out on the CPU."""

    _network: Callable[[Tensor], tuple[Tensor, Tensor]]  # of `load_efficientnet`
    _device: torch.device

    @torch.no_grad()
    def features(self, crops: Tensor) -> Tensor:
        """What the faces in face crops (n, 3, s, s), 0…1 or uint8, show: (n, 1280)."""
        parts = [_lend(part, self._device) for part in inner(crops).split(BATCH_SIZE)]
        return torch.cat([self._network(part)[1].mean((2, 3)) for part in parts]).cpu()

    @torch.no_grad()
    def persons(self, crops: Tensor) -> Tensor:
        """Whose faces are in face crops (n, 3, s, s), 0…1 or uint8: (n, d), of length 1.

        The more alike two persons, the larger their product. Of what the middle map has at a
        place, only how it differs from the picture's mean counts: not its paint.
        """
        found = []
        for part in inner(crops, PERSON_SHARE).split(BATCH_SIZE):
            faces = _lend(part, self._device)
            size = (PERSON_PX, PERSON_PX)
            faces = F.interpolate(faces, size, mode="bilinear", antialias=True)
            places = F.normalize(self._network(faces)[0], dim=1)
            places = places - places.mean((2, 3), keepdim=True)
            found.append(F.normalize(places.flatten(1), dim=1))
        return torch.cat(found).cpu()


@dataclass(frozen=True)
class EvaluationNetworks:
    """A pair of networks that compare pictures, and a witness; in and out on the CPU."""

    names: str  # the pair's, in words
    suffix: str  # what its figures' names end in: "" for the standard networks, or "_squeezenet"
    _features: Callable[[Tensor], Tensor]
    _distance: Callable[[Tensor, Tensor], Tensor]
    _device: torch.device
    witness: Witness | None = None

    @property
    def features_by_suffix(self) -> dict[str, Callable[[Tensor], Tensor]]:
        """What shows how near pictures are to art, by what its figures' names end in; best first.

        Beside the standard networks the witness is a second one, in place of others the only one.
        """
        if not self.witness:
            return {self.suffix: self.features}
        own = {} if self.suffix else {"": self.features}
        return own | {EFFICIENTNET: self.witness.features}

    @torch.no_grad()
    def features(self, crops: Tensor) -> Tensor:
        """What the faces in face crops (n, 3, s, s), 0…1 or uint8, show: (n, d), d for any s."""
        parts = [
            self._features(_lend(part, self._device)) for part in inner(crops).split(BATCH_SIZE)
        ]
        return torch.cat(parts).cpu()

    @torch.no_grad()
    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """LPIPS of pictures (b, 3, h, w), 0…1: (b,)."""
        return self._distance(_lend(a, self._device), _lend(b, self._device)).cpu()


def inner(crops: Tensor, share: float = FACE_SHARE) -> Tensor:
    """The faces in the middle of face crops (n, c, s, s), that share of their sides."""
    rim = round((1 - share) / 2 * crops.shape[-1])
    return crops[..., rim : -rim or None, rim : -rim or None]


def load_evaluation_networks(device: torch.device | str = "cpu") -> EvaluationNetworks:
    """The standard networks where they can be loaded, else SqueezeNet; with a witness if it can be.

    Raises ValueError, saying what is missing, when there are neither of the former.
    """
    device = torch.device(device)
    try:
        networks = _load_standard(device)
    except (ImportError, RuntimeError, OSError, UnpicklingError) as error:
        # RuntimeError: a torchvision that doesn't fit its torch, or a damaged download;
        # UnpicklingError: a download that holds more than weights.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        log.info("evaluating with SqueezeNet: the standard networks can't be had (%s)", reason)
        networks = squeezenet_networks(load_squeezenet(device), device)
    try:
        witness = Witness(load_efficientnet(device), device)
    except ValueError as error:
        log.info("evaluating without a witness: %s", error)
        return networks
    names = f"{networks.names}; and EfficientNet, which no training looks through"
    return replace(networks, names=names, witness=witness)


def _load_standard(device: torch.device) -> EvaluationNetworks:
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
    return EvaluationNetworks(
        "FID's Inception and LPIPS with AlexNet, the standard networks",
        "",
        lambda pictures: inception(pictures)[0].flatten(1),
        lpips_distance(network),
        device,
    )


def squeezenet_networks(network: nn.Module, device: torch.device) -> EvaluationNetworks:
    """The evaluation networks by one of `load_squeezenet`, which is on the device."""

    def features(pictures: Tensor) -> Tensor:
        """The last of its maps, averaged over the picture: 512 values, around 1 in size.

        Each place counts alike, as in LPIPS: of the bare maps a few strong values would decide,
        and the kernel distance, which cubes them, then takes paintings for photos.
        """
        maps = network.net(network.scaling_layer(2 * pictures - 1))[-1]
        return F.normalize(maps, dim=1).mean((2, 3)) * maps.shape[1] ** 0.5

    return EvaluationNetworks(
        "SqueezeNet",
        "_squeezenet",
        features,
        lpips_distance(network),
        device,
    )


def _lend(pictures: Tensor, device: torch.device) -> Tensor:
    scale = 1 if pictures.is_floating_point() else 255
    return pictures.to(device).float() / scale
