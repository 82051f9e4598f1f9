"""The Lark parser of `grammar/archgen.lark`, made at the first parse and kept between runs.

Making the tables takes 0.4 s, loading them a few milliseconds. The stored form is a pickle, and
loading a pickle runs what it says: it is read only from a file that no other user can write.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path

import lark

from archgen import resources

_OPTIONS = {
    "parser": "lalr",
    "lexer": "basic",
    "start": ["file", "expression"],
    "propagate_positions": True,
    "maybe_placeholders": True,
}


@cache
def parser() -> lark.Lark:
    """Give the parser: from the user's cache folder if it is there and safe, else anew."""
    text = (resources.root("grammar") / "archgen.lark").read_text(encoding="utf-8")
    stored = cache_folder() / f"grammar-{_key(text)}.pickle"
    loaded = _load(stored)
    if loaded is not None:
        return loaded
    made = lark.Lark(text, **_OPTIONS)
    _store(made, stored)
    return made


def cache_folder() -> Path:
    """Give the folder for what may be deleted at any time, as the platform has it."""
    if folder := os.environ.get("XDG_CACHE_HOME"):
        return Path(folder) / "archgen"
    if sys.platform == "win32" and (folder := os.environ.get("LOCALAPPDATA")):
        return Path(folder) / "archgen" / "Cache"
    home = Path(os.path.expanduser("~"))
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "archgen"


def _key(text: str) -> str:
    """Name what the tables depend on: the grammar, Lark, Python, and our options."""
    facts = (text, lark.__version__, sys.version, repr(_OPTIONS))
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]


def _load(path: Path) -> lark.Lark | None:
    """Read a stored parser; None if there is none, or it is not safe, or it is damaged."""
    try:
        if not _is_ours(path.parent):
            return None
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            if not _is_private(os.fstat(file.fileno())):
                return None
            return lark.Lark.load(BytesIO(file.read()))
    except Exception:  # a damaged pickle may raise anything; the parser is then made anew
        return None


def _store(made: lark.Lark, path: Path) -> None:
    """Write a parser for the next run. Never fails: a cache is a convenience."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(path.parent):
            return
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".draft")
        try:
            with open(handle, "wb") as file:
                made.save(file)
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can put a file into the folder."""
    return _is_private(os.stat(folder, follow_symlinks=False))


def _is_private(status: os.stat_result) -> bool:
    if sys.platform == "win32":  # a profile's folders are private there, and modes say nothing
        return True
    writable = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid == os.geteuid() and not status.st_mode & writable
