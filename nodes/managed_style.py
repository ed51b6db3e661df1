"""Styles whose networks ComfyUI moves to its device, and away from it when it needs the room."""

from dataclasses import dataclass

import comfy.model_management as management
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import CallbacksMP

from ..tps_core.painting.painter import forget
from ..tps_core.style import Style

# What painting takes on the device beside the network, about: an estimate, to have room made.
BYTES_PER_PIXEL = 160
MOST_AT_ONCE = 16  # pictures; more gain nothing, and Cancel waits for them


@dataclass(frozen=True)
class ManagedStyle(Style):
    """A style whose network is where ComfyUI has put it, which keeps account of it by this."""

    patcher: ModelPatcher | None = None


def managed(style: Style) -> ManagedStyle:
    """The style, for ComfyUI to move. When it is moved away, what paints with it goes too."""
    device, beside = management.get_torch_device(), management.unet_offload_device()
    patcher = ModelPatcher(style.generator, load_device=device, offload_device=beside)
    patcher.add_callback(CallbacksMP.ON_DETACH, lambda left, *_: forget(left.model))
    return ManagedStyle(style.generator, style.record, patcher)


def on_device(style: Style, pixels: int) -> Style:
    """The style on ComfyUI's device, with room made there to paint a picture of so many pixels."""
    room = BYTES_PER_PIXEL * pixels
    if isinstance(style, ManagedStyle):
        management.load_models_gpu([style.patcher], memory_required=room)
        return style
    return style.to(device_with_room(room))


def device_with_room(room: int) -> torch.device:
    """ComfyUI's device, with so many bytes free as far as other models can be moved off it."""
    device = management.get_torch_device()
    management.free_memory(room, device)
    return device


def at_once(device: torch.device, pixels: int) -> int:
    """How many pictures of so many pixels are painted together there, in what is free of it."""
    if device.type == "cpu":  # it gains nothing there
        return 1
    free = management.get_free_memory(device)
    return max(1, min(MOST_AT_ONCE, int(free / (BYTES_PER_PIXEL * pixels))))
