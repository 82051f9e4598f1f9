"""Files of torch, read without torch: what is read is what torch reads, and nothing is run."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from archgen.checkpoint.archive import NotPlain, check_size, read_plain
from archgen.checkpoint.contents import Held, look
from archgen.checkpoint.header import Damaged
from archgen.checkpoint.pickled import SIZES, STORAGES, load
from archgen.checkpoint.read import read
from archgen.checkpoint.tensors import content as content_of
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


class Nothing:
    def start(self, key: str, size: int) -> int | None:
        return 0


def op(name: str, argument: bytes = b"") -> bytes:
    return getattr(pickle, name) + argument  # type: ignore[no-any-return]


def named(name: str) -> bytes:
    return op("GLOBAL", name.replace(" ", "\n").encode() + b"\n")


def storage(count: bytes = b"K\x02", key: bytes = b"0", kind: str = "torch FloatStorage") -> bytes:
    text = lambda words: op("BINUNICODE", struct.pack("<I", len(words)) + words)  # noqa: E731
    return b"(" + text(b"storage") + named(kind) + text(key) + text(b"cpu") + count + b"tQ"


def rebuilt(sizes: bytes, strides: bytes, offset: bytes = b"K\x00", of: bytes = storage()) -> bytes:
    function = named("torch._utils _rebuild_tensor_v2")
    hooks = named("collections OrderedDict") + b")R"
    return function + b"(" + of + offset + sizes + strides + op("NEWFALSE") + hooks + b"tR."


TWO, ONE, HUGE = b"K\x02\x85", b"K\x01\x85", b"\x8a\x08" + bytes(7) + b"\x7f\x85"
HOSTILE = {
    "nothing": b"",
    "no end": b"\x80\x02}",
    "an empty stack": b"\x80\x02.",
    "a call of the system": named("posix system") + b"(" + b"X\x02\x00\x00\x00ls" + b"tR.",
    "eval": named("builtins eval") + b"(X\x01\x00\x00\x001tR.",
    "getattr": named("builtins getattr") + b".",
    "a name of torch that is not a word": named("torch load") + b".",
    "a name of torch within a name": named("torch._utils _rebuild_tensor_v2.__globals__") + b".",
    "a name of a name": named("torch.FloatStorage __init__") + b".",
    "a stack global": b"\x80\x04\x8c\x05posix\x8c\x06system\x93.",
    "a stack global of numbers": b"\x80\x04K\x01K\x02\x93.",
    "an extension": op("EXT1", b"\x01") + b".",
    "a new object": named("collections OrderedDict") + b")\x81.",
    "an instance": b"(iposix\nsystem\n.",
    "an object": b"(" + named("collections OrderedDict") + b"o.",
    "a call of a call": named("collections OrderedDict") + b")R)R.",
    "a call with arguments": named("collections OrderedDict") + b"]\x85R.",
    "a call of a text": b"X\x01\x00\x00\x00a)R.",
    "a call of a dtype": named("torch float32") + b")R.",
    "a call of a storage": named("torch FloatStorage") + b")R.",
    "state of a dictionary": b"}}X\x01\x00\x00\x00aK\x01sb.",
    "attributes": named("collections OrderedDict") + b")R}X\x05\x00\x00\x00itemsK\x01sb.",
    "state of a tensor": rebuilt(TWO, ONE)[:-1] + b"}b.",
    "a key that is a list": b"}]K\x01s.",
    "a key that is a tuple": b"})K\x01s.",
    "half a pair": b"}(K\x01u.",
    "items of a text": b"X\x01\x00\x00\x00aK\x01K\x02s.",
    "append to a dictionary": b"}K\x01a.",
    "memory that is not there": b"h\x05.",
    "a place far away": b"Nr\xff\xff\xff\x7f0.",
    "a text longer than the file": b"X\xff\xff\xff\xffa.",
    "bytes longer than the file": b"\x8d" + b"\xff" * 8 + b".",
    "a frame longer than the file": b"\x80\x04\x95" + b"\xff" * 8 + b".",
    "many numbers": b"(" + b"I1\n" * 10,
    "a reference to a text": b"X\x01\x00\x00\x00aQ.",
    "a reference to five letters": b"X\x05\x00\x00\x00abcdeQ.",
    "a storage of a text": storage().replace(b"ctorch\nFloatStorage\n", b"N") + b".",
    "a storage of negative size": storage(b"J\xff\xff\xff\xff") + b".",
    "a storage of a dtype": storage(kind="torch float32") + b".",
    "one storage of two sizes": storage() + storage(b"K\x03") + b".",
    "a tensor behind its storage": rebuilt(b"K\x03\x85", ONE),
    "a tensor begins behind its storage": rebuilt(ONE, ONE, b"K\x02"),
    "a tensor with large strides": rebuilt(TWO, HUGE),
    "a tensor with negative strides": rebuilt(TWO, b"J\xff\xff\xff\xff\x85"),
    "a tensor of a huge product": rebuilt(
        b"\x8a\x05\x00\x00\x00\x00\x01" * 3 + b"\x87", b"K\x00K\x00K\x00\x87"
    ),
    "a tensor of true size": rebuilt(b"\x88\x85", ONE),
    "a tensor with few strides": rebuilt(b"K\x01K\x02\x86", ONE),
    "a tensor of a list": rebuilt(b"]", ONE),
    "a tensor of a text": rebuilt(TWO, ONE, of=b"X\x01\x00\x00\x00a"),
    "a tensor of a dtype": rebuilt(TWO, ONE, of=named("torch float32")),
    "an untyped tensor": rebuilt(TWO, ONE, of=storage(kind="torch.storage UntypedStorage")),
    "a parameter of a text": named("torch._utils _rebuild_parameter")
    + b"X\x01\x00\x00\x00a\x88N\x87R.",
    "deep brackets": b"\x80\x02" + b"]" * 100_000,
    "deep marks": b"(" * 100_000 + b".",
    "deep tuples": b")" + b"\x85" * 100_000 + b"R.",
    "an opcode that does not exist": b"\xff.",
    "pops": b"0" * 10,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pickles_are_not_plain(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(NotPlain):
        load(data, Nothing())
    assert time.process_time() - start < 10


def test_the_helpers_make_sound_pickles() -> None:
    assert load(rebuilt(TWO, ONE), Nothing()) == Held((2,), "float32")


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


Change = Callable[[dict[str, bytes]], dict[str, bytes]]
CHANGES: dict[str, Change] = {
    "TorchScript": lambda records: records | {"model/constants.pkl": b""},
    "no pickle": lambda records: {k: v for k, v in records.items() if k != "model/data.pkl"},
    "no storage": lambda records: {k: v for k, v in records.items() if k != "model/data/0"},
    "a short storage": lambda records: records | {"model/data/0": b"1234"},
    "a long storage": lambda records: records | {"model/data/0": bytes(100)},
    "a name in other case": lambda records: records | {"MODEL/data.pkl": b"\x80\x02}."},
    "nothing": lambda records: {},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_unusual_archives_are_left_to_torch(change: Change, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"a": torch.ones(2, 3)}, path)
    _write(path, change(_records(path)))
    with pytest.raises(NotPlain):
        ours(path)


def test_numbers_that_are_compressed_or_big_endian_are_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"a": torch.ones(2, 3)}, path)
    records = _records(path)
    _write(path, records, compressed=True)
    assert ours(path)["a"].data is None
    _write(path, records | {"model/byteorder": b"big"})
    assert ours(path)["a"].data is None


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
