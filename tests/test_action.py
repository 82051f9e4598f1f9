"""The GitHub action, run by us: its steps in order, in a real repository, with files and tools
where GitHub puts them. `gh` and the installation are stood in for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import NET
from tests.repositories import Repository

ROOT = Path(__file__).parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
SCRIPTS = [step["run"] for step in STEPS]
EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")
GH = """\
#!/usr/bin/env python3
import json, os, pathlib, sys
calls = pathlib.Path(os.environ["CALLS"])
body = next((a[6:] for a in sys.argv if a.startswith("body=@")), None)
call = {"arguments": sys.argv[1:], "body": body and pathlib.Path(body).read_text()}
calls.write_text((calls.read_text() if calls.exists() else "") + json.dumps(call) + "\\n")
if os.environ["PERMITTED"] == "none" or (body and os.environ["PERMITTED"] == "read"):
    sys.exit("HTTP 403: Resource not accessible by integration")
print(os.environ["COMMENT"] if "--jq" in sys.argv else "", end="")
"""


def test_it_is_a_composite_action() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert set(ACTION["inputs"]) == {"against", "paths", "comment", "version", "token"}
    assert all(each["description"] for each in ACTION["inputs"].values())
    for step in STEPS:
        assert step["shell"] == "bash"
        assert set(step) <= {"name", "id", "if", "shell", "env", "run"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_bash_and_take_nothing_but_variables(script: str) -> None:
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "${{" not in script


def test_what_steps_refer_to_is_there() -> None:
    ids = {step["id"] for step in STEPS if "id" in step}
    for expression in EXPRESSION.findall((ROOT / "action.yml").read_text(encoding="utf-8")):
        for kind, name in re.findall(r"\b(inputs|steps)\.(\w+)", expression):
            assert name in (ACTION["inputs"] if kind == "inputs" else ids)


# --- a run ----------------------------------------------------------------------------------------


@dataclass
class Runner:
    """A machine of GitHub: folders for tools and files, and what the event says."""

    folder: Path
    repository: Repository
    inputs: dict[str, str] = field(default_factory=dict)
    number: str = "7"
    base: str = "main"
    permitted: str = "all"
    comment: str = ""  # the number of the one that was written before
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    said: str = ""

    def __post_init__(self) -> None:
        tools = self.folder / "tools"
        tools.mkdir()
        _tool(tools / "gh", GH)
        _tool(tools / "archgen", f'#!/bin/sh\nexec "{sys.executable}" -m archgen "$@"\n')

    def run(self) -> bool:
        """Every step as GitHub runs it, the installation aside; whether the job succeeds."""
        return all(self._step(step) for step in STEPS[1:] if self._wanted(step))

    def _wanted(self, step: Mapping[str, Any]) -> bool:
        condition = step.get("if")
        assert condition in {
            None,
            "${{ inputs.comment == 'true' && github.event.pull_request.number }}",
        }
        return condition is None or bool(self._value("inputs.comment") == "true" and self.number)

    def _step(self, step: Mapping[str, Any]) -> bool:
        output = self.folder / "output"
        output.write_text("")
        given = {
            name: EXPRESSION.sub(lambda found: self._value(found[1]), value)
            for name, value in step.get("env", {}).items()
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.repository.folder,
            env={**os.environ, **self._environment(), **given, "GITHUB_OUTPUT": str(output)},
            capture_output=True,
            text=True,
        )
        self.said += done.stdout + done.stderr
        lines = (line.partition("=") for line in output.read_text().splitlines())
        self.outputs[step.get("id", "")] = {name: value for name, _, value in lines}
        return done.returncode == 0

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'tools'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "CALLS": str(self.folder / "calls"),
            "PERMITTED": self.permitted,
            "COMMENT": self.comment,
        }

    def _value(self, expression: str) -> str:
        match expression.split("."):
            case ["inputs", name]:
                default = str(ACTION["inputs"][name]["default"])
                return self.inputs.get(name, "" if default.startswith("$") else default)
            case ["steps", name, "outputs", output]:
                return self.outputs[name][output]
        return {
            "github.base_ref": self.base,
            "github.event.pull_request.number": self.number,
            "github.repository": "us/networks",
        }[expression]

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text()

    @property
    def calls(self) -> list[dict[str, Any]]:
        file = self.folder / "calls"
        return list(map(json.loads, file.read_text().splitlines())) if file.exists() else []


def _tool(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A checkout of a pull request as `actions/checkout` leaves it: one commit, no history."""
    (tmp_path / "origin").mkdir()
    (tmp_path / "machine").mkdir()
    (tmp_path / "checkout").mkdir()
    origin = Repository(tmp_path / "origin")
    origin.commit({"net.arch": NET})
    origin.git("checkout", "-q", "-b", "change")
    origin.commit({"net.arch": NET.replace("relu", "gelu")})
    checkout = Repository(tmp_path / "checkout")
    checkout.git("remote", "add", "origin", f"file://{tmp_path / 'origin'}")
    checkout.git("fetch", "-q", "--depth=1", "origin", "change")
    checkout.git("checkout", "-q", "FETCH_HEAD")
    return Runner(tmp_path / "machine", checkout)


