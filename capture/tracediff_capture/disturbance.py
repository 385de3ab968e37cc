"""What else uses the machine: counters and readings, two of which tell about the time between them."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import Any, Iterator

_CGROUPS = Path("/sys/fs/cgroup")
_STAT = re.compile(r"^(nr_throttled|throttled_usec|throttled_time) (\d+)$", re.MULTILINE)
_SWITCHES_PER_SECOND = 50
_FEW_SWITCHES = 5
_LOAD_PER_CORE = 1.5
"""What a capture right before this one leaves in the average, on all cores, is less."""
_SLOWER = 0.9


def disturbance() -> dict[str, Any]:
    """The readings of now: load, throttling of the process's cgroups, involuntary switches, clock of the cores."""
    found: dict[str, Any] = {"time_ns": time.time_ns(), "load": list(os.getloadavg())}
    for path in stat_files(text_of(Path("/proc/self/cgroup")), _CGROUPS):
        for name, value in _STAT.findall(text_of(path)):
            found[name] = found.get(name, 0) + int(value)
    if sys.platform != "win32":
        import resource

        found["involuntary_switches"] = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
    clocks = [text_of(path) for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq")]
    if any(clocks):
        # The quickest: idle cores rest, and which one works is not known.
        found["frequency_khz"] = max(int(clock) for clock in clocks if clock)
    return found


def disturbances(start: dict[str, Any], before: dict[str, Any], after: dict[str, Any], cores: int) -> Iterator[str]:
    """What in the readings casts doubt on the timed iterations.

    Args:
        start: when the process began.
        before: when the timed iterations began.
        after: when they had ended.
        cores: of the machine.
    """
    load = start["load"][0]
    if load > _LOAD_PER_CORE * cores:
        yield f"the machine was busy before it began: load {load:.1f} on {cores} cores"
    throttled = after.get("nr_throttled", 0) - before.get("nr_throttled", 0)
    if throttled > 0:
        yield f"the cgroup throttled the process {throttled} times while it was timed"
    switches = after.get("involuntary_switches", 0) - before.get("involuntary_switches", 0)
    seconds = (after["time_ns"] - before["time_ns"]) * 1e-9
    if switches > max(_FEW_SWITCHES, _SWITCHES_PER_SECOND * seconds):
        yield f"{switches} involuntary context switches in {seconds:.2g} s: something else wanted the processor"
    clocks = [reading.get("frequency_khz", 0) for reading in (before, after)]
    if 0 < clocks[1] < _SLOWER * clocks[0]:
        yield "the cores' clock fell from {:.1f} to {:.1f} GHz while it was timed".format(*(c * 1e-6 for c in clocks))


def stat_files(membership: str, root: Path) -> Iterator[Path]:
    """`cpu.stat` of the cgroup of a process and of those above it: any of them may hold the limit.

    Args:
        membership: `/proc/PID/cgroup`: lines of `number:controllers:path`; no controllers in version 2.
        root: where cgroups are mounted.
    """
    for controllers, path in re.findall(r"^\d+:([^:]*):/(.*)$", membership, re.MULTILINE):
        if controllers and "cpu" not in controllers.split(","):
            continue
        for mount in (root / controllers, root / "cpu") if controllers else (root, root / "unified"):
            # In a container the path may be the host's, which is not there; what is mounted then is its own.
            folder = mount / path
            found = [each / "cpu.stat" for each in (folder, *folder.parents) if mount in (each, *each.parents)]
            existing = [file for file in found if file.is_file()]
            if existing:
                yield from existing
                break


def text_of(path: Path) -> str:
    """The content of a file of /proc or /sys; nothing where it cannot be read."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
