"""The page on sizes: its commands print what it shows, its Python runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archgen.cli.app import group
from docs import pictures

PAGE = (pictures.DOCS / "sizes.md").read_text(encoding="utf-8")
SHOWN = next(pictures.examples("text", PAGE))
COMMANDS = list(pictures.examples("console", PAGE))
PYTHON = list(pictures.examples("python", PAGE))


@pytest.mark.parametrize("example", COMMANDS)
def test_commands_print_what_is_shown(
    example: pictures.Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, _, shown = example.text.removeprefix("$ archgen ").partition("\n")
    command, _, word = command.partition(" | grep ")
    monkeypatch.chdir(pictures.DOCS.parent)
    result = CliRunner().invoke(group, command.split(), prog_name="archgen")
    output = result.output.replace(f"{Path.cwd()}/", "")
    lines = [line for line in output.splitlines() if word in line]
    assert "\n".join(lines).startswith(shown.rstrip("\n"))


def test_python_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(PYTHON[0].text, "sizes.md", "exec"), {})
    assert capsys.readouterr().out.strip() == SHOWN.text.strip()


@pytest.mark.torch
def test_export(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    names: dict[str, Any] = {}
    for example in PYTHON:
        exec(compile(example.text, "sizes.md", "exec"), names)
    assert capsys.readouterr().out.endswith("torch.Size([5, 1000])\n")
