"""Families as data: which operators do the same job, read from `families.toml` and the user's own file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from tracediff.errors import UsageError

T = TypeVar("T")

# Not importlib.resources, whose import takes longer than reading the file.
_BUILT_IN = Path(__file__).with_name("families.toml")
_OVERLOAD = re.compile(r"\.[A-Za-z_]\w*$")


class _Patterns(Generic[T]):
    """Names and globs, looked up by an operator's full name and, in well-known namespaces, by its bare one."""

    def __init__(self, namespaces: frozenset[str]) -> None:
        self._namespaces = namespaces
        self._names: dict[str, T] = {}
        self._globs: list[tuple[list[str], T]] = []
        self._found: dict[str, T | None] = {}

    def add(self, pattern: str, value: T) -> None:
        """Lets the pattern stand for the value, unless an earlier one already does."""
        if "*" in pattern:
            self._globs.append((pattern.split("*"), value))
        else:
            self._names.setdefault(pattern, value)

    def find(self, operator: str) -> T | None:
        """What the first pattern that matches stands for; exact names come before globs."""
        if operator not in self._found:
            self._found[operator] = self._search(self._spellings(operator))
        return self._found[operator]

    def _search(self, names: Iterable[str]) -> T | None:
        for name in names:
            if name in self._names:
                return self._names[name]
        for glob, value in self._globs:
            if any(_matches(name, glob) for name in names):
                return value
        return None

    def _spellings(self, operator: str) -> dict[str, None]:
        full = _OVERLOAD.sub("", operator)
        namespace, _, bare = full.partition("::")
        in_place = full[:-1] if full.endswith("_") and not full.endswith("__") else full
        if namespace not in self._namespaces:
            return dict.fromkeys((full, in_place))
        return dict.fromkeys((full, in_place, bare, in_place.partition("::")[2]))


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


class FusedRule(msgspec.Struct, frozen=True):
    """What a fused operator may stand for.

    Attributes:
        replaces: families of the calls that it may replace.
        needs: those that must be among them where it has no counterpart of its own.
        alone: whether it may replace any of them where it has none.
    """

    replaces: frozenset[str]
    needs: frozenset[str]
    alone: bool


class Families:
    """The families of one comparison.

    Args:
        documents: parsed TOML files; names in earlier ones win.
    """

    def __init__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        namespaces = frozenset(name for document in documents for name in document.get("namespaces", ()))
        tables = [(name, table) for document in documents for name, table in document.get("family", {}).items()]
        self._rank_rules = [rule for document in documents for rule in document.get("by_rank", ())]
        fused = [rule for document in documents for rule in document.get("fused", ())]
        self._fused_rules = [
            FusedRule(frozenset(rule["replaces"]), frozenset(rule.get("needs", ())), rule.get("alone") is True)
            for rule in fused
        ]
        self._families: _Patterns[str] = _Patterns(namespaces)
        self._wrappers: _Patterns[int] = _Patterns(namespaces)
        self._by_rank: _Patterns[int] = _Patterns(namespaces)
        self._fused: _Patterns[int] = _Patterns(namespaces)
        for name, table in tables:
            for pattern in table.get("operators", ()):
                self._families.add(pattern, name)
            for position, pattern in enumerate(table.get("wrappers", ())):
                self._wrappers.add(pattern, position)
        for patterns, rules in ((self._by_rank, self._rank_rules), (self._fused, fused)):
            for number, rule in enumerate(rules):
                for pattern in rule["operators"]:
                    patterns.add(pattern, number)
        self._contains = [(name, frozenset(table.get("contains", ()))) for name, table in tables]
        self.helpers = frozenset(name for name, table in tables if table.get("helper"))

    def family(self, operator: str, rank: int | None = None) -> str | None:
        """The operator's family.

        Args:
            operator: full name, `aten::conv2d`.
            rank: number of dimensions of its first input where known; tells conv1d from conv2d where the name does not.
        """
        rule = self._by_rank.find(operator)
        if rule is not None:
            table = self._rank_rules[rule]
            return table["families"].get(str(rank), table["default"])
        return self._families.find(operator)

    def is_wrapper(self, operator: str) -> bool:
        """Whether the operator only hands over to the one that does the work."""
        return self._wrappers.find(operator) is not None

    def wrapper_position(self, operator: str) -> int | None:
        """How far outside the wrapper lies among those of its family, 0 for the outermost; None for other operators."""
        return self._wrappers.find(operator)

    def containers(self, family: str) -> list[str]:
        """Other families whose wrappers may call operators of this one."""
        return [name for name, contained in self._contains if family in contained]

    def fused(self, operator: str) -> FusedRule | None:
        """What the operator may replace, if it is a fused one."""
        rule = self._fused.find(operator)
        return None if rule is None else self._fused_rules[rule]


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
