"""Finds the call that ran each line of a log: by time where the lines have stamps, else by order and sizes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.kernel_order import NOWHERE, blas_calls, join_by_order, products
from tracediff.model.kernels import KernelCoverage, KernelLog, LogLine
from tracediff.model.trace import IntArray

GEMM = "gemm"

# A stamp is the microsecond before, and a duration the difference of two of them, printed with six digits.
_STAMP_NS = 1_000
_DIGITS = 100_000


class Joined(msgspec.Struct, frozen=True, eq=False):
    """Lines whose call is known.

    Attributes:
        tree: whose calls.
        lines: the lines, and one for each call that is named after a BLAS which writes none.
        call: the innermost operator call that ran each, shape (len(lines),).
        coverage: what became of all lines.
    """

    tree: CallTree
    lines: tuple[LogLine, ...]
    call: IntArray
    coverage: KernelCoverage


def join_log(tree: CallTree, log: KernelLog, blas: str | None = None) -> Joined:
    """Joins a log to the calls of the trace that was taken beside it.

    A line with a time stamp belongs to the innermost operator that it lies in, without any slack: a slack of 50 us
    steals lines for the wrong operators. Lines carry no thread: where calls of several threads hold one, it stays open.

    Args:
        tree: the calls of that trace.
        log: its lines.
        blas: what torch was built with; calls that no line tells of are named after it where it writes none.
    """
    lines = log.lines
    stamped = [at for at, line in enumerate(lines) if line.start_ns is not None]
    ordered = [at for at, line in enumerate(lines) if line.start_ns is None and line.kind == "exec"]
    call = np.full(len(lines), NOWHERE, dtype=np.int64)
    call[stamped], holders = _join_by_time(tree, [lines[at] for at in stamped])
    multiplying = products(tree)
    silent = multiplying[~np.isin(multiplying, call)]
    call[ordered] = join_by_order(tree, silent, [lines[at] for at in ordered])
    known = np.flatnonzero(call != NOWHERE)
    named, name = _named_after_blas(tree, log, blas, silent[~np.isin(silent, call)])
    outside = int((holders == 0).sum())
    return Joined(
        tree=tree,
        lines=(*(lines[at] for at in known.tolist()), *name),
        call=np.concatenate((call[known], named)),
        coverage=KernelCoverage(len(lines), len(known), len(lines) - len(known) - outside, outside),
    )


def _join_by_time(tree: CallTree, lines: Sequence[LogLine]) -> tuple[IntArray, IntArray]:
    """(the call of each line, NOWHERE where not exactly one thread has one; how many threads have one)."""
    start = np.array([line.start_ns for line in lines], dtype=np.int64)
    dur = np.array([line.dur_ns for line in lines], dtype=np.int64)
    rounding = 2 * _STAMP_NS + tree.trace.resolution_ns + dur // _DIGITS
    end = np.maximum(start, start + dur - rounding)
    call = np.full(len(lines), NOWHERE, dtype=np.int64)
    holders = np.zeros(len(lines), dtype=np.int64)
    for thread in range(len(tree.trace.threads)):
        calls = np.flatnonzero(tree.thread == thread)
        if not len(calls):
            continue
        found = _innermost(tree, calls, start, end)
        call = np.where(found != NOWHERE, found, call)
        holders += found != NOWHERE
    return np.where(holders == 1, call, NOWHERE), holders


def _innermost(tree: CallTree, calls: IntArray, start: IntArray, end: IntArray) -> IntArray:
    """The innermost operator among the calls of one thread that holds each interval; NOWHERE if there is none."""
    at = np.searchsorted(tree.start_ns[calls], start, side="right") - 1
    found = np.where(at >= 0, calls[at], NOWHERE)
    until = tree.start_ns + tree.total_ns
    while True:
        holds = tree.is_operator[found] & (until[found] >= end)
        climbing = (found != NOWHERE) & ~holds
        if not climbing.any():
            return found
        found[climbing] = tree.parent[found[climbing]]


def _named_after_blas(
    tree: CallTree, log: KernelLog, blas: str | None, silent: IntArray
) -> tuple[IntArray, list[LogLine]]:
    """Calls that no line tells of, where the build's BLAS writes none: it must have done them.

    A log without a line that can be understood may be no log at all, and names nothing.
    """
    if blas is None or (log.unread and not log.lines) or any(line.library == blas for line in log.lines):
        return np.arange(0), []
    calls = blas_calls(tree, silent)
    return calls, [LogLine(blas, GEMM, blas, "exec", None, 0)] * len(calls)
