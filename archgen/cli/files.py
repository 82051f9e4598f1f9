"""Writing what a command makes: a file is replaced whole or not at all, and never by surprise."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archgen import replacing
from archgen.cli.failures import Stopped
from archgen.seal import origin

_WHY_KEPT = {
    "foreign": "archgen did not write this file",
    "edited": "edited since archgen wrote it",
}


def write_source(path: str, text: str, *, force: bool) -> bool:
    """Write sealed source over nothing, or over what archgen wrote; whether the file changed.

    Raises `Stopped` if the file is a person's and not `force`, or cannot be written.
    """
    before = read(path)
    if before == text:
        return False
    if before is not None and not force and (why := _WHY_KEPT.get(origin(before))):
        raise Stopped(f"{path}: {why}; --force overwrites it")
    write(path, text.encode())
    return True


def read(path: str) -> str | None:
    """The text of a regular file; None if there is none. Text that is not UTF-8 is kept apart."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        return Path(path).read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as problem:
        raise _unwritable(path, problem) from None


def write(path: str, content: bytes) -> None:
    """Replace a file at once. Raises `Stopped` if it cannot; the file is unchanged then."""
    try:
        replacing.replace(path, content)
    except (OSError, ValueError) as problem:
        raise _unwritable(path, problem) from None


@contextmanager
def draft_of(path: str) -> Iterator[str]:
    """Give a file to write to, which replaces the one at `path` if no exception is raised.

    Raises `Stopped` if it cannot; what was at the path is unchanged then.
    """
    try:
        with replacing.replacing(path) as draft:
            yield str(draft)
    except (OSError, ValueError) as problem:
        raise _unwritable(path, problem) from None


def _unwritable(path: str, problem: Exception) -> Stopped:
    reason = problem.strerror if isinstance(problem, OSError) else None
    return Stopped(f"{path}: cannot be written: {reason or problem}")
