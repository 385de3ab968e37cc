"""The way in, for `tracediff` and for `python -m tracediff`."""

import signal
import sys


def run() -> int:
    """Runs the command line; Ctrl-C is answered here, also while it still loads."""
    # Asked to end, a capture stops what it started and the TUI gives the terminal back, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The terminal is gone: the same, unless nohup asked to go on.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        from tracediff.cli import main

        return main()
    except KeyboardInterrupt:
        from tracediff.cli.interrupt import end

        end()


if __name__ == "__main__":
    sys.exit(run())
