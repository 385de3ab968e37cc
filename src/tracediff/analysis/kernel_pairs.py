"""Adds the kernels of all rows up by what the libraries call them: which code the two sides ran, and for how long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import structs

from tracediff.model.diff import Diff
from tracediff.model.kernels import Kernel, KernelPair, Kind

_Name: TypeAlias = tuple[str, str, str, Kind]


def pair_kernels(diff: Diff) -> tuple[KernelPair, ...]:
    """The kernels of both sides, largest |difference| first, those whose difference is not known by their time."""
    beside = diff.other_threads.rows if diff.other_threads else ()
    ran: dict[_Name, tuple[dict[int, Kernel], dict[int, Kernel]]] = defaultdict(lambda: ({}, {}))
    families: dict[_Name, dict[int, str]] = defaultdict(dict)
    unmeasured: tuple[set[int], set[int]] = (set(), set())
    for at, row in enumerate((*diff.rows, *beside)):
        for which, side in enumerate((row.base, row.candidate)):
            for kernel in side.kernels if side else ():
                name = (kernel.library, kernel.primitive, kernel.implementation, kernel.kind)
                ran[name][which][at] = kernel
                families[name][at] = row.family
                if not kernel.time_ns:
                    unmeasured[which].add(at)
    pairs: list[KernelPair] = []
    for name, by_side in ran.items():
        # Where other code did its work and nobody measured that, what this kernel took there is no difference.
        is_known = not any(
            (families[name].keys() - of_side.keys()) & without_time
            for of_side, without_time in zip(by_side, unmeasured, strict=True)
        )
        base, candidate = (_sum(list(of_side.values())) for of_side in by_side)
        pairs.append(_pair(diff, name, base, candidate, families[name], is_known))
    return tuple(sorted(pairs, key=_by_size))


def _pair(
    diff: Diff, name: _Name, base: Kernel | None, candidate: Kernel | None, families: Mapping[int, str], is_known: bool
) -> KernelPair:
    base_ns, candidate_ns = (
        # No log tells nothing, also not that a kernel did not run; nor does a library that writes no times.
        None if side.kernel_coverage is None else (kernel.time_ns or None) if kernel else 0
        for side, kernel in ((diff.base, base), (diff.candidate, candidate))
    )
    return KernelPair(
        *name,
        base=base,
        candidate=candidate,
        delta_ns=candidate_ns - base_ns if is_known and base_ns is not None and candidate_ns is not None else None,
        families=tuple(dict.fromkeys(families.values())),
        rows=tuple(at for at in families if at < len(diff.rows)),
    )


def _sum(kernels: Sequence[Kernel]) -> Kernel | None:
    if not kernels:
        return None
    return structs.replace(
        kernels[0],
        calls=sum(one.calls for one in kernels),
        time_ns=sum(one.time_ns for one in kernels),
        bf16_calls=sum(one.bf16_calls for one in kernels),
        bf16_allowed_calls=sum(one.bf16_allowed_calls for one in kernels),
    )


def _by_size(pair: KernelPair) -> tuple[float | str, ...]:
    sides = [side for side in (pair.base, pair.candidate) if side]
    time_ns, calls = max(side.time_ns for side in sides), max(side.calls for side in sides)
    return -abs(pair.delta_ns or 0), -time_ns, -calls, pair.library, pair.primitive, pair.implementation
