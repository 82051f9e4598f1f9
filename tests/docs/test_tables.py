"""Tables that the package fills are current, and the settings that pages show are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archgen import config
from docs import tables

TOML = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in tables.PAGES
    for number, block in enumerate(
        re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize("page", tables.PAGES, ids=lambda page: page.stem)
def test_tables_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<!-- end -->" in text
    assert tables.fill(text) == text, "run make docs"


@pytest.mark.parametrize("block", TOML)
def test_configurations_hold(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "pyproject.toml" if "pyproject.toml" in block else "archgen.toml"
    Path(name).write_text(block, encoding="utf-8")
    assert config.load() != config.schema.Config()
