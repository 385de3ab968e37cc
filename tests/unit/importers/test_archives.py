"""Archives of traces as folders of captures, whatever stands in them; and folders with more than traces."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from backports import zstd

from tracediff.compare import compare, measure
from tracediff.errors import TraceFormatError
from tracediff.importers import load
from tracediff.importers.captures import load_all
from tracediff.importers.finding import files_of, sets_of_captures
from tracediff.model.trace import Captures

from builders import SAMPLES, Call, TraceBuilder

ACL = (SAMPLES / "acl.json").read_bytes()
ACL_2, ACL_3 = (re.sub(rb'(?<="ts": 1)\d', digit, ACL) for digit in (b"5", b"6"))
"""The same in other processes, as large."""
OPENBLAS = (SAMPLES / "openblas.json").read_bytes()


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: Mapping[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload] - any mode
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def tarred_zstd(path: Path, files: Mapping[str, bytes]) -> Path:
    path.write_bytes(zstd.compress(tarred(path, files, "w").read_bytes()))
    return path


PACK: dict[str, Callable[[Path, Mapping[str, bytes]], Path]] = {
    "runs.zip": zipped,
    "runs.tar.gz": tarred,
    "runs.tgz": tarred,
    "runs.tar": lambda path, files: tarred(path, files, "w"),
    "runs.tar.zst": tarred_zstd,
    "misnamed": zipped,
}


def described(captures: Captures) -> tuple[str, list[tuple[str, str]]]:
    return captures.label, [(profile.path, profile.run.label) for profile in captures.profiles]


@pytest.mark.parametrize("name", PACK)
def test_an_archive_is_a_folder_of_captures(tmp_path: Path, name: str) -> None:
    files = {"2.json.gz": gzip.compress(ACL_2), "1.json": ACL, "3.json.zst": zstd.compress(ACL_3), "notes.md": b"notes"}
    archive = PACK[name](tmp_path / name, {f"./deep/acl/{member}": content for member, content in files.items()})
    captures = load_all(archive)
    plain = load(SAMPLES / "acl.json")

    assert (captures.path, captures.label) == (str(archive), name.partition(".")[0])
    assert [profile.path for profile in captures.profiles] == [
        f"{archive}!deep/acl/{member}" for member in ("1.json", "2.json.gz", "3.json.zst")
    ]
    assert [profile.run.label for profile in captures.profiles] == ["1", "2", "3"]
    for trace in captures.traces:
        assert trace.events.dur_ns.tolist() == plain.events.dur_ns.tolist()  # type: ignore[union-attr] - a trace
        assert not trace.warnings
    assert files_of(archive) == [archive]


def test_what_systems_add_is_no_capture(tmp_path: Path) -> None:
    files = {"acl/1.json": ACL, "__MACOSX/acl/._1.json": b"x", "acl/.hidden.json": b"x", ".git/x.json": b"x"}
    with zipfile.ZipFile(zipped(tmp_path / "runs.zip", files), "a") as archive:
        archive.mkdir("acl/folder.json")

    assert described(load_all(tmp_path / "runs.zip")) == ("runs", [(f"{tmp_path}/runs.zip!acl/1.json", "1")])


LABELS = {"d/acl/1.json": ACL, "d/acl/2.json": ACL_2, "d/openblas/1.json": OPENBLAS, "d/acl.json": ACL}


@pytest.mark.parametrize("name", PACK)
def test_labels_are_named_and_can_be_chosen(tmp_path: Path, name: str) -> None:
    archive = PACK[name](tmp_path / name, LABELS)

    with pytest.raises(TraceFormatError) as raised:
        load_all(archive)
    assert raised.value.message == (
        f"holds several folders of captures. Name one of them: {archive}!d/acl, {archive}!d/openblas"
    )
    acl = [(f"{archive}!d/acl/1.json", "1"), (f"{archive}!d/acl/2.json", "2")]
    assert described(load_all(f"{archive}!d/acl")) == ("acl", acl)
    assert described(load_all(f"{archive}!d/acl/")) == ("acl", acl)
    assert described(load_all(f"{archive}!d/acl/1.json")) == ("1", acl[:1])
    assert len(load_all(f"{archive}!*").profiles) == 3
    assert sets_of_captures(archive) == [f"{archive}!d/acl", f"{archive}!d/openblas"]
    with pytest.raises(TraceFormatError, match=r"holds no trace 'mkl'\. Name one of these"):
        load_all(f"{archive}!mkl")


def test_one_trace_of_an_archive_can_be_loaded(tmp_path: Path) -> None:
    one = zipped(tmp_path / "one.zip", {"deep/acl.json": ACL})
    two = zipped(tmp_path / "two.zip", {"acl.json": ACL, "openblas.json": OPENBLAS})

    assert load(one).run.label == "acl"
    assert load(f"{two}!openblas.json").path == f"{two}!openblas.json"
    with pytest.raises(TraceFormatError, match=r"holds 2 traces\. Name one of them: .*two\.zip!acl\.json"):
        load(two)
    with pytest.raises(TraceFormatError, match="is no archive"):
        load(f"{SAMPLES / 'acl.json'}!x")


def test_sides_of_one_archive_are_compared(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "runs.zip", LABELS)
    packed = compare(f"{archive}!d/openblas", f"{archive}!d/acl")
    shutil.unpack_archive(archive, tmp_path)
    folders = compare(tmp_path / "d" / "openblas", tmp_path / "d" / "acl")

    assert packed.total == folders.total
    assert packed.rows == folders.rows
    assert packed.base.run.label == "openblas"


def test_noise_of_an_archive(tmp_path: Path) -> None:
    files = {f"{label}/{at}.json": trace for label in ("acl", "openblas") for at, trace in enumerate((ACL, ACL_2))}

    assert [label.label for label in measure(zipped(tmp_path / "runs.zip", files)).labels] == ["acl", "openblas"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_out_of_the_archive_are_only_names(
    tmp_path: Path, pack: Callable[[Path, Mapping[str, bytes]], Path]
) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    captures = load_all(pack(inside / "runs.zip", {"../../x.json": ACL, "../../\x1b[31m\n.json": ACL_2}))

    assert [profile.path.partition("!")[2] for profile in captures.profiles] == [
        "../../\\x1b[31m\\n.json",
        "../../x.json",
    ]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "runs.zip"]


def test_links_in_a_tar_lead_nowhere(tmp_path: Path) -> None:
    archive = tmp_path / "runs.tar"
    with tarfile.open(archive, "w") as file:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            entry = tarfile.TarInfo(f"{kind.decode()}.json")
            entry.type, entry.linkname = kind, "/etc/passwd"
            file.addfile(entry)

    with pytest.raises(TraceFormatError, match="archive without traces"):
        load_all(archive)


def encrypted(path: Path) -> None:
    content = bytearray(zipped(path, {"acl.json": ACL}).read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + flags] |= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: zipped(path, {"notes.txt": b"x"}), "archive without traces"),
        (lambda path: zipped(path, {}), "archive without traces"),
        (lambda path: path.write_bytes(zipped(path, {"acl.json": ACL}).read_bytes()[:-40]), "damaged zip archive"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(1000)), "damaged zip archive"),
        (encrypted, "is encrypted"),
        (lambda path: zipped(path, {"a.json": b"PK\x03\x04"}), "neither a Kineto trace"),
        # A thousand times as large as it is stored; it must be seen for what it is without being unpacked.
        (lambda path: zipped(path, {"bomb.json": bytes(200_000_000)}), "neither a Kineto trace"),
    ],
)
def test_what_is_no_archive_of_traces(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    path = tmp_path / "runs.zip"
    make(path)

    with pytest.raises(TraceFormatError, match=message):
        load_all(path)


def test_a_member_with_a_wrong_checksum_is_used_and_said(tmp_path: Path) -> None:
    path = zipped(tmp_path / "runs.zip", {"acl.json": ACL})
    content = bytearray(path.read_bytes())
    for magic, checksum in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        content[content.index(magic) + checksum] ^= 0xFF
    path.write_bytes(content)
    trace = load(path)
    (tmp_path / "acl.json").write_bytes(ACL)

    assert trace.read.repairs == {"wrong_checksums": 1}
    assert not trace.read.truncated
    assert trace.read.events_read == load(tmp_path / "acl.json").read.events_read
    assert trace.warnings == ("the file has a wrong zip checksum: what it holds may be wrong",)


def test_an_empty_member_among_others_is_left_out(tmp_path: Path) -> None:
    side = load_all(zipped(tmp_path / "runs.zip", {"1.json": ACL, "2.json": ACL_2, "killed.json": b""}))

    assert len(side.profiles) == 2
    assert side.warnings == ("1 empty file left out: killed.json",)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_that_is_cut_short_gives_what_comes_before(tmp_path: Path, mode: str) -> None:
    small = TraceBuilder().add(Call("aten::relu", 3)).write(tmp_path / "small.json").read_bytes()
    path = tarred(tmp_path / "runs.tar", {"1.json": small, "2.json": ACL, "3.json": ACL}, mode)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    trace = load(f"{path}!1.json")
    assert any("the archive is damaged or cut short" in warning for warning in trace.warnings)
    assert not trace.read.truncated


@pytest.mark.parametrize("is_set", [True, False])
def test_what_is_wrong_with_a_compressed_tar_is_said(tmp_path: Path, is_set: bool) -> None:
    path = tarred(tmp_path / "runs.tar.gz", {"1.json": ACL, "2.json": ACL_2} if is_set else {"1.json": ACL})
    content = bytearray(path.read_bytes())
    content[-8] ^= 1  # of the checksum
    path.write_bytes(content)
    doubt = "the archive has a wrong gzip checksum: what it holds may be wrong"

    assert load_all(path).warnings == (doubt,)
    assert load(f"{path}!1.json").warnings == (doubt,)
    assert all(trace.read.repairs == {"wrong_checksums": 1} for trace in load_all(path).traces)


def test_a_capture_beside_a_folder_of_its_name_is_a_copy_only_with_its_content(tmp_path: Path) -> None:
    files = {"acl.json": ACL_2, "acl/1.json": ACL}
    assert sets_of_captures(zipped(tmp_path / "runs.zip", files)) == [
        f"{tmp_path}/runs.zip!acl",
        f"{tmp_path}/runs.zip!acl.json",
    ]
    tar = tarred(tmp_path / "runs.tar.gz", files)
    assert load_all(tar).warnings == (f"left out, as large as a capture in the folder of that name: {tar}!acl.json",)
    assert not load_all(zipped(tmp_path / "copy.zip", files | {"acl.json": ACL})).warnings


def test_progress_over_all_members(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "runs.tar.gz", {"1.json": ACL, "2.json": ACL})
    told: list[tuple[int, int]] = []
    load_all(archive, lambda done, size: told.append((done, size)))

    assert {size for _, size in told} == {2 * len(ACL)}
    assert told[-1] == (2 * len(ACL), 2 * len(ACL))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_copies_of_a_capture_are_no_captures_more(tmp_path: Path) -> None:
    for number in range(1, 4):
        (tmp_path / f"{number}.json").write_bytes(ACL)
    (tmp_path / "4.json").write_bytes(ACL_2)
    (tmp_path / "5.json").hardlink_to(tmp_path / "4.json")
    copies = {"1.json": ACL, "2.json": ACL, "3.json": ACL, "4.json": ACL_2}
    doubt = "2 of 4 captures are copies of others: left out"

    for side in (load_all(tmp_path), load_all(zipped(tmp_path / "runs.zip", copies))):
        assert len(side.profiles) == 2
        assert side.warnings == (doubt,)
    listed = compare([tmp_path / "1.json", tmp_path / "2.json"], SAMPLES / "openblas.json")
    assert "base: 1 of 2 captures is a copy of others: left out" in listed.warnings


def test_printed_tables_beside_traces_are_said(tmp_path: Path) -> None:
    folder = tmp_path / "acl"
    folder.mkdir()
    table = shutil.copy(SAMPLES / "arm-tutorial-acl.txt", folder)
    (folder / "notes.txt").write_text("these were made on a Friday")
    with pytest.raises(TraceFormatError, match=r"is a directory of printed tables\. Name one of them: .*acl\.txt$"):
        load_all(folder)

    (folder / "1.json").write_bytes(ACL)
    (folder / "2.json.zst").write_bytes(zstd.compress(ACL_2))
    doubt = f"1 printed table in the folder of the traces left out: {Path(table).name}"
    assert load_all(folder).warnings == (doubt,)
    assert f"base: {doubt}" in compare(folder, SAMPLES / "openblas.json").warnings
    assert doubt in measure(folder).labels[0].warnings


@pytest.mark.parametrize("is_archive", [False, True])
def test_other_json_beside_traces_is_left_out_and_said(tmp_path: Path, is_archive: bool) -> None:
    others = {"notes.json": b'{"made on": "a Friday"}', "table.json": b'[{"key": "aten::relu"}]', "words.json": b"none"}
    traces = {"1.json": ACL, "2.json": ACL_2}
    if is_archive:
        side = zipped(tmp_path / "acl.zip", others | traces)
    else:
        side = tmp_path / "acl"
        side.mkdir()
        for name, content in (others | traces).items():
            (side / name).write_bytes(content)
    captures = load_all(side)

    assert len(captures.profiles) == 2
    [doubt] = captures.warnings
    assert doubt.startswith("3 JSON files in the folder of the traces left out: ")
    assert all(name in doubt for name in others)
    with pytest.raises(TraceFormatError, match="no traceEvents"):
        load_all(f"{side}!notes.json" if is_archive else side / "notes.json")
