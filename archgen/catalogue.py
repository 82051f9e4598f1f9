"""Where the shipped networks are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from archgen import resources

_ARCH = re.compile(r"^arch (\w+)\b", re.MULTILINE)


def shipped_file(name: str) -> Path | None:
    """The shipped file with an arch of this name, found without parsing them all."""
    files = sorted(resources.root("specs").glob("*.arch"))
    return next((file for file in files if name in _archs(file)), None)


def shipped_names() -> list[str]:
    """The names of all archs in shipped files, those that need arguments too."""
    files = sorted(resources.root("specs").glob("*.arch"))
    return sorted(name for file in files for name in _archs(file))


@cache
def _archs(file: Path) -> frozenset[str]:
    return frozenset(_ARCH.findall(file.read_text(encoding="utf-8")))
