"""What is measured: one job in this process, its figures as JSON on standard output.

It runs in the contenders' environments too: nothing but the standard library is imported before a job is chosen.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from tracediff.model.trace import Trace

Found: TypeAlias = Callable[[], Mapping[str, Any]]
Work: TypeAlias = Callable[..., Found]
"""Takes files, which is measured; what it returns says afterwards what was found, `calls` by operator for one."""

_BLOCK_BYTES = 256 * 1024


class Phases(dict[str, float]):
    """CPU seconds by phase."""

    @contextlib.contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Counts what runs inside."""
        before = cpu_seconds()
        yield
        self[name] = cpu_seconds() - before


def read_bytes() -> Work:
    """The first floor: every byte is read, nothing is done with it."""

    def work(path: Path) -> Found:
        with path.open("rb", buffering=0) as file:
            while file.read(_BLOCK_BYTES):
                pass
        return dict

    return work


def decode_alone(whole: bool) -> Work:
    """The other floors: msgspec decodes chunks into typed events, and they are thrown away.

    Chunks are cut where the layout of `big_traces` lets one cut blindly, so that nothing but the decoder costs.

    Args:
        whole: whether with everything that stands in `args`, or into the very types that tracediff reads.
    """
    import msgspec

    from tracediff.importers.events import Event

    class WholeEvent(msgspec.Struct, gc=False):
        ph: str = ""
        cat: str = ""
        name: str = ""
        pid: int | str = ""
        tid: int | str = ""
        ts: int | float = 0
        dur: int | float = 0
        args: dict[str, Any] = {}

    def work(path: Path) -> Found:
        decoder: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[WholeEvent if whole else Event])
        opening, between, closing = b'"traceEvents": [', b"\n  },\n  {\n", b"\n  ]\n}"
        events = 0
        with path.open("rb", buffering=0) as file:
            rest = file.read(_BLOCK_BYTES).partition(opening)[2]
            while block := file.read(_BLOCK_BYTES):
                rest += block
                cut = rest.rfind(between) + len(b"\n  }")
                events += len(decoder.decode(b"[" + rest[:cut] + b"]"))
                rest = rest[cut + 1 :]
        events += len(decoder.decode(b"[" + rest.removesuffix(closing) + b"]"))
        return lambda: {"events": events}

    return work


def show(cache: bool) -> Work:
    """What `tracediff show` does before it prints.

    Args:
        cache: whether it may take what an earlier look kept.
    """
    from tracediff.analysis.summary import summarize
    from tracediff.importers import load
    from tracediff.importers.cache import is_cached

    def work(path: Path) -> Found:
        is_kept = cache and is_cached(path)
        trace = load(path, cache=cache)
        summary = summarize(trace)
        return lambda: {
            "calls": {row.name: row.calls for row in summary.operators if not row.is_annotation},
            "recorded": _recorded(trace),
            "from_cache": is_kept,
        }

    return work


def _recorded(trace: Trace) -> dict[str, int]:
    """Calls as recorded: the table folds those that are the only child of a call of the same name, as torch does."""
    operators = trace.events.name[trace.events.category == trace.categories.index("cpu_op")]
    return dict(Counter(trace.names[name] for name in operators.tolist()))


def show_in_phases() -> Work:
    """The same, step by step."""
    from tracediff.analysis.call_tree import build_call_tree
    from tracediff.analysis.operators import operator_table
    from tracediff.analysis.summary import summarize
    from tracediff.importers import load

    def work(path: Path) -> Found:
        phases = Phases()
        with phases.phase("load"):
            trace = load(path, cache=False)
        with phases.phase("nesting"):
            tree = build_call_tree(trace)
        with phases.phase("table"):
            operator_table(tree)
        del tree
        with phases.phase("summary"):
            summarize(trace)
        return lambda: {"phases": phases, "events": trace.event_count}

    return work


def diff() -> Work:
    """`tracediff diff BASE CANDIDATE [OPTION ...]`, from its command line to the whole JSON document."""
    from tracediff.cli import main

    def work(base: Path, candidate: Path, *options: Path) -> Found:
        arguments = ["diff", *map(str, (base, candidate, *options)), "--format", "json"]
        with contextlib.redirect_stdout(io.StringIO()) as output:
            code = main(arguments)
        if code:
            raise RuntimeError(f"tracediff {' '.join(arguments)} ended with {code}")
        return lambda: {"rows": len(json.loads(output.getvalue())["rows"])}

    return work


