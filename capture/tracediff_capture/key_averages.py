"""`key_averages()` as plain rows, the same for every torch."""

from __future__ import annotations

from typing import Any


def rows_of(profile: Any) -> list[dict[str, Any]]:
    """Name, count and CPU times of each operator; times in microseconds as torch gives them, device times where any.

    torch 2.4 renamed `cuda_time_total` to `device_time_total`.
    """
    rows: list[dict[str, Any]] = []
    for event in profile.key_averages():
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
