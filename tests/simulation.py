"""Simulates repeated captures: processes that differ, iterations that vary, drift and outliers, with known effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tracediff.model.diff import Diff

from builders import Call, TraceBuilder, annotation, conv

MODEL: tuple[tuple[str, str, Sequence[Sequence[int]], int], ...] = (
    ("conv2d", "mkldnn_convolution", ([1, 3, 32, 32],), 4000),
    ("conv2d", "mkldnn_convolution", ([1, 64, 16, 16],), 2500),
    ("linear", "addmm", ([64], [1, 256], [256, 64]), 1500),
    ("pooling", "max_pool2d_with_indices", ([1, 64, 16, 16],), 800),
    ("activation", "relu", ([1, 64, 16, 16],), 500),
    ("normalization", "native_batch_norm", ([1, 64, 16, 16],), 400),
    ("softmax", "_softmax", ([1, 10],), 150),
    ("view", "view", ([1, 64],), 20),
)
"""(family, operator, input shapes, microseconds) of the rows of one iteration."""


@dataclass(frozen=True)
class Noise:
    """How repeated captures of the same code differ; fractions of a row's time.

    Attributes:
        between: spread of processes, the same for all rows of one.
        between_rows: spread of processes, of each row on its own.
        within: spread of iterations.
        drift: from the first block to the last.
        outliers: part of the iterations that take five times as long.
    """

    between: float = 0.04
    between_rows: float = 0.03
    within: float = 0.05
    drift: float = 0.0
    outliers: float = 0.0


@dataclass
class Simulation:
    """Writes captures.

    Attributes:
        seed: of everything.
        effects: factor on the candidate's side of each family, or of one row by its place in `MODEL`.
    """

    seed: int = 0
    noise: Noise = field(default_factory=Noise)
    iterations: int = 8
    effects: Mapping[str | int, float] = field(default_factory=dict)

    def times(self, captures: int, candidate: bool = False) -> list[np.ndarray[Any, Any]]:
        """Times in us of the rows of `MODEL`: per capture an array of shape (rows, iterations)."""
        draw = np.random.default_rng((self.seed, candidate))
        noise = self.noise
        effects = self.effects if candidate else {}
        means = np.array(
            [us * effects.get(family, effects.get(row, 1.0)) for row, (family, _, _, us) in enumerate(MODEL)]
        )
        result: list[np.ndarray[Any, Any]] = []
        for block in range(captures):
            process = draw.normal(0, noise.between) + draw.normal(0, noise.between_rows, len(MODEL))
            process += noise.drift * block / max(1, captures - 1)
            iteration = draw.normal(0, noise.within, (len(MODEL), self.iterations))
            slow = np.where(draw.random(self.iterations) < noise.outliers, 5.0, 1.0)
            result.append(means[:, None] * np.exp(process[:, None] + iteration) * slow)
        return result

    def write(self, folder: Path, captures: int, candidate: bool = False, **record: Any) -> Path:
        """Writes one trace a capture into a folder, as `tracediff capture` names them; returns the folder."""
        folder.mkdir(parents=True)
        for block, times in enumerate(self.times(captures, candidate)):
            builder = TraceBuilder(gap=2)
            for number, column in enumerate(times.T):
                builder.add(annotation(f"tracediff::iteration#{number}", *map(_call, MODEL, column.tolist())))
            own = {"schema_version": 1, "label": folder.name, "block": block, **record}
            if "latency_ns" not in own:
                own["latency_ns"] = [round(us * 1000) for us in times.sum(axis=0).tolist()]
            builder.write(folder / f"host.{1_700_000_000 + block}.pt.trace.json", tracediff=own)
        return folder


def _call(row: tuple[str, str, Sequence[Sequence[int]], int], us: float) -> Call:
    family, operator, shapes, _ = row
    own = max(1, round(us))
    return conv(operator, own, shapes[0]) if family == "conv2d" else Call(f"aten::{operator}", own, shapes=shapes)


def sides(folder: Path, captures: int | tuple[int, int], seed: int = 0, **effects: float) -> tuple[Path, Path]:
    base, candidate = (captures, captures) if isinstance(captures, int) else captures
    simulation = Simulation(seed, effects=effects)
    return simulation.write(folder / "base", base), simulation.write(folder / "candidate", candidate, candidate=True)


def verdicts(diff: Diff) -> dict[str, str | None]:
    return {term.term: term.verdict for term in diff.ledger}
