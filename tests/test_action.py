"""The GitHub action, run by us: its steps in order, in real repositories, with files and tools
where GitHub puts them. `gh` is stood in for, and what `pip` downloads."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.cli.conftest import NET
from tests.repositories import Repository

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "action.yml").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
INSTALL = STEPS[0]
LABEL = "archgen allow breaking"
EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")
# Answers as GitHub does, with the real `jq`; `PERMITTED` is what the token may do.
GH = """\
#!/usr/bin/env python3
import json, os, pathlib, shutil, subprocess, sys
given = sys.argv[1:]
calls = pathlib.Path(os.environ["CALLS"])
body = next((a[6:] for a in given if a.startswith("body=@")), None)
call = {"arguments": given, "body": body and pathlib.Path(body).read_text(encoding="utf-8")}
call["host"], call["folder"] = os.environ["GH_HOST"], os.getcwd()
calls.write_text((calls.read_text() if calls.exists() else "") + json.dumps(call) + "\\n")
if os.environ["PERMITTED"] == "none" or (body and os.environ["PERMITTED"] == "read"):
    sys.exit("HTTP 403: Resource not accessible by integration")
if "--jq" in given:
    comments = {"comments": {"nodes": json.loads(os.environ["COMMENTS"])}}
    whole = {"data": {"repository": {"pullRequest": comments}}}
    query = given[given.index("--jq") + 1]
    if shutil.which("jq"):
        subprocess.run(["jq", "-r", query], input=json.dumps(whole), text=True, check=True)
    else:
        for each in comments["comments"]["nodes"]:
            if each["viewerDidAuthor"]:
                print(each["id"], each["body"].partition("\\n")[0].rstrip("\\r"), sep="\\t")
