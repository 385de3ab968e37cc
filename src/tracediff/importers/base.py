"""What every importer is: something that knows its own files and turns one into a profile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tracediff.importers.source import Progress
from tracediff.model.run import Run
from tracediff.model.trace import InputShapes, Profile

SNIFF_BYTES = 64 * 1024
"""How much of a file's beginning an importer may look at to recognise it."""


class Importer(Protocol):
    """One kind of input. To add one: a module with such an object, and its line in `IMPORTERS`."""

    name: str

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins with `head` (decompressed, at most SNIFF_BYTES) is of this kind."""
        ...

    def read(self, path: Path, progress: Progress | None = None) -> Profile:
        """Reads the file.

        Raises:
            TraceFormatError: the file is of this kind and cannot be read.
        """
        ...


_SUFFIXES = re.compile(r"(\.\d{6,})?(\.pt)?(\.trace)?\.(json|txt)(\.gz)?$|\.gz$")


def label_of(path: Path) -> str:
    """A short name for tables: `acl` for `acl.json`, `gtsrb-acl.tb` for `gtsrb-acl.tb.pt.trace.json.gz`."""
    return _SUFFIXES.sub("", path.name) or path.name


@dataclass(frozen=True, slots=True)
class _Field:
    """Type-checked look-ups in a dict that somebody else wrote."""

    mapping: Mapping[str, Any]

    def text(self, key: str) -> str | None:
        value = self.mapping.get(key)
        return value if isinstance(value, str) else None

    def child(self, key: str) -> _Field:
        value = self.mapping.get(key)
        return _Field(value if isinstance(value, dict) else {})


def run_of(path: Path, recorded: Mapping[str, Any]) -> Run:
    """Builds the run from the top-level key `tracediff` of a trace file (CONTRACTS, "The trace file").

    Args:
        path: the file, for the label.
        recorded: the key's value, or an empty mapping where the file has none.
    """
    top = _Field(recorded)
    environment = top.child("environment").mapping
    latency = recorded.get("latency_ns")
    return Run(
        label=label_of(path),
        backend=top.text("backend"),
        torch_version=top.child("torch").text("version"),
        engine=top.text("engine"),
        workload=top.child("workload").text("name"),
        environment=environment,
        emulated=environment.get("emulated") is True,
        latency_ns=tuple(n for n in latency if isinstance(n, int)) if isinstance(latency, list) else (),
        source=top.text("source"),
    )


def parse_shapes(text: bytes | str) -> InputShapes:
    """`[[1, 3], []]` as tuples, which can be compared and hashed.

    Raises:
        msgspec.DecodeError: it is no JSON list.
    """
    return _frozen(msgspec.json.decode(text, type=list[Any]))


def _frozen(values: list[Any]) -> InputShapes:
    return tuple(_frozen(value) if isinstance(value, list) else int(value) for value in values)
