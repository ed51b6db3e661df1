"""Reading JSON and other files that anybody may have written: all or a sentence, no surprises.

What comes back are plain values; `whole`, `number`, `text` and their like say whether each is what
it ought to be. All errors are ValueErrors of one line. Standard library only.
"""

import json
import math
import re
from collections.abc import Callable
from numbers import Real
from pathlib import Path
from typing import Any, TypeGuard

# By name, what raises ValueError for a value that is wrong; it gets the value and what it is.
Checks = dict[str, Callable[[Any, str], object]]

LONGEST_NUMBER = 300  # digits: what is longer is no float
SHOWN_CHARACTERS = 60  # characters of a wrong value that an error shows
LARGEST_SIDE = 1_000_000  # pixels: no picture is larger


def read_bytes(path: Path, most: int) -> bytes:
    """The content of the file, which must be an ordinary one of at most so many bytes.

    Raises ValueError, naming it: a pipe or a device could deliver for ever.
    """
    try:
        if not path.exists():
            raise ValueError(f"{path}: no such file")
        if not path.is_file():
            raise ValueError(f"{path}: can't be read (it is not an ordinary file)")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ValueError(f"{path}: can't be read ({error.strerror or error})") from None
    if len(content) > most:
        raise ValueError(f"{path}: can't be read (it is larger than {most / 1e6:g} MB)")
    return content


def parse_json(content: bytes | str) -> object:
    """The value of the JSON text, which may begin with a byte order mark.

    Raises ValueError for what is no JSON, and for what JSON readers don't agree on: NaN and
    infinities, numbers without end, a name that is given twice, nesting without end.
    """
    if isinstance(content, bytes):
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            where = f"byte {error.start} is not UTF-8"
            raise ValueError(f"not JSON ({where}; save it as UTF-8)") from None
    try:
        return json.loads(
            content.removeprefix("\ufeff"),
            object_pairs_hook=_each_name_once,
            parse_constant=_no_number,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error})") from None
    except RecursionError:
        raise ValueError("not JSON that can be read (it is nested too deep)") from None


def shown(value: object) -> str:
    """The value as an error shows it: one short line, whatever it is."""
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    line = ascii(value[:SHOWN_CHARACTERS]) if isinstance(value, str) else str(value)
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"


def whole(value: object, what: str, low: int, high: int) -> int:
    """The value, a whole number from low to high; 3.0 is one, true and "3" are not."""
    if not (_is_number(value) and low <= value <= high and value == int(value)):
        raise ValueError(f"{what} is {shown(value)}, not a whole number from {low} to {high}")
    return int(value)


def number(value: object, what: str, low: float, high: float) -> float:
    """The value, a number from low to high; NaN is none."""
    if not (_is_number(value) and low <= value <= high):
        raise ValueError(f"{what} is {shown(value)}, not a number from {low:g} to {high:g}")
    return float(value)


def text(value: object, what: str, most: int = 10_000) -> str:
    """The value, a text of at most so many characters."""
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"{what} is {shown(value)}, not a text of at most {most} characters")
    return value


def truth(value: object, what: str) -> bool:
    """The value, true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{what} is {shown(value)}, neither true nor false")
    return value


def listed(value: object, what: str, count: int | None = None) -> list:
    """The value, a list; of `count` things, if that is given."""
    if not isinstance(value, list | tuple) or count not in (None, len(value)):
        wanted = "a list" if count is None else f"a list of {count}"
        raise ValueError(f"{what} is {shown(value)}, not {wanted}")
    return list(value)


def named(value: object, what: str, *names: str) -> dict:
    """The value, an object that has at least these names."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {shown(value)}, not an object with names")
    if missing := [name for name in names if name not in value]:
        raise ValueError(f"{what} doesn't say its {' and '.join(missing)}")
    return value


def fields(value: object, what: str, checks: Checks, *needed: str) -> dict:
    """The object, after those of its values that `checks` knows by name were checked.

    A check is called with the value and what it is, and raises ValueError. `needed` must be there.
    """
    value = named(value, what, *needed)
    for name, check in checks.items():
        if name in value:
            check(value[name], f"{what}'s {name}")
    return value


def picture_sides(value: object, what: str = "the picture's size") -> tuple[int, int]:
    """The value, the (width, height) of a picture in pixels."""
    width, height = listed(value, what, 2)
    return (
        whole(width, f"{what}, its width,", 1, LARGEST_SIDE),
        whole(height, f"{what}, its height,", 1, LARGEST_SIDE),
    )


def _is_number(value: object) -> TypeGuard[float]:
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    return isinstance(value, int) or math.isfinite(value)


def _each_name_once(pairs: list[tuple[str, object]]) -> dict:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shown(twice)} is given twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a finite number")


def _float(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_number(shown(digits))


def _int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"there is a number of {len(digits)} digits; {LONGEST_NUMBER} is the most")
    return int(digits)


def one_line(error: object) -> str:
    """What an error says, in one line that isn't long."""
    line = re.sub(r"\s+", " ", str(error)).strip()
    return line if len(line) <= 300 else f"{line[:300]}…"
