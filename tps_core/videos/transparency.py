"""Transparent pictures of bytes: laid on white to be painted, and taken off it again.

What lies hidden below full transparency, such as a background that was removed, is white then.
"""

import torch
from torch import Tensor


def on_white(picture: Tensor) -> Tensor:
    """The picture (4, h, w) of bytes with its colours laid on white, its alpha as it was."""
    color, alpha = picture[:3].int(), picture[3:].int()
    laid = 255 - ((255 - color) * alpha + 127) // 255
    return torch.cat([laid.to(torch.uint8), picture[3:]])


def off_white(picture: Tensor) -> Tensor:
    """The picture (4, h, w) of bytes that, laid on white, gives the colours that came in.

    So edges have no white seam on other grounds.
    """
    color, alpha = picture[:3].int(), picture[3:].int()
    lifted = 255 - ((255 - color) * 255 // alpha.clamp(min=1)).clamp(max=255)
    return torch.cat([torch.where(alpha > 0, lifted, 255).to(torch.uint8), picture[3:]])
