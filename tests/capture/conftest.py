"""A Python with torch: the one that runs the tests, or the one that TRACEDIFF_TEST_PYTHON names."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def torch_python() -> str:
    python = os.environ.get("TRACEDIFF_TEST_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode:
        pytest.skip("no torch here: install torch==2.13.0, or name a Python that has it in TRACEDIFF_TEST_PYTHON")
    return python
