"""`--fail-on` and `--strict`: exit codes, and what is said on standard error."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tracediff.analysis.gate import parse_condition
from tracediff.cli import main
from tracediff.compare import compare
from tracediff.errors import UsageError

from builders import SAMPLES
from simulation import MODEL, Noise, Simulation

FAMILIES = [family for family, *_ in MODEL]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten, three and one capture a side, the convolutions of the candidate 20 % slower."""
    folder = tmp_path_factory.mktemp("runs")
    for count in (10, 3, 1):
        simulation = Simulation(count, effects={"conv2d": 1.2})
        simulation.write(folder / f"base{count}", count)
        simulation.write(folder / f"candidate{count}", count, candidate=True)
    return folder


@pytest.mark.parametrize(
    ("count", "conditions", "code"),
    [
        (10, ["total>5%"], 1),
        (10, ["family:conv2d>10%"], 1),
        (10, ["family:conv2d > 0.5 ms"], 1),
        (10, ["latency>5%"], 1),
        (10, ["family: conv2d>10%"], 1),
        (10, ["total>50%"], 0),
        (10, ["total>5ms"], 0),
        (10, ["family:view>90%", "total>5%"], 1),
        (3, ["total>5%"], 6),
        (3, ["total>50%"], 0),
        (1, ["family:conv2d>5%"], 1),
        (1, ["family:conv2d>50%"], 0),
        (10, ["total>=5%"], 2),
        (10, ["total>5"], 2),
        (10, ["family:lstm>5%"], 2),
        (10, ["sum>5%"], 2),
    ],
)
def test_exit_codes(
    runs: Path, capsys: pytest.CaptureFixture[str], count: int, conditions: list[str], code: int
) -> None:
    arguments = [argument for condition in conditions for argument in ("--fail-on", condition)]

    assert main(["diff", str(runs / f"base{count}"), str(runs / f"candidate{count}"), *arguments]) == code
    said = capsys.readouterr().err
    assert all(condition.split(">")[0].strip() in said for condition in conditions)
    assert ("the estimates decide" in said) == (count == 1)
    assert (": inconclusive" in said) == (code == 6)
    assert (": exceeded" in said) == (code == 1)


