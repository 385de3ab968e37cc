"""What the reports of `tracediff noise` say, in whatever form."""

from __future__ import annotations

from tracediff import units
from tracediff.model.noise import FamilyNoise, LabelNoise

NOISE_TITLES = ("Family", "Time", "Between processes", "Within", "Floor of 1 + 1", "Detectable")


def noise_heading(label: LabelNoise) -> str:
    """Whose noise it is."""
    return (
        f"{units.printable(label.label)}: {units.count(label.captures, 'capture')}, "
        f"{units.count(label.iterations, 'iteration')}; detectable with {label.captures} + {label.captures}"
    )


def noise_cells(one: FamilyNoise) -> list[str]:
    """What stands under `NOISE_TITLES`."""
    parts = (one.between, one.within, one.floor, one.detectable)
    return [units.short_name(one.family), units.duration(one.time_ns), *map(units.percent, parts)]
