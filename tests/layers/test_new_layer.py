"""A new layer is one file: in a copy of the package with it, it is there everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = '''
"""A layer of a test."""

from typing import final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Layer, LayerFault, Positive, TorchArgument, TorchCall
from archgen.layers.reads import Reads, Steps
from archgen.shapes import Shape


@final
class SpaceToDepth(Layer):
    """Places become channels: the inverse of `pixel_shuffle`."""

    keyword = "space_to_depth"
    group = "shape"
    out_channels = "channels * by ** 2"
    fresh = False
    keeps_offset = True
    example = ("space_to_depth(2)", "3 x 32 x 32", "12 x 16 x 16")

    by: Positive = Field(description="how many times smaller, each way")

    def shape(self, x: Shape) -> Shape:
        demands.image(x)
        if any(size % self.by for size in x.spatial):
            raise LayerFault(f"{self.by} does not divide {x}", argument="by", code="A202")
        smaller = tuple(size // self.by for size in x.spatial)
        return x.with_spatial(x.channels * self.by**2, smaller)

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("nn.PixelUnshuffle", TorchArgument(self.by, source="by"))

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.by == 1

    def reads(self, x: Shape, output: int = 0) -> Reads:
        by = range(self.by)
        channels = Steps(((0, 0),) * self.by**2, 1)
        rows = Steps(tuple((i, i) for i in by for _ in by), 0)
        columns = Steps(tuple((i, i) for _ in by for i in by), 0)
        step = Steps(((0, 0),), self.by)
        return ((0, channels),), ((1, step), (0, rows)), ((2, step), (0, columns))
'''
SPEC = """\
block down(out, by=2) {
  space_to_depth(by)
  conv(out, 3) -> bn -> relu
}

arch net {
  input(3, 32, 32)
  down(16) -> down(16, by=4)

  expect receptive_field == 28
  expect output == [16, 4, 4]
}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its tests with one file more."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("archgen", "grammar", "specs", "templates", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "archgen" / "layers" / "unshuffling.py").write_text(LAYER, encoding="utf-8")
    (folder / "net.arch").write_text(SPEC, encoding="utf-8")
    (folder / "old.arch").write_text(SPEC.replace("by=4", "by=2"), encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


COMMANDS = {
    ("check", "net.arch"): "",
    ("lint", "net.arch"): "",
    ("fmt", "--check", "net.arch"): "",
    ("summary", "net.arch", "--depth", "2"): "space_to_depth(2)",
    ("draw", "net.arch", "--level", "layer"): "space to depth",
    (
        "-c",
        "import archgen; print(archgen.source(archgen.load('net.arch')))",
    ): "nn.PixelUnshuffle(by)",
    ("ir", "net.arch"): '"layer": "space_to_depth"',
    ("layers", "space_to_depth"): "how many times smaller",
}


@pytest.mark.parametrize("command", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_commands_know_it(copy: Path, command: tuple[str, ...]) -> None:
    found = run(copy, *(() if command[0] == "-c" else ("-m", "archgen")), *command)
    assert found.returncode == 0, found.stdout + found.stderr
    assert COMMANDS[command] in found.stdout


def test_what_changes_is_told(copy: Path) -> None:
    found = run(copy, "-m", "archgen", "breaking", "net.arch", "--against", "old.arch")
    assert "Traceback" not in found.stderr
    assert found.returncode == 1, found.stdout + found.stderr


def test_reference_and_colours_have_it(copy: Path) -> None:
    code = (
        "from archgen.backends.reference import layer_reference as page;"
        "from archgen.highlighting import words;"
        "assert page().count('## Shape') == 1 and 'space_to_depth(by)' in page();"
        "assert 'space_to_depth' in str(vars(words))"
    )
    found = run(copy, "-c", code)
    assert found.returncode == 0, found.stderr


@pytest.mark.torch
@pytest.mark.parametrize(
    ("law", "broken", "whole"),
    [
        ("", "", ""),
        ("gradient", "for i in by for _ in by", "for _ in by for i in by"),
        ("said", "    keeps_offset = True\n", ""),
        ("said", "    keeps_offset = True\n", "    keeps_offset = True\n    nonnegative = True\n"),
        ("inplace", "    fresh = False\n", "    fresh = False\n    takes_inplace = True\n"),
    ],
)
def test_the_laws_hold_it_and_find_what_is_wrong(
    copy: Path, law: str, broken: str, whole: str
) -> None:
    path = copy / "archgen" / "layers" / "unshuffling.py"
    path.write_text(LAYER.replace(broken, whole) if broken else LAYER, encoding="utf-8")
    laws = ["tests/layers/test_facts.py", "tests/layers/test_against_torch.py"]
    if law == "inplace":
        laws = ["tests/layers/test_inplace.py", "tests/layers/test_against_torch.py"]
    chosen = "space_to_depth" + (f" and {law}" if law not in {"", "inplace"} else "")
    found = run(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *laws, "-k", chosen)
    assert found.returncode == bool(broken), found.stdout
