"""What the README says is so: its spec, its commands, its error, its Python, its installation."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import archgen

# An installed archgen is meant, not one that the path of the tests finds.
CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    return [text for info, text in BLOCK.findall(README) if info == kind]


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=600
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the repository to the commands, and takes what they write."""
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    return tmp_path


def tour() -> list[str]:
    lines = (line for text in blocks("sh") for line in text.splitlines())
    return [line.partition("#")[0].strip() for line in lines if line.startswith("archgen ")]


def test_the_spec_is_the_shipped_one() -> None:
    assert blocks("arch") == [(ROOT / "specs" / "resnet50.arch").read_text(encoding="utf-8")]


def test_there_is_one_command_to_run_and_one_to_test() -> None:
    commands = [line for text in blocks("sh") for line in text.splitlines() if "venv" in line]
    assert len(commands) == 2
    assert commands[0].endswith("archgen build specs/resnet50.arch")
    assert commands[1].endswith("pytest -n auto")


def test_the_error_is_what_check_prints(tmp_path: Path) -> None:
    (spec,) = blocks("arch fails A203")
    (tmp_path / "mynet.arch").write_text(spec, encoding="utf-8")
    result = run("archgen", "check", "mynet.arch", cwd=tmp_path)
    (shown,) = blocks("text")
    assert result.returncode == 1
    assert result.stdout.startswith(shown)


@pytest.mark.torch
@pytest.mark.parametrize("line", tour())
def test_commands_of_the_tour(line: str, folder: Path) -> None:
    if "model.pt" in line:
        import torch

        torch.save(archgen.build("resnet18").state_dict(), folder / "model.pt")
    result = run(*shlex.split(line), cwd=folder)
    differs = line.startswith("archgen diff")  # which is what status 1 says
    assert result.returncode == int(differs), result.stderr
    assert result.stdout


@pytest.mark.torch
def test_python(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    net = names["net"]
    facts = next(line for line in code.splitlines() if "net.params" in line)
    expected = eval(facts.partition("#")[2].rpartition(":")[0])
    assert (net.params, net.macs, net.depth) == expected  # type: ignore[attr-defined]


@pytest.mark.torch
def test_an_installed_wheel_builds_shipped_and_own_specs(tmp_path: Path) -> None:
    """In a fresh environment, away from the repository: data files are in the wheel."""
    source, environment = tmp_path / "source", tmp_path / "environment"
    ignored = shutil.ignore_patterns(".git", ".venv", "build", "dist", ".*_cache", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignored)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(source)]
    subprocess.run(install, check=True, timeout=600)
    shutil.copytree(ROOT / "specs", tmp_path / "work" / "specs")
    shutil.rmtree(source)
    libraries = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # The dependencies are borrowed from the environment of the tests.
    (Path(libraries) / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    for spec in ("specs/resnet50.arch", "resnet18"):
        result = subprocess.run(
            [str(environment / "bin" / "archgen"), "build", spec],
            cwd=tmp_path / "work",
            capture_output=True,
            text=True,
            timeout=600,
            env=CLEAN,
        )
        assert result.returncode == 0, result.stderr
        assert "ran one sample" in result.stdout
    coloured = [str(python), "-m", "pygments", "-l", "archgen", "-f", "html", "specs/resnet50.arch"]
    page = subprocess.run(
        coloured, cwd=tmp_path / "work", capture_output=True, text=True, check=True, env=CLEAN
    ).stdout
    assert '<span class="nb">global_avgpool</span>' in page
    where = [str(python), "-c", "import archgen; print(archgen.__file__)"]
    shown = subprocess.run(
        where, check=True, capture_output=True, text=True, cwd=tmp_path, env=CLEAN
    ).stdout
    assert Path(shown.strip()).is_relative_to(environment)
