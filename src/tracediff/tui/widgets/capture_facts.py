"""What is known about the captures under the cursor, which their line has no room for."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from tracediff import units
from tracediff.model.listing import Listed
from tracediff.recorded_fields import fields_of
from tracediff.tui.palette import Palette
from tracediff.tui.widgets.prose import Prose

_FIELDS = ("engine", "dtype", "batch", "channels_last", "threads", "cpu", "isa", "BLAS", "python", "source")


class CaptureFacts(Prose):
    """Where they are, what they record, and what is wrong with them."""

    def fill_from(self, side: Listed | None, palette: Palette) -> None:
        """Shows those of a line; of none where there is no line."""
        self.fill(*(_lines(side, palette) if side else ()))


def _lines(side: Listed, palette: Palette) -> Iterator[Text]:
    what = [] if side.captures == 1 else [units.count(side.captures, "capture")]
    what += ["printed table"] if side.is_table else []
    what += [f"{units.count(side.iterations, 'iteration')} without the profiler"] if side.iterations else []
    yield Text.assemble((units.printable(side.path), palette.strong), "  ", ", ".join(what))
    if side.run:
        recorded = fields_of(side.run)
        known = [f"{name} {recorded[name]}" for name in _FIELDS if name in recorded]
        yield Text(", ".join(known) or "Nothing is recorded of the process: only captures of tracediff do that.")
    for trouble in (*filter(None, [side.error]), *side.damage):
        yield Text(f"! {units.printable(trouble)}", palette.warning)
    for warning in side.warnings:
        yield Text(f"- {units.printable(warning)}")
