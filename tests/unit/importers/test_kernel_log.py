from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tracediff.errors import TraceFormatError, UsageError
from tracediff.importers import load
from tracediff.importers.kernel_log import parse_kernel_log, read_kernel_log, with_kernel_log
from tracediff.model.kernels import KernelLog, LogLine
from tracediff.model.trace import Trace

from builders import SAMPLES, Call, TraceBuilder

# Real lines, each with the header of its version.
V2 = [
    "onednn_verbose,info,oneDNN v2.7.3 (commit 6dbeffbae1f23cbbeae17adb7b5b13f1f37c080e)",
    "onednn_verbose,info,cpu,runtime:OpenMP,nthr:1",
    "onednn_verbose,info,prim_template:timestamp,operation,engine,primitive,implementation,prop_kind,"
    "memory_descriptors,attributes,auxiliary,problem_desc,exec_time",
    "onednn_verbose,1795196716708.229980,exec,cpu,convolution,gemm:acl,forward_training,src_f32::blocked:acdb:f0 "
    "wei_f32::blocked:acdb:f0 bia_f32::blocked:a:f0 dst_f32::blocked:acdb:f0,attr-scratchpad:user ,"
    "alg:convolution_direct,mb1_ic32oc64_ih14oh10kh5sh1dh0ph0_iw14ow10kw5sw1dw0pw0,58.928",
]
V3 = [
    "onednn_verbose,primitive,info,template:timestamp,operation,engine,primitive,implementation,prop_kind,"
    "memory_descriptors,attributes,auxiliary,problem_desc,exec_time",
    "onednn_verbose,graph,info,template:timestamp,operation,engine,partition_id,partition_kind,op_names,data_formats,"
    "logical_tensors,fpmath_mode,backend,exec_time",
    "onednn_verbose,1795196358713.500977,primitive,exec,cpu,matmul,gemm:acl,undef,src_f32::blocked:abc::f0 "
    "wei_bf16:a:blocked:aCB4c4b::f0 dst_f32::blocked:abc::f0,attr-scratchpad:user attr-fpmath:bf16 ,,"
    "1x16x64:1x64x16,5.46509",
]
V37 = [
    "onednn_verbose,v1,primitive,info,template:timestamp,operation,engine,primitive,implementation,prop_kind,"
    "memory_descriptors,attributes,auxiliary,problem_desc,exec_time",
    "onednn_verbose,v1,1795196958866.288086,primitive,exec,cpu,reorder,jit:blk,undef,src:f32::blocked:ba::f0 "
    "dst:f32::blocked:Ba8b::f0,attr-scratchpad:user,,128x128,0.341797",
]
MKL = [
    "MKL_VERBOSE oneMKL 2024.0 Update 2 Product build 20240605 for Intel(R) 64 architecture, Lnx lp64",
    "MKL_VERBOSE SGEMM(T,N,128,1,1600,0x7ffeecaa0be0,0x564c2bba7740,1600,0x564c2d4ece00,1600,0x7ffeecaa0c00,"
    "0x564c2d458ac0,128) 8.06ms CNR:OFF Dyn:1 FastMM:1 TID:0  NThr:2",
]


def only(log: KernelLog) -> LogLine:
    (line,) = log.lines
    return line


def test_onednn_2() -> None:
    line = only(parse_kernel_log(V2))

    assert (line.library, line.primitive, line.implementation, line.kind) == (
        "oneDNN",
        "convolution",
        "gemm:acl",
        "exec",
    )
    # A float holds such a stamp to 244 ns only.
    assert (line.start_ns, line.dur_ns) == (1795196716708229980, 58_928_000)
    assert line.problem == "mb1_ic32oc64_ih14oh10kh5sh1dh0ph0_iw14ow10kw5sw1dw0pw0"


def test_onednn_3_with_two_templates() -> None:
    line = only(parse_kernel_log(V3))

    assert (line.primitive, line.implementation, line.dur_ns) == ("matmul", "gemm:acl", 5_465_090)
    assert "wei_bf16" in line.descriptors
    assert line.attributes == "attr-scratchpad:user attr-fpmath:bf16"


def test_onednn_3_7_and_its_reorders() -> None:
    line = only(parse_kernel_log(V37))

    assert (line.primitive, line.implementation, line.kind) == ("reorder", "jit:blk", "reorder")
    assert line.start_ns == 1795196958866288086


@pytest.mark.parametrize("lines", [V2, V3, V37], ids=["2.7", "3.3", "3.7"])
def test_without_the_header(lines: list[str]) -> None:
    assert parse_kernel_log(lines[-1:]) == parse_kernel_log(lines)


