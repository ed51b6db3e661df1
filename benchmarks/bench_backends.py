"""Times the ways to run a style's generator against each other and against CycleGAN's.

Prints a Markdown table. All take turns in one run, each painting a few pictures in a row, as in a
video; what isn't installed is left out. Quote the ratios, the machine may be busy.
"""

import argparse
import importlib.util
from collections.abc import Callable

import torch
from skimage.data import astronaut
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from cyclegan import cyclegan_generator
from timing import ROUNDS, Times, in_turn, machine, table
from tps_portrait.tps_core.painting.onnx_file import INPUT, to_onnx
from tps_portrait.tps_core.painting.painter import fast, openvino
from tps_portrait.tps_core.style import find_style, load_style

OURS = "ours, as trained"
IN_A_ROW = 8  # pictures


def real_picture(size: int) -> Tensor:
    """A portrait (1, 3, size, size) in 0…1."""
    picture = torch.from_numpy(astronaut()).movedim(2, 0)[None].float() / 255
    return torch.nn.functional.interpolate(picture, (size, size), mode="bilinear", antialias=True)


def run_onnxruntime(file: bytes) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait in a loop for the next picture would slow the next contestant down.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda picture: torch.from_numpy(session.run(None, {INPUT: picture.numpy()})[0])


def contestants(style_name: str, size: int, quick: bool) -> dict[str, Callable[[Tensor], Tensor]]:
    generator = load_style(find_style(style_name)).generator
    shape = (1, size, size)
    found = {OURS: generator, "ours, float32": fast(generator)}
    if importlib.util.find_spec("openvino"):
        found["ours, openvino"] = openvino(generator)
    if importlib.util.find_spec("onnxruntime"):
        found["ours, onnxruntime"] = run_onnxruntime(to_onnx(generator, shape))
    if not quick:
        found["CycleGAN, width 25"] = cyclegan_generator(width=25).eval()
        found["CycleGAN, width 64"] = cyclegan_generator().eval()
    return found


def multiplications(network: Callable[[Tensor], Tensor], picture: Tensor) -> float:
    """How many multiplications and additions painting takes, in 10⁹ pairs; NaN outside torch."""
    if not isinstance(network, torch.nn.Module):
        return float("nan")
    with FlopCounterMode(display=False) as counter:
        network(picture)
    return counter.get_total_flops() / 2e9


def work(paint: Callable[[Tensor], Tensor], picture: Tensor, times: int) -> Callable[[], None]:
    def paint_in_a_row() -> None:
        for _ in range(times):
            paint(picture)

    return paint_in_a_row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--style", default="impressionist oil", help="default: impressionist oil")
    parser.add_argument("--size", type=int, default=512, help="side of the picture; default: 512")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    parser.add_argument("--quick", action="store_true", help="without CycleGAN's")
    arguments = parser.parse_args()

    picture = real_picture(arguments.size)
    with torch.no_grad():
        networks = contestants(arguments.style, arguments.size, arguments.quick)
        counts = {name: 1 if name.startswith("CycleGAN") else IN_A_ROW for name in networks}
        works = {name: work(paint, picture, counts[name]) for name, paint in networks.items()}
        measured = in_turn(works, arguments.rounds)
        times = {
            name: Times(
                tuple(t / counts[name] for t in own.wall), tuple(t / counts[name] for t in own.cpu)
            )
            for name, own in measured.items()
        }
        wanted, rows = networks[OURS](picture), []
        for name, paint in networks.items():
            own, others = times[name], name.startswith("CycleGAN")
            change = 255 * (paint(picture) - wanted).abs()
            differs = "–" if others else f"{change.mean():.2f} / {change.max():.1f}"
            rows.append((name, multiplications(paint, picture), own.ms, 1000 * min(own.wall),
                         1000 / own.ms, own.cpu_ms, times[OURS].over(own),
                         own.cpu_over(times["ours, float32"]), differs))  # fmt: skip
    print(machine())
    print(f"\n{arguments.style}, {arguments.size} x {arguments.size}, {arguments.rounds} rounds\n")
    print(
        table(
            ("network and back end", "GMAC", "ms", "best ms", "pictures/s", "CPU ms",
             "times as fast as trained", "CPU time x float32", "differs by, of 255: mean / max"),
            rows,
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
