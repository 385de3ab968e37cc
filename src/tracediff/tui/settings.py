"""What a user wants of the TUI every time, from one TOML file; what is wrong there is said, and the rest holds."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import cast

import msgspec

from tracediff.tui import keymap

CONFIG_VARIABLE = "TRACEDIFF_CONFIG"


class Settings(msgspec.Struct, frozen=True):
    """What holds.

    Attributes:
        path: the file that was, or would be, read.
        keys: action id -> keys, checked.
        theme: name of the theme; None: the usual one.
        ascii: whether to draw in ASCII only; None: where the locale can show no more.
        tab: the tab of a comparison that comes first.
        problems: what in the file is wrong, a sentence each.
    """

    path: str
    keys: Mapping[str, str] = {}
    theme: str | None = None
    ascii: bool | None = None
    tab: str | None = None
    problems: tuple[str, ...] = ()


def settings_file() -> Path:
    """The file that TRACEDIFF_CONFIG names, or `tui.toml` in tracediff's folder of the user's configuration."""
    from platformdirs import user_config_path

    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else user_config_path("tracediff") / "tui.toml"


def read_settings(themes: Collection[str], tabs: Collection[str]) -> Settings:
    """Reads the user's file.

    Args:
        themes: those that there are.
        tabs: those of a comparison.
    """
    path = settings_file()
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        missing = (f"no such file, named by {CONFIG_VARIABLE}",) if os.environ.get(CONFIG_VARIABLE) else ()
        return Settings(str(path), problems=missing)
    except OSError as error:
        return Settings(str(path), problems=(f"cannot be read: {error.strerror}",))
    except ValueError as error:
        # Not TOML, with the line in the message; or not UTF-8.
        return Settings(str(path), problems=(f"is no TOML: {error}",))
    return _checked(str(path), document, themes, tabs)


def _checked(path: str, document: dict[str, object], themes: Collection[str], tabs: Collection[str]) -> Settings:
    reader = _Reader()
    compare = reader.table(document, "compare")
    keys, problems = keymap.check(reader.keys(document))
    reader.problems += [f"keys.{problem}" for problem in problems]
    settings = Settings(
        path,
        keys,
        theme=reader.one_of(document, "theme", themes, listed="Theme in the palette lists them"),
        ascii=reader.switch(document, "ascii"),
        tab=reader.one_of(compare, "tab", tabs, "compare.tab"),
    )
    reader.problems += [f"{name}: no such setting" for name in document.keys() - {"keys", "compare", "theme", "ascii"}]
    reader.problems += [f"compare.{name}: no such setting" for name in compare.keys() - {"tab"}]
    return msgspec.structs.replace(settings, problems=tuple(reader.problems))


class _Reader:
    """Takes values out of a document and notes those that are none."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def table(self, document: dict[str, object], name: str) -> dict[str, object]:
        value = document.get(name, {})
        if isinstance(value, dict):
            return cast("dict[str, object]", value)
        self.problems.append(f"{name}: is a table: write [{name}]")
        return {}

    def switch(self, document: dict[str, object], name: str) -> bool | None:
        value = document.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.problems.append(f"{name}: {value!r} is neither true nor false")
        return None

    def one_of(
        self,
        document: dict[str, object],
        name: str,
        known: Collection[str],
        title: str | None = None,
        listed: str | None = None,
    ) -> str | None:
        """One of a few words, or of many, of which `listed` says where they are."""
        value = document.get(name)
        if value is None or (isinstance(value, str) and value in known):
            return value
        wrong = f"no {name}: {listed}" if listed else f"none of {', '.join(known)}"
        self.problems.append(f"{title or name}: {value!r} is {wrong}")
        return None

    def keys(self, document: dict[str, object]) -> dict[str, str]:
        """Action id -> keys. `row.open = "o"` is a table in a table for TOML, and means the same as `"row.open"`."""
        found: dict[str, str] = {}
        left = list(self.table(document, "keys").items())
        while left:
            name, value = left.pop(0)
            if isinstance(value, dict):
                inner = cast("dict[str, object]", value)
                left += [(f"{name}.{key}", below) for key, below in inner.items()]
                continue
            keys = cast("list[object]", value) if isinstance(value, list) else [value]
            if keys and all(isinstance(key, str) for key in keys):
                found[name] = ",".join(cast("list[str]", keys))
            else:
                self.problems.append(f'keys.{name}: {value!r} is no key: write "x" or ["x", "f5"]')
        return found
