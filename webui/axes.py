"""Axes of the WebUI's X/Y/Z plot: style and strength of the painting."""

from modules import scripts

from ..tps_core.style import list_styles
from .always import OVERRIDES

LABELS = {"style": "[TPS Portrait] Style", "strength": "[TPS Portrait] Strength"}


def add_axes() -> None:
    """Adds them to the plot, if there is one and it has none of ours yet."""
    plot = _find_plot()
    if plot is None or any(option.label in LABELS.values() for option in plot.axis_options):
        return
    plot.axis_options += [
        plot.AxisOption(
            LABELS["style"], str, _setter("style"), choices=lambda: list(list_styles())
        ),
        plot.AxisOption(LABELS["strength"], float, _setter("strength")),
    ]


def _find_plot():
    """The plot's module: it can't be imported, as it is run by its path."""
    for known in scripts.scripts_data:
        if known.script_class.__module__ in ("xyz_grid.py", "scripts.xyz_grid"):
            return known.module
    return None


def _setter(name: str):
    """What the plot calls with a picture's processing and the value for it."""

    def set_it(processing, value, values) -> None:
        setattr(processing, OVERRIDES, getattr(processing, OVERRIDES, {}) | {name: value})

    return set_it
