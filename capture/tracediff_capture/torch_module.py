"""The one place that imports torch, after everything that must be set before has been."""

from __future__ import annotations

import importlib
import platform
import re
from typing import Any


def load_torch() -> Any:
    """Imports torch, untyped: its stubs differ from version to version."""
    return importlib.import_module("torch")


def version_of(torch: Any) -> tuple[int, int]:
    """Major and minor version."""
    major, minor = re.findall(r"\d+", str(torch.__version__))[:2]
    return int(major), int(minor)


def config_of(torch: Any) -> str:
    """`torch.__config__.show()`: what this build was made with."""
    return str(torch.__config__.show())


def is_arm() -> bool:
    """Whether this Python runs on aarch64."""
    return platform.machine() in ("aarch64", "arm64")
