"""All runs of a capture: every combination asked for, repeated, in a shuffled order that interleaves them."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import msgspec

from tracediff.launcher.interpreter import Interpreter


class Plan(msgspec.Struct, frozen=True):
    """What is asked for; each sequence is a dimension.

    Attributes:
        interpreters: (torch version or None, interpreter).
        common: entries of every request: workload, batch, iterations, ...
        name_torch: whether labels say the version.
        repeat: processes of each combination.
        seed: of the order.
    """

    backends: Sequence[str]
    interpreters: Sequence[tuple[str | None, Interpreter]]
    dtypes: Sequence[str] = ("fp32",)
    engines: Sequence[str] = ("eager",)
    threads: Sequence[int | None] = (None,)
    common: Mapping[str, Any] = {}
    name_torch: bool = False
    repeat: int = 1
    seed: int = 0


class Run(msgspec.Struct, frozen=True):
    """One process to be started."""

    label: str
    interpreter: Interpreter
    request: Mapping[str, Any]


def runs_of(plan: Plan) -> list[Run]:
    """The runs in order: block after block of all combinations, each block shuffled on its own.

    Interleaving spreads what drifts on the machine over all labels, and a block is what a paired test pairs.
    """
    shuffle = random.Random(plan.seed)  # noqa: S311 - an order, not a secret
    runs: list[Run] = []
    session = time.time_ns()
    dimensions = (plan.backends, plan.interpreters, plan.dtypes, plan.engines, plan.threads)
    combinations = list(dict.fromkeys(product(*dimensions)))
    for block in range(plan.repeat):
        shuffled = combinations.copy()
        shuffle.shuffle(shuffled)
        for backend, (torch, interpreter), dtype, engine, threads in shuffled:
            label = _label(plan, backend, torch, dtype, engine, threads)
            request = {
                **plan.common,
                "label": label,
                "backend": backend,
                "dtype": dtype,
                "engine": engine,
                "threads": threads,
                "position": len(runs),
                "session": session,
                "block": block,
            }
            runs.append(Run(label, interpreter, request))
    return runs


def _label(plan: Plan, backend: str, torch: str | None, dtype: str, engine: str, threads: int | None) -> str:
    """The backend, and of the other dimensions those that vary."""
    parts = [
        backend,
        f"torch{torch}" if torch and plan.name_torch else "",
        dtype if len(plan.dtypes) > 1 else "",
        engine if len(plan.engines) > 1 else "",
        f"t{threads}" if threads and len(plan.threads) > 1 else "",
    ]
    return "-".join(filter(None, parts))
