"""`archgen transfer`: files in, a file out, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import archgen
from archgen.checkpoint import copying
from tests.cli.conftest import NET, Run
from tests.repositories import Repository

pytestmark = pytest.mark.torch

RENAMED = NET.replace("stem", "begin")
LONGER = NET.replace("  flatten\n", "  flatten\n  more = linear(16)\n")


@pytest.fixture
def state(folder: Path) -> dict[str, Any]:
    """The weights of `net.arch`, in `old.safetensors`; beside it two edited specs."""
    (folder / "renamed.arch").write_text(RENAMED)
    (folder / "longer.arch").write_text(LONGER)
    state: dict[str, Any] = archgen.build("net.arch", seed=1).state_dict()
    save_file(state, "old.safetensors", metadata={"epoch": "3"})
    return state


def new_key(key: str) -> str:
    return key.replace("stem", "begin")


def test_from_safetensors_to_safetensors(state: dict[str, Any], run: Run) -> None:
    result = run("transfer", "net.arch", "renamed.arch", "old.safetensors", "-o", "new.safetensors")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "net to net: 8 of 8 tensors carried, 6 of them under another name",
        "  renamed  stem -> begin  6 tensors  renamed.arch:5:11",
        "  kept beside the weights, as it was: epoch",
        "new.safetensors: written",
    ]
    new = load_file("new.safetensors")
    assert set(new) == {new_key(key) for key in state}
    assert all(torch.equal(new[new_key(key)], tensor) for key, tensor in state.items())
    with safe_open("new.safetensors", "pt") as file:
        assert file.metadata() == {"epoch": "3"}
    assert run("weights", "new.safetensors", "renamed.arch").exit_code == 0


@pytest.mark.parametrize("ending", ["pt", "pth", "ckpt", "bin"])
def test_from_safetensors_to_torch(state: dict[str, Any], run: Run, ending: str) -> None:
    result = run("transfer", "net.arch", "renamed.arch", "old.safetensors", "-o", f"new.{ending}")
    assert result.exit_code == 0
    assert "  left behind, for the format has no place: epoch" in result.stdout.splitlines()
    new = torch.load(f"new.{ending}", weights_only=True)
    assert list(new) == [new_key(key) for key in state]
    archgen.build("renamed.arch").load_state_dict(new, strict=True)


@pytest.fixture
def trained(state: dict[str, Any]) -> dict[str, Any]:
    """A trainer's file, `trained.pt`."""
    weights = {f"module.{key}": tensor for key, tensor in state.items()}
    whole = {"epoch": 3, "run": {"weights": weights, "lr": 0.1}}
    torch.save(whole, "trained.pt")
    return whole


UNDER = ("--under", "run", "--under", "weights", "--prefix", "module.")


def test_a_trainers_file_keeps_all_else(
    trained: dict[str, Any], state: dict[str, Any], run: Run
) -> None:
    result = run("transfer", "net.arch", "renamed.arch", "trained.pt", "-o", "new.pt", *UNDER)
    assert result.exit_code == 0
    assert "  kept beside the weights, as it was: epoch, run.lr" in result.stdout.splitlines()
    new = torch.load("new.pt", weights_only=True)
    assert (new["epoch"], new["run"]["lr"]) == (3, 0.1)
    assert list(new["run"]["weights"]) == [new_key(key) for key in state]


def test_a_trainers_file_to_safetensors(trained: dict[str, Any], run: Run) -> None:
    call = ("transfer", "net.arch", "renamed.arch", "trained.pt", "-o", "new.safetensors")
    assert "help: weights lie deeper: --under run --under weights" in run(*call).stderr
    result = run(*call, *UNDER)
    assert result.exit_code == 0
    assert "  left behind, for the format has no place: epoch, run.lr" in result.stdout.splitlines()
    assert run("weights", "new.safetensors", "renamed.arch").exit_code == 0


def test_shared_memory_and_views_become_tensors_of_their_own(
    state: dict[str, Any], run: Run
) -> None:
    wide = torch.randn(10, 32)
    state["fc.weight"] = wide[:, ::2]
    state["stem.1.bias"] = state["stem.1.weight"]
    torch.save(state, "old.pt")
    result = run("transfer", "net.arch", "renamed.arch", "old.pt", "-o", "new.safetensors")
    assert result.exit_code == 0
    new = load_file("new.safetensors")
    assert torch.equal(new["fc.weight"], wide[:, ::2])
    assert torch.equal(new["begin.1.bias"], state["stem.1.weight"])


