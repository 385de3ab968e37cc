"""Which part of an iteration is on show, and how zooming and panning change it, without any drawing."""

from __future__ import annotations

from dataclasses import dataclass

_LEAST_SPAN_NS = 100.0
_MARGIN = 0.1
"""Of the view, beside a call that fills it."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """A window onto `[0, whole_ns]` that never leaves it.

    Attributes:
        whole_ns: what can be seen at most; at least 1.
        start_ns: the left edge; views may begin and end between two nanoseconds.
        span_ns: how much is on show.
    """

    whole_ns: int
    start_ns: float
    span_ns: float

    @classmethod
    def whole(cls, whole_ns: int) -> Viewport:
        """All of it."""
        whole_ns = max(1, whole_ns)
        return cls(whole_ns, 0.0, float(whole_ns))

    @property
    def end_ns(self) -> float:
        return self.start_ns + self.span_ns

    @property
    def is_whole(self) -> bool:
        return self.span_ns >= self.whole_ns

    def zoomed(self, factor: float, around_ns: float) -> Viewport:
        """`factor` times as much detail; what is at `around_ns` stays where it is."""
        around_ns = min(max(around_ns, self.start_ns), self.end_ns)
        span = self._bounded_span(self.span_ns / factor)
        return self._at(around_ns - (around_ns - self.start_ns) * span / self.span_ns, span)

    def panned(self, part: float) -> Viewport:
        """Moved to the right by a part of the view, or to the left."""
        return self._at(self.start_ns + part * self.span_ns, self.span_ns)

    def fitted(self, start_ns: float, end_ns: float) -> Viewport:
        """So that this fills nearly all of the view."""
        span = self._bounded_span((end_ns - start_ns) * (1 + 2 * _MARGIN))
        return self._at((start_ns + end_ns - span) / 2, span)

    def showing(self, start_ns: float, end_ns: float) -> Viewport:
        """Moved no further than it takes to see this, or its beginning where it is longer than the view."""
        margin = _MARGIN * self.span_ns
        if end_ns > self.end_ns and end_ns - start_ns <= self.span_ns:
            return self._at(end_ns + margin - self.span_ns, self.span_ns)
        if (start_ns < self.start_ns and end_ns <= self.end_ns) or start_ns >= self.end_ns:
            return self._at(start_ns - margin, self.span_ns)
        return self

    def of(self, whole_ns: int) -> Viewport:
        """The same part of another iteration, as far as that reaches."""
        other = Viewport.whole(whole_ns)
        return other if self.is_whole else other._at(self.start_ns, other._bounded_span(self.span_ns))

    def cell_at(self, ns: float, width: int) -> float:
        """Where a time is, in cells from the left edge."""
        return (ns - self.start_ns) * width / self.span_ns

    def ns_at(self, cell: float, width: int) -> float:
        """The time at a place."""
        return self.start_ns + cell * self.span_ns / max(1, width)

    def _bounded_span(self, span_ns: float) -> float:
        return min(float(self.whole_ns), max(_LEAST_SPAN_NS, span_ns))

    def _at(self, start_ns: float, span_ns: float) -> Viewport:
        return Viewport(self.whole_ns, min(max(0.0, start_ns), self.whole_ns - span_ns), span_ns)
