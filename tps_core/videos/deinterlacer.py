"""Whole frames of interlaced videos."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from .pyav import drained


class Deinterlacer:
    """Makes whole frames of those that are woven of two fields; others pass as they are."""

    def __init__(self, av, time_base: Fraction):
        self._av, self._time_base = av, time_base
        self._graph: Any = None
        self._kind: tuple[int, int, str] | None = None

    @property
    def used(self) -> bool:
        return self._kind is not None

    def whole(self, frames: list, ended: bool) -> Iterator:
        """The frames that are ready then; `ended` says that no more will come."""
        for frame in frames:
            kind = frame.width, frame.height, frame.format.name
            if self._graph is not None and kind != self._kind:
                yield from self._flushed()
            if self._graph is None:
                if not frame.interlaced_frame:
                    yield frame
                    continue
                self._begin(*kind)
            self._graph.push(frame)
            yield from self._ready()
        if ended and self._graph is not None:
            yield from self._flushed()

    def _begin(self, width: int, height: int, format: str) -> None:
        self._kind = width, height, format
        self._graph = graph = self._av.filter.Graph()
        source = graph.add_buffer(
            width=width, height=height, format=format, time_base=self._time_base
        )
        whole = graph.add("bwdif", "mode=send_frame:deint=interlaced")
        graph.link_nodes(source, whole, graph.add("buffersink")).configure()

    def _flushed(self) -> list:
        self._graph.push(None)
        frames = self._ready()
        self._graph = None
        return frames

    def _ready(self) -> list:
        frames = drained(self._av, self._graph)
        for frame in frames:
            if frame.pts is not None:  # the filter counts time in half units
                frame.pts = round(frame.pts * frame.time_base / self._time_base)
        return frames
