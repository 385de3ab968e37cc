"""Parsed profiles as bytes: columns raw, then the records that point at them, all under one checksum."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zlib
from collections.abc import Iterator
from io import FileIO
from typing import IO, Any, TypeAlias, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[Any]
Place: TypeAlias = tuple[int, str, int, int]
"""Where a column is: offset, type of number, values that are there, values that it has (one may stand for all)."""

_MAGIC = b"tracedf1"
_ALIGNMENT = 64
_MODEL = "tracediff.model."

# After the records: the magic and where they begin; and last the checksum of everything before it.
_TRAILER = struct.Struct("<8sQ")
_CHECKSUM = struct.Struct("<I")

# Small enough that Ctrl-C is heard between two of them.
_PIECE_BYTES = 1024 * 1024


class DamagedError(Exception):
    """These are not the bytes that were written."""


def write(thing: object, file: IO[bytes]) -> None:
    """Writes records of the model, and builtins that hold them, into an empty file.

    Raises:
        OSError: the file cannot be written.
    """
    output = _Output(file)
    records = io.BytesIO()
    _Pickler(records, output).dump(thing)
    begin = output.size
    output.write(records.getbuffer())
    output.write(_TRAILER.pack(_MAGIC, begin))
    output.write(_CHECKSUM.pack(output.checksum))


def read(file: FileIO) -> object:
    """What was written; its columns are read-only.

    It is all in memory then: what was checked is what is used, whatever becomes of the file.

    Args:
        file: opened unbuffered.

    Raises:
        DamagedError: the file does not hold exactly what was written.
        OSError: the file cannot be read.
    """
    content = np.empty(os.fstat(file.fileno()).st_size, dtype=np.uint8)
    checked = len(content) - _CHECKSUM.size
    if checked < _TRAILER.size:
        raise DamagedError("too short")
    checksum = 0
    for piece in _pieces(content[:checked].data):
        if file.readinto(piece) != len(piece):
            raise DamagedError("cut short")
        checksum = zlib.crc32(piece, checksum)
    end = checked - _TRAILER.size
    magic, begin = _TRAILER.unpack_from(content.data, end)
    if file.read() != _CHECKSUM.pack(checksum) or magic != _MAGIC or begin > end:
        raise DamagedError("checksum")
    content.flags.writeable = False
    try:
        return _Unpickler(content[begin:end].tobytes(), content).load()
    except (pickle.UnpicklingError, EOFError, TypeError, ValueError) as error:
        raise DamagedError(str(error)) from None


class _Output:
    """A file that knows how much is in it, and the checksum of that."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.checksum = 0

    def write(self, content: bytes | memoryview) -> None:
        for piece in _pieces(memoryview(content)):
            self._file.write(piece)
            self.checksum = zlib.crc32(piece, self.checksum)
        self.size += len(content)

    def put(self, column: Column) -> Place:
        """Writes a column; one whose values are all the same takes the room of one."""
        values = column[:1] if len(column) and (column == column[0]).all() else np.ascontiguousarray(column)
        self.write(bytes(-self.size % _ALIGNMENT))
        offset = self.size
        self.write(values.view(np.uint8).data)
        return offset, column.dtype.str, len(values), len(column)


class _Pickler(pickle.Pickler):
    """Pickles records, and leaves their columns to the output."""

    def __init__(self, records: io.BytesIO, output: _Output) -> None:
        super().__init__(records, pickle.HIGHEST_PROTOCOL)
        self._output = output

    def persistent_id(self, obj: object) -> Place | None:
        return self._output.put(cast("Column", obj)) if isinstance(obj, np.ndarray) else None


class _Unpickler(pickle.Unpickler):
    """Makes records of the model and nothing else: a pickle of somebody else's must not run code."""

    def __init__(self, records: bytes, content: NDArray[np.uint8]) -> None:
        super().__init__(io.BytesIO(records))
        self._content = content

    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name.startswith(_MODEL) and "." not in global_name:
            found = super().find_class(module_name, global_name)
            if isinstance(found, type) and issubclass(found, msgspec.Struct):
                return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no record of the model")

    def persistent_load(self, pid: Place) -> Column:
        offset, dtype, there, length = pid
        values = np.frombuffer(self._content, np.dtype(dtype), there, offset)
        return values if there == length else np.broadcast_to(values, length)


def _pieces(content: memoryview) -> Iterator[memoryview]:
    for begin in range(0, len(content), _PIECE_BYTES):
        yield content[begin : begin + _PIECE_BYTES]
