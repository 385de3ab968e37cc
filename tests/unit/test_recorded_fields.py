"""Recorded fields: what differs because somebody chose it, and what differs because it was measured."""

from __future__ import annotations

import msgspec

from tracediff.model.diff import Side
from tracediff.model.run import Run
from tracediff.recorded_fields import fields_of_both


def _side(run: Run) -> Side:
    return Side(path="", run=run, captures=1, iterations=1, cold_iterations=(), marker=None, iteration_ns=1)


def _run(threads: int, load: float) -> Run:
    start = {"time_ns": 1_795_975_711_446_968_025, "load": [load, 1.5, 0.25], "involuntary_switches": 5}
    return msgspec.structs.replace(Run(label="x"), environment={"threads": threads, "start": start})


def test_the_machines_load_is_measured_and_threads_are_chosen() -> None:
    fields = {one.name: one for one in fields_of_both(_side(_run(1, 1.739)), _side(_run(2, 0.5)))}
    assert (fields["threads"].differs, fields["threads"].is_measured) == (True, False)
    assert (fields["start load"].differs, fields["start load"].is_measured) == (True, True)


def test_records_are_shown_as_one_would_write_them() -> None:
    fields = {one.name: one.base for one in fields_of_both(_side(_run(1, 1.73974609375)), _side(_run(1, 0.5)))}
    assert fields["start load"] == "1.74 1.5 0.25"
    assert fields["start time_ns"] == "2026-11-29 18:08:31 UTC"
