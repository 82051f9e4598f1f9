"""Live modules of PyTorch wherever a command takes a spec: `py:MODULE:NAME`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from archgen.cli.app import group

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

NETS = """
from torch import nn

class Tiny(nn.Module):
    def __init__(self, classes=10, kernel=3):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, kernel, padding=kernel // 2)
        self.fc = nn.Linear(8, classes)

    def forward(self, x):
        return self.fc(self.conv(x).relu().mean((2, 3)))

class Groups:
    made = Tiny(4)

def tiny(classes=10, kernel=3):
    return Tiny(classes, kernel)
"""
SPEC = """
arch tiny(classes=10) {
  input(3, 8, 8)
  conv = conv(8, 3, bias=true)
  relu -> mean([1, 2])
  fc = linear(classes)
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder; modules are imported in this process, which has torch already."""
    from archgen.importers import process, worker

    def run(request: Any, told: Any) -> Any:
        sys.modules.pop("nets", None)
        monkeypatch.syspath_prepend(request.places.path)
        return worker.done(request.task, told)

    monkeypatch.setattr(process, "run", run)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "tiny.arch").write_text(SPEC)
    return tmp_path


def run(*words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(group, list(words), prog_name="archgen")
    assert result.exit_code == status, result.output
    return result


SIZES = ("--input", "3x8x8")


@pytest.mark.parametrize("command", ["summary", "check", "draw", "ir", "source"])
def test_commands_of_one_network(command: str) -> None:
    said = run(command, "py:nets:tiny", "--arg", "classes=4", *SIZES).stdout
    assert said == run(command, "py:nets:Groups.made", *SIZES).stdout.replace("made", "tiny") or (
        command in {"check", "ir", "source"}
    )
    assert "conv" in said.lower() or command == "check"


def test_features_and_builds(folder: Path) -> None:
    run("build", "py:nets:tiny", *SIZES)
    assert "Conv2d" in (folder / "build" / "tiny.py").read_text()
    said = run("summary", "py:nets:tiny", *SIZES, "--features", "conv").stdout
    assert "parameters      224" in said


def test_a_spec_and_a_module() -> None:
    """The module is run on the sizes of the spec."""
    assert "keys: 4 kept" in run("diff", "tiny.arch", "py:nets:tiny", "--stat", status=1).stdout
    words = ("breaking", "py:nets:tiny", "--against", "tiny.arch", "--only", "weights")
    assert run(*words).stdout == "1 network compared: nothing breaks\n"
    wide = ("--arg-new", "classes=4")
    said = run("breaking", "py:nets:tiny", "--against", "py:nets:tiny", *SIZES, *wide, status=1)
    assert "B203" in said.stdout
    comment = run("review", "py:nets:tiny", "--against", "tiny.arch", *wide).stdout
    assert "py:nets:tiny" in comment
    run("draw", "py:nets:tiny", "--diff", "tiny.arch", *SIZES)


def test_checkpoints(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    try:
        import nets  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(folder))
    torch.save(nets.Tiny(4).state_dict(), "four.pt")
    assert "fits" in run("weights", "four.pt", "py:nets:tiny", "--arg", "classes=4", *SIZES).stdout
    said = run("weights", "four.pt", "py:nets:tiny", *SIZES, status=1).stdout
    assert "fc" in said
    words = ("transfer", "py:nets:tiny", "tiny.arch", "four.pt", "-o", "ten.pt")
    said = run(*words, "--arg", "classes=4", "--allow-new", "--seed", "0").stdout
    assert "ten.pt: written" in said
    run("weights", "ten.pt", "tiny.arch")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("summary", "tiny.arch", "--arg", "classes=4"), "--arg and --fixed are for py:"),
        (("diff", "tiny.arch", "tiny.arch", "--fixed"), "--arg and --fixed are for py:"),
        (("check", "tiny.arch", *SIZES), "--input is for modules"),
        (("summary", "py:nets:tiny", "--set", "classes=4", *SIZES), "--arg gives py:nets:tiny"),
        (("summary", "py:nets", *SIZES), "write it as py:MODULE:NAME"),
        (("summary", "py:nets:tiny", "--timeout", "0"), "0 is not in the range"),
        (("breaking", "py:nets:tiny", "--against", "main"), "main"),
    ],
)
def test_wrong_calls(words: tuple[str, ...], said: str) -> None:
    assert said in run(*words, status=1 if "main" in words else 2).output


def test_without_the_prefix_nothing_is_imported(folder: Path) -> None:
    (folder / "trap.py").write_text("raise SystemExit('imported')")
    for words in (("summary", "trap:tiny"), ("diff", "trap", "trap:tiny"), ("check", "trap.py")):
        assert "imported" not in CliRunner().invoke(group, list(words)).output
    assert "trap" not in sys.modules
