"""The keys that a user wants for actions, checked before Textual sees them: it would drop the other action silently."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping

from textual.binding import Binding
from textual.keys import Keys

from tracediff.tui.actions import ACTIONS, HEARD_TOGETHER, Action, Scope

_MODIFIERS = {"ctrl", "alt", "shift", "super", "hyper", "meta"}


def check(wanted: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What of a keymap can be had.

    Args:
        wanted: action id -> keys, separated by commas.

    Returns:
        The keymap for `App.set_keymap`, and a sentence for each entry that is left out.
    """
    known = {action.id: action for action in ACTIONS}
    problems: list[str] = []
    keymap: dict[str, str] = {}
    for name, keys in wanted.items():
        action = known.get(name)
        wrong = f"there is no action {name!r}; help (?) lists them" if action is None else _wrong(action, keys)
        if wrong:
            problems.append(f"{name}: {wrong}")
        else:
            keymap[name] = ",".join(_split(keys))
    # What is left out falls back on its own keys, which another entry may have taken.
    while clash := next(_clashes(keymap), None):
        name, wrong = clash
        problems.append(f"{name}: {wrong}")
        del keymap[name]
    return keymap, problems


def _split(keys: str) -> list[str]:
    """The keys as Textual names them: `question_mark` for `?`."""
    return [binding.key for binding in Binding.make_bindings([Binding(keys, "")])]


_NAMES = {
    "comma",
    *(key.value.rpartition("+")[2] for key in Keys),
    *(key for character in string.punctuation.replace(",", "") for key in _split(character)),
}


def _wrong(action: Action, keys: str) -> str:
    if not all(key.strip() for key in keys.split(",")):
        return "an empty key; a comma is called comma"
    for key in map(str.strip, keys.split(",")):
        *modifiers, name = key.split("+")
        is_character = len(key) == 1
        is_known = set(modifiers) <= _MODIFIERS and (name in _NAMES or (len(name) == 1 and name.isalnum()))
        if not (is_character or is_known):
            return f"no key {key!r}; write ctrl+x, f5, space, pagedown or the character itself"
        if is_character and (action.priority or action.scope is Scope.FILTER):
            return f"{key} is typed into the filter; take a key with ctrl, or f1 to f12"
    return ""


def _clashes(keymap: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Entries whose key another action has where both are heard."""
    for scopes in HEARD_TOGETHER:
        taken: dict[str, Action] = {}
        # Those that nobody changed come first: the changed one is to blame.
        for action in sorted(ACTIONS, key=lambda action: action.id in keymap):
            if action.scope not in scopes:
                continue
            for key in _split(keymap.get(action.id, action.keys)):
                other = taken.setdefault(key, action)
                if other is not action and action.id in keymap:
                    yield action.id, f"{key} is {other.label} ({other.id}) there already; give that another key too"
