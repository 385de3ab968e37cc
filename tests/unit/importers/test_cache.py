"""What was kept of a trace is that trace, or nothing: never another one, and never a half."""

from __future__ import annotations

import errno
import os
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec
import pytest

from tracediff import importers
from tracediff.cli import main
from tracediff.errors import TraceFormatError
from tracediff.importers import cache, load, stored
from tracediff.importers.cache import info
from tracediff.importers.finding import find_capture
from tracediff.importers.source import Progress, Source
from tracediff.model.trace import Profile

from builders import SAMPLES, Call, TraceBuilder

TRACES = sorted(path for path in SAMPLES.glob("*.json*") if not path.name.startswith("matrix"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every file counts as large; where the entries are."""
    monkeypatch.setenv("TRACEDIFF_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(importers, "LARGE_BYTES", 1)
    return tmp_path / "cache" / "traces"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were not taken from the cache."""
    paths: list[Path] = []
    read = importers._read

    def counting(source: Source, progress: Progress | None) -> Profile:
        assert source.path
        paths.append(source.path)
        return read(source, progress)

    monkeypatch.setattr(importers, "_read", counting)
    return paths


def content(profile: Profile) -> object:
    return msgspec.to_builtins(profile, enc_hook=lambda column: (column.dtype.str, column.tolist()))


def a_trace(path: Path, *names: str) -> Path:
    path.write_bytes(TraceBuilder().add(*map(Call, names)).write(path).read_bytes())
    # Long ago, so that its time can be trusted whatever the file system counts in.
    os.utime(path, ns=(0, 1_000_000_000_000_000_001))
    return path


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_a_kept_trace_is_the_trace(path: Path, parsed: list[Path]) -> None:
    fresh = load(path)
    kept = load(path)

    assert parsed == [path]
    assert content(kept) == content(fresh)


def test_the_same_file_by_another_name_has_that_name(
    tmp_path: Path, parsed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("acl.json", "other.json"):
        (tmp_path / name).symlink_to(SAMPLES / "acl.json")
    load(tmp_path / "acl.json")
    monkeypatch.chdir(tmp_path)
    for name in ("acl.json", "other.json"):
        assert content(load(name)) == content(load(name, cache=False))
    assert [path.name for path in parsed].count("acl.json") == 2, "read once without the cache, once with it"


def test_a_file_that_changed_is_read_anew(tmp_path: Path, parsed: list[Path]) -> None:
    path = a_trace(tmp_path / "t.json", "a", "b")
    load(path)
    a_trace(path, "x", "y")  # as long, and as old by its own account

    assert load(path).names == ("x", "y")
    assert len(parsed) == 2
    assert info().traces == 1, "what the file once was is of no use"


def test_a_file_that_changes_while_it_is_read_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_trace(tmp_path / "t.json", "a")
    read = importers._read
    monkeypatch.setattr(importers, "_read", lambda *told: (read(*told), a_trace(path, "b"))[0])
    load(path)

    assert info().traces == 0


def test_a_file_that_is_replaced_after_it_was_found_is_not_kept_as_the_new_one(tmp_path: Path) -> None:
    path = a_trace(tmp_path / "t.json", "a", "b")
    found = find_capture(path)
    a_trace(tmp_path / "new", "x", "y").rename(path)
    for source in found.sources:
        importers.read(source)

    assert info().traces == 0
    assert content(load(path)) == content(load(path, cache=False))


def test_other_code_that_reads_makes_other_entries(parsed: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    load(TRACES[0])
    monkeypatch.setattr(cache, "_reader", lambda: b"a later version")
    load(TRACES[0])

    assert len(parsed) == 2


def damages(whole: bytes) -> dict[str, bytes]:
    flipped = {
        f"bit {bit} of byte {at}": whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
        for at in (*range(0, len(whole), len(whole) // 150), *range(len(whole) - 60, len(whole)))
        for bit in (0, 7)
    }
    return {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "without its last byte": whole[:-1],
        "with a byte more": whole + b"\0",
        "its end alone": whole[-20:],
        "zeros": bytes(len(whole)),
        "a hole": whole[:100] + bytes(4096) + whole[4196:],
        "a block twice": whole[:8192] + whole[4096:8192] + whole[12288:],
        **flipped,
    }


def test_a_damaged_entry_is_never_trusted(folder: Path, parsed: list[Path]) -> None:
    path = SAMPLES / "acl.json"
    right = content(load(path))
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    for name, damaged in damages(whole).items():
        assert damaged != whole, name
        entry.write_bytes(damaged)
        parsed.clear()

        assert content(load(path)) == right, name
        assert parsed == [path], name
        assert entry.read_bytes() == whole, f"{name}: not mended"


def test_an_entry_of_another_file_is_none(folder: Path) -> None:
    load(SAMPLES / "openblas.json")
    (other,) = folder.iterdir()
    load(SAMPLES / "acl.json")
    (entry,) = set(folder.iterdir()) - {other}
    entry.write_bytes(other.read_bytes())

    assert content(load(SAMPLES / "acl.json")) == content(load(SAMPLES / "acl.json", cache=False))


def test_an_entry_cannot_run_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return os.mkdir, (str(tmp_path / "made"),)

    records = pickle.dumps(Evil())
    body = records + stored._TRAILER.pack(stored._MAGIC, 0)
    (tmp_path / "entry").write_bytes(body + stored._CHECKSUM.pack(zlib.crc32(body)))
    with (tmp_path / "entry").open("rb", buffering=0) as file, pytest.raises(stored.DamagedError, match="no record"):
        stored.read(file)
    assert not (tmp_path / "made").exists()


def half(error: BaseException) -> Callable[[object, IO[bytes]], None]:
    def write(thing: object, file: IO[bytes]) -> None:
        file.write(b"half")
        file.flush()
        raise error

    return write


def test_without_room_it_goes_on_without_a_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "write", half(OSError(errno.ENOSPC, "No space left on device")))

    assert load(TRACES[0]) is not None
    assert list(folder.iterdir()) == []


def test_without_a_folder_it_goes_on_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for where in (tmp_path / "file", Path("/proc/nowhere"), Path("~nobody-of-this-name/cache")):
        monkeypatch.setenv("TRACEDIFF_CACHE_DIR", str(where))
        assert content(load(TRACES[0])) == content(load(TRACES[0], cache=False))


def test_an_interrupt_leaves_no_half_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "write", half(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        load(TRACES[0])
    assert list(folder.iterdir()) == []


def test_what_was_not_used_for_longest_makes_room(
    folder: Path, tmp_path: Path, parsed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [a_trace(tmp_path / f"{name}.json", "a", "b", "c") for name in ("old", "used", "new")]
    for path in paths[:2]:
        load(path)
    for number, entry in enumerate(folder.iterdir()):
        os.utime(entry, (number, number))
    (folder / ".tracediff-left-by-a-killed-process").touch()
    os.utime(folder / ".tracediff-left-by-a-killed-process", (0, 0))
    load(paths[1])
    monkeypatch.setattr(cache, "MOST_CACHE_BYTES", int(2.5 * info().size / 2))
    load(paths[2])
    parsed.clear()
    for path in (paths[1], paths[2], paths[0]):
        load(path)

    assert parsed == [paths[0]]
    assert info().traces == 2
    assert not list(folder.glob(".*"))


def test_errors_and_tables_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "damaged.json").write_text('{"traceEvents": [')
    with pytest.raises(TraceFormatError):
        load(tmp_path / "damaged.json")
    load(SAMPLES / "arm-tutorial-acl.txt")

    assert info().traces == 0


def test_the_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(SAMPLES / "acl.json")
    for arguments in (["show", path], ["diff", path, path, "--format", "csv"]):
        assert main([*arguments, "--no-cache"]) == 0
    assert not folder.exists()

    main(["show", path])
    capsys.readouterr()
    assert main(["cache", "--info"]) == 0
    out = capsys.readouterr().out
    assert f"folder  {folder}\n" in out
    assert "traces  1\n" in out
    assert f"({sum(file.stat().st_size for file in folder.iterdir())} bytes)" in out
    assert main(["cache", "--clear"]) == 0
    assert "removed 1 trace," in capsys.readouterr().err
    assert list(folder.iterdir()) == []
    assert main(["cache", "--clear"]) == 0
