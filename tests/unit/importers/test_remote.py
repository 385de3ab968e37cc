"""Traces behind URLs: the web for real, a store of objects in memory."""

from __future__ import annotations

import socket
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import fsspec
import pytest

from tracediff.cli import main
from tracediff.errors import TraceFormatError
from tracediff.importers import load
from tracediff.importers.captures import load_all
from tracediff.importers.remote import shown

from builders import SAMPLES


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SAMPLES))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("name", ["acl.json", "bert-acl.json.gz", "arm-tutorial-acl.txt"])
def test_the_web(server: str, name: str) -> None:
    told: list[tuple[int, int]] = []
    profile = load(f"{server}/{name}", lambda done, size: told.append((done, size)))
    file = load(SAMPLES / name)

    assert profile.path == f"{server}/{name}"
    assert (profile.run, profile.read) == (file.run, file.read)
    size = (SAMPLES / name).stat().st_size
    assert told[-1] == (size, size)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_errors_are_one_line(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    for url, message in {
        f"{server}/missing.json": "no such file there",
        f"http://127.0.0.1:{free_port()}/t.json": "Cannot connect",
        "s3://bucket/t.json": "needs a package that is not here (Install s3fs",
        "nothing://bucket/t.json": "Protocol not known",
    }.items():
        assert main(["show", url]) == 3
        error = capsys.readouterr().err
        assert error.startswith(f"tracediff: error: {url}: ")
        assert message in error
        assert error.count("\n") == 1


def test_an_archive_in_a_store_of_objects() -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for trace, name in (("acl", "acl/1.json"), ("openblas", "acl/2.json"), ("acl", "openblas/1.json")):
            archive.write(SAMPLES / f"{trace}.json", name)
    fsspec.filesystem("memory").pipe("/runs.zip", content.getvalue())

    captures = load_all("memory://runs.zip!acl")
    assert captures.label == "acl"
    assert [profile.path for profile in captures.profiles] == [
        "memory://runs.zip!acl/1.json",
        "memory://runs.zip!acl/2.json",
    ]


def test_without_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)

    with pytest.raises(TraceFormatError, match=r'needs fsspec\. pip install "fsspec\[http\]"$'):
        load("https://host/t.json")


def test_secrets_stay_out_of_reports() -> None:
    assert shown("https://me:word@host/t.json?X-Amz-Signature=1f&part=2&access_token=z") == (
        "https://host/t.json?X-Amz-Signature=...&part=2&access_token=..."
    )
    for secret in ("u:p@ss@h/x", "u:p/w@h/x", "h/x#access_token=p", "h/x?auth=p", "h/x?code=p", "h/x?user_pass=p"):
        text = shown(f"https://{secret}")
        assert text.startswith("https://h/x")
        assert "=p" not in text
    for plain in ("https://h/a@2/t.json", "http://h:80/a@2/t.json?part=2"):
        assert shown(plain) == plain


def test_a_url_is_never_taken_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fsspec.filesystem("memory").pipe("/t[1].json", (SAMPLES / "acl.json").read_bytes())

    assert load_all("memory://t[1].json").profiles[0].run.label == "t[1]"
    assert not list(tmp_path.iterdir())
