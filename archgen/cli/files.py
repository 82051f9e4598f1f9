"""Writing what a command makes: a file is replaced whole or not at all, and never by surprise."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    """Replace a file at once, through links, keeping its permissions.

    What is no regular file (a pipe, a terminal, /dev/null) is written to as it is.
    """
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            Path(path).write_bytes(content)
        else:
            _replace(Path(os.path.realpath(path)), content)
    except (OSError, ValueError) as problem:
        raise _unwritable(path, problem) from None


@contextmanager
def replacing(path: str) -> Iterator[str]:
    """Give a file to write to, which takes the place of another when all went well.

    Raises `Stopped` if it cannot; what was at the path stays as it was then.
    """
    try:
        with _draft_of(Path(os.path.realpath(path))) as draft:
            yield str(draft)
    except (OSError, ValueError) as problem:
        raise _unwritable(path, problem) from None


def _replace(target: Path, content: bytes) -> None:
    with _draft_of(target) as draft:
        draft.write_bytes(content)


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """An empty file beside the target, which replaces it at the end, or is deleted."""
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(0, "the file is read-only")
    # Beside the target: a file system renames at once only within itself.
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        yield draft
        _flush(draft)
        if mode is not None:
            draft.chmod(mode)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _flush(path: Path) -> None:
    """Wait until what was written is on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _unwritable(path: str, problem: Exception) -> Stopped:
    reason = problem.strerror if isinstance(problem, OSError) else None
    return Stopped(f"{path}: cannot be written: {reason or problem}")
