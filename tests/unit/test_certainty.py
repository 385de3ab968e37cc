"""Repeated captures, from their files to the verdicts."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracediff import api
from tracediff.compare import CompareOptions, compare, measure
from tracediff.errors import TraceFormatError, UsageError
from tracediff.importers import load
from tracediff.model.diff import Diff

from builders import SAMPLES, Call, TraceBuilder, annotation
from simulation import Noise, Simulation


def sides(folder: Path, captures: int | tuple[int, int], seed: int = 0, **effects: float) -> tuple[Path, Path]:
    base, candidate = (captures, captures) if isinstance(captures, int) else captures
    simulation = Simulation(seed, effects=effects)
    return simulation.write(folder / "base", base), simulation.write(folder / "candidate", candidate, candidate=True)


def verdicts(diff: Diff) -> dict[str, str | None]:
    return {term.term: term.verdict for term in diff.ledger}


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

    assert verdicts(compare(base, candidate))["view"] == "no evidence"
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


def test_ten_and_ten_are_quick(tmp_path: Path) -> None:
    base, candidate = ([load(path) for path in side.iterdir()] for side in sides(tmp_path, 10))
    began = time.process_time()
    compare(base, candidate)

    assert time.process_time() - began < 2


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
    assert api.compare([api.load(files[0]), files[1]], candidate).result.base.captures == 2
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


def test_noise_is_measured(tmp_path: Path) -> None:
    Simulation(3, Noise(between=0, between_rows=0.05, within=0.02)).write(tmp_path / "acl", 30)
    (label,) = measure(tmp_path).labels
    families = {one.family: one for one in label.families}

    assert (label.label, label.captures) == ("acl", 30)
    assert families["linear"].between == pytest.approx(0.05, abs=0.02)
    assert families["linear"].within == pytest.approx(0.02, abs=0.01)
    assert families["total"].detectable < families["total"].floor
    with pytest.raises(UsageError, match="is one capture"):
        measure(next((tmp_path / "acl").iterdir()))


def test_noise_holds_verdicts_back(tmp_path: Path) -> None:
    from tracediff.report.base import ReportOptions, load_report

    loud = Simulation(4, Noise(between=0.5)).write(tmp_path / "loud", 4)
    noise = tmp_path / "noise.json"
    noise.write_text(load_report("json").render_noise(measure(loud), ReportOptions()))
    base, candidate = sides(tmp_path, 7, linear=1.3)
    options = CompareOptions(noise=noise)

    many = compare(base, candidate, options)
    assert verdicts(many)["linear"] == "no evidence"
    assert next(row for row in many.rows if row.family == "linear").within_noise
    single = compare(min(base.iterdir()), min(candidate.iterdir()), options)
    assert all(row.within_noise and row.verdict is None for row in single.rows)
    assert any("no more than this machine's noise" in warning for warning in single.warnings)
    noise.write_text(json.dumps({"labels": 1}))
    with pytest.raises(UsageError, match="no measured noise"):
        compare(base, candidate, options)


def false_verdicts(trials: Sequence[int], captures: int, folder: Path) -> float:
    rows = [
        row.verdict in ("faster", "slower")
        for seed in trials
        for row in compare(*sides(folder / str(seed), captures, seed)).rows
    ]
    return sum(rows) / len(rows)


def test_the_same_code_seldom_differs(tmp_path: Path) -> None:
    assert false_verdicts(range(10), 7, tmp_path) <= 0.05


def test_a_tenth_in_a_heavy_family_is_found(tmp_path: Path) -> None:
    trials = 20
    found = [
        verdicts(compare(*sides(tmp_path / str(seed), 10, seed, conv2d=1.1)))["conv2d"] == "slower"
        for seed in range(trials)
    ]

    assert sum(found) >= 0.9 * trials


def test_blocks_are_compared_pairwise_where_there_are_enough(tmp_path: Path) -> None:
    drifting = Noise(between=0.01, between_rows=0.01, drift=1.0)

    def total(captures: int, candidate_blocks: int) -> str | None:
        simulation = Simulation(5, drifting, effects={"conv2d": 1.1})
        folder = tmp_path / f"{captures}-{candidate_blocks}"
        base = simulation.write(folder / "base", captures)
        candidate = simulation.write(folder / "candidate", captures, candidate=True)
        for path in candidate.iterdir():
            path.write_text(path.read_text().replace('"block": ', f'"block": {candidate_blocks or ""}'))
        return compare(base, candidate).total.verdict

    assert total(12, 0) == "slower"
    # The same times in blocks that the base knows nothing of.
    assert total(12, 7) == "no evidence"
    assert total(5, 0) == "no evidence"
