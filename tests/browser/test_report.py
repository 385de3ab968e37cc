"""The HTML report as its reader meets it, in a browser that reaches no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser.pages import ROWS, keep, show, shown, write
from tracediff.api import compare, load
from tracediff.cli import main
from tracediff.compare import compare as compare_sides
from tracediff.tui.filtering import operator_subject, row_subject
from tracediff.tui.query import parse

from builders import SAMPLES, Call, TraceBuilder
from chromium import BROWSER, Chromium
from simulation import sides as simulated_captures

pytestmark = pytest.mark.skipif(BROWSER is None, reason="without Chromium")


def test_sorting(page: Chromium) -> None:
    header = "#rows-table thead th:nth-child(4)"
    first = shown(page, 3)
    for order in ("descending", "ascending", "none"):
        page.click(f"{header} button")
        assert page.evaluate(f"document.querySelector('{header}').ariaSort") == order
        times = [int(value) for value in shown(page, 3)]
        if order == "none":
            assert shown(page, 3) == first
        else:
            assert times == sorted(times, reverse=order == "descending")


def test_sorting_where_there_are_no_headers(page: Chromium, resnet: Path) -> None:
    tools = '[data-tools="rows-table"] '
    select, turn = f"document.querySelector('{tools} select')", f"document.querySelector('{tools} .direction')"
    page.click("#rows-table thead th:nth-child(4) button")
    assert page.evaluate(f"{select}.selectedOptions[0].text") == "Base"

    show(page, resnet, 390)
    first = shown(page, 4)
    assert page.evaluate(f"{turn}.offsetParent") is None
    page.evaluate(f"{select}.value = 4; {select}.dispatchEvent(new Event('change'))")
    times = sorted(map(int, first), reverse=True)
    assert list(map(int, shown(page, 4))) == times
    page.click(f"{tools} .direction")
    assert "ascending" in page.evaluate(f"{turn}.innerText")
    assert list(map(int, shown(page, 4))) == times[::-1]
    page.evaluate(f"{select}.value = ''; {select}.dispatchEvent(new Event('change'))")
    assert shown(page, 4) == first


NEEDLES = (
    "conv2d",
    "64 CONV",
    '"thnn_conv2d > _slow"',
    '!"thnn_conv2d > _slow"',
    "/MKLDNN_conv/",
    "/^aten::mkldnn.*n$/ !/relu/",
    "family:linear",
    "family:lin",
    "kernel:acl",
    "!kernel:acl op:conv",
    "op:addmm",
    "module:layer1",
    "module:1",
    ">100ms conv2d",
    ">=1ms",
    "<=200us",
    "<-1ms",
    ">+1ms",
    "<2000µs >10us",
    "changed",
    "!changed",
    "faster",
    "slower significant",
    "no such row",
    "!",
    '"',
)
"""For the words of the screen, which the page must understand in the same way."""


@pytest.mark.parametrize("name", ["", "bert-", "resnet50-", "judged"])
def test_the_filter_keeps_what_it_keeps_on_the_screen(browser: Chromium, tmp_path: Path, name: str) -> None:
    suffix = ".json.gz" if name else ".json"
    sides = [SAMPLES / f"{name}{backend}{suffix}" for backend in ("openblas", "acl")]
    if name == "judged":
        sides = simulated_captures(tmp_path, 6, conv2d=2.0, linear=0.99)
    path = tmp_path / "report.html"
    assert main(["diff", *map(str, sides), "-o", str(path)]) == 0
    diff = compare_sides(*sides)
    show(browser, path)

    total_ns = diff.total.delta_ns
    tables = {
        "rows": [row_subject(row, total_ns) for row in diff.rows],
        "operators": [operator_subject(pair, total_ns) for pair in diff.operators],
    }
    for table, subjects in tables.items():
        tools = f'[data-tools="{table}-table"] '
        lines = f"[...document.querySelectorAll('#{table}-table tbody tr')]"
        for needle in NEEDLES:
            if table == "operators" and any(field in needle for field in ("family:", "kernel:", "module:")):
                continue
            write(browser, f"{tools} input", needle)
            kept = browser.evaluate(f"{lines}.flatMap((row, at) => row.hidden ? [] : [at])")
            wanted = [at for at, subject in enumerate(subjects) if parse(needle).keeps(subject)]
            assert kept == wanted, (table, needle)
            count = f"{len(kept)} of {len(subjects)} rows" if len(kept) < len(subjects) else f"{len(kept)} rows"
            assert browser.evaluate(f"document.querySelector('{tools} output').innerText") == count


def test_what_a_filter_cannot_ask_for_is_said(page: Chromium) -> None:
    for table, needle in (("rows", "/(/"), ("rows", ">1 conv"), ("operators", "aten !kernel:acl")):
        tools = f'[data-tools="{table}-table"] '
        write(page, f"{tools} input", needle)
        all_rows, error = page.evaluate(f"document.querySelector('{tools} output').innerText").split("; ")
        assert needle.split()[-1] in error or needle.split()[0] in error
        assert error.startswith("not understood: ")
        assert " of " not in all_rows


def test_a_sentence_leads_to_its_rows(page: Chromium) -> None:
    link = "#why li:nth-child(2) a.rows"
    rows = page.evaluate(f"document.querySelector('{link}').dataset.rows").split(" ")
    page.click(link)

    assert page.evaluate(f"{ROWS}.map((row) => row.id)") == [f"row-{row}" for row in rows]
    page.click(".chip")
    assert len(shown(page, 0)) > len(rows)


@pytest.mark.parametrize(("captures", "verdict"), [(3, "no evidence"), (6, "slower")])
def test_only_what_is_certain_has_a_colour(browser: Chromium, tmp_path: Path, captures: int, verdict: str) -> None:
    path = tmp_path / "judged.html"
    assert main(["diff", *map(str, simulated_captures(tmp_path, captures, conv2d=2.0)), "-o", str(path)]) == 0
    show(browser, path)
    ink = browser.evaluate("getComputedStyle(document.body).color")

    assert verdict in browser.evaluate("document.querySelector('.measure .certainty').innerText")
    for cell in (".big", "#ledger tbody tr:nth-child(2) td:nth-child(5)", "#row-0 .difference"):
        colour = browser.evaluate(f"getComputedStyle(document.querySelector('{cell}')).color")
        assert (colour == ink) == (verdict == "no evidence")
    coloured = browser.evaluate("document.querySelectorAll('#ledger rect:is(.more, .less)').length")
    assert bool(coloured) == (verdict != "no evidence")

    begins, _, ends = browser.evaluate(
        "[...document.querySelectorAll('.measure .scale')[0].children].map((e) => e.innerText)"
    )
    low, high = (float(end.removesuffix(" %")) for end in (begins, ends))
    interval = browser.evaluate("document.querySelector('.measure .certainty').innerText").partition("(")[2]
    inside = [float(bound) for bound in interval.partition(" %)")[0].split(" % to ")]
    assert low < min(0, *inside)
    assert high > max(0, *inside)
    show(browser, path, 1060)
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_kernels_lead_to_their_rows(page: Chromium) -> None:
    kernels = page.evaluate(
        "[...document.querySelectorAll('#kernels-table tbody tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    assert [kernels[0][0], kernels[0][2], kernels[0][6]] == ["convolution gemm:acl", "- -> 4", "conv2d"]
    assert kernels[-1][:6] == ["gemm OpenBLAS", "OpenBLAS", "54 -> 50", "-", "-", "-"]
    page.click("#kernels-table tbody a")
    assert page.evaluate(f"{ROWS}.every((row) => row.cells[1].innerText.includes('gemm:acl'))")


def test_the_theme_is_the_systems_until_one_is_chosen(page: Chromium, resnet: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    show(page, resnet, scheme="dark")
    dark = page.evaluate(background)
    assert dark != light

    page.click("#theme")
    assert page.evaluate(background) == light
    page.click("#theme")
    assert page.evaluate(background) == dark
    page.click("#theme")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_text_stands_out_and_fits(page: Chromium, resnet: Path, width: int, scheme: str) -> None:
    """WCAG's contrast of AA, 4.5 to 1, for every text; and no sideways scrolling of the page."""
    show(page, resnet, width, scheme)
    page.evaluate("document.querySelector('[value=each][name=flame-source]').click()")
    keep(page, f"{width}-{scheme}")

    faint = page.evaluate(Path(__file__).with_name("contrast.js").read_text("utf-8"))
    assert faint == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.querySelectorAll('table')].every((table) => table.caption || table.ariaLabel)")


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_long_names_break(browser: Chromium, tmp_path: Path, width: int) -> None:
    """Of operators, labels and files; and the way to every section is there to see."""
    sides = []
    for name, cost in (("b", 10), ("c", 30)):
        calls = (Call("n" * 5_000, cost, (Call("my::" + "m" * 3_000, cost),), [[1] * 500]), Call("aten::mm", cost))
        own = {"label": name * 1_000, "environment": {"cpu": "x" * 1_000}, "checks": {"warnings": ["w" * 1_000]}}
        sides.append(str(TraceBuilder().add(*calls).write(tmp_path / f"{name * 100}.json", tracediff=own)))
    for command in (["diff", *sides], ["show", sides[0]]):
        assert main([*command, "-o", str(tmp_path / "names.html")]) == 0
        show(browser, tmp_path / "names.html", width)
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert browser.evaluate(
            "document.querySelector('nav').scrollWidth <= document.querySelector('.bar').clientWidth"
        )
        assert browser.evaluate(
            "[...document.querySelectorAll('nav a, #theme')].every((one) => {"
            " const box = one.getBoundingClientRect();"
            " return document.elementFromPoint(box.x + box.width - 2, box.y + box.height / 2) === one; })"
        )


