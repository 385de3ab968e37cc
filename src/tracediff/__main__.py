"""The way in, for `tracediff` and for `python -m tracediff`."""

import sys


def run() -> int:
    """Runs the command line; a Ctrl-C while it still loads is no traceback either."""
    try:
        from tracediff.cli import main

        return main()
    except KeyboardInterrupt:
        print("tracediff: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(run())
