"""Gets what the pack needs beside its packages: the models of the embedded landmark detector.

ComfyUI's Manager runs this in the pack's folder after it has installed requirements.txt. What is
there already stays; without the internet one line says what to do, and the pack works without.
"""

import logging
import sys


def main() -> int:
    """Fetches what is missing. 0 in any case: a missing model is no failed installation."""
    logging.basicConfig(format="TPS Portrait: %(message)s", level=logging.INFO)
    try:
        from tps_core.detectors.fetch import fetch_landmarker

        fetch_landmarker(show_progress)
    except ImportError as error:
        print(f"TPS Portrait: {error}; run: pip install -r requirements.txt", file=sys.stderr)
    except (ValueError, OSError) as error:
        print(f"TPS Portrait: {error}", file=sys.stderr)
    return 0


def show_progress(done: int, total: int) -> None:
    """Rewrites one line on the terminal; silent where stderr is a file."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        line = f"\r{done / 1e6:.1f} of {total / 1e6:.1f} MB"
        print(line, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