@pytest.mark.parametrize("arguments", [["--strict"], ["--fail-on", "total>500%"]])
def test_captures_that_lost_events_are_refused(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    [whole, *_] = sorted((runs / "base1").iterdir())
    cut, mended = tmp_path / "cut.json", tmp_path / "mended.json"
    cut.write_bytes(whole.read_bytes()[:-500])
    mended.write_bytes(whole.read_bytes().replace(b"aten::relu", rb"aten::\qrelu"))

    assert main(["diff", str(whole), str(mended), *arguments]) == 0
    assert "lost events" not in capsys.readouterr().err
    assert main(["diff", str(whole), str(cut), *arguments]) == 5
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tracediff: error: ")]
    assert f"not comparable: {cut} lost events or times (read " in line
    assert "dropped 1 event at byte" in line
    assert "cut short" in line


def test_a_capture_that_lost_events_is_no_repetition(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "base"
    shutil.copytree(runs / "base3", folder)
    first, second, third = sorted(folder.iterdir())
    first.write_bytes(first.read_bytes()[:-5000])
    diff = compare(folder, runs / "candidate3")
    without = compare([second, third], runs / "candidate3")

    assert (diff.base.captures, diff.total) == (2, without.total)
    assert [warning for warning in diff.warnings if str(first) in warning and "are left out" in warning]
    assert len(diff.base.reads) == 3
    assert main(["diff", str(folder), str(runs / "candidate3"), "--strict"]) == 5
    assert f"{first} lost events" in capsys.readouterr().err

    for other in (second, third):
        other.write_bytes(other.read_bytes()[:-5000])
    diff = compare(folder, runs / "candidate3")
    assert diff.base.captures == 3
    assert [warning for warning in diff.warnings if "3 of 3 captures lost events or times" in warning]


def test_faster_is_no_regression(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swapped = [str(runs / "candidate10"), str(runs / "base10")]

    assert main(["diff", *swapped, "--fail-on", "total>0%"]) == 0
    assert ": certainly faster, -1" in capsys.readouterr().err


@pytest.mark.parametrize(("effect", "limit"), [(1.1, "5%"), (1.1, "0.5ms"), (0.9, "5%"), (0.9, "0.5ms")])
def test_nothing_is_decided_where_means_and_medians_disagree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], effect: float, limit: str
) -> None:
    """One iteration of one process that took a second puts the mean on the other side of the limit."""
    steady = Noise(between=0.01, between_rows=0.0, within=0.01)
    simulation = Simulation(1, steady, effects=dict.fromkeys(FAMILIES, effect))
    sides = [simulation.write(tmp_path / "base", 7), simulation.write(tmp_path / "candidate", 7, candidate=True)]
    last_iteration_takes(min(sides[effect < 1].iterdir()), 1_000_000)
    document = tmp_path / "diff.json"

    assert main(["diff", *map(str, sides), "--fail-on", f"total>{limit}", "-o", str(document)]) == 6
    said = capsys.readouterr().err
    assert "only one of means and medians exceeds the limit" in said
    total = json.loads(document.read_text())["total"]
    assert ("certainly slower, +10" if effect > 1 else "certainly faster, -9") in said
    assert total["estimate"] == pytest.approx(effect, rel=0.02)
    assert total["interval"][0] < total["estimate"] < total["interval"][1]
    assert (total["ratio"] > 1) == (effect < 1)


def last_iteration_takes(path: Path, us: int) -> None:
    """Makes the longest operator of the last iteration, and that iteration, take longer by so much."""
    document = json.loads(path.read_text())
    events = [event for event in document["traceEvents"] if event.get("ph") == "X"]
    annotation = max((event for event in events if "iteration" in event["name"]), key=lambda event: event["ts"])
    end = annotation["ts"] + annotation["dur"]
    inside = [event for event in events if annotation["ts"] <= event["ts"] < end and event is not annotation]
    last = max(inside, key=lambda event: event["ts"])
    last["dur"] += us
    annotation["dur"] += us
    path.write_text(json.dumps(document))


def test_the_estimate_exceeds_a_limit_that_the_mean_exceeds_too(runs: Path, tmp_path: Path) -> None:
    pair = [str(runs / "base10"), str(runs / "candidate10")]
    document = tmp_path / "diff.json"
    assert main(["diff", *pair, "-o", str(document)]) == 0
    read = json.loads(document.read_text())

    assert read["certainty"] == {"test": "unpaired", "captures": [10, 10]}
    low, high = sorted((read["total"]["estimate"], read["total"]["ratio"]))
    limits = [f"total>{100 * (limit - 1):.6f}%" for limit in (low - 1e-4, (low + high) / 2, high + 1e-4)]
    assert [main(["diff", *pair, "--fail-on", limit]) for limit in limits] == [1, 6, 0]


def test_the_latency_moved_the_other_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulation = Simulation(1, effects={"conv2d": 1.3})
    base = simulation.write(tmp_path / "base", 6, latency_ns=[3_000_000])
    candidate = simulation.write(tmp_path / "candidate", 6, candidate=True, latency_ns=[2_000_000])

    assert main(["diff", str(base), str(candidate), "--fail-on", "total>5%"]) == 1
    assert "note: the latency without the profiler moved the other way: 3.000 ms -> 2.000 ms" in (
        said := capsys.readouterr().err
    )
    assert "gate on latency>5%" in said
    assert main(["diff", str(base), str(candidate), "--fail-on", "latency>5%"]) == 0
    assert "the other way" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--strict"], ["--fail-on", "total>5%"]])
def test_different_work_is_not_compared(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    pair = [str(SAMPLES / "openblas.json"), str(SAMPLES / "resnet50-acl.json.gz")]

    assert main(["diff", *pair]) == 0
    assert main(["diff", *pair, *arguments]) == 5
    assert "not comparable: different workload" in capsys.readouterr().err


def test_latency_must_be_there() -> None:
    pair = [str(SAMPLES / "openblas.json"), str(SAMPLES / "acl.json")]

    assert main(["diff", *pair, "--fail-on", "latency>5%"]) == 2


@pytest.mark.parametrize(
    ("text", "subject", "part", "limit_ns"),
    [
        ("total>5%", "total", 0.05, None),
        ("latency > 1.5us", "latency", None, 1500),
        ("family:aten::foo>2s", "aten::foo", None, 2 * 10**9),
        ("family:conv2d>.5%", "conv2d", 0.005, None),
        ("family: conv2d > 5%", "conv2d", 0.05, None),
    ],
)
def test_conditions(text: str, subject: str, part: float | None, limit_ns: int | None) -> None:
    condition = parse_condition(text)

    assert (condition.subject, condition.part, condition.limit_ns) == (subject, pytest.approx(part), limit_ns)


@pytest.mark.parametrize("text", ["", "total", "total<5%", "total>-5%", "family:>5%", "total>5%%", "total>5m"])
def test_no_conditions(text: str) -> None:
    with pytest.raises(UsageError, match="is no condition"):
        parse_condition(text)


@pytest.mark.parametrize("command", ["show", "diff"])
def test_a_format_without_warnings_has_them_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    cut = tmp_path / "cut.json"
    cut.write_bytes((SAMPLES / "acl.json").read_bytes()[:100_000])
    inputs = [str(cut), str(SAMPLES / "acl.json")][: 2 if command == "diff" else 1]

    assert main([command, *inputs, "--format", "json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert main([command, *inputs, "--format", "csv"]) == 0
    assert capsys.readouterr().err.splitlines() == [f"tracediff: note: {warning}" for warning in warnings]
    assert [warning for warning in warnings if "dropped 1 event at byte 99,970; cut short" in warning]
