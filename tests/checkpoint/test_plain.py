"""Files of torch written by hand: what is read of them, and what is refused, without torch.

`test_pickled.py` holds that torch reads the same in the sound ones.
"""

from __future__ import annotations

import pickle
import struct
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from archgen.checkpoint.archive import NotPlain, check_size, read_plain
from archgen.checkpoint.contents import Held
from archgen.checkpoint.header import Damaged
from archgen.checkpoint.pickled import load
from archgen.cli.app import group
from tests.sweeps import calm

# --- hostile pickles ---------------------------------------------------------------------------


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


# --- sound files ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stored:
    """A tensor as a file has it: a view of a storage of bytes.

    place: which bytes of `data` its numbers are, where they lie there in order.
    """

    data: bytes
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    key: str = "0"
    kind: str = "torch FloatStorage"
    parameter: bool = False
    place: tuple[int, int] | None = None


def encoded(value: object) -> bytes:
    """What `torch.save` writes for a value, without its end."""
    match value:
        case Stored():
            return _tensor(value)
        case dict():
            items = b"".join(encoded(key) + encoded(each) for key, each in value.items())
            made = named("collections OrderedDict") + b")R" if type(value) is not dict else b"}"
            return made + b"(" + items + b"u"
        case tuple():
            return b"(" + b"".join(map(encoded, value)) + b"t"
        case _:
            return pickle.dumps(value, 2)[2:-1]


def _tensor(each: Stored) -> bytes:
    untyped = each.kind == "torch.storage UntypedStorage"
    count = len(each.data) if untyped else len(each.data) // WIDTHS[each.dtype]
    words = (b"(", encoded("storage"), named(each.kind), encoded(each.key), encoded("cpu"))
    made = b"".join(words) + encoded(count) + b"tQ"
    hooks = named("collections OrderedDict") + b")R"
    rest = encoded(each.offset) + encoded(each.shape) + encoded(each.strides) + b"\x89" + hooks
    version, kind = ("3", named(f"torch {each.dtype}")) if untyped else ("2", b"")
    tensor = named(f"torch._utils _rebuild_tensor_v{version}") + b"(" + made + rest + kind + b"tR"
    if not each.parameter:
        return tensor
    return named("torch._utils _rebuild_parameter") + b"(" + tensor + b"\x88" + hooks + b"tR"


WIDTHS = {"float32": 4, "int64": 8, "bool": 1, "uint16": 2}
BYTES = bytes(range(24))
LONG, BOOL, UNTYPED = "torch LongStorage", "torch BoolStorage", "torch.storage UntypedStorage"
TENSORS = {
    "whole": Stored(BYTES, "float32", (2, 3), (3, 1), place=(0, 24)),
    "integers": Stored(BYTES, "int64", (3,), (1,), kind=LONG, place=(0, 24)),
    "booleans": Stored(bytes(2), "bool", (2,), (1,), kind=BOOL, place=(0, 2)),
    "a dtype without a class": Stored(BYTES, "uint16", (12,), (1,), kind=UNTYPED, place=(0, 24)),
    "behind others": Stored(BYTES, "float32", (2,), (1,), offset=4, place=(16, 8)),
    "a column": Stored(BYTES, "float32", (2,), (3,), offset=2),
    "transposed": Stored(BYTES, "float32", (3, 2), (1, 3)),
    "expanded": Stored(BYTES, "float32", (5, 2), (0, 1)),
    "an axis of one": Stored(BYTES, "float32", (2, 1, 3), (3, 77, 1), place=(0, 24)),
    "a number": Stored(BYTES, "float32", (), (), offset=5, place=(20, 4)),
    "no numbers": Stored(BYTES, "float32", (0, 3), (3, 1), offset=6, place=(0, 0)),
    "a parameter": Stored(BYTES, "float32", (6,), (1,), parameter=True, place=(0, 24)),
}
SOUND: dict[str, Any] = {name: {"a": tensor} for name, tensor in TENSORS.items()}
SOUND["two that share their numbers"] = {
    "a": TENSORS["whole"],
    "b": TENSORS["behind others"],
    "c": Stored(bytes(8), "float32", (2,), (1,), key="1", place=(0, 8)),
}
SOUND["beside other values"] = OrderedDict(
    epoch=3,
    best=0.5,
    names=["a", None, True],
    at=(1, (), (2, 3), (1, 2, 3, 4)),
    model=SOUND["whole"],
)


def tensors_of(value: object) -> list[Stored]:
    match value:
        case Stored():
            return [value]
        case dict():
            return [each for item in value.values() for each in tensors_of(item)]
    return []


def records(value: object) -> dict[str, bytes]:
    """The records of a file of `torch.save`."""
    found = {"model/data.pkl": b"\x80\x02" + encoded(value) + b".", "model/byteorder": b"little"}
    found |= {f"model/data/{each.key}": each.data for each in tensors_of(value)}
    return found | {"model/version": b"3\n"}


def write(path: Path, value: object) -> None:
    pack(path, records(value))


def pack(path: Path, content: dict[str, bytes], compressed: bool = False) -> None:
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, each in content.items():
            record = zipfile.ZipInfo(name)
            record.compress_type = kind
            # torch fills up before the numbers, so that these begin at a multiple of 64.
            record.extra = b"FB\x05\x00" + b"Z" * 5 if "/data/" in name else b""
            archive.writestr(record, each)


