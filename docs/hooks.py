"""Fills the site's pages with what the program says of itself, so that they cannot disagree with it."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
_MARK = re.compile(r"<!-- (?P<what>commands|tabs|filter|keys|section)(?: (?P<of>[^>]+?))? -->")

_LINK = re.compile(r"(?<!!)\[(?P<text>[^]]+)\]\((?P<target>[^)#]+)\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """MkDocs calls it for every page: replaces the marks."""
    makers = {"commands": _commands, "tabs": _tabs, "filter": _filter, "keys": _keys, "section": _section}
    return _MARK.sub(lambda mark: makers[mark["what"]](mark["of"]), markdown)


def _commands(_: str) -> str:
    from tracediff.cli import COMMANDS, main

    os.environ["COLUMNS"] = "90"
    lines: list[str] = []
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2]
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            main([name, "--help"])
        lines += [f"## tracediff {name}", "", "```text", text.getvalue().rstrip(), "```", ""]
    return "\n".join(lines)


def _tabs(_: str) -> str:
    from tracediff.tui.actions import ACTIONS

    tabs = [action for action in ACTIONS if action.run.startswith("show_tab(")]
    lines = [f"| `{tab.shown_keys}` | {tab.label} | `{tab.id.removeprefix('tab.')}` | {tab.help} |" for tab in tabs]
    return "\n".join(["| key | tab | name | |", "| --- | --- | --- | --- |", *lines])


def _filter(_: str) -> str:
    from tracediff.tui.query import GRAMMAR

    lines = [f"| {_code(words.split('  '))} | {meaning} |" for words, meaning in GRAMMAR]
    return "\n".join(["| words | what they leave |", "| --- | --- |", *lines])


def _keys(_: str) -> str:
    from tracediff.tui.actions import ACTIONS, Scope

    lines: list[str] = []
    for scope in Scope:
        lines += [f"## {scope.value}", "", "| keys | action | id | |", "| --- | --- | --- | --- |"]
        for action in ACTIONS:
            if action.scope is scope:
                keys = _code(action.shown_keys.split(" "))
                lines.append(f"| {keys} | {action.label} | `{action.id}` | {action.help} |")
        lines.append("")
    return "\n".join(lines)


def _code(words: list[str]) -> str:
    """Words in a cell of a table, where a bare `|` would end it."""
    return " ".join(f"`{word}`" for word in words).replace("|", "\\|")


def _section(of: str) -> str:
    """`CONTRIBUTING.md#The house`: what stands below a heading of another document."""
    name, _, heading = of.partition("#")
    text = (REPOSITORY / name).read_text("utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise LookupError(f"{name} has no section {heading!r}")
    return _LINK.sub(_inside, found[1].strip())


def _inside(link: re.Match[str]) -> str:
    """A link as a page of the site has it; what is no page of the site is named only."""
    if link["target"].startswith("docs/"):
        return f"[{link['text'].removeprefix('docs/')}]({link['target'].removeprefix('docs/')})"
    return link[0] if "://" in link["target"] else link["text"]
