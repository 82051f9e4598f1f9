"""The specs below folders that a command is given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import click


def specs_of(paths: Sequence[str]) -> list[str]:
    """The files themselves, and every `.arch` file below the folders, each once, in order."""
    found: dict[str, None] = {}
    for path in paths:
        if not os.path.isdir(path):
            found[path] = None
            continue
        below = dict.fromkeys(_below(path))
        if not below:
            raise click.UsageError(f"no .arch file below {path}")
        found |= below
    return list(found)


def _below(folder: str) -> Iterator[str]:
    """Specs in a folder and its folders, but not in hidden ones (`.git`, `.venv`)."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        specs = sorted(name for name in files if name.endswith(".arch"))
        yield from (os.path.join(place, name).removeprefix("./") for name in specs)