"""
MARK = "<!-- archgen review -->"


def test_it_is_a_composite_action() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all(each["description"] for each in ACTION["inputs"].values())
    assert all(each["description"] for each in ACTION["outputs"].values())
    for step in STEPS:
        assert step["shell"] == "bash"
        assert set(step) <= {"name", "id", "if", "shell", "env", "run", "working-directory"}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_scripts_are_bash_and_take_nothing_but_variables(step: dict[str, Any]) -> None:
    subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)
    assert "${{" not in step["run"]


def test_what_steps_refer_to_is_there() -> None:
    ids = {step["id"] for step in STEPS if "id" in step}
    written = {
        (step["id"], name)
        for step in STEPS
        for name in re.findall(r'echo "(\w+)=.*>> "\$GITHUB_OUTPUT"', step["run"])
    }
    for expression in EXPRESSION.findall(TEXT):
        for name in re.findall(r"\binputs\.([\w-]+)", expression):
            assert name in ACTION["inputs"]
        for step, name in re.findall(r"\bsteps\.(\w+)\.outputs\.(\w+)", expression):
            assert step in ids
            assert (step, name) in written


def test_the_documentation_lists_every_input_and_output() -> None:
    page = (ROOT / "docs" / "action.md").read_text(encoding="utf-8")
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"| `{name}` |" in page
    assert LABEL in page


# --- a run ----------------------------------------------------------------------------------------


@dataclass
class Runner:
    """A machine of GitHub: folders for tools and files, and what the event says.

    event: by the names of GitHub's contexts, `event.before` for `github.event.before`.
    """

    folder: Path
    checkout: Repository
    event: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    permitted: str = "all"
    comments: list[dict[str, Any]] = field(default_factory=list)  # that are there before
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    said: str = ""

    def __post_init__(self) -> None:
        (self.folder / "tools").mkdir()
        _tool(self.folder / "tools" / "gh", GH)
        self.outputs["install"] = {"folder": str(self.folder), "archgen": str(program())}

    def run(self) -> bool:
        """Every step as GitHub runs it, the installation aside; whether the job succeeds."""
        return all(self.step(step) for step in STEPS[1:] if self._wanted(step))

    def find(self) -> bool:
        """The steps up to the revision that is compared with; whether they succeed."""
        last = next(at for at, step in enumerate(STEPS) if step.get("id") == "base")
        return all(map(self.step, STEPS[1 : last + 1]))

    def _wanted(self, step: Mapping[str, Any]) -> bool:
        condition = EXPRESSION.fullmatch(step.get("if", "${{ 'always' }}"))
        assert condition
        return all(map(self._true, condition[1].split(" && ")))

    def _true(self, condition: str) -> bool:
        left, _, right = condition.partition(" == ")
        return self._value(left) == right.strip("'") if right else bool(self._value(left))

    def step(self, step: Mapping[str, Any]) -> bool:
        output = self.folder / "output"
        output.write_text("")
        given = {name: self._filled(value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.checkout.folder / self._filled(step.get("working-directory", "")),
            env={**os.environ, **self.environment(), **given, "GITHUB_OUTPUT": str(output)},
            capture_output=True,
            text=True,
        )
        self.said += done.stdout + done.stderr
        lines = (line.partition("=") for line in output.read_text().splitlines())
        self.outputs[step.get("id", "")] = {name: value for name, _, value in lines}
        return done.returncode == 0

    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'tools'}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_WORKSPACE": str(self.checkout.folder),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "CALLS": str(self.folder / "calls"),
            "PERMITTED": self.permitted,
            "COMMENTS": json.dumps(self.comments),
        }

    def _filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, expression: str) -> str:
        match expression.split("."):
            case ["inputs", name]:
                if name in self.inputs:
                    return self.inputs[name]
                return self._filled(str(ACTION["inputs"][name]["default"]))
            case ["steps", name, "outputs", output]:
                return self.outputs.get(name, {}).get(output, "")
            case ["github", "token"]:
                return "a token"
            case ["github", *names]:
                return self.event.get(".".join(names), "")
        if expression == f"contains(github.event.pull_request.labels.*.name, '{LABEL}')":
            return str(LABEL in self.event.get("labels", "").split(",")).lower()
        assert re.fullmatch(r"'\w+'", expression), expression
        return expression.strip("'")

    @property
    def against(self) -> str:
        """The whole name of the commit that was compared with."""
        found = self.outputs["base"]["against"]
        return self.checkout.git("rev-parse", found).strip() if found else ""

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text(encoding="utf-8")

    @property
    def calls(self) -> list[dict[str, Any]]:
        file = self.folder / "calls"
        return list(map(json.loads, file.read_text().splitlines())) if file.exists() else []


def _tool(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@cache
def program() -> Path:
    """What the step `install` makes, with the packages of the tests for those of the lock."""
    folder = Path(tempfile.mkdtemp(prefix="archgen-action-"))
    atexit.register(shutil.rmtree, folder)
    make = [sys.executable, "-I", "-m", "venv", "--without-pip", folder / "venv"]
    subprocess.run(make, check=True)
    python = folder / "venv" / "bin" / "python"
    found = [sysconfig.get_path("purelib"), *filter(os.path.isdir, sys.path), str(ROOT)]
    where = [python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    Path(place, "all.pth").write_text("\n".join(dict.fromkeys(found)) + "\n")
    (line,) = re.findall(r"printf '(#!.*)' \"\$python\"", INSTALL["run"])
    _tool(folder / "archgen", line.replace("\\n", "\n").replace("%s", str(python)))
    return folder / "archgen"


# --- repositories ---------------------------------------------------------------------------------


@dataclass
class World:
    """A repository at GitHub, `origin`, and checkouts of it."""

    folder: Path
    origin: Repository

    def checkout(self, revision: str, depth: int | None = 1) -> Repository:
        """A clone as `actions/checkout` leaves it: detached, with so much history, or (None) all.

        A whole one has every branch of the remote.
        """
        folder = self.folder / f"checkout{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        made = Repository(folder)
        made.git("remote", "add", "origin", f"file://{self.origin.folder}")
        wanted = self.origin.git("rev-parse", revision).strip()
        if depth is None:
            made.git("fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*", wanted)
        else:
            made.git("fetch", "-q", "--no-tags", f"--depth={depth}", "origin", wanted)
        made.git("checkout", "-q", wanted)
        return made

    def runner(self, checkout: Repository, **event: str) -> Runner:
        folder = self.folder / f"machine{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        common = {
            "repository": "us/networks",
            "server_url": "https://github.example.org",
            "event.repository.default_branch": "main",
        }
        return Runner(
            folder, checkout, common | {k.replace("__", "."): v for k, v in event.items()}
        )

    def merged(self, change: str = "change", base: str = "main") -> str:
        """What GitHub makes of a pull request: its head merged into its base."""
        self.origin.git("checkout", "-q", "--detach", base)
        self.origin.git("merge", "-q", "--no-ff", "-m", "merge", change)
        merge = self.origin.git("rev-parse", "HEAD").strip()
        self.origin.git("update-ref", "refs/pull/7/merge", merge)
        return merge

    def pull_request(self, checkout: Repository, head: str = "change") -> Runner:
        return self.runner(
            checkout,
            base_ref="main",
            event__pull_request__number="7",
            event__pull_request__head__sha=self.origin.git("rev-parse", head).strip(),
        )


OTHER = NET.replace("arch net", "arch other")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """`main`, and `change`, which left it before its last two commits, which break something."""
    (tmp_path / "origin").mkdir()
    origin = Repository(tmp_path / "origin")
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    origin.commit({"other.arch": OTHER, "README": "networks"})
    origin.commit({"net.arch": NET})
    origin.git("checkout", "-q", "-b", "change")
    origin.commit({"notes": "why"})
    origin.commit({"net.arch": NET.replace("relu", "gelu")})
    origin.git("checkout", "-q", "main")
    origin.commit({"README": "the networks"})
    origin.commit({"other.arch": OTHER.replace("relu", "silu")})
    return World(tmp_path, origin)


@pytest.fixture
def runner(world: World) -> Runner:
    """A pull request as it is checked out by default: one commit, which merges it."""
    return world.pull_request(world.checkout(world.merged()))


# --- what is compared with ------------------------------------------------------------------------


def test_a_breaking_pull_request(runner: Runner, world: World) -> None:
    assert not runner.run()
    assert "::error file=net.arch,line=5," in runner.said
    assert runner.outputs["breaking"] == {"status": "1", "breaking": "true"}
    assert runner.against == world.origin.git("rev-parse", "main").strip()
    short = runner.outputs["base"]["against"]
    assert f"1 network changed since `{short}`: 1 breaking change" in runner.summary
    assert "other.arch" not in runner.said + runner.summary
    listing, posting = runner.calls
    assert listing["arguments"][:3] == ["api", "graphql", "--paginate"]
    assert {"name=networks", "owner=us", "number=7"} <= set(listing["arguments"])
    assert posting["arguments"][:4] == ["api", "--silent", "--method", "POST"]
    assert "repos/us/networks/issues/7/comments" in posting["arguments"]
    assert posting["body"] == runner.summary
    assert posting["host"] == "github.example.org"
    assert "::error title=archgen::the change breaks something" in runner.said


@pytest.mark.parametrize("depth", [1, 2, 3, None])
@pytest.mark.parametrize("merge", [True, False])
def test_the_base_of_a_pull_request(world: World, depth: int | None, merge: bool) -> None:
    """Where the change left its base, or what it was merged into: what others did is not told."""
    checkout = world.checkout(world.merged() if merge else "change", depth)
    runner = world.pull_request(checkout)
    assert runner.find(), runner.said
    assert runner.against == world.origin.git("rev-parse", "main" if merge else "change~2").strip()
    shallow = checkout.git("rev-parse", "--is-shallow-repository").strip() == "true"
    assert shallow == (depth is not None) or depth is not None


def test_a_change_that_took_its_base_in(world: World) -> None:
    """The last commit of the change is a merge, and not GitHub's."""
    world.origin.git("checkout", "-q", "change")
    world.origin.git("merge", "-q", "-m", "take in", "main")
    world.origin.git("checkout", "-q", "main")
    for depth in (1, None):
        runner = world.pull_request(world.checkout("change", depth))
        assert runner.find(), runner.said
        assert runner.against == world.origin.git("rev-parse", "main").strip()


