"""Lets `python -m tracediff` do what `tracediff` does."""

import sys

from tracediff.cli import main

sys.exit(main())
