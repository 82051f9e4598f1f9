"""A project's configuration: `archgen.toml`, or `[tool.archgen]` in `pyproject.toml`.

Looked for from the current folder upwards, no further than the folder that holds `.git`; the first
folder that has one decides. Nothing is read but that file, and without one nothing is imported:
every command that checks asks here. Knows nothing of what the settings are for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archgen.diagnostics import Fault, error
from archgen.text import Source

if TYPE_CHECKING:
    from archgen.config.schema import Config

OWN: Final = "archgen.toml"
SHARED: Final = "pyproject.toml"
# `[tool.archgen]`, however it is written; `[tool]` and `tool =` may hold it.
_MARK: Final = rb"""\btool["']?\s*(\.\s*["']?archgen|\]|=)"""


def load(folder: Path | None = None) -> Config:
    """The configuration that holds in a folder, by default the current one.

    Raises `Fault` (A510, A511) for a file that is no configuration.
    """
    from archgen.config.schema import Config

    return find(folder) or Config()


def find(folder: Path | None = None) -> Config | None:
    """The same, but None where there is no file: nothing is imported then."""
    start = (folder or Path()).absolute()
    for place in (start, *start.parents):
        if config := _config_of(place):
            return config
        if (place / ".git").exists():
            break
    return None


def _config_of(folder: Path) -> Config | None:
    own, shared = folder / OWN, folder / SHARED
    if not own.exists() and not _may_hold_settings(shared):
        return None
    from archgen.config.read import read, shown_path, tool_table

    both = tool_table(shared) if _may_hold_settings(shared) else None
    if both is not None and own.exists():
        source = Source(shown_path(own), "")
        message = f"{source.path}: {SHARED} beside it has a table [tool.archgen] too"
        hint = "keep one of the two: it is not guessed which one holds"
        raise Fault(error("A511", message, source.span(0, 0), help=hint))
    if both is not None:
        return both.config(folder)
    return read(own).config(folder) if own.exists() else None


def _may_hold_settings(path: Path) -> bool:
    """Whether a `pyproject.toml` is worth parsing."""
    try:
        return path.is_file() and re.search(_MARK, path.read_bytes()) is not None
    except OSError:
        return False  # a file of other tools, that this one is not asked to read