def test_a_long_branch(world: World) -> None:
    """The common commit is behind more history than is fetched at first."""
    world.origin.git("checkout", "-q", "change")
    for number in range(40):
        world.origin.commit({"notes": str(number)})
    world.origin.git("checkout", "-q", "main")
    runner = world.pull_request(world.checkout("change"))
    assert runner.find(), runner.said
    assert runner.against == world.origin.git("rev-parse", "change~42").strip()


def test_a_push_is_compared_with_what_was_there_before(world: World) -> None:
    """With all of its commits, not the last one."""
    before = world.origin.git("rev-parse", "change~2").strip()
    for depth in (1, None):
        runner = world.runner(world.checkout("change", depth), event__before=before)
        assert runner.find(), runner.said
        assert runner.against == before


def test_a_push_that_rewrote_history(world: World) -> None:
    gone = "1234567890" * 4
    runner = world.runner(world.checkout("change"), event__before=gone)
    assert runner.find(), runner.said
    assert "::notice title=archgen::the commit before this push is gone" in runner.said
    assert runner.against == world.origin.git("rev-parse", "change~2").strip()


@pytest.mark.parametrize("depth", [1, None])
def test_a_first_push(world: World, depth: int | None) -> None:
    """Of a branch: compared with where it left the default branch. Of all: green."""
    zeros = "0" * 40
    branch = world.runner(world.checkout("change", depth), event__before=zeros)
    assert branch.find(), branch.said
    assert branch.against == world.origin.git("rev-parse", "change~2").strip()
    first = world.runner(world.checkout("main~3", depth), event__before=zeros)
    assert first.run(), first.said
    world.origin.git("branch", "-m", "main", "trunk")
    alone = world.runner(world.checkout("trunk", depth), event__before=zeros)
    assert alone.run(), alone.said
    assert alone.outputs["base"] == {"against": ""} or depth is None
    assert "::notice title=archgen::there is nothing to compare with yet" in alone.said or not depth


