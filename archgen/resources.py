"""Where the grammar, the shipped specs and the templates are. The only code that knows."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def root(kind: Literal["grammar", "specs", "templates"]) -> Path:
    """Give the folder of a kind: inside the package where a wheel put it, else beside it."""
    inside = _PACKAGE / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind
