"""`--fail-on` and `--strict`: exit codes, and what is said on standard error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracediff.analysis.gate import parse_condition
from tracediff.cli import main
from tracediff.errors import UsageError

from builders import SAMPLES
from simulation import Simulation


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


def test_faster_is_no_regression(runs: Path) -> None:
    swapped = [str(runs / "candidate10"), str(runs / "base10")]

    assert main(["diff", *swapped, "--fail-on", "total>0%"]) == 0


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
    ],
)
def test_conditions(text: str, subject: str, part: float | None, limit_ns: int | None) -> None:
    condition = parse_condition(text)

    assert (condition.subject, condition.part, condition.limit_ns) == (subject, pytest.approx(part), limit_ns)


@pytest.mark.parametrize("text", ["", "total", "total<5%", "total>-5%", "family:>5%", "total>5%%", "total>5m"])
def test_no_conditions(text: str) -> None:
    with pytest.raises(UsageError, match="is no condition"):
        parse_condition(text)
