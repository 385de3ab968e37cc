"""What one sees before any table: the two runs, and the total difference in one line."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from tracediff import phrases, units
from tracediff.model.diff import Diff, Side, Total
from tracediff.tui.palette import Palette


def side_lines(side: Side, palette: Palette) -> list[Text]:
    """What is known about a side: what ran, and how long an iteration took."""
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
    return [Text(known), Text.assemble((units.duration(side.iteration_ns), palette.strong), f", {mean}")]


class RunCards(Horizontal):
    """Base and candidate, next to each other."""

    def compose(self) -> ComposeResult:
        yield Static(id="base-card", classes="card")
        yield Static(id="candidate-card", classes="card")

    def fill(self, diff: Diff, palette: Palette) -> None:
        """Shows the sides of a Diff."""
        for name, side in (("base", diff.base), ("candidate", diff.candidate)):
            card = self.query_one(f"#{name}-card", Static)
            card.update(Text("\n").join(side_lines(side, palette)))
            card.border_title = Text(f"{name}: {side.run.label}")
            # In the border, where it costs no line.
            card.border_subtitle = Text("emulated: times are not real" if side.run.emulated else "", palette.warning)


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
