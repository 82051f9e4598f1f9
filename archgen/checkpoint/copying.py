"""A file of safetensors written from ranges of bytes of another file, and from tensors.

Memory is bounded by one tensor of those that are not in a file; the system copies the ranges.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from archgen.checkpoint.contents import Held, State, look
from archgen.checkpoint.header import packed_header

_CHUNK: Final = 1 << 20
_AT_ONCE: Final = 1 << 30  # bytes of one call of the system


def save(state: State, source: str, path: str, metadata: Mapping[str, str]) -> None:
    """Write a `state_dict` to `path`; a value that is `Held` has its numbers in `source`.

    Raises `OSError`, `Damaged` for a dtype that the format does not have.
    """
    held = {key: look(value) for key, value in state.items()}
    header, order = packed_header(held, metadata)
    with open(path, "wb") as target:
        target.write(header)
        target.flush()
        if any(isinstance(value, Held) for value in state.values()):
            with open(source, "rb") as file:
                _fill(state, order, file, target)
        else:
            _fill(state, order, None, target)


def _fill(state: State, order: list[str], source: BinaryIO | None, target: BinaryIO) -> None:
    for piece in _pieces(state, order):
        if isinstance(piece, tuple):
            assert source is not None
            _copy(source, target, *piece)
        else:
            target.write(piece)
            target.flush()


def _pieces(state: State, order: list[str]) -> Iterator[tuple[int, int] | memoryview]:
    """What follows the header: ranges, neighbours as one, and the bytes of tensors."""
    start = length = 0  # of the range that is not yet given
    for key in order:
        value = state[key]
        if isinstance(value, Held):
            assert value.data is not None
            begin, size = value.data
            if length and begin != start + length:
                yield start, length
                length = 0
            start, length = (start if length else begin), length + size
        else:
            from archgen.checkpoint.tensors import content

            if length:
                yield start, length
                length = 0
            yield content(value)
    if length:
        yield start, length


def _copy(source: BinaryIO, target: BinaryIO, start: int, length: int) -> None:
    """Append a range. Raises `OSError` if the file ends within it."""
    while length:
        count = _copy_some(source, target, start, length)
        if not count:
            raise OSError(0, "the checkpoint ends within a tensor: it was changed meanwhile")
        start, length = start + count, length - count


def _copy_some(source: BinaryIO, target: BinaryIO, start: int, length: int) -> int:
    if hasattr(os, "copy_file_range"):
        try:
            count = min(length, _AT_ONCE)
            return os.copy_file_range(source.fileno(), target.fileno(), count, start)
        except OSError:  # between file systems of some kinds, and some kernels
            pass
    source.seek(start)
    chunk = source.read(min(length, _CHUNK))
    target.write(chunk)
    target.flush()
    return len(chunk)
