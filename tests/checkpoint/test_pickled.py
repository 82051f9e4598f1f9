"""Files of torch, read without torch: what is read is what torch reads, and nothing is run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from archgen.checkpoint.archive import NotPlain, check_size, read_plain
from archgen.checkpoint.contents import look
from archgen.checkpoint.header import Damaged
from archgen.checkpoint.pickled import SIZES, STORAGES
from archgen.checkpoint.read import read
from archgen.checkpoint.tensors import content as content_of
from tests.checkpoint import test_plain
from tests.sweeps import examples

pytestmark = pytest.mark.torch

DTYPES = [getattr(torch, name) for name in SIZES]


def ours(path: Path) -> Any:
    with open(path, "rb") as file:
        return read_plain(file)


def theirs(path: Path) -> Any:
    return torch.load(path, weights_only=True, map_location="cpu")


def alike(value: Any, other: Any, content: bytes) -> bool:
    """Whether a value that we read is torch's, tensors by their facts and bytes."""
    if isinstance(other, Tensor):
        if value != look(other):
            return False
        if value.data is None:
            return not other.is_contiguous()
        start, length = value.data
        raw = bytes(content_of(other))
        return content[start : start + length] == raw
    if isinstance(other, dict):
        attributes = getattr(value, "_metadata", None) == getattr(other, "_metadata", None)
        pairs = zip(value.items(), other.items(), strict=True)
        return attributes and all(
            one == two and alike(held, tensor, content) for (one, held), (two, tensor) in pairs
        )
    if isinstance(other, list | tuple):
        pairs = zip(value, other, strict=True)
        return type(value) in (list, tuple) and all(alike(a, b, content) for a, b in pairs)
    return type(value) is type(other) and value == other


def tensor(dtype: torch.dtype, sizes: list[int], view: str) -> Tensor:
    made = torch.randint(0, 2, sizes).to(dtype)
    match view:
        case "transposed":
            return made.transpose(0, -1) if made.dim() else made
        case "a part":
            return made[1:] if made.dim() else made
        case "parameter" if dtype.is_floating_point and dtype.itemsize > 1:
            return torch.nn.Parameter(made)
        case "expanded":
            return made[None].expand(3, *sizes)
    return made


TENSORS = st.builds(
    tensor,
    st.sampled_from(DTYPES),
    st.lists(st.integers(0, 3), max_size=4),
    st.sampled_from(["whole", "transposed", "a part", "parameter", "expanded"]),
)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
)
VALUES = st.recursive(
    PLAIN | TENSORS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(0, 99), inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3).map(OrderedDict)
    ),
    max_leaves=8,
)


@examples(sample=150, full=10_000, of="values of torch.save, read without torch")
@given(value=VALUES, protocol=st.sampled_from([2, 2, 2, 3, 4, 5]))
def test_what_is_read_is_what_torch_reads(value: Any, protocol: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        torch.save(value, path, pickle_protocol=protocol)
        try:
            read = ours(path)
        except NotPlain:
            assert protocol > 2  # torch itself supports protocol 2 alone
        else:
            assert alike(read, theirs(path), path.read_bytes())


def test_a_model_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    state = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
    whole = {"epoch": 3, "model": state, "optimizer": optimizer.state_dict(), "best": 0.5}
    path = tmp_path / "model.pt"
    torch.save(whole, path)
    read = ours(path)
    assert alike(read, theirs(path), path.read_bytes())
    assert read["model"]._metadata["1"] == {"version": 2}


def test_the_tables_are_those_of_torch() -> None:
    kinds = torch.storage._dtype_to_storage_type_map()
    names = {kinds[dtype]: str(dtype).removeprefix("torch.") for dtype in kinds}
    assert {name: names[name] for name in STORAGES} == STORAGES
    assert {name for name in names if not name.startswith("Q")} == set(STORAGES)
    assert {name: getattr(torch, name).itemsize for name in SIZES} == SIZES


def test_it_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text("arch net { input(2); fc = linear(3) }")
    model = torch.nn.Sequential(OrderedDict(fc=torch.nn.Linear(2, 3)))
    torch.save(model.state_dict(), tmp_path / "m.pt")
    code = (
        "import sys; sys.modules['torch'] = None; from archgen.cli import main;"
        "sys.argv[1:] = ['weights', 'm.pt', 'net.arch']; main()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


# --- hostile files ------------------------------------------------------------------------


class Trap:
    """Makes a folder when a pickle of it is loaded without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


class State:
    """Has a method that a pickle calls."""

    def __setstate__(self, state: object) -> None:
        raise AssertionError("it was called")


def test_what_runs_code_is_never_plain(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    for content in (Trap(tmp_path / "sprung"), State(), {"a": {1, 2}}, print):
        torch.save(content, path)
        with pytest.raises(NotPlain):
            ours(path)
    assert not (tmp_path / "sprung").exists()


@cache
def _sound() -> dict[str, bytes]:
    """The records of a sound file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        torch.save({"a": torch.ones(2, 3), "b": OrderedDict(c=torch.zeros(2).half(), e=3)}, path)
        return _records(path)


@examples(sample=400, full=20_000, of="damaged pickles, read without torch")
@given(places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=2))
def test_changed_bytes_are_read_as_torch_reads_them(places: list[tuple[float, int]]) -> None:
    """Or are left to torch."""
    data = bytearray(_sound()["model/data.pkl"])
    for place, byte in places:
        data[int(place * len(data))] = byte
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        _write(path, _sound() | {"model/data.pkl": bytes(data)})
        try:
            read = ours(path)
        except NotPlain:
            return
        assert alike(read, theirs(path), path.read_bytes())


def _write(path: Path, records: dict[str, bytes], compressed: bool = False) -> None:
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in records.items():
            archive.writestr(name, content)


def _records(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {each.filename: archive.read(each) for each in archive.infolist()}


@pytest.mark.parametrize("name", test_plain.SOUND)
def test_what_is_written_by_hand_is_what_torch_reads(name: str, tmp_path: Path) -> None:
    """So that the tests without torch are about files that torch takes."""
    value = test_plain.SOUND[name]
    path = tmp_path / "model.pt"
    test_plain.write(path, value)
    assert alike(ours(path), theirs(path), path.read_bytes())


def test_a_zip_that_is_far_larger_inside_is_refused(tmp_path: Path) -> None:
    """A file of 49 KB took 2.5 GB."""
    path = tmp_path / "bomb.pt"
    torch.save({"a": torch.zeros(12_000_000)}, path)
    _write(path, _records(path), compressed=True)
    assert path.stat().st_size < 100_000
    with open(path, "rb") as file, pytest.raises(Damaged, match="unpack to"):
        check_size(file)
    for numbers in (True, False):
        with pytest.raises(Exception, match="unpack to"):
            read(str(path), numbers=numbers)
