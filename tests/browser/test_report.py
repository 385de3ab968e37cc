"""The HTML report as its reader meets it, in a browser that reaches no network.

TRACEDIFF_SCREENSHOTS=FOLDER keeps a picture of each view.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tracediff.api import compare, load
from tracediff.cli import main
from tracediff.compare import compare as compare_sides
from tracediff.report.html_trees import MOST_CALLS
from tracediff.tui.filtering import operator_subject, row_subject
from tracediff.tui.query import parse

from builders import SAMPLES, Call, TraceBuilder
from chromium import BROWSER, Chromium
from simulation import sides as simulated_captures

pytestmark = pytest.mark.skipif(BROWSER is None, reason="without Chromium")

ROWS = "[...document.querySelectorAll('#rows-table tbody tr')].filter((row) => !row.hidden)"
LINES = "[...document.querySelectorAll('#tree tbody tr')]"
FRAMES = "[...document.querySelectorAll('#flame .frame')]"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Generator[Chromium]:
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "resnet50.html"
    paths = [str(SAMPLES / f"resnet50-{backend}.json.gz") for backend in ("openblas", "acl")]
    assert main(["diff", *paths, "-o", str(path)]) == 0
    return path


@pytest.fixture
def page(browser: Chromium, resnet: Path) -> Generator[Chromium]:
    """The report, which at the end of every test has asked for nothing and complained of nothing."""
    show(browser, resnet)
    yield browser
    assert browser.errors == []
    assert browser.requested == [resnet.as_uri()]


def show(browser: Chromium, path: Path, width: int = 1400, scheme: str = "light") -> None:
    browser.look_like(width, scheme=scheme)
    browser.requested.clear()
    browser.errors.clear()
    browser.open(path.as_uri())
    browser.wait_for("document.readyState === 'complete'")


def shown(page: Chromium, column: int) -> list[str]:
    return page.evaluate(f"{ROWS}.map((row) => row.cells[{column}].dataset.value ?? row.cells[{column}].innerText)")


def write(page: Chromium, selector: str, text: str) -> None:
    page.evaluate(
        f"(() => {{ const input = document.querySelector('{selector}'); input.value = {text!r};"
        " input.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def keep(page: Chromium, name: str) -> None:
    if folder := os.environ.get("TRACEDIFF_SCREENSHOTS"):
        page.screenshot(Path(folder, f"report-{name}.png"), whole=True)


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


def test_the_call_tree_unfolds(page: Chromium) -> None:
    button = "document.querySelector('#tree-tools [data-do={}]').click()"
    page.evaluate(button.format("none"))
    folded = page.evaluate(f"{LINES}.length")
    page.evaluate(f"{LINES}.find((line) => line.ariaExpanded === 'false').focus()")
    page.press("ArrowRight", "ArrowRight")
    assert page.evaluate("document.activeElement.ariaLevel") == "2"
    page.press("ArrowLeft", "ArrowLeft")
    assert page.evaluate(f"{LINES}.length") == folded

    page.evaluate(button.format("hot"))
    depths = page.evaluate(f"{LINES}.map((line) => Number(line.ariaLevel))")
    assert max(depths) > 4
    assert "_slow_conv2d_forward" in page.evaluate("document.activeElement.innerText")
    page.evaluate(button.format("all"))
    assert page.evaluate(f"{LINES}.length") == 1266
    assert page.evaluate(f"{LINES}.some((line) => line.innerText.includes('only candidate'))")

    page.click("#tree-tools [value=delta]")
    page.evaluate(button.format("none"))
    largest = page.evaluate(
        "page.texts.differences[Math.max(...page.each.delta.filter((_, node) => !page.each.depth[node]))]"
    )
    assert largest in page.evaluate(f"{LINES}[0].innerText")
    page.click("#tree-tools [value=folded]")
    assert page.evaluate(f"{LINES}.length") < 12


def test_a_row_is_found_in_the_call_tree(page: Chromium) -> None:
    page.click("#row-3 .to-tree")

    shape = page.evaluate("document.querySelector('#row-3 .shape').innerText")
    assert shape in page.evaluate("document.activeElement.innerText")
    page.evaluate("document.activeElement.querySelector('a').click()")
    assert page.evaluate("location.hash") == "#row-3"


def test_keys_pass_over_what_the_page_does_not_hold(browser: Chromium, tmp_path: Path) -> None:
    """More calls than a page may hold: lines that say so stand in the middle of the tree and at its end."""
    sides = []
    for name, cost in (("base", 3), ("candidate", 4)):
        builder = TraceBuilder()
        for number in range(40):
            short = [Call("my::short", 1) for _ in range(100)]
            builder.add(Call(f"my::outer_{number}", 10 * cost, (Call("my::long", cost), *short)))
        sides.append(str(builder.write(tmp_path / f"{name}.json")))
    assert main(["diff", *sides, "-o", str(tmp_path / "long.html")]) == 0
    show(browser, tmp_path / "long.html")
    focused = "document.activeElement.querySelector('.label').innerText"
    at = "Number(document.activeElement.dataset.node)"

    browser.evaluate("document.querySelector('#tree-tools [data-do=all]').click()")
    lines = browser.evaluate(f"{LINES}.map((line) => line.dataset.node ?? null)")
    calls = [int(node) for node in lines if node is not None]
    rest = lines.index(None)
    assert 0 < rest < len(calls)
    assert lines[-1] is None
    browser.evaluate(f"{LINES}[{rest - 1}].click()")
    browser.press("ArrowDown")
    assert browser.evaluate(at) == int(lines[rest + 1])
    browser.press("ArrowUp")
    assert browser.evaluate(at) == int(lines[rest - 1])
    browser.press("End")
    assert browser.evaluate(at) == calls[-1]
    browser.press("Home")
    assert browser.evaluate(at) == calls[0]

    name = browser.evaluate(focused)
    browser.press("o")
    assert browser.evaluate("document.activeElement.querySelector('th').innerText").split()[0] in name
    write(browser, '[data-tools="rows-table"] input', "no such row")
    browser.evaluate("document.querySelector('#tree tr[tabindex=\"0\"]').focus()")
    browser.press("o")
    assert browser.evaluate(
        "document.activeElement.offsetParent !== null && document.activeElement.id.startsWith('row-')"
    )
    assert browser.errors == []


def test_the_flame_graph_zooms_and_switches_sides(page: Chromium) -> None:
    name = "document.querySelector('#flame-status').innerText"
    widths = f"{FRAMES}.map((frame) => parseFloat(frame.getAttribute('width')))"
    both = {}
    for side in ("base", "candidate"):
        page.click(f"#flame-tools [value={side}]")
        both[side] = page.evaluate(widths)
        assert page.evaluate(f"{FRAMES}.length") > 5
    assert both["base"] != both["candidate"]

    page.evaluate("document.querySelector('#flame').focus()")
    page.press("ArrowDown", "ArrowDown")
    assert page.evaluate(name).startswith("convolution")
    page.press("Enter")
    assert page.evaluate("parseFloat(document.querySelector('#flame .current').getAttribute('width'))") == 100
    assert page.evaluate("document.querySelectorAll('#flame .above').length") == 2
    page.press("Escape", "Home")
    assert page.evaluate("document.querySelectorAll('#flame .above').length") == 0
    last = page.evaluate(f"{FRAMES}.at(-1).dataset.node")
    page.click(f'#flame [data-node="{last}"] rect')
    assert page.evaluate("document.querySelector('#flame .current').dataset.node") == last
    assert page.evaluate("parseFloat(document.querySelector('#flame .current').getAttribute('width'))") == 100
    page.click("#flame-reset")

    write(page, "#flame-find", "batch_norm")
    assert 0 < page.evaluate("document.querySelectorAll('#flame .frame:not(.dim)').length") < len(both["base"])
    write(page, "#flame-find", "")
    page.click("#flame-tools [value=each]")
    assert page.evaluate(f"{FRAMES}.length") > len(both["base"])


def test_calls_that_nest_deeper_than_the_stack(browser: Chromium, tmp_path: Path) -> None:
    sides = []
    for name, cost in (("base", 1), ("candidate", 2)):
        call = {"ph": "X", "cat": "cpu_op", "pid": 1, "tid": 1}
        levels = [
            call | {"name": f"my::level_{level % 9}", "ts": level, "dur": 5_000 * cost + 2 * (5_000 - level)}
            for level in range(5_000)
        ]
        sides.append(str(TraceBuilder(events=levels).write(tmp_path / f"{name}.json")))
    path = tmp_path / "deep.html"
    assert main(["diff", *sides, "-o", str(path)]) == 0
    show(browser, path)

    assert browser.errors == []
    assert browser.evaluate(f"{LINES}.length") == MOST_CALLS
    assert browser.evaluate(f"{FRAMES}.length") == 1 + MOST_CALLS
    browser.evaluate("document.querySelector('#flame').focus()")
    browser.press(*["ArrowDown"] * 60)
    assert browser.evaluate(
        "(() => { const frame = document.querySelector('#flame .current').getBoundingClientRect();"
        " const graph = document.querySelector('#flame').parentElement.getBoundingClientRect();"
        " return frame.top >= graph.top && frame.bottom <= graph.bottom; })()"
    )


def test_a_part_that_fails_leaves_the_others_alone(browser: Chromium, resnet: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.html"
    path.write_text(resnet.read_text("utf-8").replace('"left_out":', '"lost":', 1), "utf-8")
    show(browser, path)

    assert "does not work" in browser.evaluate("document.querySelector('#call-tree [role=alert]').innerText")
    assert browser.evaluate("document.querySelectorAll('[role=alert]').length") == 1
    assert browser.evaluate(f"{FRAMES}.length") > 5
    assert len(browser.errors) == 1


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
