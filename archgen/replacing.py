"""Files that are written whole or not at all: a draft beside the target takes its place.

Every file that archgen writes is written here. Knows nothing of what is in them.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PUBLIC = 0o666  # less what the umask of the process takes away


def replace(path: str | os.PathLike[str], content: bytes, mode: int = _PUBLIC) -> None:
    """Write a file at once, through links; one that exists keeps its permissions.

    Something other than a regular file (a pipe, a terminal, /dev/null) is written to directly.
    mode: the permissions of a new file. Raises `OSError`, `ValueError` for an impossible name;
    what was at the path is unchanged then.
    """
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        Path(path).write_bytes(content)
        return
    with replacing(path, mode) as draft:
        draft.write_bytes(content)


@contextmanager
def replacing(path: str | os.PathLike[str], mode: int = _PUBLIC) -> Iterator[Path]:
    """Give an empty file to write to, which replaces the one at `path` if no exception is raised.

    Raises as `replace`.
    """
    target = Path(os.path.realpath(path))
    before = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    if before is not None and not os.access(target, os.W_OK):
        raise PermissionError(0, "the file is read-only")
    # Beside the target: a file system renames at once only within itself.
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    try:
        yield draft
        _flush(draft)
        if before is not None:
            draft.chmod(before)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _flush(path: Path) -> None:
    """Wait until the content is on the disk. Windows does that for files opened to write only."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
