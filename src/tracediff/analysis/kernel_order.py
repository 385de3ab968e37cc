"""Joins lines without time stamps to calls by their order, where the sizes leave no other way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.kernel_sizes import UNLIMITED, Product, Sized, may_use_blas, multiplies, product_of, sized
from tracediff.model.kernels import LogLine
from tracediff.model.trace import IntArray

NOWHERE = -1


def products(tree: CallTree) -> IntArray:
    """The calls that multiply matrices, without those that leave it to one below them; rising."""
    named = np.array([multiplies(name) for name in tree.trace.names], dtype=np.bool_)
    calls = np.flatnonzero(named[tree.name] & tree.is_operator)
    following = np.append(calls[1:], len(tree))
    return calls[following >= tree.end[calls]]


def blas_calls(tree: CallTree, calls: IntArray) -> IntArray:
    """Those of the calls that the BLAS of the build does when no other library does them."""
    named = np.array([may_use_blas(name) for name in tree.trace.names], dtype=np.bool_)
    return calls[named[tree.name[calls]]]


def join_by_order(tree: CallTree, calls: IntArray, lines: Sequence[LogLine]) -> list[int]:
    """The call of each line, NOWHERE for lines that more than one call may have run.

    A library writes its lines in the order of the calls, but not every call writes one. So the lines are laid along
    the calls once as early and once as late as their sizes allow: where both agree there is no other way. A call of a
    batch writes a line for each product, or one for all: first all are taken to write one.

    Args:
        tree: whose calls.
        calls: those that may have written the lines.
        lines: in the order of the log.
    """
    order = np.argsort(tree.start_ns[calls], kind="stable")
    calls = calls[order]
    names, shapes = tree.trace.names, tree.trace.shapes
    found = [
        product_of(names[int(tree.name[call])], shapes[shape] if (shape := int(tree.shapes[call])) >= 0 else ())
        for call in calls.tolist()
    ]
    nowhere = [NOWHERE] * len(lines)
    if _overlap(tree, calls):
        return nowhere
    distinct = {one for one in found if one}
    told = [sized(line) for line in lines]
    fit = {line for line in set(told) if any(one.fits(line) for one in distinct)}
    fitting = [at for at, line in enumerate(told) if line in fit]
    chosen = [told[at] for at in fitting]
    for one_each in (True, False):
        early = _lay(found, chosen, one_each)
        late = [len(found) - 1 - at for at in _lay(found[::-1], chosen[::-1], one_each)][::-1]
        if len(early) == len(late) == len(chosen):
            for line, first, last in zip(fitting, early, late, strict=True):
                if first == last:
                    nowhere[line] = int(calls[first])
            return nowhere
    return nowhere


def _lay(found: Sequence[Product | None], lines: Sequence[Sized], one_each: bool) -> list[int]:
    """The earliest call for each line, in order; fewer than there are lines where they do not all go."""
    places: list[int] = []
    at = taken = 0
    for line in lines:
        while at < len(found):
            one = found[at]
            if one and taken < _most(one, one_each) and one.fits(line):
                break
            at, taken = at + 1, 0
        else:
            return places
        places.append(at)
        taken += 1
    return places


def _most(product: Product, one_each: bool) -> int:
    return 1 if one_each and product.most < UNLIMITED else product.most


def _overlap(tree: CallTree, calls: IntArray) -> bool:
    """Whether calls of several threads run at the same time: then the order of the lines says nothing."""
    if len(set(tree.thread[calls].tolist())) < 2:
        return False
    reached = np.maximum.accumulate(tree.start_ns[calls] + tree.total_ns[calls])
    return bool(np.any(tree.start_ns[calls][1:] < reached[:-1]))
