"""What ran on devices (GPUs, XPUs): beside the CPU's timeline and not part of its times."""

from __future__ import annotations

import msgspec


class DeviceTime(msgspec.Struct, frozen=True):
    """Time on all devices of a process.

    Attributes:
        total_ns: durations of all kernels, copies and fills.
        busy_ns: time in which at least one of them ran.
        unlinked_ns: the part of `total_ns` that no operator launched.
    """

    total_ns: int = 0
    busy_ns: int = 0
    unlinked_ns: int = 0


class DeviceDifference(msgspec.Struct, frozen=True):
    """Time on devices of both sides, per iteration; a side without any has zeros."""

    base: DeviceTime
    candidate: DeviceTime

    @property
    def delta_ns(self) -> int:
        return self.candidate.total_ns - self.base.total_ns

    @property
    def busy_delta_ns(self) -> int:
        return self.candidate.busy_ns - self.base.busy_ns
