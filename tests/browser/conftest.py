"""The page that most tests look at, in a browser that reaches no network."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from browser.pages import show
from tracediff.cli import main

from builders import SAMPLES
from chromium import Chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Generator[Chromium]:
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "resnet50.html"
    paths = [str(SAMPLES / f"resnet50-{backend}.json.gz") for backend in ("openblas", "acl")]
    assert main(["diff", *paths, "-o", str(path)]) == 0
    return path


@pytest.fixture
def page(browser: Chromium, resnet: Path) -> Generator[Chromium]:
    """The report, which at the end of every test has asked for nothing and complained of nothing."""
    show(browser, resnet)
    yield browser
    assert browser.errors == []
    assert browser.requested == [resnet.as_uri()]
