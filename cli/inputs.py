"""The pictures and videos that arguments name: files, folders, patterns, what is piped in."""

import glob
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..tps_core.folder_contents import own_files
from ..tps_core.picture_formats import extra_called
from ..tps_core.pictures import ENDINGS
from ..tps_core.plain_text import shown
from ..tps_core.videos.reader import ENDINGS as VIDEO_ENDINGS
from .common import mode_of
from .terminal import tell

PIPE = Path("-")  # stands for stdin or stdout
NAMED = 3  # files that a sentence names, of many
# Of pictures that nothing here reads.
OTHERS = {
    ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw",
    ".psd", ".psb", ".xcf", ".kra", ".clip", ".svg", ".exr", ".hdr", ".jp2", ".j2k", ".jxr",
}  # fmt: skip


class Inputs(NamedTuple):
    """What is to be worked on."""

    paths: list[Path]
    unreadable: list[str]  # a sentence about pictures that need what is not installed


def place(text: str) -> Path:
    """The file that an argument names; PIPE for "-", but not for "./-"."""
    path = Path(text)
    return path.absolute() if path == PIPE and text != "-" else path


def find_inputs(names: Iterable[str], videos: bool = False) -> Inputs:
    """The picture files, and videos if they are wanted, that the arguments name.

    Folders are taken apart, and what lies there that is no picture of the person's is left out; a
    pattern that the shell left as it is, as Windows does, stands for the files that fit it.
    Raises ValueError when one doesn't exist, and when there is no picture at all.
    """
    inputs = Inputs([], [])
    for name in names:
        path = place(name)
        mode = mode_of(path)
        if path == PIPE or stat.S_ISREG(mode):
            inputs.paths.append(path)
        elif stat.S_ISDIR(mode):
            _add_folder(path, videos, inputs)
        elif found := sorted(glob.glob(name)):  # noqa: PTH207 (Path.glob takes no full path)
            inputs.paths.extend(map(Path, found))
        else:
            raise ValueError(f"{name}: no such file or folder")
    if not inputs.paths:
        reason = "; ".join(inputs.unreadable) or f"{', '.join(map(str, names))}: no pictures in it"
        raise ValueError(reason)
    return inputs


def _add_folder(folder: Path, videos: bool, inputs: Inputs) -> None:
    """Adds the folder's files to the inputs, and says in a line what is left out."""
    left_out: Counter[str] = Counter()
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for path in own_files(folder, videos=VIDEO_ENDINGS):
        ending = path.suffix.lower()
        extra = extra_called(ending)
        if lack := extra and extra.what_is_missing():
            missing[f"{extra.name} {lack}"].append(path.name)
        elif ending in ENDINGS or (videos and ending in VIDEO_ENDINGS):
            inputs.paths.append(path)
        elif ending in VIDEO_ENDINGS or ending in OTHERS:
            left_out[ending] += 1
    for lack, files in missing.items():
        count = f"{len(files)} picture{'s' * (len(files) != 1)}"
        few = ", ".join(files[:NAMED]) + ", …" * (len(files) > NAMED)
        inputs.unreadable.append(f"{folder}: {count} can't be read ({few}): {lack}")
    if left_out:
        kinds = ", ".join(f"{count} {ending}" for ending, count in sorted(left_out.items()))
        tell(shown(f"{folder}: left out what is not painted here: {kinds}"))