def found_in(path: Path) -> Any:
    with open(path, "rb") as file:
        return read_plain(file)


def agrees(found: object, meant: object, content: bytes) -> bool:
    """Whether a value that was read is the one that was written, numbers and all."""
    match meant:
        case Stored():
            if found != Held(meant.shape, meant.dtype) or not isinstance(found, Held):
                return False
            if found.data is None or meant.place is None:
                return found.data is meant.place is None
            (start, size), (at, wanted) = found.data, meant.place
            return size == wanted and content[start : start + size] == meant.data[at : at + wanted]
        case dict():
            return (
                isinstance(found, dict)
                and list(found) == list(meant)
                and all(agrees(found[key], each, content) for key, each in meant.items())
            )
    return type(found) is type(meant) and found == meant


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_is_read(name: str, tmp_path: Path) -> None:
    write(tmp_path / "model.pt", SOUND[name])
    found = found_in(tmp_path / "model.pt")
    assert agrees(found, SOUND[name], (tmp_path / "model.pt").read_bytes())


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
KEYS = st.text(max_size=3) | st.integers(0, 2**63 - 1)


@calm
@given(
    st.recursive(
        PLAIN,
        lambda inner: (
            st.lists(inner, max_size=5)
            | st.lists(inner, max_size=5).map(tuple)
            | st.dictionaries(KEYS, inner, max_size=3)
            | st.dictionaries(KEYS, inner, max_size=3).map(OrderedDict)
        ),
        max_leaves=10,
    )
)
def test_what_is_plain_is_read_as_python_reads_it(value: object) -> None:
    """A pickle that Python writes, with what it remembers of values that stand in it twice."""
    twice = [value, value]
    assert load(pickle.dumps(twice, 2), Nothing()) == twice


@pytest.mark.parametrize(("size", "fits"), [(2**63 - 1, True), (2**63, False), (-1, False)])
def test_a_number_is_one_of_torch(size: int, fits: bool) -> None:
    """As a key, and as a size of a tensor: of 63 bits."""
    pickles = [pickle.dumps({size: 1}, 2), rebuilt(encoded((0, size)), encoded((0, 1)))]
    for content in pickles:
        if fits:
            assert load(content, Nothing())
        else:
            with pytest.raises(NotPlain):
                load(content, Nothing())


@pytest.mark.parametrize("count", [1, 300])
def test_what_is_remembered_is_found_again(count: int) -> None:
    """By numbers of one byte and of four."""
    names = [f"name {number}" for number in range(count)]
    assert load(pickle.dumps([*names, *names], 2), Nothing()) == [*names, *names]


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
    pack(tmp_path / "model.pt", change(records(SOUND["whole"])))
    with pytest.raises(NotPlain):
        found_in(tmp_path / "model.pt")


def test_numbers_that_are_compressed_or_big_endian_are_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    pack(path, records(SOUND["whole"]), compressed=True)
    assert found_in(path)["a"].data is None
    pack(path, records(SOUND["whole"]) | {"model/byteorder": b"big"})
    assert found_in(path)["a"].data is None


def test_an_archive_that_lacks_its_end_is_left_to_torch(tmp_path: Path) -> None:
    """Wherever it is cut, also where its list of records is put behind what is left."""
    path = tmp_path / "model.pt"
    write(path, SOUND["whole"])
    content = path.read_bytes()
    directory = content.index(b"PK\x01\x02")
    for end in range(0, directory, 7):
        for rest in (b"", content[directory:]):
            path.write_bytes(content[:end] + rest)
            with pytest.raises(NotPlain):
                found_in(path)


def test_a_zip_that_is_far_larger_inside_is_refused(tmp_path: Path) -> None:
    """More than ten times the file and a megabyte."""
    path = tmp_path / "bomb.pt"
    for size, fits in ((1 << 20, True), (1 << 22, False)):
        pack(path, {"model/data.pkl": b"\x80\x02}.", "model/data/0": bytes(size)}, compressed=True)
        with open(path, "rb") as file:
            if fits:
                check_size(file)
            else:
                with pytest.raises(Damaged, match=f"unpack to {size + 4:,} bytes"):
                    check_size(file)


def test_a_checkpoint_of_torch_is_compared_and_copied_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder := tmp_path)

    def run(*words: str) -> Result:
        return CliRunner().invoke(group, words, prog_name="archgen")

    (folder / "net.arch").write_text("arch net { input(2); fc = linear(3) }")
    weight = Stored(BYTES, "float32", (3, 2), (2, 1), place=(0, 24))
    bias = Stored(BYTES[:12], "float32", (3,), (1,), key="1", place=(0, 12))
    write(folder / "m.pt", OrderedDict({"fc.weight": weight, "fc.bias": bias}))
    assert run("weights", "m.pt", "net.arch").exit_code == 0
    (folder / "new.arch").write_text("arch net { input(2); head = linear(3) }")
    done = run("transfer", "net.arch", "new.arch", "m.pt", "-o", "new.safetensors")
    assert done.exit_code == 0, done.output
    copied = (folder / "new.safetensors").read_bytes()
    assert BYTES in copied
    assert b'"head.weight"' in copied
