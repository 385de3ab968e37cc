"""Packs the guest into one file that any Python from 3.8 on can run."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

_GUEST = "tracediff_capture"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_archive(path: Path) -> None:
    """Writes `capture.pyz`: the guest's package and its entry point, the same bytes for the same sources."""
    spec = find_spec(_GUEST)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(_GUEST)
    package = Path(next(iter(spec.submodule_search_locations)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(package.glob("*.py")):
            _add(archive, f"{_GUEST}/{source.name}", source.read_text("utf-8"))
        _add(archive, "__main__.py", (package / "__main__.py").read_text("utf-8"))


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), text, zipfile.ZIP_DEFLATED)
