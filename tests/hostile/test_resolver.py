"""No spec hangs, eats the memory or crashes: each ends in an answer or in an error with a code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.answer import STATUS
from tests.hostile.specs import SPECS

ROOT = Path(__file__).parents[2]
MINUTES = 20  # for all of them; they take one
MEMORY = 400 * 2**20  # bytes, the interpreter and the package included


@pytest.fixture(scope="module")
def answers() -> dict[str, object]:
    """What came of each spec, checked one after the other in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.answer"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_that_asks_for_too_much_is_answered(
    name: str, answers: dict[str, list[str]]
) -> None:
    code = SPECS[name][1]
    found = answers[name]
    assert code in found if code else found == []
    assert all(len(each) == 4 for each in found)


@pytest.mark.skipif(not STATUS.exists(), reason="memory is known on Linux")
def test_all_of_it_takes_little_memory(answers: dict[str, int]) -> None:
    assert answers["peak"] < MEMORY
