"""What the templates open with: pictures, a clip, a folder of art."""

import logging
import shutil
from pathlib import Path

from PIL import Image

from ..tps_core.example_pictures import EXAMPLES

log = logging.getLogger("tps_portrait")


def lend_examples(inputs: Path) -> None:
    """Puts the files into ComfyUI's input folder, which is where templates look for them.

    A file that is there already stays as it is. A picture whose name there has another ending is
    written in that format.
    """
    for name, path in EXAMPLES.items():
        copy = inputs / name
        try:
            if not copy.exists():
                copy.parent.mkdir(exist_ok=True)
                _write(path, copy)
        except OSError as error:
            log.info("%s: can't be written (%s), so a template misses it", copy, error.strerror)


def _write(path: Path, copy: Path) -> None:
    if copy.suffix == path.suffix:
        shutil.copyfile(path, copy)
        return
    with Image.open(path) as picture:
        picture.save(copy)
