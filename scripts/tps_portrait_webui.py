"""Brings TPS Portrait into the Stable-Diffusion WebUI and Forge, which run this file by its path.

The pack is loaded as one package under a name of its own: its folders have names that others have
too, and Forge leaves the folders of all extensions in sys.path. It stays loaded when the UI is
reloaded, so that a training goes on. Each part of it fails alone: WebUIs differ and change.
"""

import importlib
import importlib.util
import logging
import os
import sys

from modules import script_callbacks

NAME = "tps_portrait_extension"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH120
# What a part may raise in a WebUI that is not as those that we know.
OTHERWISE = (ImportError, AttributeError, TypeError, KeyError)

log = logging.getLogger("tps_portrait")


def load_pack():
    """Loads the pack's folder as the package NAME, unless it is there already."""
    known = sys.modules.get(NAME)
    if known is not None and known.__path__ == [ROOT]:
        return
    for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
        del sys.modules[name]  # of a folder that has been moved
    place = os.path.join(ROOT, "__init__.py")  # noqa: PTH118
    spec = importlib.util.spec_from_file_location(NAME, place, submodule_search_locations=[ROOT])
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)


def part(name):
    """The module `name` of the pack's webui, or None, and a line, where it can't be had."""
    try:
        return importlib.import_module(f"{NAME}.webui.{name}")
    except OTHERWISE as error:
        log.error("TPS Portrait goes without its %s here: %s", name, error)
        return None


load_pack()

# The WebUI looks for classes among this file's names.
if extras := part("extras"):
    ExtrasScript = extras.ExtrasScript
if always := part("always"):
    AlwaysScript = always.AlwaysScript
if axes := part("axes"):
    script_callbacks.on_before_ui(axes.add_axes)
if tab := part("tab"):
    script_callbacks.on_ui_tabs(tab.make_tab)
if routes := part("routes"):
    script_callbacks.on_app_started(routes.add_routes)
