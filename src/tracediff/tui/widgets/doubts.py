"""What one must know before believing the numbers, all of it."""

from __future__ import annotations

from rich.text import Text

from tracediff import phrases, units
from tracediff.model.diff import Diff, Side
from tracediff.tui.palette import Palette
from tracediff.tui.widgets.prose import Prose


class Doubts(Prose):
    """The verdict on comparability with its reasons, the iterations set aside, and the warnings."""

    def fill_from(self, diff: Diff, palette: Palette) -> None:
        """Shows those of a Diff."""
        lines = [Text(f"Comparable: {diff.comparable.verdict}", palette.strong)]
        lines += [_item(reason) for reason in diff.comparable.reasons]
        if diff.numerics:
            lines += [Text(), Text("Outputs", palette.strong), _item(phrases.numerics(diff))]
        lines += [Text(), Text("Inputs", palette.strong)]
        for name, side in (("base", diff.base), ("candidate", diff.candidate)):
            lines += [_item(f"{name}: {fact}") for fact in _facts(side)]
        lines += [Text(), Text("Warnings", palette.strong)]
        lines += [_item(warning) for warning in diff.warnings] or [Text("  none")]
        self.fill(*lines)


def _item(text: str) -> Text:
    return Text(f"- {text}")


def _facts(side: Side) -> list[str]:
    facts = [side.path]
    if side.marker:
        facts.append(f"{units.count(side.iterations, 'iteration')}, marked by {side.marker}")
    if side.run.source:
        facts.append(f"source: {side.run.source}")
    return [*facts, *filter(None, [phrases.cold(side)])]
