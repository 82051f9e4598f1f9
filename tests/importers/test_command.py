"""`archgen import`, as a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import archgen

pytestmark = pytest.mark.torch

NET = """
from torch import nn

class Tiny(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8 * 6 * 6, classes)

    def forward(self, x):
        return self.fc(self.conv(x).relu().flatten(1))

def tiny(classes=10):
    return Tiny(classes)

def bad():
    raise ValueError("no")

number = 3
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "mynet.py").write_text(NET)
    return tmp_path


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archgen", "import", *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


def test_a_module_of_this_folder(project: Path) -> None:
    words = ("py:mynet:tiny", "--arg", "classes=4", "--input", "3x8x8", "-o", "tiny.arch")
    done = run(project, *words)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "4 keys in the same order" in done.stderr
    assert archgen.load(str(project / "tiny.arch")).output == (4,)
    again = run(project, *words)
    assert again.returncode == 2
    assert "tiny.arch exists" in again.stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("mynet:tiny", "--input", "3x8x8"), 2, "say py:mynet:tiny"),
        (("py:mynet", "--input", "3x8x8"), 2, "write it as py:MODULE:NAME"),
        (("py:mynet:tiny", "--arg", "x=1", "--arg", "x=2"), 2, "--arg x is given twice"),
        (("py:mynet:tiny", "--name", "3d"), 2, "an arch cannot be called that"),
        (("py:mynet:tiny",), 1, "error[A533]: a module needs sizes"),
        (("py:mynet:tiny", "--input", "x=3x8x8"), 1, "error[A533]: the inputs of a module"),
        (("py:mynet:tiny", "--input", "3,8,8"), 1, "error[A109]: `3,8,8` is not a size"),
        (("py:mynet:bad", "--input", "3x8x8"), 1, "error[A531]: calling `bad`: ValueError: no"),
        (("py:mynet:number", "--input", "3x8x8"), 1, "error[A530]: `number` is no class"),
        (("py:nowhere:tiny", "--input", "3x8x8"), 1, "error[A530]: there is no module `nowhere`"),
        (("py:mynet:tiny", "--input", "3x9x9"), 1, "error[A531]: running the module: Runtime"),
    ],
)
def test_what_is_wrong(project: Path, words: tuple[str, ...], status: int, said: str) -> None:
    done = run(project, *words, "-o", "x.arch")
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "x.arch").exists()
