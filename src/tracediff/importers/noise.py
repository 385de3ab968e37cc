"""Reads what `tracediff noise` wrote."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tracediff.errors import UsageError
from tracediff.importers.source import text_of
from tracediff.model.noise import Noise


def read_noise(path: str | Path) -> Noise:
    """The measured noise of a machine.

    Raises:
        UsageError: the file is not there or holds something else.
    """
    path = Path(path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Noise)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror}). Check the path", text_of(path)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"holds no measured noise ({error}). Make it with tracediff noise DIR -o noise.json", text_of(path)
        ) from None
