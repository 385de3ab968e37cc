"""Names for argparse's types, which it keeps private."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction  # pyright: ignore[reportPrivateUsage]
from typing import TypeAlias

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"