def test_nothing_is_written_if_something_would_start_anew(
    state: dict[str, Any], folder: Path, run: Run
) -> None:
    call = ("transfer", "net.arch", "longer.arch", "old.safetensors", "-o", "new.safetensors")
    result = run(*call)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "net to net: 8 of 10 tensors carried, 2 new",
        "  new  more  2 tensors  longer.arch:8:10",
    ]
    assert "error[A523]" in result.stderr
    assert "--allow-new" in result.stderr
    assert not (folder / "new.safetensors").exists()
    assert run(*call, "--allow-new", "--seed", "5").exit_code == 0
    first = load_file("new.safetensors")["more.weight"]
    assert run(*call, "--allow-new", "--seed", "5", "--force").exit_code == 0
    assert torch.equal(load_file("new.safetensors")["more.weight"], first)


def test_other_parameters_of_one_spec(state: dict[str, Any], run: Run) -> None:
    call = ("transfer", "net.arch", "net.arch", "old.safetensors", "-o", "new.safetensors")
    result = run(*call, "--set-new", "classes=7", "--allow-new")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == [
        "net to net: 6 of 8 tensors carried, 2 new, 2 dropped",
        "  reshaped  fc  weight was 10 x 16, is 7 x 16; bias was 10, is 7  net.arch:8:8",
    ]
    assert run("weights", "new.safetensors", "net.arch", "--set", "classes=7").exit_code == 0
    back = ("transfer", "net.arch", "net.arch", "new.safetensors", "-o", "back.safetensors")
    assert run(*back, "--set-old", "classes=7", "--allow-new").exit_code == 0
    assert run("weights", "back.safetensors", "net.arch").exit_code == 0


def test_the_old_spec_may_be_one_of_git(state: dict[str, Any], folder: Path, run: Run) -> None:
    Repository(folder).commit({"net.arch": NET})
    (folder / "net.arch").write_text(RENAMED)
    result = run("transfer", "main:net.arch", "net.arch", "old.safetensors", "-o", "new.pt")
    assert result.exit_code == 0
    assert "8 of 8 tensors carried, 6 of them under another name" in result.stdout


def test_json(state: dict[str, Any], run: Run) -> None:
    call = ("transfer", "renamed.arch", "net.arch", "new.safetensors", "-o", "back.pt")
    run("transfer", "net.arch", "renamed.arch", "old.safetensors", "-o", "new.safetensors")
    report = json.loads(
        run(*call, "--format", "json", "--set-new", "classes=3", "--allow-new").stdout
    )
    place = {"path": "net.arch", "line": 8, "column": 8}
    assert report == {
        "version": 1,
        "old": "net",
        "new": "net",
        "carried": [{"old": new_key(key), "new": key} for key in list(state)[:6]],
        "added": [],
        "dropped": [],
        "combined": [],
        "reshaped": [
            {"old": "fc.weight", "new": "fc.weight", "before": [10, 16], "after": [3, 16]}
            | {"place": place},
            {"old": "fc.bias", "new": "fc.bias", "before": [10], "after": [3], "place": place},
        ],
        "output": "back.pt",
        "left_behind": ["epoch"],
    }


def test_a_file_is_not_overwritten_by_surprise(
    state: dict[str, Any], folder: Path, run: Run
) -> None:
    (folder / "new.pt").write_text("mine")
    call = ("transfer", "net.arch", "renamed.arch", "old.safetensors", "-o", "new.pt")
    result = run(*call)
    assert result.exit_code == 1
    assert result.stderr == "Error: new.pt: is there; --force overwrites it\n"
    assert (folder / "new.pt").read_text() == "mine"
    assert run(*call, "--force").exit_code == 0
    assert run("weights", "new.pt", "renamed.arch").exit_code == 0


@pytest.mark.parametrize("name", ["old.safetensors", "old.pt"])
def test_a_file_can_take_its_own_place(state: dict[str, Any], run: Run, name: str) -> None:
    torch.save(state, "old.pt")
    result = run("transfer", "net.arch", "renamed.arch", name, "-o", name, "--force")
    assert result.exit_code == 0
    assert run("weights", name, "renamed.arch").exit_code == 0


