"""What the doctor says of the ways to paint: which back end, and what would be quicker."""

from collections.abc import Iterable

import torch

from ..tps_core.painting.painter import best_backend, missing_backends


def examine_painting(devices: Iterable[str]) -> dict[str, dict]:
    """For each kind of device the back end that paints, and what could, were it installed."""
    kinds = [torch.device(name.partition(":")[0]) for name in devices]
    return {
        device.type: {"backend": best_backend(device), "wrong": missing_backends(device)}
        for device in kinds
    }


def describe_painting(findings: dict[str, dict]) -> list[str]:
    """The findings as lines for a person."""
    lines = [f"{kind}: {found['backend']}" for kind, found in findings.items()]
    wrong = [item for found in findings.values() for item in found["wrong"].items()]
    return lines + [f"{name}, which is quicker: {what}" for name, what in wrong]
