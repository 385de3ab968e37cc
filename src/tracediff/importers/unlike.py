"""Counts calls of which something is lost that all others of their trace have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from tracediff.importers.old_layout import OLD_OPERATOR
from tracediff.model.trace import ANNOTATION, OPERATOR, IntArray

Kind: TypeAlias = tuple[str, str, int | str, int | str, bytes]
"""Name, category, pid, tid and the text of the shapes."""

_OPERATORS = (OPERATOR, OLD_OPERATOR)
_CALLS = (*_OPERATORS, ANNOTATION)
_OF_TORCH = "aten::"
_FEW = 0.1


def unlike_the_rest(kinds: Mapping[Kind, int], calls: IntArray) -> Counter[str]:
    """Calls without a name or a thread, and torch's operators that another category keeps out of the table.

    Args:
        kinds: of events, with their numbers.
        calls: how many of each number there are.

    Returns:
        By kind of damage; what no call of the trace has is none.
    """
    found: Counter[str] = Counter()
    threaded = Counter[bool]()
    for (_, category, pid, tid, _), number in kinds.items():
        if category in _CALLS:
            threaded["" not in (pid, tid)] += int(calls[number])
    # There are traces with a thread of that name.
    if threaded[False] < _FEW * threaded[True]:
        found["missing_threads"] = threaded[False]
    has_operators = any(category in _OPERATORS and name.startswith(_OF_TORCH) for name, category, *_ in kinds)
    for (name, category, *_), number in kinds.items():
        count = int(calls[number])
        if category in _OPERATORS and not name:
            found["missing_names"] += count
        if category not in _CALLS and has_operators and name.startswith(_OF_TORCH):
            found["unknown_kinds"] += count
    return found
