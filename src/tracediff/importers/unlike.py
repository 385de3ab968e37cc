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
    of_torch = Counter[bool]()
    for (name, category, *_), number in kinds.items():
        if category in _OPERATORS and not name:
            found["missing_names"] += int(calls[number])
        if name.startswith(_OF_TORCH):
            of_torch[category in _CALLS] += int(calls[number])
    # Other hardware may have a category of its own for its operators.
    if of_torch[False] < _FEW * of_torch[True]:
        found["unknown_kinds"] = of_torch[False]
    return found
