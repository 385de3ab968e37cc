"""The page's call tree and flame graph, in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser.pages import FRAMES, LINES, show, write
from tracediff.cli import main
from tracediff.report.html_trees import MOST_CALLS

from builders import Call, TraceBuilder
from chromium import BROWSER, Chromium

pytestmark = pytest.mark.skipif(BROWSER is None, reason="without Chromium")


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
