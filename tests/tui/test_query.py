"""The language of the filter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracediff.model.diff import Diff
from tracediff.tui.filtering import of_family, row_subject, row_subjects
from tracediff.tui.query import GRAMMAR, Subject, parse, quoted

ROW = Subject(
    words="\nfamily:conv2d\n[1,3,32,32] [32,3,5,5]\naten::_slow_conv2d_forward\nthnn_conv2d > _slow_conv2d_forward\n",
    kernels="\nconvolution gemm:acl\n",
    modules="\nresnet.layer1.0.conv1\n",
    operators="\naten::conv2d\naten::_slow_conv2d_forward\n",
    delta_ns=1_500_000,
    changed=True,
    slower=True,
)


@pytest.mark.parametrize(
    ("needle", "kept"),
    [
        ("", True),
        ("slow CONV2D", True),
        ("slow linear", False),
        ("layer1", True),
        ('"thnn_conv2d > _slow"', True),
        ('"_slow thnn"', False),
        ('"thnn_conv2d > ', True),
        ("/slow.*forward$/", True),
        ("/^resnet\\.layer\\d/", True),
        ("/^slow/", False),
        ("/a b/ slow", False),
        ("/thnn_conv2d > _SLOW/ slow", True),
        ("/unclosed", False),
        ("family:conv2d", True),
        ("family:conv", False),
        ('family:"conv2d"', True),
        ("kernel:ACL", True),
        ("kernel:slow", False),
        ("module:layer1", True),
        ("module:slow", False),
        ("op:_slow", True),
        ("op:thnn", False),
        ("aten::conv2d", False),
        ("aten::_slow_conv2d_forward", True),
        (">1ms", True),
        (">=1.5ms", True),
        (">1.5ms", False),
        ("<-200us", False),
        (">-1s", True),
        (">+1ms", True),
        ("<2000µs", True),
        ("changed", True),
        ("slower", True),
        ("faster", False),
        ("significant", False),
        ('"changed"', False),
        ("!changed", False),
        ("!faster", True),
        ("!linear !family:linear !/relu/ !>2ms", True),
        ("!slow", False),
        # What is still being typed asks for nothing.
        ("!", True),
        ("family:", True),
        ('"', True),
        ("/", True),
    ],
)
def test_what_is_kept(needle: str, kept: bool) -> None:
    query = parse(needle)
    assert not query.error
    assert query.keeps(ROW) == kept


@pytest.mark.parametrize("needle", ["/(/", "/a{99999999999}/", "slow >1", "<x", "kernel:acl /[/ x"])
def test_what_cannot_be_understood_is_said_and_shows_everything(needle: str) -> None:
    query = parse(needle)
    assert query.error
    assert query.keeps(ROW)
    assert query.keeps(Subject(""))


def test_a_limit_without_a_sign_is_for_both_sides() -> None:
    less = replace(ROW, delta_ns=-1_500_000)
    assert parse(">1ms").keeps(less)
    assert not parse("<1ms").keeps(less)
    assert not parse(">+1ms").keeps(less)
    assert parse("<-1ms").keeps(less)


def test_a_line_without_a_difference_is_neither_above_nor_below() -> None:
    unknown = replace(ROW, delta_ns=None)
    assert not parse(">-1s").keeps(unknown)
    assert not parse("<1s").keeps(unknown)


tokens = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["family:", "op:", "!", "/", '"', ">", "<", "1ms", "changed", " ", "\\", "(", "[[", "*"]),
)


@given(st.lists(tokens, max_size=8).map("".join))
def test_whatever_is_typed_is_understood_or_refused(needle: str) -> None:
    query = parse(needle)
    assert isinstance(query.keeps(ROW), bool)
    assert not (query.error and query.tests)


@given(st.text(min_size=1).filter(str.strip))
def test_any_family_can_be_asked_for(name: str) -> None:
    line = f"family:{name}".lower()
    query = parse(of_family(name))
    assert not query.error
    assert query.keeps(Subject(f"\n{line}\n"))
    assert not query.keeps(Subject(f"\n{line}x\n"))


@given(st.text())
def test_a_quoted_text_is_looked_for_as_it_is(text: str) -> None:
    if quoted(text)[0] == '"':
        assert parse(quoted(text)).keeps(Subject(text.lower()))


def test_verdicts_come_before_signs(gtsrb: Diff) -> None:
    from msgspec import structs

    row = next(row for row in gtsrb.rows if row.delta_ns > 0)
    unjudged, same = (
        row_subject(structs.replace(row, verdict=verdict), gtsrb.total.delta_ns) for verdict in (None, "same")
    )
    assert (unjudged.slower, unjudged.faster) == (True, False)
    assert (same.slower, same.faster, same.significant) == (False, False, False)
    noisy = structs.replace(gtsrb.rows[0], verdict=None, within_noise=True)
    assert row_subject(gtsrb.rows[0], gtsrb.total.delta_ns).significant
    assert not row_subject(noisy, gtsrb.total.delta_ns).significant


def test_examples_of_the_grammar_are_understood(gtsrb: Diff) -> None:
    for example, _ in GRAMMAR:
        query = parse(example)
        assert query.tests
        assert not query.error
    found = {
        row.family
        for row, subject in zip(gtsrb.rows, row_subjects(gtsrb), strict=True)
        if parse("op:addmm").keeps(subject)
    }
    assert found == {"linear"}
