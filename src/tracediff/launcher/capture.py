"""Runs a plan: one process after the other, telling what runs and how long is left."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tracediff import units
from tracediff.errors import CaptureError, UsageError
from tracediff.launcher.launch import launch
from tracediff.launcher.layout import link_median
from tracediff.launcher.matrix import Run


def capture(
    runs: Sequence[Run], folder: Path, env: Mapping[str, str], tell: Callable[[str], None]
) -> list[tuple[Run, CaptureError]]:
    """Makes all captures into `folder`, and a link per label to the one that stands for it.

    What is finished stays, also when the user interrupts.

    Args:
        runs: what to run, in this order.
        folder: where the captures go; made if it is not there.
        env: variables set before Python starts.
        tell: takes a line about what happens.

    Returns:
        The runs that failed, with the reason.

    Raises:
        UsageError: the folder cannot be made.
    """
    failed: list[tuple[Run, CaptureError]] = []
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be a folder for captures ({error.strerror}). Name another one", str(folder)) from None
    labels = list(dict.fromkeys(run.label for run in runs))
    begun = time.monotonic()
    try:
        for done, run in enumerate(runs):
            left = (time.monotonic() - begun) / done * (len(runs) - done) if done else None
            eta = "" if left is None else f", about {_rounded(left)} left"
            tell(f"[{done + 1}/{len(runs)}] {run.label}: {run.request['workload']} with {run.interpreter.name}{eta}")
            try:
                made = launch(run.interpreter, run.request, env, folder / run.label)
            except CaptureError as error:
                failed.append((run, error))
                tell(f"tracediff: error: {run.label}: {error}")
            else:
                tell(f"  -> {made.path} ({units.duration(made.latency_ns)} an iteration without the profiler)")
                for warning in made.warnings:
                    tell(f"tracediff: warning: {run.label}: {warning}")
    finally:
        for label in labels:
            _link(folder / label, tell)
        if not was_there:
            with contextlib.suppress(OSError):
                folder.rmdir()  # Only if nothing came of it all.
    if failed:
        tell(f"{units.count(len(failed), 'run')} of {len(runs)} failed")
    return failed


def _link(folder: Path, tell: Callable[[str], None]) -> None:
    try:
        link = link_median(folder)
    except (CaptureError, OSError) as error:
        tell(f"tracediff: error: {error}")
        return
    if link and link.others:
        newest, others = (units.count(number, "capture") for number in (link.captures, link.others))
        tell(
            f"tracediff: note: {link.path} now stands for the newest settings ({newest}); "
            f"{others} with other settings stay in {folder}. Use another -o to keep both"
        )


def _rounded(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
