"""The command line, `tps-portrait`. Each command is a module with `add_parser` and `run`."""

import logging
import signal

from ..tps_core.version import version
from .terminal import BadNumber, Parser, PlainFormatter, prepare_streams, tell

BAD_INPUT = 2
STOPPED = 130  # what a shell says of a program that was stopped by Ctrl-C


def main(argv: list[str] | None = None) -> int:
    """Runs a command; the exit status: 0 done, 2 bad input (one line on stderr), 130 stopped."""
    prepare_streams()
    try:
        import torch  # noqa: F401 (asked for here to explain its absence)
    except ImportError:
        tell(
            "tps-portrait: needs torch, which is not installed; pip install torch, or run it "
            "with ComfyUI's own Python"
        )
        return BAD_INPUT
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("tps_portrait").setLevel(logging.INFO)
    # Being ended by the system saves what there is, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        arguments = _parser().parse_args(argv)
    except BadNumber as error:
        tell(error)
        return BAD_INPUT
    try:
        return arguments.run(arguments)
    except KeyboardInterrupt:
        tell()
        tell("stopped")
        return STOPPED
    except (ValueError, OSError) as error:
        tell(f"tps-portrait {arguments.command}: {error}")
        return BAD_INPUT


def _parser() -> Parser:
    from . import bank, demo, detect, doctor, evaluate, export, paint_like, stylize, train, warp

    parser = Parser(
        prog="tps-portrait",
        description="Learns a portrait style from a folder of art and paints portraits in it.",
    )
    parser.add_argument("--version", action="version", version=f"tps-portrait {version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    painting = (paint_like, stylize, train)
    for module in (*painting, detect, warp, bank, evaluate, export, doctor, demo):
        module.add_parser(commands)
    return parser
