"""Where the person is in a picture: MediaPipe's selfie segmentation, its edges drawn by the photo.

Source of the network: MediaPipe's selfie_segmentation (Apache-2.0), 256 px. Of the edges: He et
al., "Guided Image Filtering", 2010, with the coefficients found small as in "Fast Guided Filter",
arXiv 1505.00996.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .mesh_network import load_networks

FORMAT = "tps-portrait-person-mask/1"
FILE = Path(__file__).parent / "person_mask.safetensors"


def person_mask(picture: Tensor) -> Tensor:
    """Where the person is in the picture (3, h, w), 0…1: (1, h, w), 0…1, 1 is the person."""
    coarse = coarse_mask(picture)
    return refine(picture, coarse)


def coarse_mask(picture):
    network = load_networks(FILE, picture.device)["person_mask"]
    with torch.no_grad():
        small = F.interpolate(picture[None], (network.size,) * 2, mode="bilinear", antialias=True)
        return network(small)[0][0]