def test_a_queue_of_merges(world: World) -> None:
    base = world.origin.git("rev-parse", "main").strip()
    runner = world.runner(world.checkout(world.merged()), event__merge_group__base_sha=base)
    assert runner.find(), runner.said
    assert runner.against == base


@pytest.mark.parametrize("name", ["main", "origin/main", "v1", "HEAD", "1234"])
@pytest.mark.parametrize("depth", [1, None])
def test_a_revision_of_choice(world: World, name: str, depth: int | None) -> None:
    world.origin.git("tag", "v1", "main~2")
    runner = world.runner(world.checkout("change", depth))
    wanted = {"origin/main": "main", "HEAD": "change"}.get(name, name)
    if name == "1234":
        name = wanted = world.origin.git("rev-parse", "main~3").strip()
    runner.inputs["against"] = name
    assert runner.find(), runner.said
    assert runner.against == world.origin.git("rev-parse", f"{wanted}^{{commit}}").strip()


@pytest.mark.parametrize("name", ["nowhere", "--upload-pack=touch${IFS}evil", "+main:refs/heads/x"])
def test_a_revision_that_is_not_there(world: World, name: str) -> None:
    runner = world.runner(world.checkout("change"))
    runner.inputs["against"] = name
    assert not runner.find()
    assert "::error title=archgen::the revision of the input against is not found" in runner.said
    assert "refs/heads/x" not in runner.checkout.git("for-each-ref")
    assert not (runner.checkout.folder / "evil").exists()


def test_a_whole_clone_stays_whole(world: World) -> None:
    """And keeps every commit that it had."""
    zeros = "0" * 40
    before = world.origin.git("rev-parse", "change~2").strip()
    for merge in (True, False):
        revision = world.merged() if merge else "change"
        for event in ({}, {"event__before": zeros}, {"event__before": before}):
            checkout = world.checkout(revision, None)
            count = checkout.git("rev-list", "--all", "--count")
            runner = world.runner(checkout, **event) if event else world.pull_request(checkout)
            assert runner.find(), runner.said
            assert checkout.git("rev-parse", "--is-shallow-repository").strip() == "false"
            assert checkout.git("rev-list", "--all", "--count") == count


def test_a_partial_clone(world: World) -> None:
    """`filter: blob:none`: no file of the base is there before it is asked for."""
    world.origin.git("config", "uploadpack.allowFilter", "true")
    folder = world.folder / "partial"
    url = f"file://{world.origin.folder}"
    world.origin.git("clone", "-qn", "--no-tags", "--filter=blob:none", url, str(folder))
    checkout = Repository(folder)
    checkout.git("checkout", "-q", "origin/change")
    runner = world.pull_request(checkout)
    assert not runner.run()
    assert "1 network changed" in runner.summary, runner.said


