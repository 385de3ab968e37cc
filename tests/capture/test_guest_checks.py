"""What the guest concludes from what it measured; no torch needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tracediff_capture import environment
from tracediff_capture.backends import BACKENDS
from tracediff_capture.checks import drift, is_bf16, share, warnings_of
from tracediff_capture.disturbance import disturbances, stat_files
from tracediff_capture.kernel_log import is_call, seconds_of, verbose_already
from tracediff_capture.key_averages import rows_of
from tracediff_capture.request import Request
from tracediff_capture.session import MARK, is_stable

ONEDNN = "onednn_verbose,v1,1795196275540.05,primitive,exec,cpu,"
ACL = ONEDNN + "convolution,gemm:acl,forward_training,src:f32:a:blocked:abcd::f0,,alg:x,mb1_ic3oc32,2.5"
REORDER = ONEDNN + "reorder,jit:uni,undef,src:f32::blocked:abcd::f0 dst:f32::blocked:acdb::f0,,,32x3x5x5,0.5"
JIT = ONEDNN + "matmul,jit:avx512_core_bf16,undef,src:f32::blocked:ab::f0 dst:f32::blocked:ab::f0,,,1x2:2x3,1"
HEADER = "MKL_VERBOSE oneMKL 2024.0 Update 2 Product build 20240605 for Intel(R) 64 architecture"
MKL = "MKL_VERBOSE SGEMM(T,N,100,4,64,0x7ffc) 8.06ms CNR:OFF Dyn:1 FastMM:1 TID:0  NThr:2"


@pytest.mark.parametrize(
    ("line", "call", "seconds"),
    [
        (ACL, True, 2.5e-3),
        (ONEDNN + "reorder,jit:uni,undef,,,,32x3,0", True, 0.0),
        (ONEDNN + "reorder,jit:uni,undef,,,,32x3,1.5e-05", True, 1.5e-8),
        (ONEDNN.replace(",exec,", ",create:cache_hit,") + "reorder,jit:uni,undef,,,,32x3,0.4", False, 0.0),
        ("onednn_verbose,v1,info,cpu,isa:Intel AVX-512", False, 0.0),
        (MKL, True, 8.06e-3),
        (MKL.replace("8.06ms", "716ns"), True, 716e-9),
        (HEADER, False, 0.0),
    ],
)
def test_a_line_tells_whether_a_kernel_ran_and_how_long(line: str, call: bool, seconds: float) -> None:
    assert is_call(line) is call
    assert seconds_of(line) == pytest.approx(seconds)


def rows(**self_us: float) -> list[dict[str, Any]]:
    """The rows of a kernel pass: 10 ms under the mark, 2 ms of them its own."""
    mark = {"name": MARK % 0, "count": 1, "cpu_time_total": 10_000.0, "self_cpu_time_total": 2_000.0}
    return [mark] + [{"name": f"aten::{name}", "self_cpu_time_total": us} for name, us in self_us.items()]


@pytest.mark.parametrize(
    ("backend", "log", "expected"),
    [
        ("acl", [ACL, REORDER, JIT], 3 / 8),
        ("onednn", [ACL, REORDER, JIT], 4 / 8),
        ("onednn", [ACL] * 9, 1.0),
        ("mkl", [HEADER, MKL.replace("8.06ms", "4ms")], 4 / 8),
        ("openblas", [], 6 / 8),
        ("openblas", [JIT], 5 / 8),
        ("native", [JIT], None),
        ("cuda", [], None),
    ],
)
def test_share_is_of_the_operators_time(backend: str, log: list[str], expected: float | None) -> None:
    assert share(BACKENDS[backend], rows(addmm=4_000.0, _slow_conv2d_forward=2_000.0, relu=1_000.0), log) == (
        expected if expected is None else pytest.approx(expected)
    )


def test_share_without_operators_is_unknown() -> None:
    assert share(BACKENDS["onednn"], [], [ACL]) is None


def found(**changes: Any) -> dict[str, Any]:
    quiet: dict[str, Any] = {
        "convolutions": {"all": 2, "onednn": 2},
        "backend_lines": 4,
        "backend_calls": 0,
        "backend_share": 0.5,
        "forbidden_lines": 0,
        "bf16": {"kernels": 0, "calls": 0},
        "nonfinite": 0,
        "stable": True,
        "warmup_iterations": 10,
        "drift": 1.0,
        "inflation": 1.0,
    }
    return {**quiet, **changes}


@pytest.mark.parametrize(
    ("request_", "changes", "expected"),
    [
        ({}, {}, []),
        ({}, {"backend_share": 0.06}, []),
        ({}, {"backend_share": 0.03}, ["onednn did little: its 4 calls took 3.0% of the operators' time"]),
        ({}, {"backend_lines": 0}, ["onednn did none of the work: no line of the libraries' log shows it"]),
        ({}, {"convolutions": {"all": 20, "onednn": 3}}, ["onednn: 3 of 20 convolutions ran on oneDNN"]),
        ({"backend": "openblas"}, {}, ["openblas did none of the work: no operator called it"]),
        ({"backend": "openblas"}, {"backend_calls": 2}, []),
        ({"backend": "native"}, {"forbidden_lines": 7}, ["native: oneDNN ran 7 kernels of it"]),
        ({"dtype": "bf16"}, {}, ["bf16 was asked for, but no kernel and no operator had any: it ran in fp32"]),
        ({"dtype": "bf16"}, {"bf16": {"kernels": 0, "calls": 3}}, []),
        ({}, {"nonfinite": 9}, ["the output holds 9 values that are infinite or not a number"]),
        ({}, {"stable": False}, ["not stable after 10 warm-up iterations"]),
        ({}, {"drift": 0.7}, ["latency drifted by -30% over the timed iterations"]),
        ({}, {"inflation": 1.3}, ["the profiler made iterations 30% slower"]),
    ],
)
def test_warnings(request_: dict[str, Any], changes: dict[str, Any], expected: list[str]) -> None:
    request = Request("label", **{"backend": "onednn", **request_})

    assert list(warnings_of(request, BACKENDS[request.backend], found(**changes))) == expected


@pytest.mark.parametrize(
    ("descriptors", "expected"),
    [
        ("src:bf16:a:blocked:ab::f0 wei:f32::blocked:ab::f0,", True),
        ("src_f32::blocked:ab:f0 wei_bf16::blocked:ab:f0,", True),
        ("src:f32:a:blocked:ab::f0,attr-fpmath:bf16", False),
    ],
)
def test_bf16_is_what_the_memory_holds(descriptors: str, expected: bool) -> None:
    assert is_bf16(ONEDNN + f"matmul,jit:avx512_core_bf16,undef,{descriptors},,1x2:2x3,1") is expected


def reading(seconds: float = 0.0, **changes: Any) -> dict[str, Any]:
    return {"time_ns": round(seconds * 1e9), "load": [0.5, 0.5, 0.5], "involuntary_switches": 100, **changes}


@pytest.mark.parametrize(
    ("start", "after", "expected"),
    [
        ({}, {}, []),
        ({"load": [2.9, 9, 9]}, {}, []),
        ({"load": [5.9, 1, 1]}, {}, ["the machine was busy before it began: load 5.9 on 2 cores"]),
        ({}, {"involuntary_switches": 190}, []),
        ({}, {"involuntary_switches": 250}, ["150 involuntary context switches in 2 s: something else wanted the"]),
        ({}, {"nr_throttled": 3}, ["the cgroup throttled the process 3 times while it was timed"]),
        ({}, {"frequency_khz": 2_800_000}, []),
        ({}, {"frequency_khz": 2_000_000}, ["the cores' clock fell from 3.0 to 2.0 GHz while it was timed"]),
    ],
)
def test_disturbances(start: dict[str, Any], after: dict[str, Any], expected: list[str]) -> None:
    before = reading(frequency_khz=3_000_000) if "frequency_khz" in after else reading()

    said = list(disturbances(reading(**start), before, reading(2.0, **after), cores=2))

    assert len(said) == len(expected)
    assert all(one.startswith(other) for one, other in zip(said, expected, strict=True))


def test_a_few_switches_in_a_short_time_are_none() -> None:
    assert not list(disturbances(reading(), reading(), reading(0.001, involuntary_switches=105), cores=2))


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/a/b", ["a/b", "a", ""], ["a/b", "a", ""]),
        ("0::/", [""], [""]),
        ("0::/", ["unified"], ["unified"]),
        ("4:cpu,cpuacct:/a\n2:memory:/b", ["cpu,cpuacct/a", "b"], ["cpu,cpuacct/a"]),
        ("4:cpu,cpuacct:/host/only", ["cpu"], ["cpu"]),
        ("4:cpuset:/", ["cpuset"], []),
    ],
)
def test_the_cgroup_is_the_processs_own(tmp_path: Path, membership: str, files: list[str], expected: list[str]) -> None:
    for name in files:
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "cpu.stat").write_text("nr_throttled 1\n")

    assert list(stat_files(membership, tmp_path)) == [tmp_path / name / "cpu.stat" for name in expected]


X86_CPU = "processor\t: 0\nvendor_id\t: GenuineIntel\n"


@pytest.mark.parametrize(
    ("machine", "host", "comm", "cpuinfo", "expected"),
    [
        ("x86_64", None, "python", X86_CPU, False),
        ("x86_64", "AMD64", "python", X86_CPU, False),
        ("aarch64", "arm64", "python", "CPU part\t: 0xd40\n", False),
        ("aarch64", "x86_64", "python", "", True),
        ("aarch64", None, "qemu-aarch64", "", True),
        ("aarch64", None, "python", X86_CPU, True),
        ("s390x", None, "python", "vendor_id       : IBM/S390\n", False),
        ("s390x", "x86_64", "python", "vendor_id       : IBM/S390\n", True),
    ],
)
def test_emulation(machine: str, host: str | None, comm: str, cpuinfo: str, expected: bool) -> None:
    assert environment.is_emulated(machine, host, comm, cpuinfo) is expected


def test_inherited_verbose_settings() -> None:
    assert verbose_already({"ONEDNN_VERBOSE": "1", "DNNL_VERBOSE": "0", "MKL_VERBOSE": "2"}) == [
        "ONEDNN_VERBOSE",
        "MKL_VERBOSE",
    ]
    assert not verbose_already({"ONEDNN_VERBOSE": "none", "OMP_NUM_THREADS": "1"})


@pytest.mark.parametrize(
    ("times", "expected"),
    [([], False), ([10] * 4, False), ([90, 10, 10, 10, 10, 11], True), ([10, 10, 10, 10, 12], False)],
)
def test_stable_is_five_alike(times: list[int], expected: bool) -> None:
    assert is_stable(times) is expected


def test_drift_is_the_last_third_over_the_first() -> None:
    assert drift([10, 10, 99, 5, 20, 20]) == 2.0
    assert drift([10, 20]) == 1.0


class Torch:
    """As much of a torch as `libraries` asks."""

    class __config__:  # noqa: N801
        @staticmethod
        def show() -> str:
            return (
                "PyTorch built with:\n  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605\n"
                "  - Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa)\n  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release"
            )


def test_libraries_are_versions_or_unknown() -> None:
    assert environment.libraries(Torch, [ACL]) == {
        "onednn": "v3.12.0 (Git Hash 80afa)",
        "acl": None,
        "openblas": None,
        "openblas_core": None,
        "mkl": "2024.2-Product",
    }


class Row:
    count = 1
    self_cpu_time_total = cpu_time_total = 1.0

    def __init__(self, key: str) -> None:
        self.key = key


class Profile:
    def __init__(self, *names: str) -> None:
        self.key_averages = lambda: [Row(name) for name in names]


def test_python_frames_are_no_operators() -> None:
    kept = ["aten::conv2d", "forward", "## Call CompiledFxGraph fab ##", "graph_0_cpp_fused_relu_0", "[memory]"]
    frames = [
        "torch/nn/modules/module.py(1782): _call_impl",
        "<frozen runpy>(88): _run_code",
        "<built-in function iter>",
        "nn.Module: Conv2d_0",
    ]

    assert [row["name"] for row in rows_of(Profile(*kept, *frames))] == kept
