"""Finds how long calls took where the trace does not say it, or says what cannot be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from msgspec import structs

from tracediff.importers.events import Event
from tracediff.model.trace import ABSENT, Events

_SPAN = "Trace"
# Where no span says how long the profiler ran: what nobody profiles, and what no call of a trace takes of it.
_LONG_NS = 60 * 10**9
_FACTOR = 100
# No trace rests for so long, and begins again.
_FAR_NS = 3600 * 10**9
_FEW = 0.01


class OpenCalls:
    """Puts the begin and the end of a call (`"ph": "B"` and `"E"`) together, thread by thread.

    Attributes:
        left: calls that have begun and not ended, or ended without having begun.
        backwards: calls that ended before they began; they count as taking no time.
    """

    def __init__(self) -> None:
        self.left = 0
        self.backwards = 0
        self._begun = 0
        self._open: defaultdict[tuple[int | str, int | str], list[tuple[Event, int]]] = defaultdict(list)
        # How many of each name are open on a thread: to look through them at each end would take their product.
        self._names: defaultdict[tuple[int | str, int | str], Counter[str]] = defaultdict(Counter)

    def take(self, event: Event, at_ns: int) -> tuple[Event, int, int] | None:
        """Returns the call that ends here, its start and its duration; None where none does."""
        thread = event.pid, event.tid
        if event.ph == "B":
            self._begun += 1
            self._open[thread].append((_kept(event, self._begun), at_ns))
            self._names[thread][event.name] += 1
            self.left += 1
        elif event.ph == "E":
            calls, names = self._open[thread], self._names[thread]
            # Where an end is lost, the next one is not that of the innermost call.
            while names[event.name] and event.name and event.name != calls[-1][0].name:
                names[calls.pop()[0].name] -= 1
            if calls and event.name in ("", calls[-1][0].name):
                call, start_ns = calls.pop()
                names[call.name] -= 1
                self.left -= 1
                self.backwards += at_ns < start_ns
                return call, start_ns, max(0, at_ns - start_ns)
            self.left += 1
        return None


def _kept(event: Event, number: int) -> Event:
    """The event for when its chunk is gone, with its place among those that began in place of an id that it lacks."""
    args = event.args
    kept = structs.replace(
        args,
        external_id=ABSENT - number if args.external_id == ABSENT else args.external_id,
        input_dims=args.input_dims.copy(),
        input_dims_1_11=args.input_dims_1_11.copy(),
        concrete_inputs=args.concrete_inputs.copy(),
        module_hierarchy=args.module_hierarchy.copy(),
        name=args.name.copy(),
    )
    return structs.replace(event, args=kept)


def drop_giants(events: Events, categories: Sequence[str]) -> int:
    """Sets durations to 0 that are longer than the whole trace: how long those calls took is not known.

    Args:
        events: whose durations, changed in place; starts without the trace's base, so that lost ones are 0.
        categories: what their categories point into.

    Returns:
        How many there were.
    """
    start, dur = events.start_ns, events.dur_ns
    timed = (start != 0) | (dur != 0)
    if not timed.any():
        return 0
    spans = events.category == (categories.index(_SPAN) if _SPAN in categories else -1)
    longest = int((start[spans] + dur[spans]).max() - start[spans].min()) if spans.any() else -1
    # A span that ends before the last call begins is not that of the whole trace.
    if longest < start[timed].max() - start[timed].min():
        rest = timed & (dur <= _LONG_NS)
        # When a suspect began is known, but where it lost its start too.
        bounds = np.concatenate((start[rest | (start != 0)], (start + dur)[rest]))
        longest = max(_LONG_NS, _FACTOR * int(np.ptp(bounds)) if len(bounds) else 0)
    giant = (dur > longest) & ~spans
    dur[giant] = 0
    return int(np.count_nonzero(giant))


def far_starts(events: Events) -> int:
    """How many events begin so far from the middle half of all that their starts, or those, are wrong.

    Args:
        events: starts without the trace's base, so that lost ones are 0.
    """
    start = events.start_ns[(events.start_ns != 0) | (events.dur_ns != 0)]
    if not len(start) or start.max() - start.min() <= _FAR_NS:
        return 0
    low, high = np.percentile(start, (25, 75))
    margin = max(_FAR_NS, _FACTOR * (high - low))
    far = int(np.count_nonzero((start < low - margin) | (start > high + margin)))
    # More of them are another burst of work, after a quiet night.
    return far if far <= max(1, _FEW * len(start)) else 0