def test_without_the_remote_a_whole_clone_does(world: World) -> None:
    """No credentials were kept, or there is no network."""
    checkout = world.checkout("change", None)
    runner = world.pull_request(checkout)
    checkout.git("remote", "set-url", "origin", "file:///nowhere")
    assert runner.find(), runner.said
    assert runner.against == world.origin.git("rev-parse", "change~2").strip()
    shallow = world.checkout("change")
    runner = world.pull_request(shallow)
    shallow.git("remote", "set-url", "origin", "file:///nowhere")
    assert not runner.find()
    assert "check out with fetch-depth: 0" in runner.said


# --- what is said ---------------------------------------------------------------------------------


def comment(id: str, body: str, *, ours: bool = True) -> dict[str, Any]:
    return {"id": id, "body": body, "viewerDidAuthor": ours}


def test_its_comment_is_rewritten(runner: Runner) -> None:
    runner.comments = [
        comment("A", f"{MARK}\r\nby a stranger", ours=False),
        comment("B", "another"),
        comment("C", f"{MARK.replace(' -->', ': key -->')}\nof another use"),
        comment("D", f"{MARK}\r\nbefore"),
        comment("E", f"{MARK}\nbefore"),
    ]
    runner.run()
    arguments = runner.calls[-1]["arguments"]
    assert arguments[:3] == ["api", "--silent", "graphql"]
    assert "id=D" in arguments
    assert runner.calls[-1]["body"].startswith(MARK)


def test_several_uses_have_a_comment_each(runner: Runner) -> None:
    runner.comments = [comment("A", f"{MARK}\n"), comment("B", "<!-- archgen review: small -->\n")]
    runner.inputs["key"] = "small"
    runner.run()
    assert "id=B" in runner.calls[-1]["arguments"]
    assert runner.calls[-1]["body"].startswith("<!-- archgen review: small -->\n### `small`: 1 net")


def test_a_harmless_pull_request_gets_no_comment(runner: Runner) -> None:
    runner.checkout.write({"net.arch": "# said\n" + NET})
    assert runner.run()
    assert runner.outputs["breaking"] == {"status": "0", "breaking": "false"}
    assert [call["body"] for call in runner.calls] == [None]


@pytest.mark.parametrize("permitted", ["none", "read"])
def test_a_fork_that_may_not_comment(runner: Runner, permitted: str) -> None:
    runner.permitted = permitted
    runner.checkout.write({"net.arch": NET.replace("relu", "identity -> relu")})
    runner.comments = [comment("A", f"{MARK}\n")]
    assert runner.run() is True
    assert "::notice title=archgen::no comment" in runner.said


def test_a_label_allows_what_breaks(runner: Runner) -> None:
    runner.event["labels"] = f"bug,{LABEL}"
    assert runner.run(), runner.said
    assert runner.outputs["breaking"] == {"status": "0", "breaking": "true"}
    assert "::warning file=net.arch,line=5," in runner.said
    assert "::error" not in runner.said
    assert "allowed by the input allow-breaking" in runner.said
    assert "1 breaking change" in runner.calls[-1]["body"]


def test_a_label_allows_no_errors(runner: Runner) -> None:
    runner.inputs["allow-breaking"] = "true"
    runner.checkout.write({"other.arch": NET.replace("relu", "rely")})
    assert not runner.run()
    assert runner.outputs["breaking"] == {"status": "1", "breaking": "true"}
    assert "::error title=archgen::there are specs with errors" in runner.said


def test_changed_settings_are_mentioned(runner: Runner) -> None:
    exception = '[[breaking.exceptions]]\nspec = "*"\ncategory = "numerics"\nreason = "meant"\n'
    runner.checkout.write({"archgen.toml": exception})
    assert runner.run(), runner.said
    said = "- **configuration** `archgen.toml` changed (`breaking`)"
    assert said in runner.calls[-1]["body"]
    runner.checkout.write({"net.arch": NET})
    assert runner.run()
    assert said in runner.calls[-1]["body"]


