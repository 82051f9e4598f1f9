"""Generated files are formatted as `ruff format` does it, and neither ruff nor `mypy --strict` has
anything to say: reviewed networks, traps, helpers, and names of authors in their roles.

All in one folder: mypy takes half a minute to read torch, and then next to nothing for each file.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import archgen
from archgen.backends.pytorch import render
from archgen.resources import root
from tests.backends.pytorch.specs import TRAPS, network_of
from tests.laws.naming import NAMES, ROLES, network

GOLDEN = Path(__file__).parents[2] / "golden" / "pytorch"
FILES = 60  # with names of authors
FOUND = (  # what went wrong once
    ("output", "Tensor"),
    ("submodule", "math"),
    ("value", "x"),
    ("item", "OrderedDict"),
    ("loop in a comprehension", "nn"),
)


def files() -> Iterator[tuple[str, str]]:
    """Names of modules, and their text."""
    for path in [*GOLDEN.glob("*.py.txt"), *(root("templates") / "helpers").glob("*.py.txt")]:
        name = path.name.removesuffix(".py.txt")
        text = path.read_text("utf-8")
        if "pad_same(" in text and name != "pad_same":  # which stands beside it in a file
            text = text.replace("\n\n\n", "\n\nfrom helpers_pad_same import pad_same\n\n\n", 1)
        yield f"{path.parent.name}_{name}", text
    long_names = archgen.load(
        "specs/identity_mappings.arch:resnet110_shortcut_only_gating", features=["layer1"]
    )
    yield "long_names", archgen.source(long_names)
    yield from ((f"trap_{name}", render(network_of(text))) for name, text in TRAPS.items())
    pairs = [(role, name) for role in ROLES for name in NAMES]
    drawn = random.Random(1).sample(pairs, FILES)
    for at, (role, name) in enumerate([*drawn, *FOUND]):
        made = network(role, name)
        if made is not None:
            yield f"named_{at}", archgen.source(made)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("generated")
    for name, text in files():
        (made / f"{name}.py").write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "format", "--isolated", "--check", "."],
        ["ruff", "check", "--isolated", "--select", "E,F,I,UP,B", "."],
        pytest.param(["mypy", "--strict", "--cache-dir=.cache", "."], marks=pytest.mark.torch),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_linters_have_nothing_to_say(folder: Path, command: list[str]) -> None:
    run = [sys.executable, "-m", *command]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
