from __future__ import annotations

from itertools import pairwise

import pytest

from tracediff.compare import compare
from tracediff.waterfall import waterfall

from builders import SAMPLES


@pytest.mark.parametrize("name", ["", "bert-", "resnet50-"])
def test_the_waterfall_leads_from_base_to_candidate(name: str) -> None:
    diff = compare(*(next(SAMPLES.glob(f"{name}{side}.json*")) for side in ("openblas", "acl")))
    drawn = waterfall(diff.ledger, diff.total)
    bars = [drawn.base, *drawn.terms]

    for before, bar in pairwise(bars):
        assert bar.start in (pytest.approx(before.end, abs=0.02), pytest.approx(bar.end, abs=0.02))
        assert abs(bar.end - before.end) == pytest.approx(bar.width, abs=0.02)
    assert drawn.terms[-1].end == drawn.candidate.end
    assert all(bar.start >= 0 and bar.start + bar.width <= 100.01 for bar in bars)
    if not drawn.is_truncated:
        assert drawn.candidate.width / drawn.base.width == pytest.approx(diff.total.ratio, rel=0.01)
