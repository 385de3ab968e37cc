"""Repeated captures, from their files to the verdicts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracediff import api
from tracediff.compare import CompareOptions, compare
from tracediff.errors import TraceFormatError, UsageError
from tracediff.importers import load
from tracediff.model.diff import Diff

from builders import SAMPLES, Call, TraceBuilder, annotation
from simulation import Simulation, sides, verdicts


def test_a_change_is_found_where_it_is(tmp_path: Path) -> None:
    diff = compare(*sides(tmp_path, 7, linear=1.3))

    assert diff.base.captures == diff.candidate.captures == 7
    assert diff.base.iterations == 56
    assert verdicts(diff)["linear"] == "slower"
    assert {row.family for row in diff.rows if row.verdict in ("slower", "faster")} == {"linear"}
    (row,) = [row for row in diff.rows if row.family == "linear"]
    assert row.interval
    assert row.interval[0] < 1.3 < row.interval[1]
    assert row.p_adjusted is not None
    assert row.p is not None
    assert row.p <= row.p_adjusted <= 0.05


def test_certain_rows_that_cancel_in_their_family_are_named(tmp_path: Path) -> None:
    simulation = Simulation(0, effects={0: 0.7, 1: 1.48})
    diff = compare(simulation.write(tmp_path / "base", 7), simulation.write(tmp_path / "candidate", 7, candidate=True))
    named = [one for one in diff.explanations if "of conv2d as a whole there is" in one.text]

    assert verdicts(diff)["conv2d"] not in ("faster", "slower")
    assert [diff.rows[one.rows[0]].verdict for one in named] == ["slower", "faster"]
    assert all(f"got {diff.rows[one.rows[0]].verdict}: " in one.text for one in named)


@pytest.mark.parametrize("captures", [3, (1, 7), (7, 1), 1])
def test_too_few_captures_claim_nothing(tmp_path: Path, captures: int | tuple[int, int]) -> None:
    diff = compare(*sides(tmp_path, captures, conv2d=3.0, linear=0.2))
    words = {row.verdict for row in diff.rows} | {diff.total.verdict, *verdicts(diff).values()}

    assert not words & {"faster", "slower"}
    if captures != 3:
        assert words == {None}
        assert {row.interval for row in diff.rows} == {row.p for row in diff.rows} == {None}


def test_five_a_side_can(tmp_path: Path) -> None:
    diff = compare(*sides(tmp_path, 5, conv2d=2.0))

    assert diff.total.verdict == "slower"
    assert diff.total.p == pytest.approx(2 / 252)


def test_within_the_band_is_the_same(tmp_path: Path) -> None:
    diff = compare(*sides(tmp_path, 10), CompareOptions(equivalence=0.3))

    assert {row.verdict for row in diff.rows} == {diff.total.verdict} == {"same"}


def test_rows_of_one_side_have_no_verdict(tmp_path: Path) -> None:
    base, candidate = sides(tmp_path, 5)
    for path in candidate.iterdir():
        path.write_text(path.read_text().replace("aten::_softmax", "my::softmax"))
    diff = compare(base, candidate)

    alone = [row for row in diff.rows if row.match == "none"]
    assert alone
    assert {(row.interval, row.p, row.verdict) for row in alone} == {(None, None, None)}


def test_small_rows_are_not_tested(tmp_path: Path) -> None:
    base, candidate = sides(tmp_path, 7, view=3.0)

    assert verdicts(compare(base, candidate))["view"] is None
    assert verdicts(compare(base, candidate, CompareOptions(materiality=0.001)))["view"] == "slower"


def test_latency_is_a_record_of_its_own(tmp_path: Path) -> None:
    simulation = Simulation(1)
    base = simulation.write(tmp_path / "base", 6, latency_ns=[100, 200, 300])
    candidate = simulation.write(tmp_path / "candidate", 6, candidate=True, latency_ns=[400])
    latency = compare(base, candidate).latency
    assert latency
    assert (latency.base_ns, latency.candidate_ns, latency.verdict) == (200, 400, "slower")

    single = compare(next(base.iterdir()), next(candidate.iterdir())).latency
    assert single
    assert (single.ratio, single.verdict, single.interval) == (2, None, None)
    assert compare(base, simulation.write(tmp_path / "none", 6, latency_ns=[])).latency is None


def test_structures_and_settings_that_differ_are_said(tmp_path: Path) -> None:
    base, candidate = sides(tmp_path, 4)
    odd = min(candidate.iterdir())
    odd.write_text(odd.read_text().replace("aten::_softmax", "my::softmax").replace('"candidate"', '"other"'))
    warnings = " / ".join(compare(base, candidate).warnings)

    assert "the captures differ in recorded label" not in warnings
    assert "candidate: the captures differ in label: other, candidate" in warnings
    assert "1 capture of 4 ran other calls than the rest" in warnings


def test_one_iteration_against_ten(tmp_path: Path) -> None:
    base = Simulation(1, iterations=1).write(tmp_path / "base", 5)
    candidate = Simulation(2, iterations=10, effects={"conv2d": 2.0}).write(tmp_path / "candidate", 5, candidate=True)
    diff = compare(base, candidate)

    assert_conserved(diff)
    assert verdicts(diff)["conv2d"] == "slower"
    assert diff.comparable.verdict == "same workload"


def assert_conserved(diff: Diff) -> None:
    assert sum(term.delta_ns for term in diff.ledger) == diff.total.delta_ns
    rest = sum(term.delta_ns for term in diff.ledger if not term.rows)
    assert sum(row.delta_ns for row in diff.rows) + rest == diff.total.delta_ns


NAMES = ["aten::conv2d", "aten::linear", "aten::addmm", "aten::relu", "custom::op"]
calls = st.builds(Call, st.sampled_from(NAMES), st.integers(0, 50), st.just(()), st.sampled_from([None, [[1, 3]]]))
captures = st.lists(st.lists(st.lists(calls, min_size=1, max_size=4), min_size=1, max_size=3), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(captures, captures)
def test_ledgers_of_many_captures_add_up_and_mirror(
    base: list[list[list[Call]]], candidate: list[list[list[Call]]]
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        loaded = [
            [load(write(run, Path(folder, f"{side}{at}.json"))) for at, run in enumerate(runs)]
            for side, runs in (("base", base), ("candidate", candidate))
        ]
    diff, swapped, same = compare(*loaded), compare(*loaded[::-1]), compare(loaded[0], loaded[0])

    for one in (diff, swapped, same):
        assert_conserved(one)
    assert same.total.delta_ns == 0
    assert all(row.delta_ns == 0 for row in same.rows)
    assert {row.verdict for row in same.rows} <= {"same", "no evidence", None}
    mirrored = {(row.family, row.shape): row for row in swapped.rows}
    for row in diff.rows:
        other = mirrored[row.family, row.shape]
        assert (other.delta_ns, other.p, other.p_adjusted) == (-row.delta_ns, row.p, row.p_adjusted)
        opposite = {"faster": "slower", "slower": "faster"}
        assert other.verdict == opposite.get(row.verdict or "", row.verdict)
        if row.interval and other.interval:
            assert other.interval == pytest.approx((1 / row.interval[1], 1 / row.interval[0]))


def write(run: list[list[Call]], path: Path) -> Path:
    steps = [annotation(f"ProfilerStep#{number}", *iteration) for number, iteration in enumerate(run)]
    return TraceBuilder(gap=3).add(*steps).write(path)


def test_pooling_is_the_mean_over_all_iterations(tmp_path: Path) -> None:
    base, candidate = sides(tmp_path, (3, 1))
    diff = compare(base, candidate)
    alone = [compare(path, path).base for path in sorted(base.iterdir())]

    assert diff.base.samples_ns == tuple(ns for side in alone for ns in side.samples_ns)
    assert diff.base.iteration_ns == round(sum(side.iteration_ns for side in alone) / 3)


def test_ways_to_name_captures(tmp_path: Path) -> None:
    base, candidate = sides(tmp_path, 2)
    files = sorted(base.iterdir())
    (tmp_path / "base.json").symlink_to(files[0])

    for named in (base, f"{base}/", f"{base}/*.json", files, [load(path) for path in files]):
        assert compare(named, candidate).base.captures == 2
    assert compare(tmp_path / "base.json", candidate).base.captures == 1
    assert compare(base, candidate).base.run.label == "base"
    framed = api.compare([api.load(files[0]), files[1]], candidate)
    assert framed.result.base.captures == 2
    for frame, items in ((framed.rows, framed.result.rows), (framed.ledger, framed.result.ledger)):
        assert frame["verdict"].fillna("").tolist() == [item.verdict or "" for item in items]
    # The same capture under two names is one.
    (base / "again.json").symlink_to(files[0])
    assert compare(base, candidate).base.captures == 2


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (".", "one a label. Name one of them: .*base, .*candidate"),
        ("nothing", "is a directory without traces"),
        ("x*.json", "matches"),
        ("broken", "broken.bad.json"),
    ],
)
def test_what_cannot_be_a_side(tmp_path: Path, named: str, message: str) -> None:
    base, _ = sides(tmp_path, 2)
    for name in ("nothing", "broken"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken" / "a.json").write_text(next(base.iterdir()).read_text())
    (tmp_path / "broken" / "bad.json").write_text('{"traceEvents": [')

    with pytest.raises(TraceFormatError, match=message):
        compare(tmp_path / named, base)


def test_tables_are_no_repeated_captures(tmp_path: Path) -> None:
    table = SAMPLES / "arm-tutorial-acl.txt"
    base, _ = sides(tmp_path, 2)

    with pytest.raises(TraceFormatError, match="printed table among"):
        compare([table, table], table)
    with pytest.raises(UsageError, match="several captures"):
        compare(base, table)


def test_the_estimate_is_what_the_interval_is_of(tmp_path: Path) -> None:
    """Outliers carry the means: then they are said to differ from what is tested."""
    base, candidate = sides(tmp_path, 7, conv2d=0.8)
    document = json.loads(min(candidate.iterdir()).read_text())
    events = [event for event in document["traceEvents"] if event.get("ph") == "X"]
    step = max((event for event in events if "iteration" in event["name"]), key=lambda event: event["ts"])
    (longest,) = [event for event in events if event["ts"] >= step["ts"] and event.get("name") == "aten::view"]
    for event in (longest, step):
        event["dur"] += 1_000_000
    min(candidate.iterdir()).write_text(json.dumps(document))
    diff = compare(base, candidate)

    for item in (diff.total, *diff.rows, *(term for term in diff.ledger if term.rows)):
        assert item.estimate is not None
        assert item.interval
        assert item.interval[0] < item.estimate < item.interval[1]
    assert diff.total.ratio > 1.5 > 1 > diff.total.estimate  # type: ignore[operator]
    (warning,) = [warning for warning in diff.warnings if "means and medians differ by other factors" in warning]
    assert "total 2." in warning or "total 3." in warning
    assert "view " in warning
    (latency,) = [diff.latency]
    assert latency
    assert latency.estimate == pytest.approx(latency.ratio, rel=1e-6)


def test_a_latency_is_shown_within_its_interval(tmp_path: Path) -> None:
    """The median process would say 1.00x of what is tested as 0.7x."""
    simulation = Simulation(8)
    sides = [simulation.write(tmp_path / name, 7) for name in ("base", "candidate")]
    for path in sorted(sides[1].iterdir())[:3]:
        path.write_text(re.sub(r'"latency_ns": \[.*?\]', '"latency_ns": [4000000]', path.read_text()))
    latency = compare(*sides).latency

    assert latency
    assert latency.interval
    assert latency.interval[0] < latency.ratio < latency.interval[1]
    assert latency.ratio == pytest.approx(latency.estimate)
    assert latency.ratio < 0.9


def test_a_family_that_one_capture_never_ran_has_no_ratio(tmp_path: Path) -> None:
    base, candidate = sides(tmp_path, 7, linear=1.5)
    odd = min(candidate.iterdir())
    odd.write_text(odd.read_text().replace("aten::addmm", "my::addmm"))
    diff = compare(base, candidate)

    (row,) = [row for row in diff.rows if row.family == "linear"]
    assert (row.estimate, row.interval, row.verdict) == (None, None, "no evidence")
    assert row.p is not None
    assert "linear" not in " ".join(diff.warnings)


def test_a_row_is_not_tested_for_having_changed(tmp_path: Path) -> None:
    """Its difference is 1 % of an iteration, its time on neither side."""
    (row,) = [row for row in compare(*sides(tmp_path, 7, conv2d=3.0, view=8.0)).rows if row.family == "view"]

    assert row.p is not None
    assert (row.p_adjusted, row.verdict) == (None, None)


@pytest.mark.parametrize("captures", [(2, 14), (4, 9), (4, 4)])
def test_fewer_than_five_captures_claim_nothing(tmp_path: Path, captures: tuple[int, int]) -> None:
    diff = compare(*sides(tmp_path, captures, conv2d=3.0))

    assert diff.total.p is not None
    assert diff.total.p <= 0.05
    assert not {row.verdict for row in diff.rows} & {"faster", "slower"}
    assert any(f"{captures[0]} + {captures[1]} captures: fewer than 5" in warning for warning in diff.warnings)


def test_the_same_captures_on_both_sides_are_said(tmp_path: Path) -> None:
    base, candidate = sides(tmp_path, 5)
    (tmp_path / "again").symlink_to(base)
    both = [*base.iterdir(), *candidate.iterdir()]

    assert "both sides are the same captures" in compare(base, tmp_path / "again").warnings
    assert "5 captures of one side are also of the other" in compare(base, both).warnings
    assert not any(
        "of the other" in warning or "same captures" in warning for warning in compare(base, candidate).warnings
    )


def test_the_test_that_was_used_is_said(tmp_path: Path) -> None:
    assert compare(*sides(tmp_path / "1", 1)).certainty is None
    for captures, test in ((5, "unpaired"), (12, "paired by block")):
        certainty = compare(*sides(tmp_path / str(captures), captures)).certainty
        assert certainty
        assert (certainty.test, certainty.captures) == (test, (captures, captures))
