"""Helpers of this folder by their own names: as a package it would stand before TensorBoard itself."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
