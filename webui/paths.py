"""Which folders the names in the tab may mean.

The WebUI's page comes from anybody who reaches it. What is read for it lies below the pack's folder
in models/, the WebUI's output, or the folders that the machine's owner adds in
$TPS_PORTRAIT_ROOTS. A WebUI that nobody but its own machine reaches reads any folder by its full
path: its user is the owner. Setting the variable, even to nothing, ends that. Styles, face banks
and trainings are written to the model folder; a review writes landmark files beside the pictures.
"""

import os
from pathlib import Path

from modules import paths_internal

from ..tps_core import server_paths
from ..tps_core.folders import default_folder, model_folder
from ..tps_core.server_paths import ROOTS_VARIABLE, Server, added_roots, file_name
from .host import is_reached_by_others

PICTURES = "pictures"  # in the model folder: where folders of art and photos are found by name
WHERE = "the WebUI's models/tps_portrait/pictures"


def readable_folder(name: str) -> Path:
    """The folder of pictures that the name means. Raises ValueError."""
    server = _server()
    folder = server.find_folder(name, [default_folder() / PICTURES], WHERE)
    server.files_below(folder)  # are they too many?
    return folder


def is_readable(path: Path) -> bool:
    """Whether the file or folder may be read, wherever links on the way to it lead."""
    return _server().is_readable(path)


def training_folder(name: str) -> Path:
    """Where the training of that name is kept. Raises ValueError for a name that can't be."""
    return model_folder() / "trainings" / file_name(name, ".safetensors")


def listed(name: str, files: dict[str, Path], kind: str) -> Path:
    """The file of that name among those that a list offers. Raises ValueError."""
    return server_paths.listed(name, files, kind)


def _server() -> Server:
    outputs = getattr(paths_internal, "default_output_dir", None)
    roots = [default_folder(), *([Path(outputs)] if outputs else []), *added_roots()]
    reads_anything = ROOTS_VARIABLE not in os.environ and not is_reached_by_others()
    return Server(roots, reads_anything, "the tab", WHERE)
