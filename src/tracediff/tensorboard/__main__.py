"""The process that is TensorBoard: `python -m tracediff.tensorboard LOGDIR HOST PORT`, started by `launch`.

Prints the address when all runs have been read; ends when its standard input closes, even if that comes earlier.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
from importlib import import_module
from threading import Thread
from typing import Any


def main(logdir: str, host: str, port: str) -> None:
    """Serves until standard input closes."""
    from tracediff.tensorboard.plugin import offline_plugin

    default = import_module("tensorboard.default")
    program = import_module("tensorboard.program")
    theirs: Any = import_module("torch_tb_profiler.plugin").TorchProfilerPlugin
    plugins = [plugin for plugin in default.get_plugins() if plugin is not theirs]
    board = program.TensorBoard(plugins=[*plugins, offline_plugin()])
    board.configure(argv=["tensorboard", "--logdir", logdir, "--host", host, "--port", port, "--load_fast=false"])
    # It warns of the plugin's pages, which are as they are.
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    address: str = board.launch()
    Thread(target=_announce, args=(address,), daemon=True).start()
    sys.stdin.read()
    for child in multiprocessing.active_children():
        # The manager goes by itself; a child that still reads a trace would be waited for.
        if not child.name.startswith("SyncManager"):
            child.terminate()


def _announce(address: str) -> None:
    from tracediff.tensorboard.plugin import loaded

    loaded.wait()
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Ctrl-C is for the parent, which then closes our standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(*sys.argv[1:])
