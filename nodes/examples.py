"""The pictures that the templates open with."""

import logging
import shutil
from pathlib import Path

from ..tps_core.example_pictures import EXAMPLES

log = logging.getLogger("tps_portrait")


def lend_examples(inputs: Path) -> None:
    """Puts the pictures into ComfyUI's input folder, which is where templates look for them.

    A file that is there already stays as it is.
    """
    for path in EXAMPLES:
        copy = inputs / f"tps_portrait_{path.name}"
        try:
            if not copy.exists():
                shutil.copyfile(path, copy)
        except OSError as error:
            log.info("%s: can't be written (%s), so one template misses it", copy, error.strerror)