def test_a_faulty_spec_is_not_a_break(runner: Runner) -> None:
    runner.checkout.write({"net.arch": NET.replace("relu", "rely")})
    assert not runner.run()
    assert runner.outputs["check"] == {"status": "1"}
    assert runner.outputs["breaking"] == {"status": "1", "breaking": "false"}
    assert "1 fault" in runner.summary
    assert "::error title=archgen::there are specs with errors" in runner.said
    assert "breaks something" not in runner.said


def test_a_wrong_call_is_neither(runner: Runner) -> None:
    runner.inputs["paths"] = "nowhere"
    assert not runner.run()
    assert runner.outputs["breaking"]["breaking"] in {"unknown", "false"}
    assert (
        "could not run (exit code 2)" in runner.said or "there are specs with errors" in runner.said
    )
    runner.inputs = {"key": "--> <b>"}
    runner.said = ""
    assert not runner.run()
    assert "archgen review could not run (exit code 2): see the log" in runner.said


@pytest.mark.parametrize("name", ["lint", "fmt", "breaking", "allow-breaking", "comment"])
def test_a_wrong_input_is_told(runner: Runner, name: str) -> None:
    runner.inputs[name] = "yes"
    assert not runner.run()
    assert f"::error title=archgen::the input {name} is one of: " in runner.said


# --- other inputs ---------------------------------------------------------------------------------


def test_paths(runner: Runner) -> None:
    runner.checkout.write({"a b.arch": NET, "x/net.arch": NET.replace("relu", "rely")})
    runner.inputs = {"against": "HEAD", "paths": "net.arch\n  a*.arch ", "comment": "false"}
    runner.checkout.write({"a*.arch": NET})
    assert runner.run(), runner.said
    assert "2 files checked" in runner.said
    assert runner.calls == []


@pytest.mark.parametrize(
    ("lint", "passes", "shown"),
    [
        ("warn", True, True),
        ("fail", False, True),
        ("off", True, False),
    ],
)
def test_lint(runner: Runner, lint: str, passes: bool, shown: bool) -> None:
    runner.inputs = {"lint": lint, "breaking": "false"}
    runner.checkout.write(
        {
            "net.arch": NET.replace("conv(16", "let unused = 1\n  stem = conv(16").replace(
                "  stem = let", "  let"
            )
        }
    )
    assert runner.run() == passes, runner.said
    assert ("::warning file=net.arch" in runner.said) == shown
    assert ("errors or warnings" in runner.said) == (not passes)
    assert "base" not in runner.outputs or runner.outputs["base"] == {}
    assert runner.calls == []


def test_fmt(runner: Runner, world: World) -> None:
    runner.inputs = {"against": "HEAD", "fmt": "true"}
    assert runner.run(), runner.said
    runner.checkout.write({"a,b:c%.arch": NET.replace("  input", " input"), "x/y.arch": OTHER})
    assert not runner.run()
    annotation = "::error file=a%2Cb%3Ac%25.arch,title=archgen fmt::not in the canonical layout"
    assert annotation in runner.said
    assert "::error title=archgen::there are specs to be formatted: run archgen fmt" in runner.said


def test_a_working_directory(world: World) -> None:
    """Its configuration holds, and annotations are at files as GitHub knows them."""
    exception = '[[breaking.exceptions]]\nspec = "*"\ncategory = "numerics"\nreason = "meant"\n'
    world.origin.git("checkout", "-q", "main")
    world.origin.commit({"a/net.arch": NET, "a/archgen.toml": exception, "b/net.arch": NET})
    base = world.origin.git("rev-parse", "HEAD").strip()
    gelu = NET.replace("relu", "gelu")
    world.origin.commit({"a/net.arch": gelu, "b/net.arch": gelu.replace("  input", " input")})
    runner = world.runner(world.checkout("main", 2), event__before=base)
    runner.inputs = {"working-directory": "a", "fmt": "true"}
    assert runner.run(), runner.said
    assert "::notice file=a/net.arch,line=5" in runner.said
    assert "b/net.arch" not in runner.said
    runner.inputs["working-directory"] = "b"
    assert not runner.run()
    assert "::error file=b/net.arch,line=5" in runner.said
    assert "::error file=b/net.arch,title=archgen fmt::" in runner.said


