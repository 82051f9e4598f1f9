"""The page about reviews says what is so: its commands are run in a real repository and print what
it shows (`...` stands for anything), its settings allow what they are said to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import pictures
from tests.repositories import Repository

PAGE = (pictures.DOCS / "review.md").read_text(encoding="utf-8")
ROOT = pictures.DOCS.parent
NEW = (ROOT / "specs" / "resnet50.arch").read_text(encoding="utf-8")
OLD = NEW.replace("bottleneck", "bottleneck_v1")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """The page's: on `main` ResNet-50 moves with the first convolution, on a branch it does not."""
    tools = tmp_path / "tools"
    tools.mkdir()
    archgen = tools / "archgen"
    archgen.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m archgen "$@"\n')
    archgen.chmod(0o755)
    (tmp_path / "work").mkdir()
    made = Repository(tmp_path / "work")
    made.commit({"specs/resnet50.arch": OLD})
    made.git("checkout", "-q", "-b", "v1.5")
    made.commit({"specs/resnet50.arch": NEW})
    return made


def bash(repository: Repository, command: str) -> subprocess.CompletedProcess[str]:
    path = f"{repository.folder.parent / 'tools'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=repository.folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "GIT_PAGER": "cat"},
        capture_output=True,
        text=True,
    )


def shown() -> Iterator[tuple[str, str]]:
    """Each command of the page and what it prints, in order."""
    text = "".join(example.text for example in pictures.examples("console", PAGE))
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def test_commands_print_what_is_shown(repository: Repository) -> None:
    for command, output in shown():
        done = bash(repository, command)
        pattern = re.escape(output).replace(re.escape("..."), ".*")
        assert re.fullmatch(pattern, done.stdout, re.DOTALL), (command, done)


def test_commands_of_the_beginning_run(repository: Repository) -> None:
    (first, *_) = pictures.examples("sh", PAGE)
    repository.git("checkout", "-q", "main")
    repository.commit({"net.arch": OLD})
    repository.write({"net.arch": NEW})
    for line in first.text.splitlines():
        done = bash(repository, line)
        assert done.stdout, line
        assert (done.returncode, done.stderr) in {(0, ""), (1, "")}, line


def test_a_layout_is_no_difference(repository: Repository) -> None:
    """What the two lines about `textconv` say, for a spec with errors too."""
    for command, _ in shown():
        if "textconv" in command or "gitattributes" in command:
            assert bash(repository, command).returncode == 0
    repository.git("add", "--all")
    repository.git("commit", "-q", "-m", "attributes")
    laid_out = NEW.replace("stage(bottleneck, 256, n=3)", "stage( bottleneck,256 ,n = 3 )")
    repository.write({"specs/resnet50.arch": laid_out})
    assert bash(repository, "git diff").stdout == ""
    repository.write({"specs/resnet50.arch": laid_out.replace("n=4", "n=5")})
    changed = bash(repository, "git diff").stdout
    assert "+  stage(bottleneck, 512, n=5, stride=2)\n" in changed
    assert "( bottleneck,256" not in changed
    repository.write({"specs/resnet50.arch": laid_out.replace("stage(", "stage((", 1)})
    assert "+  stage(( bottleneck,256 ,n = 3 )\n" in bash(repository, "git diff").stdout


def test_the_settings_allow_the_example(repository: Repository) -> None:
    (settings,) = pictures.examples("toml", PAGE)
    repository.write({"archgen.toml": settings.text})
    done = bash(repository, "archgen breaking --against main")
    assert done.returncode == 0
    assert "2 allowed" in done.stdout
    assert "allowed: v1.5, trained again" in done.stdout


def test_the_workflow_gives_inputs_that_there_are() -> None:
    (workflow,) = pictures.examples("yaml", PAGE)
    action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (job,) = yaml.safe_load(workflow.text)["jobs"].values()
    assert set(job["steps"][1]["with"]) <= set(action["inputs"])
    listed = re.findall(r"^\| `(\w+)` \| the|^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert {one or other for one, other in listed} >= set(action["inputs"])


def test_python(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = pictures.examples("python", PAGE)
    (output,) = pictures.examples("text", PAGE)
    exec(compile(code.text, "review.md", "exec"), {})
    assert capsys.readouterr().out == output.text
