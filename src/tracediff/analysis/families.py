"""Families as data: which operators do the same job, read from `families.toml` and the user's own file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tracediff.errors import UsageError

# Not importlib.resources, whose import takes longer than reading the file.
_BUILT_IN = Path(__file__).with_name("families.toml")
_OVERLOAD = re.compile(r"\.[A-Za-z_]\w*$")


class _Patterns:
    """Names and globs, looked up by an operator's full and bare name."""

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        self._names: dict[str, str] = {}
        self._globs: list[tuple[list[str], str]] = []
        for pattern, value in patterns:
            if "*" in pattern:
                self._globs.append((pattern.split("*"), value))
            else:
                self._names.setdefault(pattern, value)

    def find(self, operator: str) -> str | None:
        """What the first pattern that matches stands for; exact names come before globs."""
        names = _spellings(operator)
        for name in names:
            if name in self._names:
                return self._names[name]
        for glob, value in self._globs:
            if any(_matches(name, glob) for name in names):
                return value
        return None


def _matches(name: str, pieces: Sequence[str]) -> bool:
    """Whether the pieces around a glob's stars occur in the name in order; without compiling a hundred patterns."""
    head, *middle, tail = pieces
    if len(name) < len(head) + len(tail) or not (name.startswith(head) and name.endswith(tail)):
        return False
    at = len(head)
    for piece in middle:
        at = name.find(piece, at, len(name) - len(tail))
        if at < 0:
            return False
        at += len(piece)
    return True


@cache
def _spellings(operator: str) -> tuple[str, ...]:
    full = _OVERLOAD.sub("", operator)
    namespace, separator, bare = full.partition("::")
    if not separator:
        # Names without a namespace are a user's labels or Python functions, not operators of a library.
        return (operator, full)
    in_place = bare[:-1] if bare.endswith("_") and not bare.startswith("__") else bare
    return (full, f"{namespace}::{in_place}", bare, in_place)


class FusedRule(msgspec.Struct, frozen=True):
    """What a fused operator may stand for: `replaces` are families, `needs` those that must be among them."""

    replaces: frozenset[str]
    needs: frozenset[str]


class Families:
    """The families of one comparison.

    Args:
        documents: parsed TOML files; names in earlier ones win.
    """

    def __init__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        tables = [(name, table) for document in documents for name, table in document.get("family", {}).items()]
        by_rank = [rule for document in documents for rule in document.get("by_rank", ())]
        fused = [rule for document in documents for rule in document.get("fused", ())]
        self._families = _Patterns((pattern, name) for name, table in tables for pattern in table.get("operators", ()))
        self._wrappers = _Patterns(
            (pattern, str(at)) for _, table in tables for at, pattern in enumerate(table.get("wrappers", ()))
        )
        self._contains = [(name, frozenset(table.get("contains", ()))) for name, table in tables]
        self._by_rank = _Patterns(
            (pattern, str(at)) for at, rule in enumerate(by_rank) for pattern in rule["operators"]
        )
        self._rank_rules = by_rank
        self._fused = _Patterns((pattern, str(at)) for at, rule in enumerate(fused) for pattern in rule["operators"])
        self._fused_rules = [FusedRule(frozenset(rule["replaces"]), frozenset(rule.get("needs", ()))) for rule in fused]
        self.helpers = frozenset(name for name, table in tables if table.get("helper"))

    def family(self, operator: str, rank: int | None = None) -> str | None:
        """The operator's family.

        Args:
            operator: full name, `aten::conv2d`.
            rank: number of dimensions of its first input where known; tells conv1d from conv2d where the name does not.
        """
        rule = self._by_rank.find(operator)
        if rule is not None:
            table = self._rank_rules[int(rule)]
            return table["families"].get(str(rank), table["default"])
        return self._families.find(operator)

    def is_wrapper(self, operator: str) -> bool:
        """Whether the operator only hands over to the one that does the work."""
        return self._wrappers.find(operator) is not None

    def wrapper_position(self, operator: str) -> int | None:
        """How far outside the wrapper lies among those of its family, 0 for the outermost; None for other operators."""
        position = self._wrappers.find(operator)
        return None if position is None else int(position)

    def containers(self, family: str) -> list[str]:
        """Other families whose wrappers may call operators of this one."""
        return [name for name, contained in self._contains if family in contained]

    def fused(self, operator: str) -> FusedRule | None:
        """What the operator may replace, if it is a fused one."""
        rule = self._fused.find(operator)
        return None if rule is None else self._fused_rules[int(rule)]


def load_families(user_file: str | Path | None = None) -> Families:
    """The built-in families, preceded by the user's.

    Raises:
        UsageError: the user's file is missing or is no families file.
    """
    documents = [tomllib.loads(_BUILT_IN.read_text("utf-8"))]
    if user_file is not None:
        try:
            document = tomllib.loads(Path(user_file).read_text("utf-8"))
            Families([document])
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot be read ({error}). Check the path", str(user_file)) from None
        except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError) as error:
            raise UsageError(
                f"is no families file ({error}). See families.toml in the package", str(user_file)
            ) from None
        documents.insert(0, document)
    return Families(documents)
