"""The profiler plugin of TensorBoard as it must be to work without internet and to pair the right rows.

torch-tb-profiler is untyped, so it comes in by `import_module`: everything of it is Any, and only here.
"""

from __future__ import annotations

import copy
import sys
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.resources import files
from threading import Event, current_thread
from typing import Any

from tracediff.tensorboard.offline import align_rows, iterations_as_steps, mended_page, rounded, script, script_names

_PAGES = ("index.html", "trace_embedding.html")

started = Event()
"""Set when TensorBoard has made the plugin; where that fails it goes on without."""
loaded = Event()
"""Set when the plugin has read all runs of the log directory."""


def offline_plugin() -> type:
    """The plugin's class. Made here, so that importing this module does not import TensorBoard."""
    theirs: Any = import_module("torch_tb_profiler.plugin").TorchProfilerPlugin
    loader_class: Any = import_module("torch_tb_profiler.profiler").RunLoader
    response: Any = import_module("werkzeug").Response
    handler: Callable[[Any], Any] = import_module("werkzeug.wrappers").Request.application

    class OfflineProfilerPlugin(theirs):
        """Serves stand-ins for what the pages load from the web, and aligns the rows of the Diff view."""

        _runs: OrderedDict[str, Any]

        def __init__(self, context: Any) -> None:
            self._runs_done = 0
            theirs.__init__(self, context)
            started.set()

        def get_plugin_apps(self) -> dict[str, Any]:
            routes: dict[str, Any] = theirs.get_plugin_apps(self)
            ours = {f"/{name}": self.script_route for name in script_names()}
            return {**routes, **ours, **{f"/{name}": self.page_route for name in _PAGES}}

        @handler
        def script_route(self, request: Any) -> Any:
            content = script(request.path.rsplit("/", 1)[1])
            return response(content, content_type="application/javascript", headers=self.headers)

        @handler
        def page_route(self, request: Any) -> Any:
            page = files("torch_tb_profiler") / "static" / request.path.rsplit("/", 1)[1]
            return response(mended_page(page.read_text("utf-8")), content_type="text/html", headers=self.headers)

        @staticmethod
        def respond_as_json(obj: Any, compress: bool = False) -> Any:
            return theirs.respond_as_json(rounded(obj), compress)

        def get_diff_status(self, base: Any, exp: Any) -> Any:
            new = (base, exp) not in self.diff_run_cache
            stats: Any = theirs.get_diff_status(self, base, exp)
            if new:
                align_rows(stats)
            return stats

        def _load_run(self, run_dir: str) -> None:
            """As the plugin does it, in a thread for each run; but with our steps, and failures in one line."""
            name: str = self._get_run_name(run_dir)
            loader = loader_class(name, run_dir, self._cache)
            # Children are sent this object; a bound method of a class that is made here could not be.
            loader._process_data = partial(read_trace, copy.copy(loader))
            try:
                run = loader.load()
                if run.profiles:
                    with self._runs_lock:
                        self._runs = OrderedDict(sorted({**self._runs, name: run}.items()))
                else:
                    sys.stderr.write(f"tracediff: note: {name}: the plugin cannot read it, so it is not shown\n")
            finally:
                with self._load_lock:
                    self._load_threads.remove(current_thread())
                    self._runs_done += 1
                    if self._runs_done == len(list(self._get_run_dirs())):
                        loaded.set()

    return OfflineProfilerPlugin


def read_trace(loader: Any, worker: str, span: int | None, path: str) -> None:
    """Reads one trace in a child process of the plugin, with marked iterations as steps."""
    data: Any = import_module("torch_tb_profiler.profiler.data").RunProfileData
    from_json: Callable[..., Any] = data.from_json

    def with_steps(worker: str, span: int | None, trace: dict[str, Any]) -> Any:
        iterations_as_steps(trace["traceEvents"])
        return from_json(worker, span, trace)

    data.from_json = staticmethod(with_steps)
    loader._process_data(worker, span, path)
