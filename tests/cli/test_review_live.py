"""Modules of PyTorch beside themselves at a revision: two versions, run by two processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archgen.cli.app import group
from archgen.git import Revision
from tests.repositories import Repository

NETS = """
from torch import nn
from mypackage.sizes import WIDTH

class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv = nn.Conv2d(3, WIDTH, 3)
        self.fc = nn.Linear(WIDTH, classes)

    def forward(self, x):
        return self.fc(self.conv(x).relu().mean((2, 3)))
"""
SIZES = ("--input", "3x8x8")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """`src/mypackage` on `main`; its work tree is wider, and has another network."""
    monkeypatch.chdir(tmp_path)
    made = Repository(tmp_path)
    text = {"__init__.py": "", "sizes.py": "WIDTH = 8\n", "nets.py": NETS}
    made.commit({f"src/mypackage/{name}": each for name, each in text.items()})
    Path("src/mypackage/sizes.py").write_text("WIDTH = 12\n")
    Path("src/mypackage/more.py").write_text("from mypackage.nets import Net as Other\n")
    monkeypatch.chdir(tmp_path / "src")
    return made


def run(*words: str) -> Result:
    return CliRunner().invoke(group, list(words), prog_name="archgen")


@pytest.mark.torch
@pytest.mark.usefixtures("repository")
def test_what_changed() -> None:
    pytest.importorskip("torch")
    found = run("review", "--against", "main", "py:mypackage.nets:Net", *SIZES)
    assert found.exit_code == 0, found.output
    assert "1 network changed since `main`" in found.stdout
    assert "\n- **weights** " in found.stdout
    assert "`py:mypackage.nets:Net:net`" in found.stdout
    found = run("diff", "--against", "main", "py:mypackage.nets:Net", *SIZES, "--stat")
    assert "keys: 1 kept, 3 reshaped" in found.stdout
    found = run("breaking", "--against", "main", "py:mypackage.more:Other", *SIZES)
    assert found.exit_code == 0, found.output
    assert found.stdout == "1 network compared: nothing breaks\n"  # a new one


@pytest.mark.torch
@pytest.mark.usefixtures("repository")
def test_faults_of_either_version(repository: Repository) -> None:
    pytest.importorskip("torch")
    repository.commit({"src/mypackage/sizes.py": "WIDTH = 1 / 0\n"})
    Path("mypackage/sizes.py").write_text("WIDTH = 12\n")
    found = run("breaking", "--against", "HEAD", "py:mypackage.nets:Net", *SIZES)
    assert found.exit_code == 0  # this change repairs it
    assert "warning[A531]" in found.stdout
    assert "HEAD:src/mypackage/sizes.py:1:1" in found.stdout
    assert "WIDTH = 1 / 0" in found.stdout
    Path("mypackage/sizes.py").write_text("WIDTH = None\n")
    found = run("breaking", "--against", "HEAD", "py:mypackage.nets:Net", *SIZES)
    assert found.exit_code == 1
    assert "error[A531]: calling `Net`: TypeError" in found.stdout


@pytest.mark.torch
def test_the_old_version_is_not_the_new_one(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder of the path of imports would give the work tree's for both."""
    pytest.importorskip("torch")
    monkeypatch.chdir(repository.folder)
    monkeypatch.syspath_prepend(repository.folder / "src")
    found = run("breaking", "--against", "main", "py:mypackage.nets:Net", *SIZES)
    assert "B203" in found.stdout, found.output


@pytest.mark.usefixtures("repository")
def test_wrong_calls() -> None:
    found = run("review", "--against", "main", "py:mypackage.nets:Net", "net.arch")
    assert found.exit_code == 2
    assert "modules and specs are not compared in one call" in found.output
    found = run("review", "--against", "mian", "py:mypackage.nets:Net", *SIZES)
    assert "error[A514]" in found.output


def test_files_of_a_revision(repository: Repository, tmp_path: Path) -> None:
    """Names and bytes: no filter, no attribute, no link, no line ending of a checkout."""
    top = repository.folder
    repository.commit(
        {
            ".gitattributes": "*.py filter=spy text eol=crlf ident\n",
            "a/b c.py": "x = '$Id$'\n",
            "empty": "",
        }
    )
    os.symlink("/etc/passwd", top / "link")
    repository.git("add", "link")
    repository.git("-c", "core.hooksPath=/nowhere", "commit", "-q", "-m", "a link")
    repository.git("config", "filter.spy.smudge", f"touch {tmp_path / 'spied'}; cat")
    written = tmp_path / "written"
    written.mkdir()
    Revision.find("HEAD").write(str(written))
    found = {
        str(path.relative_to(written)): path.read_bytes()
        for path in written.rglob("*")
        if path.is_file()
    }
    assert found["a/b c.py"] == b"x = '$Id$'\n"
    assert found["empty"] == b""
    assert found["src/mypackage/sizes.py"] == b"WIDTH = 12\n"
    assert "link" not in found
    assert not (tmp_path / "spied").exists()
