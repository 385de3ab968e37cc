"""Keeps captures that lost events apart from those that did not: they are no repetitions of one another."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from tracediff import units
from tracediff.analysis.settings import ranks_of
from tracediff.analysis.warnings import damage_of
from tracediff.model.diff import Diff
from tracediff.model.trace import Captures, Profile

_MOST_LISTED = 3


def without_losses(captures: Captures, fewest: int = 1) -> Captures:
    """The captures that lost no events: how much of the others' iterations is missing nobody knows.

    Args:
        captures: of one side.
        fewest: where fewer than these lost none, all stay, with a doubt.

    Returns:
        The side with a doubt that names those that lost some; ranks of a distributed run stay together.
    """
    lost = [profile for profile in captures.profiles if profile.read.lost_events]
    number = len(captures.profiles)
    if not lost or number == 1:
        return captures
    names = "; ".join(f"{profile.path} ({damage_of(profile.read)})" for profile in lost[:_MOST_LISTED])
    more = f"; and {len(lost) - _MOST_LISTED} more" if len(lost) > _MOST_LISTED else ""
    which = f"{len(lost)} of {units.count(number, 'capture')} lost events or times"
    if number - len(lost) < fewest or ranks_of([profile.run for profile in captures.profiles]):
        doubt = f"{which}, so their times are those of what is left: {names}{more}"
        return structs.replace(captures, warnings=(*captures.warnings, doubt))
    return structs.replace(
        captures,
        profiles=tuple(filter(_is_whole, captures.profiles)),
        warnings=(*captures.warnings, f"{which} and are left out, as no repetitions of the others: {names}{more}"),
    )


def losses(diff: Diff) -> Iterator[str]:
    """Each capture of the comparison that lost events, with how much that is; left out or not."""
    for side in (diff.base, diff.candidate):
        yield from (f"{path} lost events or times ({damage_of(read)})" for path, read in side.reads if read.lost_events)


def _is_whole(profile: Profile) -> bool:
    return not profile.read.lost_events
