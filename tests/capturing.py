"""How the tests of this folder capture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tracediff.cli import main

WORKLOAD = """
import torch

def model():
    return torch.nn.Sequential(torch.nn.Linear(16, 4), torch.nn.Softmax(-1)), torch.ones(2, 16)

def by_batch(batch):
    return torch.nn.Linear(8, 3), {"input": torch.ones(batch, 8)}

def broken():
    raise RuntimeError("no weights")

def odd():
    return (lambda x: {"bad": x / 0, "sparse": x.to_sparse()}), torch.ones(2, 4)
"""


def capture(python: str, folder: Path, *arguments: str) -> int:
    few = ["--iterations", "3", "--warmup", "2", "--threads", "1"]
    return main(["capture", "--python", python, "-o", str(folder), *few, *arguments])


def within(event: dict[str, Any], span: dict[str, Any]) -> bool:
    """As exact as the microseconds of a float."""
    return span["ts"] <= event["ts"] and event["ts"] + event["dur"] <= span["ts"] + span["dur"] + 1


def document(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))
