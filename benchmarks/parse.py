"""How fast traces become operator tables, and diffs, against what users would pick instead and against the floors.

All that one table compares runs in turn in fresh processes: quote ratios, which are taken within a round, not times.
Imports are apart: they cost what they cost, whatever the size of the file.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from measuring import ENVIRONMENTS, Case, Figures, Runner, median_of, middle, ratio

SAMPLES = Path(__file__).parent.parent / "sample_traces"
PAIR = (SAMPLES / "resnet50-openblas.json.gz", SAMPLES / "resnet50-acl.json.gz")
FLOORS = {
    "reading the bytes": "read",
    "msgspec's decode of whole events": "decode-whole",
    "msgspec's decode of what tracediff needs": "decode",
}
TO_DECODES = ("CPU / decode of whole events", "CPU / decode of needs")
OWN = {"**tracediff**": "show"}
CONTENDERS = {
    "json + pandas": "json-pandas",
    "HolisticTraceAnalysis 0.5.0": "hta",
    "torch-tb-profiler 0.4.3": "torch-tb-profiler",
}
DIFFS: Mapping[str, Sequence[str]] = {"`tracediff diff --no-cache`": ("--no-cache",)}
"""What `diff` is told; another way to read two sides is a line here."""

DECODERS = {"simdjson On-Demand, C++": 0.51 / 0.78, "a hand-written scanner, C++": 0.17 / 0.78}
"""CPU time to msgspec's for one file of 202 MB; measured once, in one run."""


def cpu(figures: Figures) -> float:
    """CPU seconds without imports."""
    return figures["cpu"]


def wall(figures: Figures) -> float:
    """Wall-clock seconds without imports."""
    return figures["wall"]


