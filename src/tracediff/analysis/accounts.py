"""Sums what a side spent on each row: calls, time, operators, ways in which it was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

import msgspec
import numpy as np

from tracediff.analysis.families import Families
from tracediff.analysis.grouping import Groups, group
from tracediff.analysis.implementation import chain_below
from tracediff.analysis.rates import Work, work_of_rows
from tracediff.analysis.side import NO_OWNER, TracedSide
from tracediff.model.diff import Implementation, OperatorTime, RowSide
from tracediff.model.kernels import Kernel
from tracediff.model.run import Peak
from tracediff.model.trace import IntArray


class RowKey(NamedTuple):
    """What makes a row: a family and its shape on both sides, the same unless a structural match joined two."""

    group: str
    base_shape: str | None
    candidate_shape: str | None


class Account(msgspec.Struct):
    """Sums of one row and side over all kept iterations; `operators` and `chains` hold [calls, self, total ns].

    `kernels` alone are per iteration: those of a kernel pass ran in one.
    """

    shape: str | None
    calls: int = 0
    time_ns: int = 0
    dispatch_ns: int = 0
    operators: dict[str, list[int]] = msgspec.field(default_factory=dict[str, list[int]])
    chains: dict[tuple[str, ...], list[int]] = msgspec.field(default_factory=dict[tuple[str, ...], list[int]])
    samples_ns: list[int] = msgspec.field(default_factory=list[int])
    outermost: dict[str, None] = msgspec.field(default_factory=dict[str, None])
    kernels: tuple[Kernel, ...] = ()
    work: Work = Work(None, None)
    peak: Peak = Peak()
    device_ns: int = 0
    sites: dict[str | None, list[int]] = msgspec.field(default_factory=dict[str | None, list[int]])

    def per_iteration(self, iterations: int) -> RowSide:
        """The same as means of one iteration."""
        return RowSide(
            shape=self.shape,
            calls=self.calls / iterations,
            time_ns=mean_ns(self.time_ns, iterations),
            dispatch_ns=mean_ns(self.dispatch_ns, iterations),
            operators=tuple(
                OperatorTime(name, calls / iterations, mean_ns(self_ns, iterations), mean_ns(total_ns, iterations))
                for name, (calls, self_ns, total_ns) in self.operators.items()
            ),
            implementations=tuple(
                Implementation(chain, calls / iterations, mean_ns(time_ns, iterations))
                for chain, (calls, time_ns) in sorted(self.chains.items(), key=lambda item: (-item[1][1], item[0]))
            ),
            outermost=tuple(self.outermost),
            samples_ns=tuple(self.samples_ns),
            kernels=self.kernels,
            peak=self.peak,
            flops=None if self.work.flops is None else mean_ns(self.work.flops, iterations),
            bytes=None if self.work.bytes is None else mean_ns(self.work.bytes, iterations),
            device_ns=mean_ns(self.device_ns, iterations),
        )


def mean_ns(total_ns: int, iterations: int) -> int:
    """Rounded half to even, so that swapping sides changes nothing but signs."""
    return round(Fraction(total_ns, iterations))


def keep_accounts(
    side: TracedSide,
    calls: IntArray,
    row: IntArray,
    weight: IntArray,
    shapes: Mapping[int, str | None],
    families: Families,
) -> dict[int, Account]:
    """Adds up the given calls by row.

    Args:
        side: whose calls they are.
        calls: indices of calls, shape (m,), rising.
        row: row number of each owner, shape (n,).
        weight: what each owner counts for in `calls` of its row, shape (n,): 0 for the second of several calls that
            one fused call of the other side replaced.
        shapes: shape of each row on this side.
        families: for the ways in which calls were done.
    """
    tree = side.tree
    calls = calls[side.owner[calls] != NO_OWNER]
    owner = side.owner[calls]
    rows = row[owner]
    time_ns = np.zeros(len(tree), dtype=np.int64)
    np.add.at(time_ns, owner, tree.self_ns[calls])
    by_row = group(rows)
    accounts = {
        number: Account(shape=shapes[number], samples_ns=samples) for number, samples in _samples(side, calls, by_row)
    }
    if side.device:
        for account, device_ns in zip(accounts.values(), by_row.sums(side.device.self_ns[calls]).tolist(), strict=True):
            account.device_ns = device_ns

    operators = calls[tree.is_operator[calls]]
    for number, name, count, self_ns, total_ns in _by_row_and_name(side, operators, row[side.owner[operators]]):
        accounts[number].operators[name] = [count, self_ns, total_ns]
    owners = group(owner).codes
    for number, work in work_of_rows(side, owners, row[owners], families).items():
        accounts[number].work = work
    for number, path, count, spent in _by_row_and_module(side, owners, row[owners], weight, time_ns):
        accounts[number].sites[path] = [count, spent]
    for number, units in _alike(side, owners, row):
        account, call = accounts[number], int(units[0])
        chain = chain_below(side, call, families)
        spent = int(time_ns[units].sum())
        account.calls += int(weight[units].sum())
        account.time_ns += spent
        account.dispatch_ns += sum(int(tree.self_ns[units + offset].sum()) for offset in chain.wrappers)
        sums = account.chains.setdefault(chain.names, [0, 0])
        sums[0] += len(units)
        sums[1] += spent
        account.outermost.setdefault(side.kind_of(call).name)
    return accounts


def _samples(side: TracedSide, calls: IntArray, rows: Groups) -> Iterable[tuple[int, list[int]]]:
    """(row, its time in each kept iteration)."""
    kept = side.iterations.kept
    starts = np.array([iteration.start_ns for iteration in kept], dtype=np.int64)
    iteration = np.maximum(np.searchsorted(starts, side.tree.start_ns[calls], side="right") - 1, 0)
    sums = np.zeros((len(rows.codes), len(kept)), dtype=np.int64)
    np.add.at(sums, (rows.inverse, iteration), side.tree.self_ns[calls])
    return zip(rows.codes.tolist(), sums.tolist(), strict=True)


def _by_row_and_name(side: TracedSide, calls: IntArray, rows: IntArray) -> Iterable[tuple[int, str, int, int, int]]:
    """(row, operator, calls, self ns, total ns), in the order in which they first ran."""
    names = side.tree.trace.names
    found = group(rows * len(names) + side.tree.name[calls])
    counts, self_ns, total_ns = (
        found.counts(),
        found.sums(side.tree.self_ns[calls]),
        found.sums(side.tree.total_ns[calls]),
    )
    for at in found.in_order_of_first():
        number, name = divmod(int(found.codes[at]), len(names))
        yield number, names[name], int(counts[at]), int(self_ns[at]), int(total_ns[at])


def _by_row_and_module(
    side: TracedSide, owners: IntArray, rows: IntArray, weight: IntArray, time_ns: IntArray
) -> Iterable[tuple[int, str | None, int, int]]:
    """(row, the path of a module or None outside of all, calls, ns), if the side recorded any."""
    modules = side.modules
    if modules is None:
        return
    width = len(modules.paths) + 1
    found = group(rows * width + modules.of_call[owners] + 1)
    counts, sums = found.sums(weight[owners]), found.sums(time_ns[owners])
    for code, count, spent in zip(found.codes.tolist(), counts.tolist(), sums.tolist(), strict=True):
        number, path = divmod(code, width)
        yield number, modules.paths[path - 1] if path else None, count, spent


def _alike(side: TracedSide, units: IntArray, row: IntArray) -> Iterable[tuple[int, IntArray]]:
    """Units grouped by row and by the structure below them, in the order in which they first ran."""
    if not len(units):
        return
    order = np.lexsort((units, side.signature[units], row[units]))
    grouped = units[order]
    changes = (np.diff(row[grouped]) != 0) | (np.diff(side.signature[grouped]) != 0)
    alike = np.split(grouped, np.flatnonzero(changes) + 1)
    for members in sorted(alike, key=lambda members: int(members[0])):
        yield int(row[members[0]]), members