@pytest.mark.parametrize("lines", [V2, V3, V37], ids=["2.7", "3.3", "3.7"])
def test_without_time_stamps(lines: list[str]) -> None:
    """Whether the header speaks of them or not."""
    stamp = next(field for field in lines[-1].split(",") if field.startswith("1795"))
    bare = lines[-1].replace(f"{stamp},", "")
    stamped, plain = only(parse_kernel_log(lines)), only(parse_kernel_log([*lines[:-1], bare]))

    assert plain.start_ns is None
    assert (plain.implementation, plain.dur_ns) == (stamped.implementation, stamped.dur_ns)
    assert parse_kernel_log([*(line.replace("timestamp,", "") for line in lines[:-1]), bare]).lines == (plain,)


def test_the_older_marker() -> None:
    assert parse_kernel_log([line.replace("onednn_verbose", "dnnl_verbose") for line in V2]) == parse_kernel_log(V2)


def test_columns_go_by_the_header() -> None:
    header = V37[0].replace("primitive,implementation,prop_kind", "prop_kind,implementation,primitive")
    line = V37[1].replace("reorder,jit:blk,undef", "undef,jit:blk,reorder")

    assert parse_kernel_log([header, line]).lines == parse_kernel_log(V37).lines


def test_a_comma_in_the_problem_leaves_the_duration_last() -> None:
    assert only(parse_kernel_log([V37[0], V37[1].replace("128x128", "128x128,and more")])).dur_ns == 341_797


def test_mkl() -> None:
    line = only(parse_kernel_log(MKL))

    assert (line.library, line.primitive, line.start_ns, line.dur_ns) == ("MKL", "SGEMM", None, 8_060_000)
    assert line.problem.startswith("T,N,128,1,1600,")


@pytest.mark.parametrize(("text", "ns"), [("207.08us", 207_080), ("1.5s", 1_500_000_000), ("40ns", 40)])
def test_units_of_mkl(text: str, ns: int) -> None:
    assert only(parse_kernel_log([MKL[1].replace("8.06ms", text)])).dur_ns == ns


def test_lines_that_are_no_kernel_are_told_apart() -> None:
    log = parse_kernel_log(
        [
            "#mark warmup 1795196344855951579 947625366823",
            "Core: neoversev1",
            "",
            V37[1].replace(",exec,", ",create:cache_hit,"),
            V37[1].replace(",exec,", ",create:cache_miss,"),
            V37[1].replace("0.341797", "soon"),
            V37[1][:90],
            "gtsrb warmup 0.86s",
            "MKL_VERBOSE nothing",
            *V37,
        ]
    )

    assert (len(log.lines), log.created, log.unread) == (1, 2, 4)


def test_a_file_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress("\r\n".join(V3).encode()))

    assert read_kernel_log(path) == parse_kernel_log(V3)
    with pytest.raises(TraceFormatError, match="no such file"):
        read_kernel_log(tmp_path / "missing")


def test_a_printed_table_takes_no_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("\n".join(V3))

    with pytest.raises(UsageError, match="printed table"):
        with_kernel_log(load(SAMPLES / "arm-tutorial-acl.txt"), path)


@pytest.fixture
def carrying(write: Callable[..., Path]) -> Callable[..., Trace]:
    """A trace whose record has the given keys."""

    def carrying(**record: object) -> Trace:
        trace = load(write("trace", Call("aten::relu"), tracediff=record))
        assert isinstance(trace, Trace)
        return trace

    return carrying


def packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def test_what_a_capture_carries(carrying: Callable[..., Trace]) -> None:
    beside = json.dumps(TraceBuilder().add(Call("aten::gelu")).document(tracediff={"kernel_log": V3}))
    trace = carrying(kernel_log=V37, kernel_trace=packed(beside), torch={"config": "BLAS_INFO=open, OpenMP"})

    assert trace.kernel_log == parse_kernel_log(V37)
    assert trace.kernel_pass
    assert trace.kernel_pass.names == ("aten::gelu",)
    assert trace.kernel_pass.kernel_log is None
    assert trace.run.blas == "OpenBLAS"
    assert trace.names == ("aten::relu",)


@pytest.mark.parametrize(
    "damaged",
    ["no base64!", base64.b64encode(b"\x1f\x8bno gzip").decode(), packed("{"), packed("[]")],
    ids=["no base64", "no gzip", "cut short", "no events"],
)
def test_a_damaged_kernel_pass_is_a_doubt(carrying: Callable[..., Trace], damaged: str) -> None:
    trace = carrying(kernel_log=V37, kernel_trace=damaged)

    assert trace.kernel_pass is None
    assert any("kernel pass" in warning for warning in trace.warnings)


def test_silence_is_a_log_only_where_onednn_was_off(carrying: Callable[..., Trace]) -> None:
    assert carrying(kernel_log=[], backend="acl").kernel_log is None
    assert carrying(backend="openblas").kernel_log is None
    assert carrying(kernel_log=[], backend="openblas").kernel_log == KernelLog(())
    assert carrying(kernel_log=17, kernel_trace=[]).kernel_log is None
