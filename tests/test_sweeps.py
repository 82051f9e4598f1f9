"""`make prove`: the sample in the tests, the full count with `--prove`, resuming."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAWS = """
import os
from hypothesis import assume, given, strategies as st
from tests.sweeps import cases, examples

@examples(sample=5, full=18, of="integers")
@given(st.integers(0, 10**9))
def test_random(number):
    assume(number % 2 == 0)

@cases("name", ["a", "b", "c"], sample=["b"], of="letters")
def test_listed(name):
    assert name != os.environ.get("BROKEN")

def test_ordinary():
    pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with two sweeps, and an ordinary test."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests" / "test_laws.py").write_text(LAWS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / ".gitignore").write_text("__pycache__/\n.prove/\n.hypothesis/\n.pytest_cache/\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "laws"]):
        subprocess.run([*git, *words], check=True)
    return tmp_path


def run(project: Path, *words: str, broken: str = "") -> str:
    command = [sys.executable, "-m", "pytest", "-v", "-p", "tests.proofs", *words, str(project)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BROKEN": broken}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    return done.stdout + done.stderr


def rows(project: Path) -> list[str]:
    text = (project / "docs" / "PROOFS.md").read_text()
    return [line for line in text.splitlines() if "test_laws" in line]


def test_the_tests_run_the_sample(project: Path) -> None:
    said = run(project)
    assert "3 passed, 2 deselected" in said
    assert "test_listed[b] PASSED" in said
    assert not (project / "docs" / "PROOFS.md").exists()


def test_a_proof_runs_everything_once(project: Path) -> None:
    said = run(project, "--prove")
    assert "7 passed" in said  # four seeds of five examples, three letters
    assert "integers: 4 of 4 done" in said
    integers, letters = rows(project)
    assert "| 0 to 3 |" in integers
    assert "| all cases | 3 | 3 | 0 |" in letters
    assert "7 passed" not in run(project, "--prove")


def test_what_failed_is_tried_again_and_stands_in_the_table(project: Path) -> None:
    assert "1 failed, 6 passed" in run(project, "--prove", broken="c")
    assert "| all cases | 3 | 3 | 1 |" in rows(project)[1]
    assert "1 passed" in run(project, "--prove")
    assert "| all cases | 3 | 3 | 0 |" in rows(project)[1]


def test_a_row_needs_a_whole_sweep_on_committed_code(project: Path) -> None:
    assert "2 passed" in run(project, "--prove", "-k", "test_listed and (b or c)")
    assert rows(project) == []
    text = (project / "tests" / "test_laws.py").read_text()
    (project / "tests" / "test_laws.py").write_text(text + "\n# another\n")
    said = run(project, "--prove")
    assert "7 passed" in said
    assert "uncommitted changes" in said
