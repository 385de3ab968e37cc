"""Groups are those of `np.unique`, whether a table finds them or sorting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracediff.analysis.grouping import group


@pytest.mark.parametrize("largest", [3, 1023, 1024, 2**40])
@given(data=st.data())
def test_groups_are_those_of_numpy(largest: int, data: st.DataObject) -> None:
    few = data.draw(st.lists(st.integers(0, largest), min_size=1, max_size=5))
    codes = np.array(data.draw(st.lists(st.sampled_from(few), max_size=30)), dtype=np.int64)
    found = group(codes)
    expected, first, inverse, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    assert found.codes.tolist() == expected.tolist()
    assert found.first.tolist() == first.tolist()
    assert found.inverse.tolist() == inverse.tolist()
    assert found.counts().tolist() == counts.tolist()
    times = np.arange(len(codes), dtype=np.int64) + 2**55
    assert found.sums(times).tolist() == [sum(times[codes == code].tolist()) for code in expected]
