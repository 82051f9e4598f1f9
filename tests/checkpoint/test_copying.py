"""Files of safetensors made of ranges of other files: the library of the format is the judge."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from archgen.checkpoint import copying
from archgen.checkpoint.contents import Held
from archgen.checkpoint.header import DTYPES, Damaged
from archgen.checkpoint.read import read
from tests.sweeps import examples

pytestmark = pytest.mark.torch

NAMES = [name for name, bits in DTYPES.values() if bits >= 8]


def tensor(name: str, sizes: list[int]) -> torch.Tensor:
    return torch.randint(0, 2, sizes).to(getattr(torch, name))


STATES = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=4),
    st.builds(tensor, st.sampled_from(NAMES), st.lists(st.integers(0, 3), max_size=3)),
    min_size=1,
    max_size=6,
)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype
        and one[key].shape == other[key].shape
        and bytes(one[key].reshape(-1).view(torch.uint8).numpy())
        == bytes(other[key].reshape(-1).view(torch.uint8).numpy())
        for key in one
    )


@examples(sample=100, full=5_000, of="weights copied into files of safetensors")
@given(
    state=STATES,
    form=st.sampled_from(["safetensors", "torch"]),
    dice=st.randoms(use_true_random=False),
)
def test_what_is_copied_loads(state: dict[str, torch.Tensor], form: str, dice: Any) -> None:
    """In any order, some of it from the file and some from memory."""
    with tempfile.TemporaryDirectory() as folder:
        old, new = os.path.join(folder, "old"), os.path.join(folder, "new")
        save_file(state, old) if form == "safetensors" else torch.save(state, old)
        held = read(old).state
        keys = list(held)
        dice.shuffle(keys)
        mixed = {f"new.{key}": state[key] if dice.random() < 0.3 else held[key] for key in keys}
        copying.save(mixed, old, new, {"epoch": "3"})
        loaded, header = load_file(new), read(new)
        assert same(loaded, {f"new.{key}": value for key, value in state.items()})
        assert header.metadata == {"epoch": "3"}
        for key, value in header.state.items():
            assert value.data[0] % loaded[key].element_size() == 0


def test_where_the_system_cannot_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    state = {"a": torch.randn(3_000_000), "b": torch.randn(7)}
    save_file(state, tmp_path / "old")
    held = read(str(tmp_path / "old")).state
    copying.save(held, str(tmp_path / "old"), str(tmp_path / "new"), {})
    assert same(load_file(tmp_path / "new"), state)


@pytest.mark.parametrize("by_the_system", [True, False])
def test_a_file_that_was_cut_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_the_system: bool
) -> None:
    if not by_the_system:
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    save_file({"a": torch.randn(1000)}, tmp_path / "old")
    held = read(str(tmp_path / "old")).state
    os.truncate(tmp_path / "old", 2000)
    with pytest.raises(OSError, match="ends within"):
        copying.save(held, str(tmp_path / "old"), str(tmp_path / "new"), {})


def test_a_dtype_that_the_format_lacks(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="no dtype quint8, which `a`"):
        copying.save({"a": Held((1,), "quint8", data=(0, 1))}, "old", str(tmp_path / "new"), {})


VIEWS = {
    "a part": torch.arange(12).reshape(3, 4)[1:, ::2],
    "transposed": torch.arange(12).reshape(3, 4).T,
    "a stride of 0": torch.ones(1).half().expand(3),
    "one number with a stride of 0": torch.ones(1).half().as_strided((1, 1), (0, 0)),
    "a parameter": torch.nn.Parameter(torch.randn(3)),
    "no numbers": torch.ones(3, 0),
    "a number": torch.tensor(3),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_views_in_memory_are_written_whole(view: torch.Tensor, tmp_path: Path) -> None:
    copying.save({"a": view}, "nowhere", str(tmp_path / "new"), {})
    assert torch.equal(load_file(tmp_path / "new")["a"], view)
