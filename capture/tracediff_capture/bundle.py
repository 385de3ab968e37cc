"""Puts a capture into one file: a valid Kineto trace with the record of the capture as its first key."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

from .errors import GuestError

KEY = "tracediff"


def write_bundle(exported: Path, record: dict[str, Any], target: Path) -> None:
    """Copies the exported trace with the record as its first top-level key; the target appears whole or not at all.

    Args:
        exported: what torch wrote, plain or gzipped.
        record: what is known about the capture (CONTRACTS, "The trace file").
        target: where the file goes.

    Raises:
        GuestError: torch wrote no JSON object.
    """
    text = _read(exported)
    opening = text.find("{")
    if opening < 0 or text[:opening].strip():
        raise GuestError("torch exported something that is no trace")
    beside = target.with_name("." + target.name)
    with beside.open("w", encoding="utf-8") as file:
        file.write(text[: opening + 1])
        file.write(f"\n  {json.dumps(KEY)}: {json.dumps(record, allow_nan=False)},")
        file.write(text[opening + 1 :])
    beside.replace(target)


def packed(exported: Path) -> str:
    """A trace as base64 of its gzipped text: no viewer and no text scanner takes it for the timed one."""
    return base64.b64encode(gzip.compress(_read(exported).encode("utf-8"), mtime=0)).decode("ascii")


def _read(path: Path) -> str:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    return content.decode("utf-8", "replace")
