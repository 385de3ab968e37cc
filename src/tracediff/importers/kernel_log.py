"""Reads what oneDNN and MKL write in verbose mode: which kernel ran, on what, for how long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from msgspec import structs

from tracediff.errors import UsageError
from tracediff.importers.source import check_readable, read_blocks
from tracediff.model.kernels import KernelLog, LogLine
from tracediff.model.trace import Profile, Trace

ONEDNN = "oneDNN"
MKL = "MKL"

_MARKERS = ("onednn_verbose", "dnnl_verbose")
_VERSION = re.compile(r"v\d+")
_STAMP = re.compile(r"\d+(\.\d*)?")
_COMPONENTS = frozenset({"primitive", "graph", "ukernel", "common"})
_TEMPLATE = re.compile(r"template:(.+)")
_NS_PER_MS = 1_000_000
_MOST_NS = 2**62

# What the columns are in a log whose head is lost; the same in oneDNN 1 to 3. A time stamp comes before them.
_DEFAULT_TEMPLATES = {
    "primitive": (
        *("operation", "engine", "primitive", "implementation", "prop_kind", "memory_descriptors"),
        *("attributes", "auxiliary", "problem_desc", "exec_time"),
    ),
    "graph": (
        *("operation", "engine", "partition_id", "partition_kind", "op_names", "data_formats", "logical_tensors"),
        *("fpmath_mode", "backend", "exec_time"),
    ),
}

_MKL_LINE = re.compile(r"MKL_VERBOSE (\w+)\((.*)\) ([\d.]+(?:e[+-]?\d+)?)(ns|us|ms|s)\b")
_MKL_HEADER = re.compile(r"MKL_VERBOSE (?:Intel|oneMKL|MKL)\b")
_MKL_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}

# Lines that say something, but not of a kernel: comments, and the core that OpenBLAS found.
_NO_KERNEL = ("#", "Core:", "OpenBLAS")


def read_kernel_log(path: str | Path) -> KernelLog:
    """Reads a log that the user kept, gzipped or not.

    Raises:
        TraceFormatError: the file cannot be read.
    """
    path = Path(path)
    check_readable(path)
    return parse_kernel_log(b"".join(read_blocks(path)).decode("utf-8", "replace").splitlines())


def with_kernel_log(profile: Profile, path: str | Path) -> Trace:
    """The trace with a log that the user kept in place of its own.

    Raises:
        TraceFormatError: the log cannot be read.
        UsageError: the profile is a printed table.
    """
    if not isinstance(profile, Trace):
        raise UsageError("is a printed table, which no log can be joined to. Name the trace", profile.path)
    return structs.replace(profile, kernel_log=read_kernel_log(path), kernel_pass=None)


def parse_kernel_log(lines: Iterable[str]) -> KernelLog:
    """Reads the lines of a log, in any mixture of libraries and versions; headers hold for the lines after them."""
    templates = dict(_DEFAULT_TEMPLATES)
    found: list[LogLine] = []
    created = unread = 0
    for line in map(str.strip, lines):
        if not line or line.startswith(_NO_KERNEL):
            continue
        fields = line.split(",")
        if fields[0] not in _MARKERS:
            parsed = _mkl(line)
            is_kernel = not _MKL_HEADER.match(line)
        elif "info" in fields[1:4]:
            _note_template(fields, line, templates)
            continue
        elif any(field.startswith("create") for field in fields[1:5]):
            created += 1
            continue
        else:
            parsed, is_kernel = _onednn(fields, templates), True
        if parsed:
            found.append(parsed)
        elif is_kernel:
            unread += 1
    return KernelLog(tuple(found), created, unread)


def _note_template(fields: Sequence[str], line: str, templates: dict[str, tuple[str, ...]]) -> None:
    template = _TEMPLATE.search(line)
    if template:
        component = next((field for field in fields if field in _COMPONENTS), "primitive")
        templates[component] = tuple(name.strip() for name in template.group(1).split(","))


def _onednn(fields: Sequence[str], templates: dict[str, tuple[str, ...]]) -> LogLine | None:
    """`onednn_verbose[,v1][,stamp][,primitive],exec,...`; None where that or a number in it is something else.

    The component (`primitive`, `graph`) stands in lines and not in their header.
    """
    values = list(fields[1:])
    if values and _VERSION.fullmatch(values[0]):
        del values[0]
    stamped = bool(values and _STAMP.fullmatch(values[0]))
    component = "primitive"
    if len(values) > stamped and values[stamped] in _COMPONENTS:
        component = values.pop(stamped)
    names = [name for name in templates.get(component, ()) if stamped or name != "timestamp"]
    if stamped and "timestamp" not in names:
        names.insert(0, "timestamp")
    if not names or len(values) < len(names):
        return None
    column = dict(zip(names, values, strict=False))
    start_ns = _nanoseconds(column["timestamp"], _NS_PER_MS) if stamped else None
    # The last one, also where a comma in the problem's description has moved it.
    dur_ns = _nanoseconds(values[-1], _NS_PER_MS)
    if column.get("operation") != "exec" or dur_ns is None or (stamped and start_ns is None):
        return None
    primitive = column.get("primitive") or f"{component} {column.get('partition_kind', '')}".strip()
    return LogLine(
        library=ONEDNN,
        primitive=primitive,
        implementation=column.get("implementation") or column.get("backend", ""),
        kind="reorder" if primitive == "reorder" else "exec",
        start_ns=start_ns,
        dur_ns=dur_ns,
        descriptors=column.get("memory_descriptors", ""),
        attributes=column.get("attributes", "").strip(),
        problem=column.get("problem_desc", ""),
    )


def _mkl(line: str) -> LogLine | None:
    """`MKL_VERBOSE SGEMM(T,N,100,4,64,...) 8.06ms ... NThr:2`; such lines have no time stamps."""
    match = _MKL_LINE.match(line)
    dur_ns = _nanoseconds(match.group(3), _MKL_UNITS[match.group(4)]) if match else None
    if not match or dur_ns is None:
        return None
    return LogLine(MKL, match.group(1), MKL, "exec", None, dur_ns, problem=match.group(2))


def _nanoseconds(text: str, unit_ns: int) -> int | None:
    """The number in its text as nanoseconds: milliseconds since the epoch with six decimals do not fit a float."""
    try:
        value = Decimal(text) * unit_ns
    except InvalidOperation:
        return None
    return int(value.to_integral_value()) if value.is_finite() and 0 <= value < _MOST_NS else None
