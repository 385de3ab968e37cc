"""What is given of a compressed file, whole or damaged, and what is said of it."""

from __future__ import annotations

import gzip
import random
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from tracediff.errors import TraceFormatError
from tracediff.importers import load
from tracediff.importers.source import BLOCK_BYTES, Source, bytes_source

from builders import SAMPLES

PLAIN = (SAMPLES / "acl.json").read_bytes()
GZIP = gzip.compress(PLAIN, mtime=0)
ZSTD = zstd.compress(PLAIN, options={zstd.CompressionParameter.checksum_flag: 1})
# Nothing in it repeats, so that it is several blocks long compressed too.
LONG = random.Random(0).randbytes(5 * BLOCK_BYTES // 2)  # noqa: S311
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"


def read(content: bytes) -> tuple[bytes, Source]:
    source = bytes_source(content, "t")
    return b"".join(source.blocks()), source


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(PLAIN, PLAIN, id="plain"),
        pytest.param(GZIP, PLAIN, id="gzip"),
        pytest.param(GZIP + bytes(BLOCK_BYTES + 3), PLAIN, id="padded"),
        pytest.param(GZIP + GZIP, PLAIN * 2, id="two members"),
        pytest.param(gzip.compress(PLAIN * 2, mtime=0) * 2, PLAIN * 4, id="two members, several blocks each"),
        pytest.param(GZIP + bytes(3) + GZIP + bytes(3), PLAIN * 2, id="padded members"),
        pytest.param(gzip.compress(LONG, mtime=0), LONG, id="long gzip"),
        pytest.param(gzip.compress(bytes(3 * BLOCK_BYTES), mtime=0), bytes(3 * BLOCK_BYTES), id="zeros"),
        pytest.param(gzip.compress(b"", mtime=0), b"", id="gzip of nothing"),
        pytest.param(ZSTD, PLAIN, id="zstd"),
        pytest.param(zstd.compress(LONG), LONG, id="long zstd"),
        pytest.param(SKIPPABLE + ZSTD + SKIPPABLE + ZSTD, PLAIN * 2, id="zstd of pzstd"),
        pytest.param(b"\x1f", b"\x1f", id="too short to tell"),
        pytest.param(b"", b"", id="nothing"),
    ],
)
def test_whole(content: bytes, expected: bytes) -> None:
    found, source = read(content)

    assert found == expected
    assert (source.flaws.cut_short, source.flaws.doubts) == (False, [])
    assert source.consumed == len(content)