def test_on_paper_it_has_no_controls(page: Chromium, tmp_path: Path) -> None:
    page.pdf(tmp_path / "report.pdf")
    page.look_like(800, media="print")

    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    controls = "nav, input, select, .bar button, .tools button, .to-tree"
    assert page.evaluate(f"[...document.querySelectorAll('{controls}')].every((one) => !one.offsetParent)")
    assert page.evaluate("document.querySelector('#rows-table').innerText.includes('[1,512,2,2]')")


def test_without_scripts_ledger_and_tables_can_be_read(resnet: Path, tmp_path: Path) -> None:
    browser = Chromium(tmp_path / "profile")
    try:
        browser.without_scripts()
        show(browser, resnet)
        text = browser.evaluate("document.body.innerText")
        bars = browser.evaluate("document.querySelectorAll('.ledger rect').length")
        controls = browser.evaluate(
            "[...document.querySelectorAll('input, select, button')].some((one) => one.offsetParent)"
        )
    finally:
        browser.close()

    assert "normalization (batch_norm)" in text
    assert "thnn_conv2d > _slow_conv2d_forward" in text
    assert "unfolds with JavaScript" in text
    assert bars == 11
    assert not controls


def test_names_run_nothing(browser: Chromium, tmp_path: Path) -> None:
    name = "</script><script>window.ran = true</script><img src=x onerror='window.ran = true'>"
    paths = []
    for side, cost in (("base", 10), ("candidate", 30)):
        calls = Call("aten::linear", cost, (Call(name, cost),), [[1, 2]])
        paths.append(TraceBuilder().add(calls).write(tmp_path / f"{side}.json"))
    assert main(["diff", *map(str, paths), "-o", str(tmp_path / "names.html")]) == 0

    show(browser, tmp_path / "names.html")
    browser.evaluate("document.querySelector('#tree-tools [data-do=all]').click()")
    assert browser.evaluate("window.ran") is None
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert name in browser.evaluate("document.querySelector('#tree').innerText")
    assert browser.errors == []


