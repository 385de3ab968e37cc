"""Writes into the pages what the program says of itself: `python docs/generate.py`, when a test asks for it."""

from __future__ import annotations

import re
from argparse import Action, ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tracediff.cli import build_parser
from tracediff.tui.actions import ACTIONS, Scope
from tracediff.tui.query import GRAMMAR

HERE = Path(__file__).parent
PART = re.compile(r"^(?P<head><!-- (?P<what>[a-z]+)(?: (?P<of>[^>]+))? -->\n).*?(?=^<!-- /(?P=what) -->$)", re.M | re.S)
"""What stands between `<!-- keys -->` and `<!-- /keys -->`."""


def filled(page: str) -> str:
    """A page with all its parts as they have to be."""
    return PART.sub(lambda part: f"{part['head']}\n{MAKERS[part['what']](part['of']).strip()}\n\n", page)


def _commands(_: str) -> str:
    (commands,) = build_parser()._subparsers._group_actions
    return "\n".join(line for parser in commands.choices.values() for line in _command(parser))


def _command(parser: ArgumentParser) -> Iterator[str]:
    """As `--help`, whose layout is another one for every terminal and version of Python."""
    arguments = " ".join(map(_spelled, parser._positionals._group_actions))
    yield from (f"## {parser.prog}", "", f"`{parser.prog} [OPTIONS] {arguments}".rstrip() + "`", "")
    yield from (parser.description, "", *([parser.epilog, ""] if parser.epilog else []))
    rows: list[Sequence[str]] = []
    for group in parser._action_groups:
        if group.title not in ("positional arguments", "options"):
            rows.append((f"**{group.title}**", group.description or ""))
        rows += [(_spelled_code(action), _help(action)) for action in group._group_actions if action.dest != "help"]
    yield from (_table(("argument", ""), rows), "")


def _spelled(action: Action) -> str:
    """`BASE`, `[DAYS]`, `PATH ...`; nothing for a switch."""
    value = action.metavar or action.dest.upper()
    return {0: "", "?": f"[{value}]", "+": f"{value} ..."}.get(action.nargs, value)


def _spelled_code(action: Action) -> str:
    *others, last = action.option_strings or [""]
    return _code([*others, f"{last} {_spelled(action)}".strip()], ", ")


def _help(action: Action) -> str:
    said = (action.help or "") % vars(action)
    return f"{_code(action.choices, ', ')}: {said}" if action.choices and not action.metavar else said


def _tabs(_: str) -> str:
    tabs = [action for action in ACTIONS if action.run.startswith("show_tab(")]
    rows = [(f"`{tab.shown_keys}`", tab.label, f"`{tab.id.removeprefix('tab.')}`", tab.help) for tab in tabs]
    return _table(("key", "tab", "name", ""), rows)


def _filter(_: str) -> str:
    return _table(("words", "what they leave"), [(_code(words.split("  ")), meaning) for words, meaning in GRAMMAR])


def _keys(_: str) -> str:
    lines: list[str] = []
    for scope in Scope:
        rows = [
            (_code(action.shown_keys.split(" ")), action.label, f"`{action.id}`", action.help)
            for action in ACTIONS
            if action.scope is scope
        ]
        lines += [f"## {scope.value}", "", _table(("keys", "action", "id", ""), rows), ""]
    return "\n".join(lines)


def _section(of: str) -> str:
    """`CONTRIBUTING.md#The house`: what stands below a heading of another document."""
    name, _, heading = of.partition("#")
    text = (HERE.parent / name).read_text("utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise LookupError(f"{name} has no section {heading!r}")
    return found[1]


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(words: Iterable[str], between: str = " ") -> str:
    return between.join(f"`{word}`" for word in words)


MAKERS = {"commands": _commands, "tabs": _tabs, "filter": _filter, "keys": _keys, "section": _section}
"""By the name of the part."""

if __name__ == "__main__":
    for path in sorted(HERE.glob("*.md")):
        path.write_text(filled(path.read_text("utf-8")), "utf-8")