@pytest.mark.parametrize("boundary", range(-4, 5))
def test_members_meet_anywhere_in_a_block(boundary: int) -> None:
    first = gzip.compress(LONG[: BLOCK_BYTES // 2], mtime=0)
    padding = bytes(BLOCK_BYTES + boundary - len(first))

    assert read(first + padding + GZIP)[0] == LONG[: BLOCK_BYTES // 2] + PLAIN


@pytest.mark.parametrize("left", [11, 100, len(GZIP) // 2, len(GZIP) - 9, len(GZIP) - 8, len(GZIP) - 1])
def test_gzip_cut_short(left: int) -> None:
    found, source = read(GZIP[:left])
    stream = zlib.decompressobj(31)

    assert found == stream.decompress(GZIP[:left]) + stream.flush()
    assert PLAIN.startswith(found)
    # Only the checksum and the length are missing.
    assert found == PLAIN or left < len(GZIP) - 8
    assert source.flaws.cut_short
    assert "in the middle of its gzip stream" in source.flaws.doubts[0]


def test_damaged_gzip_gives_all_that_comes_before() -> None:
    # What is stored as it is shows where the damage is: a block's length that its complement denies.
    whole = gzip.compress(LONG, compresslevel=0, mtime=0)
    at = whole.index(LONG[BLOCK_BYTES + 1000 : BLOCK_BYTES + 1100])
    block = whole.rindex(b"\xff\xff\0\0", 0, at)
    found, source = read(whole[:block] + bytes(4) + whole[block + 4 :])

    assert len(found) > 100_000
    assert LONG.startswith(found)
    assert LONG[len(found) :][:100] == whole[block + 4 :][:100]
    assert source.flaws.cut_short
    assert "damaged gzip" in source.flaws.doubts[0]


@pytest.mark.parametrize("behind", [b"", GZIP], ids=["last", "first"])
@pytest.mark.parametrize("wrong", [slice(-8, -4), slice(-4, None)], ids=["checksum", "length"])
def test_a_wrong_checksum_is_said_and_costs_nothing(wrong: slice, behind: bytes) -> None:
    content = bytearray(GZIP)
    content[wrong] = b"abcd"
    found, source = read(bytes(content) + behind)

    assert found == PLAIN * (2 if behind else 1)
    assert not source.flaws.cut_short
    assert source.flaws.doubts == ["has a wrong gzip checksum: what it holds may be wrong"]


def test_bytes_behind_the_last_member_are_said() -> None:
    found, source = read(GZIP + b"no gzip")

    assert found == PLAIN
    assert not source.flaws.cut_short
    assert source.flaws.doubts == ["has bytes behind its compressed stream that belong to none: left out"]


@pytest.mark.parametrize("junk", [b"junk", bytes(3) + b"\xff" * (BLOCK_BYTES - 2)], ids=len)
@pytest.mark.parametrize("packed", [GZIP, ZSTD], ids=["gzip", "zstd"])
def test_a_stream_behind_junk_is_missing(junk: bytes, packed: bytes) -> None:
    found, source = read(packed + junk + packed)

    assert found == PLAIN
    assert source.flaws.cut_short


def test_damaged_zstd() -> None:
    long = zstd.compress(LONG)
    found, source = read(long[: len(long) // 2])
    assert len(found) > len(LONG) // 3
    assert LONG.startswith(found)
    assert source.flaws.cut_short

    broken = bytearray(ZSTD)
    broken[-4:] = b"abcd"
    found, source = read(bytes(broken))
    assert PLAIN.startswith(found)
    assert source.flaws.cut_short
    assert "damaged zstd" in source.flaws.doubts[0]


def test_zstd_without_its_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("backports.zstd", "compression.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delattr("backports.zstd", raising=False)
    path = tmp_path / "t.json.zst"
    path.write_bytes(ZSTD)

    with pytest.raises(TraceFormatError, match=r"\. pip install backports-zstd$") as raised:
        load(path)
    assert raised.value.path == str(path)


TABLE = (SAMPLES / "arm-tutorial-acl.txt").read_bytes()


@pytest.mark.parametrize(
    ("damage", "truncated", "doubt"),
    [
        (lambda packed: packed, False, None),
        (lambda packed: packed[:-4], True, "the file ends in the middle of its gzip stream: what follows is missing"),
        (
            lambda packed: packed[:-8] + bytes(8),
            False,
            "the file has a wrong gzip checksum: what it holds may be wrong",
        ),
        (
            lambda packed: packed + b"junk",
            False,
            "the file has bytes behind its compressed stream that belong to none: left out",
        ),
    ],
)
@pytest.mark.parametrize("content", [PLAIN, TABLE], ids=["trace", "table"])
def test_the_profile_carries_it(
    tmp_path: Path, content: bytes, damage: Callable[[bytes], bytes], truncated: bool, doubt: str | None
) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(damage(gzip.compress(content, mtime=0)))
    profile = load(path)

    assert profile.read.truncated == truncated
    assert profile.read.lost_events == (truncated or "checksum" in (doubt or ""))
    assert [warning for warning in profile.warnings if warning.startswith("the file")] == ([doubt] if doubt else [])


@pytest.mark.parametrize("content", [GZIP[:5], GZIP[:10], ZSTD[:20], gzip.compress(b"", mtime=0)], ids=len)
def test_nothing_to_be_had(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)

    with pytest.raises(TraceFormatError, match=r"nothing comes before|is empty"):
        load(path)
