"""The hooks of `.pre-commit-hooks.yaml`, installed by the real pre-commit from a clone of this
project into a real repository, whose commits they accept and refuse."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repositories import Repository

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SHIPPED = ("archgen", "grammar", "specs", "templates", "pyproject.toml", "README.md", "LICENSE")
CLEAN = """\
arch net {
  input(8, 8, 8)
  conv(8, 3) -> bn
  expect depth == 1
}
"""
CONFIG = """\
repos:
  - repo: {place}
    rev: {revision}
    hooks:
{hooks}
"""


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A repository with the three hooks, in an environment that pre-commit makes of the clone."""
    source = Repository(tmp_path_factory.mktemp("archgen"))
    for name in (*SHIPPED, ".pre-commit-hooks.yaml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source.folder / name)
    revision = source.commit({".gitignore": "__pycache__\n"})
    hooks = "".join(f"      - id: archgen-{name}\n" for name in ("fmt", "check", "lint"))
    user = Repository(tmp_path_factory.mktemp("user"))
    config = CONFIG.format(place=source.folder, revision=revision, hooks=hooks)
    user.commit({".pre-commit-config.yaml": config})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRE_COMMIT_HOME", str(tmp_path_factory.mktemp("cache")))
        pre_commit = [sys.executable, "-m", "pre_commit"]
        subprocess.run([*pre_commit, "install", "--install-hooks"], cwd=user.folder, check=True)
        yield user


def commit(user: Repository, text: str) -> tuple[bool, str]:
    """Try to commit a spec: whether it was accepted, and what the hooks said."""
    try:
        user.commit({"net.arch": text})
    except subprocess.CalledProcessError as refused:
        return False, refused.stdout + refused.stderr
    return True, ""


def test_a_clean_spec_is_committed(user: Repository) -> None:
    assert commit(user, CLEAN) == (True, "")
    assert user.git("show", "HEAD:net.arch") == CLEAN


def test_a_spec_in_another_layout_is_formatted_and_then_committed(user: Repository) -> None:
    accepted, said = commit(user, CLEAN.replace("  ", "    "))
    assert not accepted
    assert "reformatted: net.arch" in said
    assert (user.folder / "net.arch").read_text() == CLEAN


def test_an_error_is_refused_by_check(user: Repository) -> None:
    accepted, said = commit(user, CLEAN.replace("conv(8", "conf(8"))
    assert not accepted
    assert "archgen check" in said
    assert "error[A102]" in said


def test_a_file_called_as_an_option_is_a_file(user: Repository) -> None:
    """Its name is no option: not that of a dangerous one, either."""
    user.commit({"net.arch": CLEAN})
    with pytest.raises(subprocess.CalledProcessError) as refused:
        user.commit({"--diff.arch": CLEAN.replace("conv(8", "conf(8")})
    said = refused.value.stdout + refused.value.stderr
    assert "error[A102]" in said
    assert "--> --diff.arch:3:3" in said
    (user.folder / "--diff.arch").write_text(CLEAN)
    user.commit({})
    assert user.git("show", "HEAD:--diff.arch") == CLEAN


def test_a_warning_is_refused_by_lint_alone(user: Repository) -> None:
    accepted, said = commit(user, CLEAN.replace("-> bn", "-> relu"))
    assert not accepted
    results = {
        line.split("..")[0]: line.rsplit(".", 1)[1] for line in said.splitlines() if ".." in line
    }
    assert results == {"archgen fmt": "Passed", "archgen check": "Passed", "archgen lint": "Failed"}