def test_annotations_are_at_files_that_exist(world: World) -> None:
    """What is gone has no file, and what is in a block of the library has that of the call."""
    world.origin.git("checkout", "-q", "main")
    uses = NET.replace("arch net", "use residual\n\narch net").replace(
        "  global", "  basic(16)\n  global"
    )
    world.origin.commit({"net.arch": uses, "gone.arch": OTHER})
    base = world.origin.git("rev-parse", "HEAD").strip()
    (world.origin.folder / "gone.arch").unlink()
    world.origin.commit({"net.arch": uses.replace("basic(16)", "basic(16, act=silu)")})
    runner = world.runner(world.checkout("main", 2), event__before=base)
    assert not runner.run()
    found = re.findall(r"^::(?:error|warning|notice) (.*?)::", runner.said, re.MULTILINE)
    files = {name for each in found for name in re.findall(r"file=([^,]*)", each)}
    assert "net.arch" in files
    assert all((runner.checkout.folder / name).is_file() for name in files)
    assert any(not each.startswith("file=") and "title=B1" in each for each in found), found


# --- files of a stranger --------------------------------------------------------------------------

HOSTILE = "import pathlib; pathlib.Path(r'{mark}').write_text(__file__)\n"
MODULES = (
    *("venv", "ensurepip", "pip", "logging", "sitecustomize", "usercustomize", "json", "re"),
    *("click", "lark", "pydantic", "sysconfig", "encodings", "os", "site", "archgen"),
)


