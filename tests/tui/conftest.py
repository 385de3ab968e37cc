"""The comparisons that the tests of the TUI look at."""

from __future__ import annotations

import pytest

from tracediff.compare import compare
from tracediff.model.diff import Diff
from tui.driver import GTSRB, PRINTED


@pytest.fixture(scope="session")
def gtsrb() -> Diff:
    return compare(*GTSRB)


@pytest.fixture(scope="session")
def printed() -> Diff:
    return compare(*PRINTED)