def diff_in_phases() -> Work:
    """Reading two traces, making sides of them, aligning these; then all that a diff does with what was read."""
    from tracediff.analysis.alignment import align
    from tracediff.analysis.families import load_families
    from tracediff.analysis.side import prepare_sides
    from tracediff.compare import compare
    from tracediff.importers.captures import load_all

    def work(base: Path, candidate: Path) -> Found:
        phases, families = Phases(), load_families(None)
        with phases.phase("reading"):
            captures = [load_all(path, cache=False) for path in (base, candidate)]
        with phases.phase("sides"):
            sides = prepare_sides(captures[0], captures[1], families)
        with phases.phase("alignment"):
            align(*sides, families)
        calls = [int(side.tree.is_operator.sum()) for side in sides]
        del sides
        with phases.phase("diff"):
            compare(captures[0].profiles, captures[1].profiles)
        return lambda: {"phases": phases, "operators": calls}

    return work


def json_and_pandas() -> Work:
    """What one writes oneself."""
    import pandas as pd

    def work(path: Path) -> Found:
        with path.open("rb") as file:
            frame = pd.DataFrame(json.load(file)["traceEvents"])
        table = frame[frame["cat"] == "cpu_op"].groupby("name")["dur"].agg(["count", "sum"])
        return lambda: {"calls": {str(name): int(calls) for name, calls in table["count"].items()}}

    return work


def holistic_trace_analysis() -> Work:
    """HolisticTraceAnalysis: parses, then its own summary of operators (calls and total times, no self times)."""
    from hta.common.trace import Trace
    from hta.trace_diff import LabeledTrace

    def work(path: Path) -> Found:
        labeled = LabeledTrace("trace", Trace(trace_files={0: str(path)}, trace_dir=str(path.parent)))
        table = labeled.get_ops_summary(labeled.t.get_trace(0))
        table = table[table["cat"] == "cpu_op"]
        return lambda: {"calls": dict(zip(table["name"], map(int, table["counts"]), strict=True))}

    return work


def torch_tb_profiler() -> Work:
    """torch-tb-profiler: all that TensorBoard computes before a run can be looked at, the operator table among it."""
    from torch_tb_profiler.profiler.data import RunProfileData
    from torch_tb_profiler.profiler.run_generator import RunGenerator

    def work(path: Path) -> Found:
        data = RunProfileData.parse("worker", None, str(path), str(path.parent))
        RunGenerator("worker", None, data).generate_run_profile()
        return lambda: {"calls": {row.name: row.calls for row in data.op_list_groupby_name}}

    return work


OWN: Mapping[str, Callable[[], Work]] = {
    "decode": partial(decode_alone, whole=False),
    "decode-whole": partial(decode_alone, whole=True),
    "show": partial(show, cache=False),
    "show-again": partial(show, cache=True),
    "show-phases": show_in_phases,
    "diff": diff,
    "diff-phases": diff_in_phases,
}
JOBS: Mapping[str, Callable[[], Work]] = {
    **OWN,
    "read": read_bytes,
    "json-pandas": json_and_pandas,
    "hta": holistic_trace_analysis,
    "torch-tb-profiler": torch_tb_profiler,
}


def cpu_seconds() -> float:
    """User and system time of this process and of those that it waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def _peak_mb() -> float:
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(peaks) * (1 if sys.platform == "darwin" else 1024) / 1e6


def _surroundings(job: str) -> contextlib.AbstractContextManager[None]:
    """What tracediff runs in when it is called from the command line; its floor too."""
    if job not in OWN:
        return contextlib.nullcontext()
    from tracediff.cli.options import lean

    return lean()


def main() -> None:
    """Runs the job that the command line names, on the files that it names."""
    job, *files = sys.argv[1:]
    began = cpu_seconds()
    with _surroundings(job):
        work = JOBS[job]()
        imported, clock = cpu_seconds(), time.perf_counter()
        found = work(*map(Path, files))
        figures = {
            "import_cpu": imported - began,
            "cpu": cpu_seconds() - imported,
            "wall": time.perf_counter() - clock,
            "peak_mb": _peak_mb(),
        }
    print(json.dumps({**figures, **found()}))


if __name__ == "__main__":
    main()
