"""Two processes read what one would: the same sides, errors and progress."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tracediff.errors import TraceFormatError
from tracediff.importers import captures, sides
from tracediff.importers.captures import load_both, load_each
from unit.importers.test_cache import content

from builders import SAMPLES

ACL, OPENBLAS = SAMPLES / "acl.json", SAMPLES / "openblas.json"


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[sides._SecondReader]:
    """Every side is worth a process of its own; those that were started."""
    readers: list[sides._SecondReader] = []

    class Reader(sides._SecondReader):
        def __init__(self, path: str | Path, cache: bool) -> None:
            super().__init__(path, cache)
            readers.append(self)

    monkeypatch.setattr(captures, "TWO_PROCESSES_BYTES", 1)
    monkeypatch.setattr(sides, "TWO_PROCESSES_BYTES", 1)
    monkeypatch.setattr(sides, "_processors", lambda: 2)
    monkeypatch.setattr(sides, "_SecondReader", Reader)
    return readers


def described(loaded: tuple[captures.Captures, ...]) -> list[object]:
    return [(side.path, side.label, list(map(content, side.profiles))) for side in loaded]


def test_the_sides_are_those_that_one_process_reads(started: list[sides._SecondReader], tmp_path: Path) -> None:
    for name, path in (("one", ACL), ("two", OPENBLAS)):
        (tmp_path / f"{name}.json").write_bytes(path.read_bytes())
    for base, candidate in (
        (OPENBLAS, ACL),
        (SAMPLES / "arm-tutorial-acl.txt", f"{tmp_path}/*.json"),
        (tmp_path, SAMPLES / "resnet50-acl.json.gz"),
    ):
        started.clear()
        assert described(load_both(base, candidate)) == described(tuple(load_each((base, candidate))))
        assert [reader._process.returncode for reader in started] == [0]


def test_progress_rises_over_both_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    load_both(OPENBLAS, ACL, lambda done, total: told.append((done, total)))

    whole = OPENBLAS.stat().st_size + ACL.stat().st_size
    assert {total for _, total in told} == {whole}
    assert told == sorted(told)
    assert told[-1] == (whole, whole)


@pytest.mark.parametrize("bad", ["base", "candidate"])
def test_errors_are_those_of_one_process(tmp_path: Path, bad: str, started: list[sides._SecondReader]) -> None:
    path = tmp_path / "d\u00e4maged.json"
    path.write_text('{"traceName": "no events"}')
    paths = (path, ACL) if bad == "base" else (ACL, path)
    with pytest.raises(TraceFormatError) as alone:
        list(load_each(paths))
    with pytest.raises(TraceFormatError) as together:
        load_both(*paths)

    assert str(together.value) == str(alone.value)
    assert [reader._process.returncode is None for reader in started] == [False], "it was not ended"


@pytest.mark.parametrize("python", ["false", "nonexistent"])
def test_a_process_that_fails_costs_only_time(python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = described(tuple(load_each((OPENBLAS, ACL))))
    monkeypatch.setattr(sys, "executable", f"/bin/{python}")

    assert described(load_both(OPENBLAS, ACL)) == expected
