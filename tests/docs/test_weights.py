"""The page about checkpoints says what is so: its commands print what it shows, its Python runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

import archgen
from archgen.cli.app import group
from docs import pictures

pytestmark = pytest.mark.torch
PAGE = (pictures.DOCS / "weights.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the page's specs, and weights of 7 classes with an older name."""
    monkeypatch.chdir(tmp_path)
    for spec in pictures.examples("arch", PAGE):
        (tmp_path / spec.file).write_text(spec.text, encoding="utf-8")
    seven = archgen.build(archgen.load("net.arch", classes=7)).state_dict()
    old = {key.replace("stem", "begin"): value for key, value in seven.items()}
    save_file(old, "old.safetensors")
    save_file(archgen.build("net.arch").state_dict(), "net.safetensors")
    return tmp_path


def runs() -> list[tuple[str, str]]:
    """Each command of the page and what it prints."""
    shown = "".join(example.text for example in pictures.examples("console", PAGE))
    parts = (part.partition("\n") for part in shown.split("$ archgen ")[1:])
    return [(command, output) for command, _, output in parts]


@pytest.mark.usefixtures("folder")
def test_commands_print_what_is_shown() -> None:
    for command, output in runs():
        result = CliRunner().invoke(group, command.split(), prog_name="archgen")
        assert result.output == output, command


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("example", list(pictures.examples("python", PAGE)))
def test_python_runs(example: pictures.Example) -> None:
    torch.manual_seed(0)
    exec(compile(example.text, "weights.md", "exec"), {})
