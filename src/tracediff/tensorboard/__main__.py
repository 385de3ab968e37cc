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
    from tracediff.tensorboard.plugin import offline_plugin, started

    default = import_module("tensorboard.default")
    program = import_module("tensorboard.program")
    theirs: Any = import_module("torch_tb_profiler.plugin").TorchProfilerPlugin
    plugins = [plugin for plugin in default.get_plugins() if plugin is not theirs]
    board = program.TensorBoard(plugins=[*plugins, offline_plugin()])
    board.configure(argv=["tensorboard", "--logdir", logdir, "--host", host, "--port", port, "--load_fast=false"])
    _log_in_one_line()
    address: str = board.launch()
    if not started.is_set():
        sys.exit("tracediff: note: the profiler plugin did not start")
    Thread(target=_announce, args=(address,), daemon=True).start()
    sys.stdin.read()
    for child in multiprocessing.active_children():
        # The manager goes by itself; a child that still reads a trace would be waited for.
        if not child.name.startswith("SyncManager"):
            child.terminate()


class _OneLine(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        reason = record.exc_info and record.exc_info[1]
        sys.stderr.write(f"tracediff: note: TensorBoard: {record.getMessage()}{f' ({reason!r})' if reason else ''}\n")


def _log_in_one_line() -> None:
    """Errors without their tracebacks; no warnings, which are about the plugin's pages."""
    logger = logging.getLogger("tensorboard")
    logger.setLevel(logging.ERROR)
    logger.addHandler(_OneLine())
    logger.propagate = False


def _announce(address: str) -> None:
    from tracediff.tensorboard.plugin import loaded

    loaded.wait()
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Ctrl-C is for the parent, which then closes our standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(*sys.argv[1:])
