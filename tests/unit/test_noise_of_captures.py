"""What repeated captures of the same code differ by, and how that holds verdicts back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracediff.compare import CompareOptions, compare, measure
from tracediff.errors import UsageError

from simulation import Noise, Simulation, sides, verdicts


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