def peak(figures: Figures) -> float:
    """Peak memory of the process, imports included, in MB."""
    return figures["peak_mb"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def to_table(runner: Runner, trace: Path, rounds: int, contenders: Sequence[str]) -> tuple[str, list[str]]:
    """One file from its bytes to its operator table, by all.

    Returns:
        The section, and what it says of tracediff in one row.
    """
    jobs = {**FLOORS, **OWN, **{name: job for name, job in CONTENDERS.items() if job in contenders}}
    cases: dict[str, Case] = {name: (job, [trace]) for name, job in jobs.items()}
    by_name = runner.in_turn(cases, rounds)
    figures = {job: by_name[name] for name, job in jobs.items()}
    megabytes = trace.stat().st_size / 1e6
    rows: list[list[str]] = []
    for name, job in jobs.items():
        of = figures[job]
        rows.append(
            [
                name,
                middle(of, cpu),
                middle(of, wall),
                f"{megabytes / median_of(of, cpu):.0f}",
                f"{median_of(of, peak):.0f}",
                f"{ratio(of, figures['decode-whole'], cpu):.2f}",
                f"{ratio(of, figures['decode'], cpu):.2f}",
                f"{ratio(figures['hta'], of, cpu):.1f}" if "hta" in figures else "",
                f"{median_of(of, lambda one: one['import_cpu']):.2f}",
            ]
        )
    events = figures["decode"][0]["events"]
    head = ["", "CPU s", "wall s", "MB/s", "peak MB", *TO_DECODES, "HTA's CPU / it", "imports, CPU s"]
    text = f"### {megabytes:,.0f} MB, {events:,} events, {rounds} {'round' if rounds == 1 else 'rounds'}\n\n"
    text += f"{table(head, rows)}\n{same_calls(figures)}"
    own = figures["show"]
    return text, [
        f"{megabytes:,.0f} MB",
        f"{megabytes / median_of(own, cpu):.0f}",
        f"{median_of(own, cpu) / events * 1e9:.0f}",
        f"{ratio(own, figures['decode-whole'], cpu):.2f}",
        f"{ratio(own, figures['decode'], cpu):.2f}",
        f"{ratio(figures['hta'], own, cpu):.1f}" if "hta" in figures else "",
        f"{median_of(own, peak):.0f}",
        f"{median_of(own, peak) / (60 + 0.45 * megabytes):.2f}",
    ]


def same_calls(figures: Mapping[str, Sequence[Figures]]) -> str:
    """Says that all did the same job.

    Raises:
        SystemExit: one counts other calls of an operator than tracediff does.
    """
    table, recorded = (figures["show"][0][which] for which in ("calls", "recorded"))
    text = f"All count the same {sum(table.values()):,} calls of {len(table)} operators"
    unfolded = False
    for job, of in figures.items():
        calls = of[0].get("calls", table)
        if calls not in (table, recorded):
            both = {name: (table.get(name), calls.get(name)) for name in sorted({*table, *calls})}
            differing = {name: pair for name, pair in both.items() if pair[0] != pair[1]}
            sys.exit(f"{job} does another job. Calls that tracediff counts, and it: {differing}")
        unfolded |= calls != table
    if not unfolded:
        return f"{text}.\n"
    more = sum(recorded.values()) - sum(table.values())
    return f"{text}; some also {more:,} that torch's tables, and ours, fold into a caller of the same name.\n"


def gzipped(runner: Runner, trace: Path, rounds: int) -> str:
    """The same trace plain and gzipped."""
    packed = Path(f"{trace}.gz")
    found = runner.in_turn({"plain": ("show", [trace]), "gzipped": ("show", [packed])}, rounds)
    rows = [
        [
            name,
            f"{file.stat().st_size / 1e6:.1f}",
            middle(found[name], cpu),
            middle(found[name], wall),
            f"{median_of(found[name], peak):.0f}",
            f"{ratio(found[name], found['plain'], cpu):.2f}",
            f"{ratio(found[name], found['plain'], wall):.2f}",
        ]
        for name, file in (("plain", trace), ("gzipped", packed))
    ]
    head = ["", "file MB", "CPU s", "wall s", "peak MB", "CPU / plain", "wall / plain"]
    return f"### Plain and gzipped\n\n{table(head, rows)}"


def second_look(runner: Runner, trace: Path, rounds: int) -> str:
    """The same trace parsed, and from the cache."""
    title = f"### The second look at {trace.stat().st_size / 1e6:,.0f} MB\n\n"
    # Fills the cache.
    runner.run("show-again", trace)
    names = {"the first look": "show", "the second, from the cache": "show-again"}
    found = runner.in_turn({name: (job, [trace]) for name, job in names.items()}, rounds)
    first, again = found.values()
    if not all(one["from_cache"] for one in again):
        return f"{title}Nothing is kept of it: it is too small, or the cache cannot be written.\n"
    rows = [
        [
            name,
            middle(of, cpu),
            middle(of, wall),
            f"{median_of(of, peak):.0f}",
            f"{median_of(of, lambda one: one['import_cpu']):.2f}",
            f"{ratio(of, first, wall):.3f}",
        ]
        for name, of in found.items()
    ]
    head = ["", "CPU s", "wall s", "peak MB", "imports, CPU s", "wall / first"]
    return f"{title}{table(head, rows)}"


def diffs(runner: Runner, pair: Sequence[Path], rounds: int) -> str:
    """A whole `tracediff diff` of two traces, from the command line to the JSON document, imports included."""
    found = runner.in_turn({name: ("diff", [*pair, *options]) for name, options in DIFFS.items()}, rounds)
    first = next(iter(found.values()))
    rows = [
        [name, middle(of, cpu), middle(of, wall), f"{median_of(of, peak):.0f}", f"{ratio(of, first, wall):.2f}"]
        for name, of in found.items()
    ]
    sizes = " and ".join(f"{path.stat().st_size / 1e6:.0f} MB" for path in pair)
    head = ["", "CPU s", "wall s", "peak MB of the largest process", "wall / first row"]
    return f"### `diff` of {sizes}\n\n{table(head, rows)}"


def alignment(runner: Runner, pair: Sequence[Path], rounds: int) -> str:
    """Reading against aligning, where one step has all operators: nothing is aligned once for many iterations."""
    found = runner.in_turn({"all": ("diff-phases", pair)}, rounds)["all"]

    def of(phase: str) -> str:
        return middle(found, lambda one: one["phases"][phase])

    def to_reading(phase: str) -> str:
        return f"{median_of(found, lambda one: one['phases'][phase] / one['phases']['reading']):.2f}"

    names = {
        "reading both": "reading",
        "nesting, owners, signatures": "sides",
        "**alignment**": "alignment",
        "the whole diff, once both are read": "diff",
    }
    rows = [[name, of(phase), to_reading(phase)] for name, phase in names.items()]
    operators = " and ".join(f"{calls:,}" for calls in found[0]["operators"])
    return f"### One step of {operators} operators\n\n{table(['', 'CPU s', 'to reading'], rows)}"


def profile(runner: Runner, trace: Path, rounds: int) -> str:
    """Where the time goes, and what is left to gain."""
    found = runner.in_turn(
        {"read": ("read", [trace]), "decode": ("decode", [trace]), "phases": ("show-phases", [trace])}, rounds
    )

    def phase(name: str) -> float:
        return median_of(found["phases"], lambda one: one["phases"][name])

    reading, decoding, load = median_of(found["read"], cpu), median_of(found["decode"], cpu), phase("load")
    decode, columns = decoding - reading, load - decoding
    spent = {
        "reading the bytes": reading,
        "decoding (msgspec)": decode,
        "cutting chunks, filling columns": columns,
        "nesting": phase("nesting"),
        "operator table": phase("table"),
        # Measured as a difference: next to nothing may come out below nothing.
        "iterations, doubts": max(0.0, phase("summary") - phase("nesting") - phase("table")),
    }
    whole, events = sum(spent.values()), found["phases"][0]["events"]
    rows = [
        [name, f"{seconds:.3f}", f"{seconds / events * 1e9:.0f}", f"{100 * seconds / whole:.0f} %"]
        for name, seconds in [*spent.items(), ("**all**", whole)]
    ]
    text = f"### Where the time goes\n\n{table(['', 'CPU s', 'ns per event', 'part'], rows)}\n"
    cores: list[list[str]] = []
    for name, factor in DECODERS.items():
        decoded = whole - decode * (1 - factor)
        for what, seconds in ((name, decoded), (f"{name}, that fills the columns too", decoded - columns)):
            cores.append([what, f"{seconds:.2f}", f"{whole / seconds:.2f}"])
    head = ["in place of msgspec", "CPU s", "times as fast as a whole"]
    factors = " and ".join(f"{factor:.2f}" for factor in DECODERS.values())
    text += (
        f"### What a compiled core would gain\n\nThese took {factors} of msgspec's CPU time for one file of 202 MB; "
    )
    return f"{text}the rest is computed from the table above.\n\n{table(head, cores)}"


def sections(runner: Runner, options: argparse.Namespace) -> Iterator[str]:
    """All that was asked for, as Markdown."""
    sizes: list[float] = options.megabytes
    rounds_of = {size: max(1, min(options.rounds, round(options.rounds * 200 / size))) for size in sizes}
    # All sections but the first need one size: the largest that is quickly measured.
    usual = max([size for size in sizes if size <= 200] or [min(sizes)])

    def sized(size: float, capture: Path = options.trace, *more: str) -> Path:
        return runner.trace(capture, "--megabytes", f"{size:g}", *more)

    if "table" in options.sections:
        by_size: list[list[str]] = []
        for size in sizes:
            text, row = to_table(runner, sized(size), rounds_of[size], options.contenders)
            by_size.append(row)
            yield text
        head = ["", "MB/s", "ns per event", *TO_DECODES, "HTA's CPU / it", "peak MB", "peak / (60 MB + 0.45 x file)"]
        yield f"### tracediff by size\n\n{table(head, by_size)}"
    if "gzip" in options.sections:
        yield gzipped(runner, sized(usual, options.trace, "--gzip"), rounds_of[usual])
    if "second-look" in options.sections:
        yield second_look(runner, sized(max(sizes)), options.rounds)
    if "diff" in options.sections:
        yield diffs(runner, [sized(usual, capture) for capture in PAIR], rounds_of[usual])
    if "alignment" in options.sections:
        steps = [runner.trace(capture, "--operators", str(options.operators)) for capture in PAIR]
        yield alignment(runner, steps, options.rounds)
    if "profile" in options.sections:
        yield profile(runner, sized(usual), rounds_of[usual])


def main() -> None:
    """Runs what was asked for and prints Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, nargs="+", default=[1, 20, 200, 1000], help="sizes of the files")
    parser.add_argument(
        "--rounds", type=int, default=5, help="of files up to 200 MB; fewer of larger ones, but for the second look"
    )
    parser.add_argument("--operators", type=int, default=500_000, help="of each trace that is aligned")
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS.values(), default=list(CONTENDERS.values()))
    every = ["table", "gzip", "second-look", "diff", "alignment", "profile"]
    parser.add_argument("--sections", nargs="+", choices=every, default=every)
    parser.add_argument("--trace", type=Path, default=PAIR[1], help="the real capture that files are built from")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir(), "tracediff-benchmarks"),
        help="where the traces go, and the contenders' environments, which are used again",
    )
    options = parser.parse_args()
    runner = Runner(options.work.absolute())
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; built from", end=" ")
    print(f"`{options.trace.name}`; tracediff with {runner.versions('show', 'msgspec', 'numpy', 'pandas')}", end="")
    for job in filter(options.contenders.__contains__, ENVIRONMENTS):
        print(f"; {runner.versions(job)}", end="")
    print(".\n")
    for section in sections(runner, options):
        print(section, flush=True)


if __name__ == "__main__":
    main()
