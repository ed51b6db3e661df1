"""The pictures and videos that arguments name: files, folders, patterns, what is piped in."""

import glob
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..tps_core.folder_contents import own_files
from ..tps_core.picture_formats import ENDINGS, extra_called
from ..tps_core.plain_text import shown
from ..tps_core.videos.reader import ENDINGS as VIDEO_ENDINGS
from .common import mode_of
from .terminal import tell

PIPE = Path("-")  # stands for stdin or stdout
NAMED_FILES = 3  # files that a sentence names, of many
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
        named = [place(name)]
        if named != [PIPE] and not mode_of(named[0]):
            found = glob.glob(name)  # noqa: PTH207 (Path.glob takes no full path)
            named = [Path(path) for path in sorted(found)]
        if not named:
            raise ValueError(f"{name}: no such file or folder")
        for path in named:
            if stat.S_ISDIR(mode_of(path)):
                _add_folder(path, videos, inputs)
            else:
                _add_file(path, inputs)
    if not inputs.paths:
        reason = "; ".join(inputs.unreadable) or f"{', '.join(map(str, names))}: no pictures in it"
        raise ValueError(reason)
    return inputs


def _add_file(path: Path, inputs: Inputs) -> None:
    """Adds the file to the inputs; a pipe or device, which would be waited for, is unreadable."""
    gone = 0  # what that leads to is said where it is read
    if path == PIPE or stat.S_IFMT(mode_of(path)) in (stat.S_IFREG, stat.S_IFDIR, gone):
        inputs.paths.append(path)
    else:
        inputs.unreadable.append(
            f"{path}: not a file that can be read; a picture can be piped in under the name -"
        )


def _add_folder(folder: Path, videos: bool, inputs: Inputs) -> None:
    """Adds the folder's files to the inputs, and says in a line what is left out."""
    left_out: Counter[str] = Counter()
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for path in own_files(folder, videos=VIDEO_ENDINGS):
        ending = path.suffix.lower()
        extra = extra_called(ending)
        if stat.S_ISDIR(mode_of(path)):
            inputs.unreadable.append(f"{path}: the folder can't be opened; check its permissions")
        elif lack := extra and extra.what_is_missing():
            missing[f"{extra.name} {lack}"].append(path.name)
        elif ending in ENDINGS or (videos and ending in VIDEO_ENDINGS):
            _add_file(path, inputs)
        elif ending in VIDEO_ENDINGS or ending in OTHERS:
            left_out[ending] += 1
    for lack, files in missing.items():
        count = f"{len(files)} picture{'s' * (len(files) != 1)}"
        few = ", ".join(files[:NAMED_FILES]) + ", …" * (len(files) > NAMED_FILES)
        inputs.unreadable.append(f"{folder}: {count} can't be read ({few}): {lack}")
    if left_out:
        kinds = ", ".join(f"{count} {ending}" for ending, count in sorted(left_out.items()))
        tell(shown(f"{folder}: left out what is not painted here: {kinds}"))
