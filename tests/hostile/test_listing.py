"""Every file that can be read is also listed, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracediff.compare import captures_below
from tracediff.importers.base import is_trace_name

from hostile.generator import write_damaged
from hostile.real_trace import RealTrace, real_traces


@pytest.mark.parametrize("whole", [pytest.param(trace, id=name) for name, trace in real_traces().items()])
def test_what_can_be_read_is_listed(tmp_path: Path, whole: RealTrace) -> None:
    write_damaged(whole, "trace", tmp_path)
    files = {str(path) for path in tmp_path.iterdir() if is_trace_name(path.name)}

    found = captures_below(tmp_path)

    assert {side.path for side in found.sides} == files
    assert [side.path for side in found.sides if side.error] == []
