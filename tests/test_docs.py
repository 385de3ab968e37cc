"""The commands of README and docs are run, their links lead somewhere, their outputs are what the tool prints."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tracediff.tui.actions import ACTIONS
from tracediff.tui.app import TracediffApp

from builders import REPOSITORY

README = (REPOSITORY / "README.md").read_text("utf-8")
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
DOCUMENTS = [
    REPOSITORY / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "sample_traces/README.md",
        "benchmarks/README.md",
    )
] + PAGES
BIN = Path(sys.executable).parent


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str = README) -> list[str]:
    """Lines that call tracediff, out of the shell blocks, without the TUI, which needs a terminal."""
    lines = [line for block in blocks("bash", text) for line in block.splitlines()]
    return [line for line in lines if line.startswith("tracediff ") and not line.startswith("tracediff tui")]


def named_files() -> dict[str, str]:
    """The files that the site shows, by the names in their first lines."""
    shown = [block for page in PAGES for block in blocks("toml", page.read_text("utf-8"))]
    return {block.split()[1]: block for block in shown if block.startswith("# ")}


def fill(folder: Path) -> None:
    """What commands name stands below the folder that they run in."""
    (folder / "sample_traces").symlink_to(REPOSITORY / "sample_traces")
    for name, text in named_files().items():
        (folder / name).write_text(text)


def needs_torch(command: str) -> bool:
    return "capture" in command or " runs/" in command or " arm/" in command


def shown_outputs() -> list[tuple[str, str]]:
    """Commands of the site's pages, each with a part of its output that stands below it."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        command = ""
        for language, block in re.findall(r"```(bash|text)\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            if language == "bash":
                command = block.strip()
                found.append((command, ""))
            else:
                found.append((command, block))
    return [(command, output) for command, output in found if not needs_torch(command)]


@pytest.mark.parametrize(("command", "shown"), shown_outputs())
def test_the_site_shows_what_comes_out(tmp_path: Path, command: str, shown: str) -> None:
    fill(tmp_path)
    result = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": f"{BIN}:/usr/bin:/bin", "COLUMNS": "160"},
    )

    assert result.returncode == 0, result.stderr
    for line in shown.strip().splitlines():
        assert line in result.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_pages_say_what_the_program_says(page: Path) -> None:
    generate = runpy.run_path(str(REPOSITORY / "docs/generate.py"))
    text = page.read_text("utf-8")
    marks = re.findall("^<!-- ", text, re.MULTILINE)

    assert len(marks) == 2 * len(generate["PART"].findall(text)), "a mark has no other half"
    assert generate["filled"](text) == text, "not up to date. Run: python docs/generate.py"


def test_the_site_builds(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={"PATH": f"{BIN}:/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1"},
    )

    assert result.returncode == 0, result.stderr
    assert "--fail-on COND" in (tmp_path / "cli/index.html").read_text("utf-8")
    assert "row.open" in (tmp_path / "keys/index.html").read_text("utf-8")
    for page in tmp_path.rglob("*.html"):
        servers = set(re.findall(r'(?:src|href)="https?://([^/"]+)', page.read_text("utf-8")))
        assert servers <= {"squidfunk.github.io"}, page


def test_there_are_commands_to_run() -> None:
    assert len(commands()) >= 6
    assert {"matrix.toml", "my_families.toml", "tui.toml"} <= named_files().keys()


def test_the_settings_shown_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)
    monkeypatch.setenv("TRACEDIFF_CONFIG", str(tmp_path / "tui.toml"))

    assert TracediffApp().settings.problems == ()


def test_the_readme_names_the_tabs() -> None:
    for action in ACTIONS:
        if action.run.startswith("show_tab("):
            assert f"`{action.keys}` {action.label}" in README


@pytest.mark.skipif(find_spec("torch") is None, reason="captures need torch")
def test_captures(tmp_path: Path) -> None:
    fill(tmp_path)
    captures = filter(needs_torch, commands() + commands((REPOSITORY / "docs/cli.md").read_text("utf-8")))
    for command in dict.fromkeys(captures):
        quick = command.replace("--workload resnet50", "--workload gtsrb --iterations 3")
        quick = quick.replace("matrix.toml", "matrix.toml --workload gtsrb --iterations 3 --warmup 2")
        quick = quick.replace("--repeat 7", "--repeat 2")
        result = subprocess.run(
            ["bash", "-c", quick], capture_output=True, text=True, cwd=tmp_path, env={"PATH": f"{BIN}:/usr/bin:/bin"}
        )
        # What a gate decides is up to the machine.
        assert result.returncode in ((0, 1, 6) if "--fail-on" in command else (0,)), result.stderr


@pytest.mark.parametrize("command", [command for command in commands() if not needs_torch(command)])
def test_commands(tmp_path: Path, command: str) -> None:
    fill(tmp_path)
    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, env={"PATH": f"{BIN}:/usr/bin:/bin"}
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout or re.search(r" (-o|--perfetto) ", command)


def test_python_examples() -> None:
    (code,) = blocks("python")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY)

    assert result.returncode == 0, result.stderr
    assert "..." not in result.stdout, "pandas leaves columns out"


def test_the_output_shown_is_the_output() -> None:
    (shown,) = blocks("text")
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "tracediff",
            "diff",
            "sample_traces/arm-tutorial-openblas.txt",
            "sample_traces/arm-tutorial-acl.txt",
        ],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )

    assert shown.strip() in result.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_within_the_repository(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), target


def test_the_damage_report_shown_is_the_report() -> None:
    command = next(line for line in "\n".join(blocks("bash")).splitlines() if line.startswith("head -c"))
    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=REPOSITORY, env={"PATH": f"{BIN}:/usr/bin:/bin"}
    )
    [shown] = re.findall("`(read .* events; dropped .*)`", (REPOSITORY / "README.md").read_text("utf-8"))

    assert f"tracediff: note: {shown}\n" in result.stderr