def trap(folder: Path, mark: Path) -> None:
    """Files that run if Python, pip or git look for theirs in the current folder."""
    for name in MODULES:
        text = HOSTILE.format(mark=mark)
        (folder / f"{name}.py").write_text(text)
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(text)
        (folder / name / "__main__.py").write_text(text)
    (folder / "setup.py").write_text(HOSTILE.format(mark=mark))
    (folder / "archgen.pth").write_text(HOSTILE.format(mark=mark))
    for name in ("pip.conf", "pip.ini", ".pip/pip.conf", ".config/pip/pip.conf"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("[global]\nindex-url = https://evil.example.org/simple\n")
    (folder / "setup.cfg").write_text("[install]\nprefix = evil\n")
    (folder / "pyproject.toml").write_text('[build-system]\nrequires = ["evil"]\n')
    (folder / "pyvenv.cfg").write_text("home = evil\n")
    for name in ("python3", "python", "git", "gh", "archgen.exe", "bash"):
        _tool(folder / name, f"#!/bin/sh\necho run > '{mark}'\n")


def test_no_file_of_the_checkout_is_run(runner: Runner) -> None:
    mark = runner.folder / "mark"
    trap(runner.checkout.folder, mark)
    assert not runner.run()
    assert "2 files checked" in runner.said
    assert runner.outputs["breaking"]["breaking"] == "true"
    assert runner.calls[-1]["folder"] == str(runner.folder)
    assert not mark.exists(), mark.read_text()


def test_the_installation_runs_no_file_of_the_checkout(runner: Runner) -> None:
    """The real `venv` and `pip`, which find no package, and say so from where they look."""
    mark = runner.folder / "mark"
    trap(runner.checkout.folder, mark)
    runner.inputs = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_INDEX", "1")
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("PYTHONPATH", str(runner.checkout.folder))
        assert not runner.step(INSTALL)
    assert "No matching distribution found" in runner.said
    assert not mark.exists(), mark.read_text()


def test_the_installation(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the lock, with hashes; the program runs isolated; the PATH of the job is left alone."""
    script = INSTALL["run"]
    assert "GITHUB_PATH" not in TEXT
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:"):
        assert option in script
    pip = '#!/bin/sh\n[ "$3" = pip ] && echo "$@" > "$RUNNER_TEMP/ran" && exit\nexec real "$@"\n'
    venv = 'mkdir -p "$4/bin"; cp "$RUNNER_TEMP/python" "$4/bin/python"'
    real = pip.replace("real", sys.executable)
    _tool(runner.folder / "python", real)
    _tool(
        runner.folder / "tools" / "python3",
        real.replace("exec", f'[ "$3" = venv ] && {{ {venv}; exit; }}\nexec'),
    )
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    purelib = Path(runner.folder, "site")
    purelib.mkdir()
    script = script.replace('sysconfig.get_path("purelib")', f'"{purelib}"')
    assert runner.step({**INSTALL, "run": script}), runner.said
    ran = (runner.folder / "ran").read_text()
    assert ran.endswith(f"--requirement {ROOT}/action/requirements.txt\n")
    assert (purelib / "archgen.pth").read_text() == f"{ROOT}\n"
    launcher = Path(runner.outputs["install"]["archgen"])
    assert " -I -X utf8 -m archgen " in launcher.read_text()
    version = subprocess.run([launcher, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("archgen")


def test_an_old_python_is_told(runner: Runner) -> None:
    for name in ("python3", "python"):
        _tool(runner.folder / "tools" / name, "#!/bin/sh\nexit 1\n")
    assert not runner.step(INSTALL)
    assert "Python 3.11 or newer is needed" in runner.said


def test_a_folder_that_looks_like_a_repository(runner: Runner) -> None:
    """git takes such a folder for one, with its configuration, which may name programs."""
    mark = runner.folder / "mark"
    evil = runner.checkout.folder / "evil"
    files = {
        "HEAD": "ref: refs/heads/main\n",
        "config": f"[core]\n\trepositoryformatversion = 0\n\tworktree = .\n"
        f"\tfsmonitor = \"echo run > '{mark}'; false\"\n",
        "objects/x": "",
        "refs/x": "",
        "net.arch": NET,
    }
    for name, text in files.items():
        (evil / name).parent.mkdir(parents=True, exist_ok=True)
        (evil / name).write_text(text)
    runner.inputs["working-directory"] = "evil"
    runner.run()
    assert not mark.exists()
    assert "there is no git repository here" in runner.said or runner.outputs["base"]["against"]


def test_a_link_out_of_the_checkout_is_not_read(runner: Runner) -> None:
    (runner.folder / "secret").write_text("hunter2")
    (runner.checkout.folder / "x.arch").symlink_to(runner.folder / "secret")
    runner.checkout.git("add", "--all")
    assert not runner.run()
    assert "::error title=archgen::symbolic links among the specs are not read" in runner.said
    assert "hunter2" not in runner.said
    assert runner.calls == []


def test_names_of_files_give_no_commands(runner: Runner) -> None:
    name = "x\n::set-env name=A::b.arch"
    runner.checkout.write({name: NET.replace("relu", "rely").replace("  input", " input")})
    runner.inputs = {"fmt": "true", "against": "HEAD"}
    assert not runner.run()
    assert not re.search(r"^\s*::set-env", runner.said, re.MULTILINE)


# --- the lock -------------------------------------------------------------------------------------


def locked() -> dict[str, tuple[str, int]]:
    """Version and number of hashes of every package of the lock."""
    text = (ROOT / "action" / "requirements.txt").read_text(encoding="utf-8")
    entries = re.findall(
        r"^([a-z0-9_.-]+)==([^ ]+)((?: \\\n    --hash=sha256:\w{64})+)$", text, re.M
    )
    assert text == "".join(f"{name}=={version}{hashes}\n" for name, version, hashes in entries)
    return {name: (version, hashes.count("--hash")) for name, version, hashes in entries}


def test_the_lock_has_every_dependency_and_no_other() -> None:
    """Each in a version that it may have; what they depend on as those installed here say."""
    found = locked()
    needed: set[str] = set()
    waiting = [Requirement(each) for each in _dependencies("archgen")]
    while waiting:
        requirement = waiting.pop()
        name = requirement.name.lower().replace("_", "-")
        assert name in found, f"{name} is not locked: run `make lock`"
        assert requirement.specifier.contains(found[name][0]) or name == "pydantic-core", (
            requirement
        )
        if name not in needed:
            needed.add(name)
            waiting += [Requirement(each) for each in _dependencies(name)]
    assert set(found) == needed
    assert all(count for _, count in found.values())


def _dependencies(name: str) -> list[str]:
    found = (Requirement(each) for each in requires(name) or ())
    return [str(each) for each in found if not each.marker or each.marker.evaluate({"extra": ""})]
