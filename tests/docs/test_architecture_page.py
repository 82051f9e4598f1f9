"""The page on the architecture shows what its commands print, and names modules that there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import archgen
from docs import pictures

ROOT = pictures.DOCS.parent
PACKAGE = Path(archgen.__file__).parent
PAGE = (pictures.DOCS / "ARCHITECTURE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", list(pictures.examples("console", PAGE)))
def test_commands_print_what_is_shown(example: pictures.Example) -> None:
    command, _, shown = example.text.removeprefix("$ ").partition("\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    result = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert result.stdout.startswith(shown.rstrip("\n"))


def test_rooms_are_there() -> None:
    """Every module and folder that the page names with a slash or as a file."""
    named = re.findall(r"`([a-z_/]+/|[a-z_/]+\.py)`", PAGE)
    assert len(named) > 20
    homes = [ROOT, PACKAGE, *(each for each in PACKAGE.rglob("*") if each.is_dir())]
    missing = [each for each in named if not any((home / each).exists() for home in homes)]
    assert missing == []
