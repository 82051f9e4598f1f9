"""The page on backbones says what is so: its commands print what it shows, its Python runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archgen.cli.app import group
from docs import pictures

PAGE = (pictures.DOCS / "features.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", list(pictures.examples("console", PAGE)))
def test_commands_print_what_is_shown(
    example: pictures.Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, _, shown = example.text.removeprefix("$ archgen ").partition("\n")
    monkeypatch.chdir(pictures.DOCS.parent)
    result = CliRunner().invoke(group, command.split(), prog_name="archgen")
    output = result.output.replace(f"{Path.cwd()}/", "")
    assert output.startswith(shown)


@pytest.mark.torch
def test_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    monkeypatch.chdir(pictures.DOCS.parent)
    names: dict[str, Any] = {}
    for example in pictures.examples("python", PAGE):
        exec(compile(example.text, "features.md", "exec"), names)
    *features, depth = capsys.readouterr().out.splitlines()
    assert features[1] == "layer2 (128, 8, 12) 128 (8, 8) (99, 99)"
    assert depth == "10"
    assert names["loss"].isfinite()
    assert names["model"].backbone.conv1.weight.grad.any()
    assert names["left_over"].unexpected_keys == ["fc.weight", "fc.bias"]
