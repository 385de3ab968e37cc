"""The logs of the shared captures: each line that fell into a trace belongs to the operator that ran it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.kernel_join import Joined, join_log
from tracediff.compare import CompareOptions, compare
from tracediff.importers import load
from tracediff.importers.kernel_log import read_kernel_log
from tracediff.model.kernels import LogLine
from tracediff.model.trace import Trace
from tracediff.phrases import kernels

from builders import SHARED_TRACES

SUFFIX = ".pt.trace.json.gz"
# A log covers the process: its plain export and that of the TensorBoard handler.
LOGGED = [
    (path, log)
    for log in sorted(SHARED_TRACES.glob("*/*.onednn.log"))
    for kind in ("", ".tb")
    if (path := log.with_name(log.name.replace(".onednn.log", f"{kind}{SUFFIX}"))).exists()
]
# FACTS, "Which kernel ran", and what else ran in these captures; reorders are left out.
IMPLEMENTATIONS = {
    "2.0.1": {"aten::mkldnn_convolution": {"gemm:acl"}},
    "2.3.0": {
        "aten::mkldnn_convolution": {"gemm:acl", "depthwise_convolution:acl"},
        "aten::addmm": {"gemm:acl"},
        "aten::_addmm_activation": {"gemm:acl"},
        "aten::mm": {"gemm:acl"},
        "aten::bmm": {"gemm:acl"},
        "aten::gelu": {"jit:sve_256"},
        "aten::mkldnn_rnn_layer": {"ref"},
        "mkldnn::_convolution_pointwise": {"gemm:acl"},
        "mkldnn::_linear_pointwise": {"gemm:ref"},
    },
    "2.10.0": {
        "aten::mkldnn_convolution": {"indirect_gemm:acl", "gemm:acl"},
        "aten::addmm": {"gemm:acl"},
        "aten::bmm": {"gemm:acl"},
        "aten::gelu": {"jit:sve_256"},
    },
}
PRIMITIVES = {
    "convolution": {"aten::mkldnn_convolution", "mkldnn::_convolution_pointwise"},
    "matmul": {"aten::addmm", "aten::_addmm_activation", "aten::mm", "aten::bmm"},
    "eltwise": {"aten::gelu"},
    "rnn": {"aten::mkldnn_rnn_layer"},
    "inner_product": {"mkldnn::_linear_pointwise"},
}

pytestmark = pytest.mark.skipif(not LOGGED, reason="the shared traces are not here")


def joined(path: Path, log: Path) -> tuple[Joined, tuple[LogLine, ...]]:
    trace = load(path)
    assert isinstance(trace, Trace)
    read = read_kernel_log(log)
    assert read.unread == 0
    return join_log(build_call_tree(trace), read), read.lines


def operators(result: Joined) -> list[tuple[str, LogLine]]:
    names = result.tree.trace.names
    return [(names[int(result.tree.name[call])], line) for call, line in zip(result.call, result.lines, strict=True)]


@pytest.mark.parametrize(("path", "log"), LOGGED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_line_in_the_traced_window_is_attributed(path: Path, log: Path) -> None:
    result, lines = joined(path, log)
    tree = result.tree
    begin, end = int(tree.start_ns.min()), int((tree.start_ns + tree.total_ns).max())
    within = [line for line in lines if line.start_ns and begin <= line.start_ns < end]

    assert list(result.lines) == within
    assert result.coverage.attributed == len(within)
    assert result.coverage.ambiguous == 0
    assert result.coverage.outside == len(lines) - len(within)
    # With the operator around it known, a primitive in any other is a wrong attribution.
    for name, line in operators(result):
        assert line.kind == "reorder" or name in PRIMITIVES[line.primitive]


@pytest.mark.parametrize("version", IMPLEMENTATIONS)
def test_which_implementations_an_operator_ran(version: str) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for path, log in LOGGED:
        if path.parent.name == version and "-bf16" not in path.name:
            for name, line in operators(joined(path, log)[0]):
                if line.kind == "exec":
                    found[name].add(line.implementation)

    assert found == IMPLEMENTATIONS[version]


def test_the_kernels_of_a_pair_across_versions() -> None:
    stems = [SHARED_TRACES / version / "gtsrb-acl" for version in ("2.3.0", "2.10.0")]
    traces, logs = ([Path(f"{stem}{suffix}") for stem in stems] for suffix in (SUFFIX, ".onednn.log"))
    diff = compare(*traces, CompareOptions(kernel_logs=tuple(logs)))

    texts = [kernels(row) for row in diff.rows if row.family == "conv2d"]
    assert all(text.startswith("convolution gemm:acl") for text in texts)
    assert any("-> indirect_gemm:acl" in text for text in texts)
    for side in (diff.base, diff.candidate):
        assert side.kernel_coverage
        assert side.kernel_coverage.attributed == 8


def test_bmm_of_2_3_ran_in_bf16_by_default() -> None:
    stem = SHARED_TRACES / "2.3.0" / "bert-acl"
    log = Path(f"{stem}.onednn.log")
    diff = compare(Path(f"{stem}{SUFFIX}"), Path(f"{stem}.tb{SUFFIX}"), CompareOptions(kernel_logs=(log, log)))
    (row,) = (row for row in diff.rows if row.family == "matmul")

    assert "bf16" in kernels(row)
    assert "allowed" not in kernels(row)
