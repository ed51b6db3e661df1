"""What the commands say: all of it goes through here, since names of files may hold anything."""

import argparse
import json
import logging
import sys

from ..tps_core.plain_text import shown


def prepare_streams() -> None:
    """Makes stdout and stderr take any name: what their encoding can't hold is spelled out."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # None, or something of the caller's, may stand there
            stream.reconfigure(errors="backslashreplace")


def say(text: object = "") -> None:
    """Prints the text on stdout, its lines as they are."""
    print("\n".join(map(shown, str(text).split("\n"))), flush=True)


def say_json(value: object) -> None:
    """Prints the value as one line of JSON, names exactly as they are."""
    print(json.dumps(value), flush=True)


def tell(text: object = "") -> None:
    """Prints a line on stderr, in place of a progress line that stands there."""
    start = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{start}{shown(text)}", file=sys.stderr, flush=True)


def show_progress(done: int, total: int, text: str = "") -> None:
    """Rewrites one line on the terminal; silent where stderr is a file."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        line = f"{done}/{total} {shown(text)}"[:110]
        print(f"\r\033[K{line}", end=end, file=sys.stderr, flush=True)


class PlainFormatter(logging.Formatter):
    """Log messages as lines of plain text."""

    def format(self, record: logging.LogRecord) -> str:
        return shown(super().format(record))


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> None:
        tell(f"{self.prog}: {message}; {self.prog} --help says more")
        self.exit(2)


class BadNumber(Exception):
    """A number outside of what makes sense; the message says which, and what does.

    Not a ValueError, which argparse would take for a text that is no number.
    """


def add_number(
    parser: argparse.ArgumentParser,
    option: str,
    kind: type,
    least: float,
    most: float,
    *,
    open_range: bool = False,
    **more: object,
) -> None:
    """Adds an option that takes a number (int or float) from `least` to `most`.

    open_range: whether these two themselves are refused.
    """

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            wanted = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text[:40]!r} is not {wanted}") from None
        # Written so that what is not a number, "nan", is refused.
        if least <= value <= most and not (open_range and value in (least, most)):
            return value
        within = f"between {least:g} and {most:g}"
        if kind is int:
            within = f"a whole number from {least} to {most}"
        raise BadNumber(f"{parser.prog}: {option} must be {within}, got {text[:40]}")

    parser.add_argument(option, type=read, **more)
