"""The page for those who come from PyTorch says what is so: its commands print what it shows, its
Python runs. `pytest --accept` writes what is printed into the page: read the diff."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archgen.cli.app import group
from docs import pictures

pytestmark = pytest.mark.torch
pytest.importorskip("torchvision")

FILE = pictures.DOCS / "importing.md"
PAGE = FILE.read_text(encoding="utf-8")
CONSOLE = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the page's files. What a process of its own does is done here."""
    from archgen.importers import process, worker

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(process, "run", lambda request, told: worker.done(request.task, told))
    monkeypatch.delitem(sys.modules, "nets", raising=False)
    nets = (each.text for each in pictures.examples("python", PAGE) if each.info == ("nets.py",))
    (tmp_path / "nets.py").write_text("\n\n".join(nets), encoding="utf-8")
    for spec in pictures.examples("arch", PAGE):
        if not spec.info and spec.file.endswith(".arch"):
            (tmp_path / spec.file).write_text(spec.text, encoding="utf-8")
    return tmp_path


def printed(command: str) -> str:
    """What a command prints, on both streams."""
    result = CliRunner().invoke(group, shlex.split(command), prog_name="archgen")
    lines = result.output.splitlines(keepends=True)
    return "".join(line for line in lines if not line.endswith(" ...\n"))  # progress


@pytest.mark.usefixtures("folder")
def test_commands_print_what_is_shown(request: pytest.FixtureRequest) -> None:
    def run(shown: re.Match[str]) -> str:
        commands = re.findall(r"^\$ archgen (.*)$", shown[1], re.MULTILINE)
        return "\n".join(f"$ archgen {command}\n{printed(command)}" for command in commands)

    page = CONSOLE.sub(run, PAGE)
    if request.config.getoption("--accept"):
        FILE.write_text(page, encoding="utf-8")
        return
    assert page == PAGE


@pytest.mark.usefixtures("folder")
def test_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for example in pictures.examples("python", PAGE):
        if not example.info:
            exec(compile(example.text, "importing.md", "exec"), names)
    assert "keys in the same order; outputs and gradients equal" in capsys.readouterr().out
