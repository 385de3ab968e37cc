"""Spreads the time of a row over the modules of the model that its calls ran in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from tracediff.analysis.accounts import Account, mean_ns
from tracediff.model.sites import Site


def pair_sites(accounts: Sequence[Account | None], iterations: Sequence[int]) -> tuple[Site, ...]:
    """Both sides' sites of a row, most time first; their means add up to the row's.

    Args:
        accounts: base's and candidate's; None where the row is not on that side.
        iterations: how many each adds up.

    Returns:
        Nothing where neither side recorded modules.
    """
    if not any(account and account.sites for account in accounts):
        return ()
    means = [_means(account, count) for account, count in zip(accounts, iterations, strict=True)]
    nothing = (0.0, 0)
    paths = {path: None for of_side in means for path in of_side}
    sites = [Site(path, *means[0].get(path, nothing), *means[1].get(path, nothing)) for path in paths]
    return tuple(sorted(sites, key=lambda site: (-site.base_ns - site.candidate_ns, site.module or "")))


def _means(account: Account | None, iterations: int) -> Mapping[str | None, tuple[float, int]]:
    """(calls, ns) by path; times are rounded as they add up, so that the last sum is the mean of all."""
    if account is None:
        return {}
    sites = account.sites or {None: [account.calls, account.time_ns]}
    until = [mean_ns(ns, iterations) for ns in accumulate((ns for _, ns in sites.values()), initial=0)]
    return {
        path: (calls / iterations, after - before)
        for (path, (calls, _)), (before, after) in zip(sites.items(), pairwise(until), strict=True)
    }
