from __future__ import annotations

from typing import get_args

import pytest

from tracediff.analysis.grouped import By, Group, grouped
from tracediff.compare import compare
from tracediff.model.diff import Diff

from builders import SAMPLES

PAIRS = [("openblas.json", "acl.json"), ("bert-openblas.json.gz", "bert-acl.json.gz")]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: pair[0])
def diff(request: pytest.FixtureRequest) -> Diff:
    base, candidate = request.param
    return compare(SAMPLES / base, SAMPLES / candidate)


def named(groups: tuple[Group, ...]) -> dict[str | None, Group]:
    assert len({group.name for group in groups}) == len(groups)
    return {group.name: group for group in groups}


@pytest.mark.parametrize("by", get_args(By))
def test_every_grouping_adds_up_to_the_rows(diff: Diff, by: By) -> None:
    groups = grouped(diff, by)
    named(groups)
    for side in ("base", "candidate"):
        sides = [getattr(row, side) for row in diff.rows if getattr(row, side)]
        assert sum(getattr(group, f"{side}_ns") for group in groups) == sum(one.time_ns for one in sides)
        calls = sum(getattr(group, f"{side}_calls") for group in groups)
        assert calls == pytest.approx(sum(one.calls for one in sides))
    assert {at for group in groups for at in group.rows} == set(range(len(diff.rows)))
    assert [abs(group.delta_ns) for group in groups] == sorted((abs(group.delta_ns) for group in groups), reverse=True)


@pytest.mark.parametrize("by", get_args(By))
def test_some_rows_alone(diff: Diff, by: By) -> None:
    only = {0, 2}
    groups = grouped(diff, by, only)
    assert {at for group in groups for at in group.rows} == only
    assert sum(group.delta_ns for group in groups) == sum(diff.rows[at].delta_ns for at in only)


def test_families_are_the_terms_of_the_ledger(diff: Diff) -> None:
    terms = {term.term: term for term in diff.ledger if term.rows}
    found = named(grouped(diff, "family"))
    assert {name: group.term for name, group in found.items()} == terms
    assert {name: (group.base_ns, group.candidate_ns, group.share) for name, group in found.items()} == {
        name: (term.base_ns, term.candidate_ns, term.share) for name, term in terms.items()
    }
    # Of some rows of a family nothing was judged.
    assert {group.term for group in grouped(diff, "family", {0})} <= {None, *terms.values()}


def test_modules_and_kernels() -> None:
    diff = compare(SAMPLES / "openblas.json", SAMPLES / "acl.json")
    modules = named(grouped(diff, "module"))
    linear = modules["GTSRBNet_0 > Linear_0"]
    assert [diff.rows[at].family for at in linear.rows] == ["linear"]
    assert linear.base_ns == diff.rows[linear.rows[0]].sites[0].base_ns
    # One side of these has a log; relu ran outside of it on both.
    kernels = named(grouped(diff, "kernel"))
    assert None in kernels


def test_what_is_not_recorded_is_a_group_of_its_own() -> None:
    diff = compare(SAMPLES / "arm-tutorial-openblas.txt", SAMPLES / "arm-tutorial-acl.txt")
    for by in ("module", "kernel", "shape"):
        (group,) = grouped(diff, by)
        assert group.name is None
        assert group.rows == tuple(range(len(diff.rows)))