def test_a_notebook_shows_the_same(browser: Chromium, tmp_path: Path) -> None:
    diff = compare(SAMPLES / "openblas.json", SAMPLES / "acl.json")
    cells = f"{diff._repr_html_()}{load(SAMPLES / 'acl.json')._repr_html_()}"
    (tmp_path / "notebook.html").write_text(f"<!doctype html><meta charset=utf-8><body>{cells}", "utf-8")
    show(browser, tmp_path / "notebook.html")
    keep(browser, "notebook")

    # A frame in a sandbox cannot be looked into, so it is taken out of it for that.
    opened = cells.replace('sandbox="allow-scripts"', "")
    (tmp_path / "opened.html").write_text(f"<!doctype html><meta charset=utf-8><body>{opened}", "utf-8")
    show(browser, tmp_path / "opened.html")
    frames = "[...document.querySelectorAll('iframe')].map((frame) => frame.contentDocument)"
    browser.wait_for(f"{frames}.every((page) => page.readyState === 'complete')")
    rows = browser.evaluate(f"{frames}.map((page) => page.querySelectorAll('tbody tr').length)")
    assert min(rows) > 20
    assert browser.evaluate(f"{frames}[0].querySelectorAll('#flame .frame').length") > 5
    assert browser.evaluate(f"{frames}[0].querySelector('h1').innerText") == "acl against openblas"
    assert browser.errors == []
