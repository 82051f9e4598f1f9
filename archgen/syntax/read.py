"""Reading a spec. Strangers name the file: nothing but a small regular one is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from archgen.diagnostics import Fault, error
from archgen.syntax.limits import MAX_BYTES
from archgen.text import Source

_SUFFIX = ".arch"


def read_source(path: str | os.PathLike[str]) -> Source:
    """Read a spec. Raises `Fault` (A5xx) if it is not a small `.arch` file in UTF-8."""
    return decode(os.fspath(path), read_bytes(path))


def read_shown(path: Path, shown: str) -> Source:
    """Read a spec that people know under another path. Raises as `read_source`."""
    return Source(shown, read_source(path).text)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read what a spec holds, byte by byte. Raises as `read_source`, but for the encoding."""
    shown = os.fspath(path)
    if "\0" in shown:
        raise _fault(shown.replace("\0", "?"), "A501", "no file can have this name")
    if Path(shown).suffix != _SUFFIX:
        raise _fault(shown, "A503", f"not a spec: its name does not end in {_SUFFIX}")
    return _read_bytes(shown)


def decode(path: str, content: bytes) -> Source:
    """Take bytes as a spec: small, in UTF-8, a byte order mark left out. Raises `Fault` (A5xx)."""
    if len(content) > MAX_BYTES:
        raise _too_large(path)
    return Source(path, _decode(path, content))


def _read_bytes(path: str) -> bytes:
    try:
        _check_regular(path, os.stat(path))
        # The file may be exchanged between the checks; opening a pipe would wait for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY)
        with open(handle, "rb") as file:
            _check_regular(path, os.fstat(handle))
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _fault(path, "A501", "there is no such file") from None
    except OSError as problem:
        raise _fault(path, "A506", f"cannot be read: {problem.strerror or problem}") from None


_BINARY = getattr(os, "O_BINARY", 0)


def _check_regular(path: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise _fault(path, "A502", "a folder, not a spec")
    if not stat.S_ISREG(status.st_mode):
        raise _fault(path, "A502", "not a regular file")
    if status.st_size > MAX_BYTES:
        raise _too_large(path)


def _decode(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        known = content[: problem.start].decode("utf-8-sig")
        source = Source(path, known)
        span = source.span(len(known), len(known))
        message = f"not UTF-8: byte 0x{content[problem.start]:02x}"
        help = "save the file as UTF-8"
        raise Fault(error("A505", message, span, help=help)) from None


def _too_large(path: str) -> Fault:
    return _fault(path, "A504", f"larger than {MAX_BYTES >> 20} MiB")


def _fault(path: str, code: str, message: str) -> Fault:
    return Fault(error(code, f"{path}: {message}", Source(path, "").span(0, 0)))
