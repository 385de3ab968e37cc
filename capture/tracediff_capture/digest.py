"""What came out of the model, small enough to keep: so that the numerics of two backends can be compared."""

from __future__ import annotations

from typing import Any

_MOST_VALUES = 1024


def digest(torch: Any, output: Any) -> list[dict[str, Any]]:
    """For each tensor of the output: shape, dtype, norm, the five largest of its first row, a sample of its values."""
    return [_of_tensor(torch, tensor) for tensor in _tensors(torch, output)]


def _tensors(torch: Any, output: Any) -> list[Any]:
    if torch.is_tensor(output):
        return [output]
    if isinstance(output, dict):
        output = list(output.values())  # pyright: ignore
    if isinstance(output, (list, tuple)):
        return [tensor for part in output for tensor in _tensors(torch, part)]  # pyright: ignore
    return []


def _of_tensor(torch: Any, tensor: Any) -> dict[str, Any]:
    values = tensor.detach().to("cpu", torch.float64).reshape(-1)
    row = values[: tensor.shape[-1]] if tensor.dim() else values
    step = max(1, -(-values.numel() // _MOST_VALUES))
    return {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).replace("torch.", ""),
        "norm": float(values.norm()),
        "top5": torch.topk(row, min(5, row.numel())).indices.tolist(),
        "step": step,
        "values": [float(f"{value:.7g}") for value in values[::step].tolist()],
    }
