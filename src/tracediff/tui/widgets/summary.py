"""What one sees before any table: the two runs, and the total difference in one line."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widgets import Static

from tracediff import phrases, units
from tracediff.model.diff import Diff, Side, Total
from tracediff.recorded_fields import Field, fields_of_both
from tracediff.tui.palette import Palette
from tracediff.tui.reliability import damage_in_short

_IN_FIRST_LINE = ("torch", "backend", "workload", "engine")


def side_lines(side: Side, differing: list[tuple[str, str]], palette: Palette) -> list[Text]:
    """What is known about a side: what ran, how long an iteration took, and what differs."""
    run = side.run
    facts = [
        f"torch {run.torch_version}" if run.torch_version else "",
        run.backend or "",
        run.workload or "",
        run.engine or "",
    ]
    known = ", ".join(filter(None, facts)) or "environment not recorded"
    mean = f"mean of {units.count(side.iterations, 'iteration')}" if side.iterations > 1 else "1 iteration"
    if side.captures > 1:
        mean = f"{phrases.captures(side)}, {units.count(side.iterations, 'iteration')}"
    if side.cold_iterations:
        mean += f", {len(side.cold_iterations):,} cold set aside"
    lines = [Text(known), Text.assemble((units.duration(side.iteration_ns), palette.strong), f", {mean}")]
    return lines + [Text.assemble((f"{name} ", palette.muted), value) for name, value in differing]


class RunCards(Horizontal):
    """Base and candidate, next to each other, with the fields that they differ by.

    Attributes:
        most_fields: how many of those there is room for.
    """

    most_fields: reactive[int] = reactive(1)

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._filled: tuple[Diff, Palette] | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="base-card", classes="card")
        yield Static(id="candidate-card", classes="card")

    def fill(self, diff: Diff, palette: Palette) -> None:
        """Shows the sides of a Diff."""
        self._filled = (diff, palette)
        fields = [field for field in fields_of_both(diff.base, diff.candidate) if _tells_apart(field)]
        shown, more = fields[: self.most_fields], len(fields) - self.most_fields
        for name, side in (("base", diff.base), ("candidate", diff.candidate)):
            card = self.query_one(f"#{name}-card", Static)
            differing = [(field.name, field.base if name == "base" else field.candidate) for field in shown]
            card.update(Text("\n").join(side_lines(side, differing, palette)))
            card.border_title = Text(f"{name}: {side.run.label}")
            damage = damage_in_short(side)
            emulated = "emulated" if damage else "emulated: times are not real"
            notes = [
                Text(emulated if side.run.emulated else "", palette.warning),
                Text(damage, palette.warning),
                Text(f"+{more} more in Environment" if more > 0 else ""),
            ]
            # In the border, where they cost no line.
            card.border_subtitle = Text(", ").join(filter(None, notes))

    def watch_most_fields(self) -> None:
        if self._filled:
            self.fill(*self._filled)


def _tells_apart(field: Field) -> bool:
    return field.differs and not field.is_measured and field.name not in _IN_FIRST_LINE


def headline(diff: Diff, palette: Palette) -> Text:
    """The difference and whether the two can be compared, in one line; first what was measured without the profiler."""
    total = diff.total
    parts = [_difference(total, palette)]
    if diff.latency:
        parts = [
            Text.assemble("unprofiled ", _difference(diff.latency, palette)),
            Text.assemble("traces ", (f"{units.ratio(total.ratio)} {phrases.verdict(total)}".strip(), palette.strong)),
        ]
    if phrases.means_mislead(total):
        parts.append(Text("medians differ", palette.warning))
    if diff.device:
        on_devices = phrases.device_times(diff.device.base.total_ns, diff.device.candidate.total_ns)
        parts.append(Text(f"devices {on_devices}"))
    verdict = diff.comparable.verdict
    doubtful = verdict != "same workload"
    words = "unknown whether the same workload" if verdict == "unknown" else verdict
    parts.append(Text(words, palette.warning if doubtful else ""))
    return Text("  ").join(parts)


def _difference(total: Total, palette: Palette) -> Text:
    spans = f"{units.duration(total.base_ns)} -> {units.duration(total.candidate_ns)}  "
    parts = [Text.assemble(spans, (units.difference(total.delta_ns), palette.strong + palette.sign(total.delta_ns)))]
    if total.base_ns:
        parts.append(Text(units.ratio(total.ratio)))
    if judged := phrases.certainty(total):
        parts.append(Text(judged))
    return Text("  ").join(parts)
