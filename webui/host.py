"""What the pack asks the WebUI: where models lie, which device, who reaches it, who may.

Also the differences between gradio 3 and 4 that the other files would have to know.
"""

import contextlib
import ipaddress
from pathlib import Path

import gradio as gr
import torch
from modules import devices, paths_internal, shared

from ..tps_core.folders import add_model_folder

IS_GRADIO_4 = int(gr.__version__.split(".")[0]) >= 4
MODELS = Path(paths_internal.models_path)

add_model_folder(MODELS)


class Interrupted(Exception):
    """The user pressed Interrupt or Skip."""


def device() -> torch.device:
    """Where the WebUI has its own networks."""
    # As for any other task of its: `--use-cpu all` is for this one too.
    return torch.device(devices.get_device_for("tps_portrait"))


def check_interrupted() -> None:
    """Raises Interrupted when the user pressed Interrupt or Skip."""
    state = shared.state
    if state.interrupted or state.skipped or getattr(state, "stopping_generation", False):
        raise Interrupted


def queue_lock():
    """The lock that the WebUI's own work runs under, where it has one."""
    try:
        from modules.call_queue import queue_lock
    except ImportError:
        return contextlib.nullcontext()
    return queue_lock


def option(name: str):
    """What the WebUI was started with; None for what this one doesn't know."""
    return getattr(shared.cmd_opts, name, None)


def is_reached_by_others() -> bool:
    """Whether anybody but this machine's user may be at the page, as far as can be known."""
    # A password, or a path below which it lies, is for those who come through a tunnel or a proxy.
    for name in ("share", "listen", "ngrok", "gradio_auth", "gradio_auth_path", "subpath",
                 "hide_ui_dir_config", "webui_is_non_local"):  # fmt: skip
        if option(name):
            return True
    name = option("server_name")
    return bool(name) and not _is_loopback(name)


def logins(auth: str | None) -> dict[str, str]:
    """User names with their passwords, of `--api-auth` or `--gradio-auth`: a:b,c:d."""
    pairs = (pair.strip().split(":", 1) for pair in (auth or "").split(","))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def on_click(button: gr.Button, run, inputs, outputs, script: str | None = None) -> None:
    """Runs a function, and before it a script in the page, when the button is clicked."""
    more = {"js" if IS_GRADIO_4 else "_js": script} if script else {}
    button.click(run, inputs, outputs, show_progress=False, **more)


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
