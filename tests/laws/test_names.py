"""Any name of an author in any role is refused, or the model is as predicted and the file is one
that ruff and mypy take."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

import archgen
from archgen.resolve.program import Program
from tests.laws.naming import NAMES, ROLES, spec
from tests.sweeps import examples

pytestmark = pytest.mark.torch

FILES = 60  # that ruff and mypy read in the tests
FOUND = (  # what went wrong once
    ("output", "Tensor"),
    ("submodule", "math"),
    ("value", "x"),
    ("item", "OrderedDict"),
    ("loop in a comprehension", "nn"),
)
REFUSED = {"A103", "A104", "A105", "A107", "A108", "A112", "A118"}


def network(role: str, name: str) -> archgen.Network | None:
    """The network, if the name may stand there."""
    text = spec(role, name)
    program = Program.of(text)
    arch = next(iter(program.archs), None)
    found = program.network(arch) if arch is not None else None
    if found is None or program.sink.failed:
        assert {each.code for each in program.sink} & REFUSED
        return None
    return archgen.loads(text, arch)


@examples(sample=120, full=15_000, of="names of authors in their roles, built and trained")
@given(st.sampled_from(sorted(ROLES)), st.sampled_from(NAMES))
@example("value", "x")
@example("block", "__b")
@example("default", "__x")
@example("output", "Tensor")
@example("loop in a sequence", "layers")
@example("list of values", "__")
@example("parameter beside a class", "U")
def test_a_name_is_refused_or_right(role: str, name: str) -> None:
    from tests.laws.judge import Judge

    made = network(role, name)
    event("refused" if made is None else "right")
    if made is not None:
        Judge(made).all()


def test_files_are_as_ruff_and_mypy_want_them(tmp_path: Path) -> None:
    pairs = [(role, name) for role in ROLES for name in NAMES]
    drawn = random.Random(1).sample(pairs, FILES)
    for at, (role, name) in enumerate([*drawn, *FOUND]):
        made = network(role, name)
        if made is not None:
            (tmp_path / f"net{at}.py").write_text(archgen.source(made))
    for command in (
        ["ruff", "format", "--isolated", "--check", "."],
        ["ruff", "check", "--isolated", "--select", "E,F,I,UP,B", "."],
        ["mypy", "--strict", "--cache-dir", str(tmp_path / ".cache"), "."],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
