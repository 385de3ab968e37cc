"""The time axis above both sides."""

from __future__ import annotations

from textual.widgets import Static

from tracediff import units
from tracediff.tui.viewport import Viewport
from tracediff.tui.widgets.icicle import LEFT_EDGE

_LEAST_DISTANCE = 15


class TimeAxis(Static):
    """Times since the start of the iteration, as many as have room."""

    def show(self, view: Viewport, cells: int) -> None:
        """Writes the times of a view that is so many cells wide."""
        line = [" "] * cells
        for ns in ticks(view, cells):
            at = round(view.cell_at(ns, cells))
            label = LEFT_EDGE + units.tick(ns)
            if at + len(label) <= cells:
                line[at : at + len(label)] = label
        self.update("".join(line))


def ticks(view: Viewport, cells: int) -> range:
    """Round times in view, whose distance is 1, 2 or 5 times a power of ten and has room for a label."""
    least = max(1.0, _LEAST_DISTANCE * view.span_ns / max(1, cells))
    power = 10 ** (len(str(int(least))) - 1)
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= least)
    return range(-int(-view.start_ns // step) * step, int(view.end_ns) + 1, step)
