"""Which settings of a project differ between two versions of its configuration file."""

from __future__ import annotations

import tomllib
from pathlib import PurePath

from archgen.config import OWN

WHOLE = "all of it"  # of a file that is not TOML in one of the versions

__all__ = ["WHOLE", "changed_tables"]


def changed_tables(path: PurePath, old: bytes | None, new: bytes | None) -> list[str]:
    """The tables that differ in an `archgen.toml`, or below `[tool.archgen]` in another file.

    old, new: the content of the file, None where there is none. Comments and layout make no
    difference.
    """
    try:
        before, after = (_tables(path, each) for each in (old, new))
    except (ValueError, RecursionError):
        return [] if old == new else [WHOLE]
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def _tables(path: PurePath, content: bytes | None) -> dict[str, object]:
    """Raises `ValueError` for what is not TOML in UTF-8."""
    whole = tomllib.loads((content or b"").decode().replace("\r\n", "\n"))
    if path.name == OWN:
        return whole
    tool = whole.get("tool", {})
    own = tool.get("archgen", {}) if isinstance(tool, dict) else {}
    return own if isinstance(own, dict) else {"archgen": own}
