"""A folder of its own and a runner for each test of the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archgen.cli.app import group

NET = """\
arch net(classes=10) {
  "A small network for tests."

  input(3, 32, 32)
  stem = conv(16, 3, stride=2) -> bn -> relu
  global_avgpool
  flatten
  fc = linear(classes)
  expect depth == 2
}
"""
BROKEN = """\
arch broken {
  input(3, 32, 32)
  stem = conv(16, 3) -> bn -> rely
  head = linear(10)
}
"""

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with `net.arch` in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.arch").write_text(NET)
    return tmp_path


@pytest.fixture
def broken(folder: Path) -> Path:
    """`broken.arch`: two errors, an unknown layer and a linear layer on an image."""
    path = folder / "broken.arch"
    path.write_text(BROKEN)
    return path


@pytest.fixture
def run(folder: Path) -> Run:
    """`run("check", "net.arch")` in the folder; an exception that is no exit fails the test."""

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(group, [str(item) for item in arguments], prog_name="archgen")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke
