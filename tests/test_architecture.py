"""What loads what: the layers themselves are import-linter's, in `.ci/run`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from builders import REPOSITORY, SAMPLES

HEAVY = {"numpy", "pandas", "textual", "scipy", "torch", "jinja2"}


def loaded_by(code: str) -> set[str]:
    """Top-level packages in `sys.modules` after running the code in a fresh interpreter."""
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nimport sys; print(*{{m.partition('.')[0] for m in sys.modules}}, file=sys.stderr)",
        ],
        capture_output=True,
        text=True,
        cwd=SAMPLES,
        check=True,
    )
    return set(result.stderr.split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["diff", "--help"], ["show", "--help"], ["tui", "--help"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = f"from tracediff.cli import main\ntry: main({arguments})\nexcept SystemExit: pass"

    assert not loaded_by(code) & HEAVY


def test_a_printed_diff_loads_neither_pandas_nor_textual() -> None:
    code = "from tracediff.cli import main\nmain(['diff', 'openblas.json', 'acl.json'])"

    assert loaded_by(code) & HEAVY == {"numpy"}


def test_pandas_waits_for_a_frame() -> None:
    code = "import tracediff\ndiff = tracediff.compare('openblas.json', 'acl.json')"

    assert "pandas" not in loaded_by(code)
    assert "pandas" in loaded_by(f"{code}\ndiff.rows")


def test_the_functions_stay_functions() -> None:
    again = "tracediff.compare('openblas.json', 'acl.json')"

    assert loaded_by(f"import tracediff\ntracediff.load('acl.json')\n{again}\n{again}")


def test_the_guest_needs_nothing_of_the_host() -> None:
    assert "tracediff" not in loaded_by("import tracediff_capture")


@pytest.mark.parametrize(
    "path", sorted([*REPOSITORY.glob("src/**/*.py"), *REPOSITORY.glob("capture/**/*.py")]), ids=str
)
def test_files_stay_short_and_say_why_they_exist(path: Path) -> None:
    text = path.read_text("utf-8")

    assert text.startswith('"""')
    assert len(text.splitlines()) <= 400
