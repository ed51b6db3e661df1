"""The command line, `tps-portrait`. Each command is a module with `add_parser` and `run`."""

import argparse
import logging
import signal
import sys

from .. import __version__

BAD_INPUT = 2
STOPPED = 130  # what a shell says of a program that was stopped by Ctrl-C


def main(argv: list[str] | None = None) -> int:
    """Runs a command; the exit status: 0 done, 2 bad input (one line on stderr), 130 stopped."""
    try:
        import torch  # noqa: F401 (asked for here to explain its absence)
    except ImportError:
        print(
            "tps-portrait: needs torch, which is not installed; pip install torch, or run it "
            "with ComfyUI's own Python",
            file=sys.stderr,
        )
        return BAD_INPUT
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("tps_portrait").setLevel(logging.INFO)
    # Being ended by the system saves what there is, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return STOPPED
    except (ValueError, OSError) as error:
        print(f"tps-portrait {arguments.command}: {error}", file=sys.stderr)
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    from . import bank, demo, detect, doctor, evaluate, export, stylize, train, warp

    parser = argparse.ArgumentParser(
        prog="tps-portrait",
        description="Learns a portrait style from a folder of art and paints portraits in it.",
    )
    parser.add_argument("--version", action="version", version=f"tps-portrait {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (detect, warp, bank, train, stylize, evaluate, export, doctor, demo):
        module.add_parser(commands)
    return parser
