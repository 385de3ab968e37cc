"""The tabs of the comparison, one way to look at the Diff each, in their order."""

from tracediff.tui.panes.calls import CallsPane
from tracediff.tui.panes.environment import EnvironmentPane
from tracediff.tui.panes.kernels import KernelsPane
from tracediff.tui.panes.ledger import LedgerPane
from tracediff.tui.panes.operators import OperatorsPane
from tracediff.tui.panes.pane import Pane
from tracediff.tui.panes.timeline import TimelinePane

PANES: tuple[type[Pane], ...] = (LedgerPane, OperatorsPane, CallsPane, KernelsPane, TimelinePane, EnvironmentPane)

__all__ = [
    "PANES",
    "CallsPane",
    "EnvironmentPane",
    "KernelsPane",
    "LedgerPane",
    "OperatorsPane",
    "Pane",
    "TimelinePane",
]
