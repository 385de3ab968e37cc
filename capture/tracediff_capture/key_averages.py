"""`key_averages()` as plain rows, the same for every torch."""

from __future__ import annotations

import re
from typing import Any

# Older versions of torch tell a Python frame (`with_stack`) from an operator by nothing but its name.
_PYTHON_FRAME = re.compile(r"\(\d+\): |^<built-in |^nn\.Module: ")


def rows_of(profile: Any) -> list[dict[str, Any]]:
    """Name, count and CPU times of each operator; times in microseconds as torch gives them, device times where any.

    Python frames are left out: they lie beside the operators, not above them, and half of them are the guest's own.
    torch 2.4 renamed `cuda_time_total` to `device_time_total`.
    """
    rows: list[dict[str, Any]] = []
    for event in profile.key_averages():
        if _PYTHON_FRAME.search(event.key):
            continue
        row: dict[str, Any] = {
            "name": event.key,
            "count": event.count,
            "self_cpu_time_total": event.self_cpu_time_total,
            "cpu_time_total": event.cpu_time_total,
        }
        for name in ("device_time_total", "cuda_time_total"):
            device_time = getattr(event, name, 0)
            if device_time:
                row["device_time_total"] = device_time
                row["self_device_time_total"] = getattr(event, "self_" + name)
                break
        rows.append(row)
    return rows
