"""What came out of the model, small enough to keep: so that the numerics of two backends can be compared."""

from __future__ import annotations

import math
from collections import abc
from typing import Any, cast

_MOST_VALUES = 1024


def digest(torch: Any, output: Any) -> list[dict[str, Any]]:
    """For each tensor of the output: shape, dtype, norm, the five largest of its first row, a sample of its values.

    A tensor that has no plain values (sparse, quantized) has the reason in their place: a capture never fails by it.
    """
    return [_of_tensor(torch, tensor) for tensor in _tensors(torch, output)]


def nonfinite(digests: list[dict[str, Any]]) -> int:
    """How many values of the whole output are infinite or not a number."""
    return sum(each.get("nonfinite", 0) for each in digests)


def _tensors(torch: Any, output: Any) -> list[Any]:
    if torch.is_tensor(output):
        return [output]
    if isinstance(output, abc.Mapping):
        output = list(cast("abc.Mapping[Any, Any]", output).values())
    if isinstance(output, (list, tuple)):
        return [tensor for part in cast("list[Any]", output) for tensor in _tensors(torch, part)]
    return []


def _of_tensor(torch: Any, tensor: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"shape": list(tensor.shape), "dtype": str(tensor.dtype).replace("torch.", "")}
    try:
        return {**about, **_values(torch, tensor)}
    except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
        return {**about, "undigested": (str(error).strip() or type(error).__name__).splitlines()[0]}


def _values(torch: Any, tensor: Any) -> dict[str, Any]:
    values = tensor.detach().to("cpu", torch.float64).reshape(-1)
    row = values[: tensor.shape[-1]] if tensor.dim() else values
    step = max(1, -(-values.numel() // _MOST_VALUES))
    return {
        "norm": _finite(float(values.norm())),
        "top5": torch.topk(row, min(5, row.numel())).indices.tolist(),
        "step": step,
        "values": [_finite(value) for value in values[::step].tolist()],
        "nonfinite": int((~torch.isfinite(values)).sum()),
    }


def _finite(value: float) -> float | None:
    """JSON has no word for the others."""
    return float(f"{value:.7g}") if math.isfinite(value) else None
