"""Checkpoint files as torch and safetensors write them, and as nobody should."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from archgen.checkpoint.contents import Held, contents
from archgen.checkpoint.read import read
from archgen.diagnostics import ArchError, Diagnostic

pytestmark = pytest.mark.torch

STATE = {"fc.weight": torch.ones(2, 3), "fc.bias": torch.zeros(2, dtype=torch.float16)}
SEEN = {"fc.weight": ((2, 3), "float32"), "fc.bias": ((2,), "float16")}


def seen(path: Path, *under: str) -> dict[str, object]:
    held = contents(read(str(path), under).state).held
    return {key: (each.shape, each.dtype) for key, each in held.items()}


def refused(path: Path, *under: str) -> Diagnostic:
    with pytest.raises(ArchError) as fault:
        read(str(path), under)
    (found,) = fault.value.diagnostics
    assert found.span.source.path == str(path)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.bin"  # a format is known by what a file holds


def test_safetensors(path: Path) -> None:
    save_file(STATE, path)
    assert seen(path) == SEEN
    assert read(str(path)).format == "safetensors"


@pytest.mark.parametrize("zipped", [True, False], ids=["now", "before 1.6"])
def test_what_torch_saves(path: Path, zipped: bool) -> None:
    torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
    assert seen(path) == SEEN
    held = read(str(path)).state.values()
    assert all(isinstance(each, Held) or each.is_meta for each in held)
    read_whole = read(str(path), numbers=True).state
    assert all(torch.equal(read_whole[key], tensor) for key, tensor in STATE.items())


def test_weights_below_a_name_are_asked_for(path: Path) -> None:
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
    inner = {f"module.{key}": value for key, value in STATE.items()}
    torch.save({"epoch": 3, "state_dict": inner, "optimizer": optimizer.state_dict()}, path)
    assert seen(path, "state_dict") == {f"module.{key}": value for key, value in SEEN.items()}
    help = refused(path).help
    assert help == ("weights lie deeper: --under state_dict (2 entries, keys begin with `module.`)")
    assert refused(path, "model").message == "it holds nothing under `model`"
    assert "no weights under" in refused(path, "epoch").message


def test_deeper_still(path: Path) -> None:
    torch.save({"ema": {"my weights": STATE}, "model": STATE}, path)
    help = refused(path).help or ""
    assert "--under model (2 entries" in help
    assert "--under ema --under 'my weights' (2" in help
    assert seen(path, "ema", "my weights") == SEEN


def test_nothing_lies_below_a_name_in_safetensors(path: Path) -> None:
    save_file(STATE, path)
    assert "nothing under `state_dict`" in refused(path, "state_dict").message


def test_no_weights_at_all(path: Path) -> None:
    torch.save({"epoch": 3}, path)
    assert "save `model.state_dict()`" in (refused(path).help or "")
    torch.save([torch.ones(1)], path)
    assert refused(path).code == "A521"


def test_a_value_that_holds_itself(path: Path) -> None:
    knot: dict[str, object] = {}
    knot |= {str(number): knot for number in range(100)}
    torch.save(knot, path)
    assert refused(path).code == "A521"


class Trap:
    """Makes a folder when a pickle of it is loaded without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_code_of_strangers_is_not_run(path: Path, tmp_path: Path) -> None:
    for content in (
        Trap(tmp_path / "sprung"),
        {"a": torch.ones(1), "b": Trap(tmp_path / "sprung")},
    ):
        torch.save(content, path)
        assert "would run its code" in refused(path).message
        path.write_bytes(pickle.dumps(content))
        assert refused(path).code == "A521"
    assert not (tmp_path / "sprung").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_whole_models_and_scripts(path: Path) -> None:
    model = torch.nn.Linear(2, 3)
    torch.save(model, path)
    assert "would run its code" in refused(path).message
    torch.jit.save(torch.jit.script(model), path)
    assert "would run its code" in refused(path).message


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("note", "no checkpoint")


def _cut(path: Path) -> None:
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:-100])


DAMAGED: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("epoch,loss\n1,0.5\n"),
    "JSON": lambda path: path.write_text('{"weight_map": {}}'),
    "another zip": _zip,
    "cut": _cut,
    "a pickle's beginning": lambda path: path.write_bytes(b"\x80\x02"),
    "a pickle that never ends": lambda path: path.write_bytes(b"\x80\x02" + b"]" * 100_000),
    "a pickle of text": lambda path: path.write_bytes(pickle.dumps("weights")),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("write", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_checkpoint(write: Callable[[Path], object], path: Path) -> None:
    write(path)
    assert refused(path).code == ("A520" if path.is_dir() else "A521")


def test_no_file(path: Path) -> None:
    assert refused(path).code == "A520"
    assert refused(path).message == "cannot be read: No such file or directory"
