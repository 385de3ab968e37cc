"""Call sites against a plain search for the smallest `nn.Module` frame around each operator."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tracediff.compare import compare

from builders import SAMPLES, SHARED_TRACES

TRACES = [SAMPLES / "acl.json", SAMPLES / "openblas.json", *sorted(SHARED_TRACES.glob("*/gtsrb-*.tb.pt.trace.json.gz"))]


def events_of(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [event for event in json.loads(text)["traceEvents"] if event.get("ph") == "X"]


def around(event: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the event begins in on its thread, outermost first."""
    found = [
        other
        for other in others
        if other["tid"] == event["tid"] and other["ts"] <= event["ts"] < other["ts"] + other["dur"]
    ]
    return sorted(found, key=lambda other: -other["dur"])


@pytest.mark.parametrize("path", TRACES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_sites(path: Path) -> None:
    diff = compare(path, path)
    events = events_of(path)
    frames = [event for event in events if event["name"].startswith("nn.Module: ")]
    steps = [event for event in events if event["name"].startswith("ProfilerStep#")]
    kept = [step for step in steps if step["name"] not in diff.base.cold_iterations]
    operators = [event for event in events if event["cat"] == "cpu_op"]
    calls: Counter[tuple[str, str | None]] = Counter()
    time_us: Counter[str | None] = Counter()
    for event in operators:
        if around(event, kept) and not any(other is not event for other in around(event, operators)):
            names = [frame["name"].removeprefix("nn.Module: ") for frame in around(event, frames)]
            where = " > ".join(names) or None
            calls[event["name"], where] += 1
            time_us[where] += event["dur"]

    assert frames
    found: Counter[tuple[str, str | None]] = Counter()
    found_ns: Counter[str | None] = Counter()
    for row in diff.rows:
        assert row.base
        (outermost,) = row.base.outermost
        for site in row.sites:
            found[outermost, site.module] += round(site.base_calls * len(kept))
            found_ns[site.module] += site.base_ns * len(kept)
    assert found == calls
    # Half a nanosecond of rounding a row and site.
    assert {where: pytest.approx(us * 1000, abs=50) for where, us in time_us.items()} == found_ns
