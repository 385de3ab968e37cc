"""Lets the archive be run: `PYTHON capture.pyz REQUEST.json OUT_DIR`."""

import sys

from tracediff_capture.run import main

sys.exit(main(sys.argv[1:]))
