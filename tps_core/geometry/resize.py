"""Pictures in another size."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def resized(
    picture: Tensor, size: Sequence[int], mode: str = "bilinear", antialias: bool = True
) -> Tensor:
    """The picture (c, h, w) in another size (h, w); `mode` and `antialias` as in `F.interpolate`.

    One channel after the other: all of a picture of 45 megapixels take seconds, and Cancel waits.
    """
    result = picture.new_empty(len(picture), *size)
    for channel, into in zip(picture, result, strict=True):
        into.copy_(F.interpolate(channel[None, None], size, mode=mode, antialias=antialias)[0, 0])
    return result
