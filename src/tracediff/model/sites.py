"""Where in the model the calls of a row ran."""

from __future__ import annotations

import msgspec


class Site(msgspec.Struct, frozen=True):
    """A module of the model, and what a row spent in it: its calls began there, and in no module inside of it.

    Attributes:
        module: its path, `ResNet.layer1.0.conv1` or `ResNet_0 > Sequential_0 > Conv2d_1`; None: outside of all.
        base_calls, candidate_calls: calls of the row's outermost operators per iteration.
        base_ns, candidate_ns: all self time below them.
    """

    module: str | None
    base_calls: float
    base_ns: int
    candidate_calls: float
    candidate_ns: int
