"""Families as data: which operators do the same job, read from `families.toml` and the user's own file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

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
            self._found[operator] = self._search(operator)
        return self._found[operator]

    def _search(self, operator: str) -> T | None:
        full = _OVERLOAD.sub("", operator)
        namespace, separator, _ = full.partition("::")
        names = _spellings(full)
        bare = _spellings(bare_name(full)) if namespace in self._namespaces else [] if separator else names
        for name in (*names, *bare):
            if name in self._names:
                return self._names[name]
        for glob, value in self._globs:
            # A glob without a namespace speaks of the well-known ones only: `*_prepack` is not `custom::my_prepack`.
            if any(_matches(name, glob) for name in (names if any("::" in piece for piece in glob) else bare)):
                return value
        return None


def bare_name(operator: str) -> str:
    """The operator without its namespace."""
    return operator.rpartition("::")[2]


def _spellings(name: str) -> list[str]:
    """The name, and that of the operator that is not in place."""
    return [name, name[:-1]] if name.endswith("_") and not name.endswith("__") else [name]


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


class FamilyTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[family.NAME]`; the head of families.toml explains the keys."""

    operators: tuple[str, ...]
    wrappers: tuple[str, ...] = ()
    contains: frozenset[str] = frozenset()
    helper: bool = False
    defining: bool = False
    telling: bool = False
    kin: str | None = None


class RankRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[by_rank]]`."""

    operators: tuple[str, ...]
    families: dict[str, str]
    default: str


class FusedRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[fused]]`: what a fused operator may stand for."""

    operators: tuple[str, ...]
    replaces: frozenset[str]
    needs: frozenset[str] = frozenset()
    alone: bool = False


class FamiliesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A families file, the built-in one or a user's."""

    family: dict[str, FamilyTable] = {}
    by_rank: tuple[RankRule, ...] = ()
    fused: tuple[FusedRule, ...] = ()
    namespaces: tuple[str, ...] = ()


class Families:
    """The families of one comparison.

    Args:
        files: names in earlier ones win.

    Attributes:
        helpers: families whose operators serve others.
        defining: families whose calls the model alone decides.
        telling: families that tell models apart where both sides fuse alike.
    """

    def __init__(self, files: Sequence[FamiliesFile]) -> None:
        namespaces = frozenset(name for file in files for name in file.namespaces)
        tables = [(name, table) for file in files for name, table in file.family.items()]
        self._families: _Patterns[str] = _Patterns(namespaces)
        self._wrappers: _Patterns[int] = _Patterns(namespaces)
        self._by_rank: _Patterns[RankRule] = _Patterns(namespaces)
        self._fused: _Patterns[FusedRule] = _Patterns(namespaces)
        for name, table in tables:
            for pattern in table.operators:
                self._families.add(pattern, name)
            for position, pattern in enumerate(table.wrappers):
                self._wrappers.add(pattern, position)
        for file in files:
            for rank_rule in file.by_rank:
                for pattern in rank_rule.operators:
                    self._by_rank.add(pattern, rank_rule)
            for fused_rule in file.fused:
                for pattern in fused_rule.operators:
                    self._fused.add(pattern, fused_rule)
        self._kin = {name: table.kin for name, table in tables if table.kin}
        self._contains = [(name, table.contains) for name, table in tables]
        self.helpers = frozenset(name for name, table in tables if table.helper)
        self.defining = frozenset(name for name, table in tables if table.defining)
        self.telling = frozenset(name for name, table in tables if table.telling)

    def family(self, operator: str, rank: int | None = None) -> str | None:
        """The operator's family.

        Args:
            operator: full name, `aten::conv2d`.
            rank: number of dimensions of its first input where known; tells conv1d from conv2d where the name does not.
        """
        rule = self._by_rank.find(operator)
        if rule is not None:
            return rule.families.get(str(rank), rule.default)
        return self._families.find(operator)

    def kin(self, family: str) -> str:
        """What the family shares with those that do nearly the same; itself where there is no such thing."""
        return self._kin.get(family, family)

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
        return self._fused.find(operator)


def load_families(user_file: str | Path | None = None) -> Families:
    """The built-in families, preceded by the user's.

    Raises:
        UsageError: the user's file is missing or is no families file.
    """
    files = [_parse(_BUILT_IN.read_text("utf-8"))]
    if user_file is not None:
        try:
            files.insert(0, _parse(Path(user_file).read_text("utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot be read ({error}). Check the path", str(user_file)) from None
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            reason = f"is no families file ({error}). See families.toml in the package"
            raise UsageError(reason, str(user_file)) from None
    return Families(files)


def _parse(text: str) -> FamiliesFile:
    return msgspec.convert(tomllib.loads(text), FamiliesFile)
