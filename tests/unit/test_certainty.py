"""Repeated captures, from their files to the verdicts."""

from __future__ import annotations

import json
import re
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
    assert all(term.within_noise and term.verdict is None for term in single.ledger if term.rows)
    assert {row.within_noise for row in single.rows if row.family == "conv2d"} == {False}
    assert any("no more than this machine's noise" in warning for warning in single.warnings)
    noise.write_text(json.dumps({"labels": 1}))
    with pytest.raises(UsageError, match="no measured noise"):
        compare(base, candidate, options)


def test_noise_of_the_latency_is_its_own(tmp_path: Path) -> None:
    """Latencies that jitter more than profiled iterations, and the floor that was measured of them."""
    from tracediff.report.base import ReportOptions, load_report

    def jittering(folder: str, factor: float = 1.0) -> Path:
        captures = Simulation(6, Noise(between=0.001, between_rows=0.001)).write(tmp_path / folder, 6)
        for at, path in enumerate(sorted(captures.iterdir())):
            document = json.loads(path.read_text())
            document["tracediff"]["latency_ns"] = [round(1e6 * factor * (1 + 0.2 * at))]
            path.write_text(json.dumps(document))
        return captures

    noise = tmp_path / "noise.json"
    noise.write_text(load_report("json").render_noise(measure(jittering("loud")), ReportOptions()))
    pair = jittering("base"), jittering("candidate", 1.2)
    diff = compare(*pair, CompareOptions(noise=noise))

    assert diff.latency
    assert diff.latency.within_noise
    assert not any("for the latency" in warning for warning in diff.warnings)
    written = json.loads(noise.read_text())
    written["labels"][0]["families"] = [one for one in written["labels"][0]["families"] if one["family"] != "latency"]
    noise.write_text(json.dumps(written))
    diff = compare(*pair, CompareOptions(noise=noise))
    assert diff.latency
    assert not diff.latency.within_noise
    assert any("no noise was measured for the latency" in warning for warning in diff.warnings)


def test_noise_knows_what_it_is_of(tmp_path: Path) -> None:
    from tracediff.report.base import ReportOptions, load_report

    def captured(folder: str, workload: str, threads: int) -> Path:
        known = {"workload": {"name": workload}, "environment": {"cpu": "N1", "threads": threads}}
        return Simulation(7).write(tmp_path / folder, 5, torch={"version": "2.3.0"}, **known)

    noise = tmp_path / "noise.json"
    measured = measure(captured("loud", "resnet18", 4))
    noise.write_text(load_report("json").render_noise(measured, ReportOptions()))
    (label,) = measured.labels
    options = CompareOptions(noise=noise)

    assert (label.workload, label.torch_version, label.threads, label.cpu) == ("resnet18", "2.3.0", 4, "N1")
    other = captured("base", "bert", 8), captured("candidate", "bert", 8)
    warnings = [warning for warning in compare(*other, options).warnings if "measured with other" in warning]
    assert [warning.partition(": measure")[0] for warning in warnings] == [
        "the noise was measured with other workload: resnet18, here bert",
        "the noise was measured with other threads: 4, here 8",
    ]
    alike = captured("alike", "resnet18", 4), captured("alike too", "resnet18", 4)
    assert not any("measured with other" in warning for warning in compare(*alike, options).warnings)


def test_odd_surroundings_are_not_recorded(tmp_path: Path) -> None:
    (label,) = measure(Simulation(7).write(tmp_path / "odd", 3, environment={"cpu": ["N1"], "threads": "4"})).labels

    assert (label.cpu, label.threads) == (None, None)


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


def false_verdicts(trials: Sequence[int], captures: int, folder: Path) -> float:
    return part_called([compare(*sides(folder / str(seed), captures, seed)) for seed in trials])


def part_called(diffs: Sequence[Diff]) -> float:
    rows = [row.verdict in ("faster", "slower") for diff in diffs for row in diff.rows]
    return sum(rows) / len(rows)


@pytest.mark.parametrize("spreads", [(0.1, 0.02), (0.04, 0.04)])
def test_few_restless_captures_of_the_same_code_seldom_differ(tmp_path: Path, spreads: tuple[float, float]) -> None:
    def written(seed: int, which: int) -> Path:
        simulation = Simulation(seed, Noise(between=spreads[which]))
        return simulation.write(tmp_path / f"{seed}-{which}", (5, 14)[which], candidate=bool(which))

    assert part_called([compare(written(seed, 0), written(seed, 1)) for seed in range(20)]) <= 0.05


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
