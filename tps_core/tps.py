"""The public name of thin-plate splines; they live in geometry/spline.py."""

from .geometry.spline import Spline, fit

__all__ = ["Spline", "fit"]