@pytest.mark.parametrize("name", ["new.pt", "new.safetensors"])
def test_a_failure_leaves_what_was_there(
    state: dict[str, Any], folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    (folder / name).write_text("mine")
    monkeypatch.setattr(os, "fsync", fail)
    before = sorted(os.listdir(folder))
    result = run("transfer", "net.arch", "renamed.arch", "old.safetensors", "-o", name, "--force")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert sorted(os.listdir(folder)) == before
    assert (folder / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["new.pt", "new.safetensors"])
def test_a_writer_that_fails(
    state: dict[str, Any], folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(problem: Exception) -> Callable[..., None]:
        def save(content: object, path: object, **_: object) -> None:
            if isinstance(path, str):
                Path(path).write_bytes(b"half")
            raise problem

        return save

    monkeypatch.setattr(torch, "save", fail(RuntimeError("the writer failed\nat some place")))
    monkeypatch.setattr(copying, "packed_header", fail(OSError("the writer failed")))
    before = sorted(os.listdir(folder))
    result = run("transfer", "net.arch", "renamed.arch", "old.safetensors", "-o", name)
    assert result.exit_code == 1
    assert result.stderr == f"Error: {name}: cannot be written: the writer failed\n"
    assert sorted(os.listdir(folder)) == before


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("net.arch", "net.arch", "old.safetensors"), 2, "--output"),
        (("net.arch", "net.arch", "old.safetensors", "-o", "new.txt"), 2, "ends in none of"),
        (("net.arch", "net.arch", "nowhere.pt", "-o", "new.pt"), 1, "error[A520]"),
        (("net.arch", "net.arch", "net.arch", "-o", "new.pt"), 1, "error[A521]"),
        (("renamed.arch", "net.arch", "old.safetensors", "-o", "new.pt"), 1, "error[A522]"),
        (("nowhere.arch", "net.arch", "old.safetensors", "-o", "new.pt"), 1, "error[A501]"),
        (("net.arch", "net.arch", "old.safetensors", "-o", "no/where/new.pt"), 1, "No such file"),
    ],
)
def test_what_goes_wrong(
    state: dict[str, Any], run: Run, arguments: tuple[str, ...], status: int, message: str
) -> None:
    result = run("transfer", *arguments)
    assert result.exit_code == status
    assert message in result.stderr


@pytest.fixture
def no_torch(state: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """`old.safetensors` and `old.pt`, and none of the packages that they were written by."""
    torch.save(state, "old.pt")
    without = lambda name: None  # noqa: E731
    monkeypatch.setattr("archgen.cli.transfer.find_spec", without)
    monkeypatch.setattr("archgen.checkpoint.read.find_spec", without)


@pytest.mark.usefixtures("no_torch")
@pytest.mark.parametrize("name", ["old.safetensors", "old.pt"])
def test_bytes_are_carried_without_torch(state: dict[str, Any], run: Run, name: str) -> None:
    call = ("transfer", "net.arch", "renamed.arch", name, "-o", "new.safetensors")
    assert run(*call).exit_code == 0
    new = load_file("new.safetensors")
    assert set(new) == {new_key(key) for key in state}
    assert all(torch.equal(new[new_key(key)], tensor) for key, tensor in state.items())


@pytest.mark.usefixtures("no_torch")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("net.arch", "renamed.arch", "old.safetensors", "-o", "new.pt"), "to write it needs"),
        (
            ("net.arch", "longer.arch", "old.pt", "-o", "new.safetensors", "--allow-new"),
            "to initialise weights needs",
        ),
    ],
)
def test_what_needs_torch(run: Run, folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("transfer", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "pip install 'archgen[torch]'" in result.stderr
    assert not list(folder.glob("new.*"))


WIDER = ("transfer", "net.arch", "net.arch", "old.safetensors", "--input-new", "4x32x32")


@pytest.mark.parametrize("how", ["sum", "mean", "repeat"])
def test_other_channels_of_the_input(state: dict[str, Any], run: Run, how: str) -> None:
    result = run(*WIDER, "-o", "new.safetensors", "--input-channels", how)
    assert result.exit_code == 0
    assert "1 computed" in result.stdout
    assert "stem.0.weight  was 16 x 3 x 3 x 3, is 16 x 4 x 3 x 3: each" in result.stdout
    old, new = state["stem.0.weight"], load_file("new.safetensors")["stem.0.weight"]
    expected = {
        "sum": old.sum(1, keepdim=True).expand(16, 4, 3, 3),
        "mean": old.mean(1, keepdim=True).expand(16, 4, 3, 3),
        "repeat": torch.cat([old, old[:, :1]], 1),
    }
    assert torch.equal(new, expected[how])
    assert run("weights", "new.safetensors", "net.arch", "--input", "4x32x32").exit_code == 0


def test_other_channels_are_offered_and_asked_for(state: dict[str, Any], run: Run) -> None:
    result = run(*WIDER, "-o", "new.pt")
    assert result.exit_code == 1
    assert "--input-channels sum|mean|repeat computes stem.0.weight from 3" in result.stderr
    call = ("transfer", "net.arch", "net.arch", "old.safetensors", "-o", "new.pt")
    result = run(*call, "--input-channels", "sum")
    assert result.exit_code == 2
    assert "no convolution reads an input" in result.stderr


def test_an_input_of_both(state: dict[str, Any], run: Run) -> None:
    call = ("transfer", "net.arch", "renamed.arch", "old.safetensors", "-o", "new.safetensors")
    assert run(*call, "--input", "3x48x48").exit_code == 0
    result = run(*call, "--input", "4x48x48", "--force")
    assert result.exit_code == 1
    assert "error[A522]" in result.stderr
