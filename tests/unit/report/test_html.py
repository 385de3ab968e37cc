from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tracediff import phrases, units
from tracediff.analysis.ledger import shortened
from tracediff.analysis.summary import summarize
from tracediff.compare import compare, measure
from tracediff.importers import load
from tracediff.model.diff import Diff
from tracediff.report.base import ReportOptions, load_report

from builders import SAMPLES, Call, TraceBuilder

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '"><b>',
    "{{ 7 * 7 }}",
    "evil\u202eeman",
)


class Page(HTMLParser):
    """Tags, tables as text, and what scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.scripts: list[str] = []
        self._table: list[list[str]] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self._table = self.tables[dict(attrs).get("id") or dict(attrs).get("class") or ""] = []
        elif tag == "tr":
            self._table.append([])
        elif tag in ("td", "th"):
            self._table[-1].append("")
            self._inside = "cell"
        elif tag == "script":
            self.scripts.append("")
            self._inside = "script"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "script"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside == "cell":
            self._table[-1][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        (found,) = (json.loads(text) for text in self.scripts if text.startswith("{"))
        return found


def page_of(diff: Diff, limit: int | None = None) -> str:
    return load_report("html").render_diff(diff, ReportOptions(limit=limit))


def sample(name: str) -> Diff:
    base, candidate = (f"{name}{'-' if name else ''}{backend}.json" for backend in ("openblas", "acl"))
    suffix = ".gz" if name else ""
    return compare(SAMPLES / (base + suffix), SAMPLES / (candidate + suffix))


@pytest.mark.parametrize("name", ["", "bert", "resnet50"])
def test_every_row_stands_there_with_the_numbers_of_the_diff(name: str) -> None:
    diff = sample(name)
    text = page_of(diff)
    page = Page(text)

    rows = page.tables["rows-table"][1:]
    assert [row[2:7] for row in rows] == [
        [
            phrases.calls(row),
            phrases.time(row.base),
            phrases.time(row.candidate),
            units.difference(row.delta_ns),
            units.ratio(row.candidate.time_ns / row.base.time_ns) if row.base and row.candidate else "-",
        ]
        for row in diff.rows
    ]
    terms = page.tables["ledger"][2:-1]
    assert [(row[0], row[4]) for row in terms] == [
        (phrases.term_name(term), units.difference(term.delta_ns)) for term in diff.ledger
    ]
    assert len(page.tables["operators-table"]) == 1 + len(diff.operators)
    assert len(text.encode()) < 500_000


def test_the_trees_are_those_of_the_diff_with_the_text_of_each_number() -> None:
    diff = sample("bert")
    tree, data = diff.call_tree, Page(page_of(diff)).data
    assert tree is not None

    assert data["each"]["base_ns"] == tree.base_ns.tolist()
    assert data["each"]["delta"] == tree.delta_ns.tolist()
    for source in ("each", "folded"):
        for column in ("base_ns", "candidate_ns"):
            assert all(data["texts"]["durations"][str(ns)] == units.duration(ns) for ns in data[source][column])
        for column in ("delta", "own"):
            assert all(data["texts"]["differences"][str(ns)] == units.difference(ns) for ns in data[source][column])


def test_names_stay_names(tmp_path: Path) -> None:
    paths = []
    for name, cost in (("<i>base", 10), ("candidate", 20)):
        calls = [Call(hostile, cost, shapes=[[1, 2]]) for hostile in HOSTILE]
        own = {"label": name, "environment": {"cpu": HOSTILE[1]}, "checks": {"warnings": [HOSTILE[0]]}}
        paths.append(TraceBuilder().add(*calls).write(tmp_path / f"{name[-4:]}.json", tracediff=own))
    diff = compare(*paths)
    report = load_report("html")
    pages = [page_of(diff), report.render_summary(summarize(load(paths[0]), True), ReportOptions())]

    for text, expected in zip(pages, (2, 1), strict=True):
        page = Page(text)
        names = {tag for tag, _ in page.tags}
        assert len(page.scripts) == expected
        assert not names & {"img", "i"}
        assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
        shown = {row[0] for row in page.tables["operators-table"]}
        assert {units.printable(name) for name in HOSTILE} <= shown
        assert "\u202e" not in text
    assert {units.printable(name) for name in HOSTILE} <= set(Page(pages[0]).data["texts"]["labels"])


def test_only_its_own_style_and_script_pass_the_policy() -> None:
    text = page_of(sample(""))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy

    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in policy[1]
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)|\bstyle=|url\(|@import""", text)


def test_a_huge_trace_is_cut_and_says_so(tmp_path: Path) -> None:
    paths = []
    for name, cost in (("base", 3), ("candidate", 4)):
        builder = TraceBuilder()
        for number in range(6_000):
            inner = Call(f"my::inner_{number % 400}", cost + number % 97, shapes=[[number, 8]])
            builder.add(Call(f"my::outer_{number % 400}", cost, (inner,), [[number, 4]]))
        paths.append(builder.write(tmp_path / f"{name}.json"))
    diff = compare(*paths)
    text = page_of(diff)
    page = Page(text)

    assert len(text.encode()) < 1_300_000
    assert len(page.tables["rows-table"]) == 301
    assert "--limit 0 shows all" in text
    assert "9,500 shorter calls of 12,000 are not in it" in text
    each = page.data["each"]
    assert len(each["depth"]) + sum(each["left_out"].values()) <= 12_000
    assert all(after <= before + 1 for before, after in pairwise(each["depth"]))
    assert max(each["row"]) < 300


def test_a_shortened_ledger_still_adds_up() -> None:
    diff = sample("bert")
    short = shortened(diff.ledger, diff.total, 3)

    assert [term.term for term in short[3:]] == ["6 smaller terms", "gaps", "remainder"]
    assert sum(term.delta_ns for term in short) == diff.total.delta_ns
    assert shortened(diff.ledger, diff.total, 8) == diff.ledger


def test_a_diff_of_nothing_has_a_page() -> None:
    diff = compare(SAMPLES / "acl.json", SAMPLES / "acl.json")

    assert ">0.0 %" in re.sub(r"\s+<", "<", page_of(diff))


def test_every_kind_of_report(tmp_path: Path) -> None:
    for number, cost in enumerate((10, 11, 12)):
        TraceBuilder().add(Call("aten::mm", cost)).write(tmp_path / f"{number}.json")

    noise = load_report("html").render_noise(measure(tmp_path), ReportOptions())
    assert [row[0] for row in Page(noise).tables["data"][1:]] == ["total", "matmul"]
    summary = summarize(load(SAMPLES / "acl.json"), kernels=True)
    shown = Page(load_report("html").render_summary(summary, ReportOptions()))
    assert len(shown.tables["operators-table"]) == 1 + len(summary.operators)
    assert len(shown.tables["data kernels"]) == 1 + len(summary.kernels)