def test_a_breaking_pull_request(runner: Runner) -> None:
    assert not runner.run()
    assert "::error file=net.arch,line=5," in runner.said
    assert runner.outputs["breaking"] == {"status": "1", "breaking": "true"}
    assert "1 network changed since `origin/main`: 1 breaking change" in runner.summary
    listing, posting = runner.calls
    assert "repos/us/networks/issues/7/comments" in listing["arguments"]
    assert posting["arguments"][:4] == ["api", "--silent", "--method", "POST"]
    assert posting["body"] == runner.summary


def test_its_comment_is_written_anew(runner: Runner) -> None:
    runner.comment = "123\n124\n"
    runner.run()
    arguments = runner.calls[-1]["arguments"]
    assert arguments[2:5] == ["--method", "PATCH", "repos/us/networks/issues/comments/123"]


def test_a_harmless_pull_request_gets_no_comment(runner: Runner) -> None:
    runner.repository.write({"net.arch": "# said\n" + NET})
    assert runner.run()
    assert runner.outputs["breaking"] == {"status": "0", "breaking": "false"}
    assert [call["body"] for call in runner.calls] == [None]


@pytest.mark.parametrize("permitted", ["none", "read"])
def test_a_fork_that_may_not_comment(runner: Runner, permitted: str) -> None:
    runner.permitted = permitted
    runner.repository.write({"net.arch": NET.replace("relu", "identity -> relu")})
    runner.comment = "5\n"
    assert runner.run() is True
    assert "::notice title=archgen::no comment" in runner.said


def test_a_push_is_compared_with_the_commit_before(runner: Runner) -> None:
    runner.base, runner.number = "", ""
    runner.run()
    assert runner.outputs["base"] == {"against": "HEAD^"}
    assert "1 network changed since `HEAD^`" in runner.summary
    assert runner.calls == []


def test_inputs(runner: Runner) -> None:
    runner.repository.write({"a b.arch": NET, "other/net.arch": NET.replace("relu", "rely")})
    runner.inputs = {"against": "FETCH_HEAD", "paths": "net.arch\n  a*.arch ", "comment": "false"}
    runner.repository.write({"a*.arch": NET})
    assert runner.run()
    assert "2 files checked" in runner.said
    assert runner.calls == []


def test_a_faulty_spec_fails(runner: Runner) -> None:
    runner.repository.write({"net.arch": NET.replace("relu", "rely")})
    assert not runner.run()
    assert runner.outputs["check"] == {"status": "1"}
    assert "1 fault" in runner.summary


def test_the_installation(tmp_path: Path) -> None:
    """What is installed, and that later steps find it."""
    for wanted, installed in (("", str(ROOT)), ("archgen==0.1", "archgen==0.1")):
        folder = tmp_path / (wanted or "here")
        folder.mkdir()
        script = '#!/bin/sh\necho "$@" >> "$RUNNER_TEMP/ran"\n'
        script += '[ "$2" != venv ] || { mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; }\n'
        _tool(folder / "python3", script)
        environment = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(folder),
            "GITHUB_PATH": str(folder / "path"),
            "WANTED": wanted,
            "HERE": str(ROOT),
        }
        subprocess.run(["bash", "-ec", SCRIPTS[0]], cwd=folder, env=environment, check=True)
        ran = (folder / "ran").read_text().splitlines()
        assert ran[-1] == f"-m pip install --quiet {installed}"
        assert (folder / "path").read_text().strip() == str(folder / "archgen" / "bin")
