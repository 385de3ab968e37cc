"""What one can type into a filter: words, expressions, fields, differences, and what each means."""

from __future__ import annotations

import operator
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

FAMILY = "family:"

GRAMMAR = (
    ("conv 3x3", "all of these words, anywhere in a line or in what it is made of"),
    ('"a b"', "these words in this order"),
    ("/regex/", "a regular expression"),
    ("family:conv2d", "this family, and no other"),
    ("kernel:acl", "the word in a kernel"),
    ("module:layer1", "the word in the path of a module that a call is in"),
    ("op:addmm", "the word in an operator"),
    (">1ms  <20us", "a larger or smaller difference than this, to either side; in ns, us, ms or s"),
    (">+1ms  <-200us", "with a sign: to that side"),
    ("changed", "done by other operators, or on one side only"),
    ("faster  slower", "by the verdict; without one by the difference"),
    ("significant", "by the verdict; without one from 1 % of the total difference on"),
    ("!word", "not what follows"),
)
"""The filter's language, for the help screen."""

PLACEHOLDER = "words /regex/ family:conv2d >1ms changed !not"
"""A part of it that fits the input."""

_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_TOKEN = re.compile(
    r"""
    (?P<negated>!?)
    (?: /(?P<regex>(?:\\.|[^\\])*?)(?:/(?=\s|$)|$)
    |   (?:(?P<field>family|kernel|module|op):)?
        (?: "(?P<quoted>(?:\\.|[^"\\])*)(?:"|$) | (?P<word>\S*) )
    )
    (?:\s+|$)?
    """,
    re.VERBOSE | re.DOTALL,
)
_MEASURING = re.compile(r"[<>].*|faster|slower|significant")
_JUDGING = re.compile(rf"{_MEASURING.pattern}|changed")
_DIFFERENCE = re.compile(r"(?P<comparison>[<>]=?)(?P<number>[+-]?\d{1,30}(?:\.\d{0,30})?)(?P<unit>ns|us|µs|ms|s)")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a filter looks at in a line; texts are lower-case.

    Attributes:
        words: what words may occur in, a line for each thing, `family:` before a family.
        kernels, operators: the part of it that a field is about.
        modules: where in the model it is, which words may occur in too.
        delta_ns: the difference, where there is one.
        changed: whether the sides did it otherwise.
        faster, slower, significant: what was judged, or what can be said without.
    """

    words: str
    kernels: str = ""
    modules: str = ""
    operators: str = ""
    delta_ns: int | None = None
    changed: bool = False
    faster: bool = False
    slower: bool = False
    significant: bool = False


Test: TypeAlias = Callable[[Subject], bool]

_KEYWORDS: dict[str, Test] = {
    "changed": lambda subject: subject.changed,
    "faster": lambda subject: subject.faster,
    "slower": lambda subject: subject.slower,
    "significant": lambda subject: subject.significant,
}


class _UnfinishedError(Exception):
    """What was typed means nothing yet."""


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was understood.

    Attributes:
        tests: what must all hold.
        error: what of it could not be understood; then there are no tests.
        measures: whether some of them are about numbers.
        about_words: those that ask for nothing but words.
    """

    tests: tuple[Test, ...] = ()
    error: str = ""
    measures: bool = False
    about_words: tuple[Test, ...] = ()

    def keeps(self, subject: Subject) -> bool:
        """Whether the line stays."""
        return all(test(subject) for test in self.tests)

    def of_words(self) -> Query:
        """The part that has a meaning for lines of which nothing but words is known."""
        return Query(self.about_words, self.error, about_words=self.about_words)


@lru_cache(maxsize=32)
def parse(needle: str) -> Query:
    """What was typed, as tests; never fails, for it is called while somebody types."""
    tests: list[Test] = []
    about_words: list[Test] = []
    at, measures = 0, False
    text = needle.strip()
    try:
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is None or token.end() == at:
                raise _UnfinishedError(f"cannot read {text[at:]}")
            at = token.end()
            if test := _test(token):
                word = token["word"] or ""
                measures |= bool(_MEASURING.fullmatch(word)) and not token["field"]
                tests.append(_opposite(test) if token["negated"] else test)
                if not token["field"] and not _JUDGING.fullmatch(word):
                    about_words.append(tests[-1])
    except _UnfinishedError as error:
        return Query(error=str(error))
    return Query(tuple(tests), measures=measures, about_words=tuple(about_words))


def quoted(text: str) -> str:
    """A text as it can stand behind a field, whatever is in it."""
    if re.fullmatch(r'[^\s"]+', text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _test(token: re.Match[str]) -> Test | None:
    """What a token asks for; None while it is empty."""
    if token["regex"] is not None:
        return _regex(token["regex"])
    field, word = token["field"], token["word"]
    if word is None:
        word = re.sub(r"\\(.)", r"\1", token["quoted"], flags=re.DOTALL)
    elif not field and word in _KEYWORDS:
        return _KEYWORDS[word]
    elif not field and word[:1] in ("<", ">"):
        return _difference(word)
    word = word.lower()
    if not word:
        return None
    if field == "family":
        line = f"\n{FAMILY}{word}\n"
        return lambda subject: line in subject.words
    if field == "kernel":
        return lambda subject: word in subject.kernels
    if field == "module":
        return lambda subject: word in subject.modules
    if field == "op":
        return lambda subject: word in subject.operators
    return lambda subject: word in subject.words or word in subject.modules


def _regex(pattern: str) -> Test | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            expression = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise _UnfinishedError(f"/{pattern}/: {error}") from None
    search = expression.search
    return (lambda subject: bool(search(subject.words) or search(subject.modules))) if pattern else None


def _difference(word: str) -> Test:
    found = _DIFFERENCE.fullmatch(word)
    if found is None:
        raise _UnfinishedError(f"{word} is no difference: >1ms, <-200us")
    holds, limit = _COMPARISONS[found["comparison"]], float(found["number"]) * _NS[found["unit"]]
    measured = int if found["number"][0] in "+-" else abs
    return lambda subject: subject.delta_ns is not None and holds(measured(subject.delta_ns), limit)


def _opposite(test: Test) -> Test:
    return lambda subject: not test(subject)
