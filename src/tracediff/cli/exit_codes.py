"""What a script may learn from how a command ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    """CONTRACTS, "Commands"."""

    OK = 0
    EXCEEDED = 1
    USAGE = 2
    UNREADABLE = 3
    CAPTURE_FAILED = 4
    NOT_COMPARABLE = 5
    INCONCLUSIVE = 6
    DEFECT = 70
    INTERRUPTED = 130
