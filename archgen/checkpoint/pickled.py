"""The pickle of a `state_dict`, read as data: containers, texts, numbers, and facts of tensors.

A pickle is a program. This is an interpreter of the opcodes that `torch.save` writes for plain
values: it imports nothing, calls nothing that the file names, and makes no instance of a class of
the file. For all else it raises `NotPlain`. Knows no file: `Storages` answers for the numbers.
"""

from __future__ import annotations

import pickletools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from archgen.checkpoint.contents import Held

LONGEST: Final = 1 << 26  # bytes
_PROTOCOL: Final = 2  # torch's own, and the one that its loader supports
MOST_OPCODES: Final = 3_000_000  # some microseconds each; a tensor takes thirty

STORAGES: Final = {
    "BFloat16Storage": "bfloat16",
    "BoolStorage": "bool",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "ShortStorage": "int16",
}
"""torch's name of the dtype by its name of the class of storages."""

SIZES: Final = {
    **dict.fromkeys(("complex128",), 16),
    **dict.fromkeys(("complex64", "float64", "int64", "uint64"), 8),
    **dict.fromkeys(("float32", "int32", "uint32"), 4),
    **dict.fromkeys(("bfloat16", "float16", "int16", "uint16"), 2),
    **dict.fromkeys(("bool", "int8", "uint8", "float8_e4m3fn", "float8_e4m3fnuz"), 1),
    **dict.fromkeys(("float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"), 1),
}
"""Bytes of a number, by torch's name of the dtype."""


class NotPlain(ValueError):
    """The pickle holds more than plain values; only torch can tell whether it is sound."""


class Storages(Protocol):
    def start(self, key: str, size: int) -> int | None:
        """The first byte of a storage of `size` bytes in the file; None if it is not as it is in
        memory. Raises `NotPlain` if there is no such storage."""


def load(data: bytes, storages: Storages) -> object:
    """The value of a pickle; a tensor is `Held`. Raises `NotPlain`, whatever the bytes are."""
    if len(data) > LONGEST:
        raise NotPlain("its pickle is too long")
    try:
        return _Machine(storages).run(data)
    except NotPlain:
        raise
    except (ValueError, TypeError, LookupError, AttributeError) as problem:
        raise NotPlain(f"its pickle is damaged: {problem}") from None


@dataclass(frozen=True, slots=True)
class _Global:
    """A name of a module, which is not looked up."""

    name: str


@dataclass(frozen=True, slots=True)
class _Storage:
    dtype: str | None  # None: bytes
    key: str
    size: int  # in bytes


class _Machine:
    def __init__(self, storages: Storages) -> None:
        self.storages = storages
        self.sizes: dict[str, _Storage] = {}
        self.memo: dict[int, Any] = {}
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # one for each mark

    def run(self, data: bytes) -> object:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count > MOST_OPCODES:
                raise NotPlain("its pickle has too many steps")
            if opcode.name == "STOP":
                return self.stack.pop()
            step = _STEPS.get(opcode.name)
            if step is None:
                raise NotPlain(f"its pickle has the opcode {opcode.name}")
            step(self, argument)
        raise NotPlain("its pickle does not end")

    # --- opcodes --------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def protocol(self, number: int) -> None:
        if number != _PROTOCOL:
            raise NotPlain(f"its pickle is of protocol {number}")

    def pop(self, _: Any) -> None:
        self.stack.pop()

    def mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def marked(self) -> list[Any]:
        """What is above the last mark, which goes."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def put(self, number: int) -> None:
        self.memo[number] = self.stack[-1]

    def get(self, number: int) -> None:
        self.stack.append(self.memo[number])

    def last(self, count: int) -> None:
        """The last `count` values become a tuple."""
        if len(self.stack) < count:
            raise NotPlain("its pickle is damaged")
        items = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(items)

    def as_tuple(self, _: Any) -> None:
        items = tuple(self.marked())
        self.stack.append(items)

    def append(self, _: Any) -> None:
        self.extend([self.stack.pop()])

    def appends(self, _: Any) -> None:
        self.extend(self.marked())

    def extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise NotPlain("its pickle appends to what is not a list")
        self.stack[-1].extend(items)

    def setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.update([key, value])

    def setitems(self, _: Any) -> None:
        self.update(self.marked())

    def update(self, items: list[Any]) -> None:
        target, keys = self.stack[-1], items[::2]
        if type(target) not in (dict, OrderedDict) or len(items) % 2:
            raise NotPlain("its pickle sets items of what is not a dictionary")
        if not all(type(key) is str or _is_size(key) for key in keys):
            raise NotPlain("a key of its dictionaries is neither a text nor a number")
        target.update(zip(keys, items[1::2], strict=True))

    def name(self, argument: str) -> None:
        name = argument.replace(" ", ".", 1)
        if name not in _GLOBALS and not _is_of_torch(name):
            raise NotPlain(f"its pickle names {name!r}")
        self.stack.append(_Global(name))

    def call(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        made = _GLOBALS.get(function.name) if type(function) is _Global else None
        if made is None or type(arguments) is not tuple:
            raise NotPlain("its pickle calls something")
        self.stack.append(made(self, *arguments))

    def build(self, _: Any) -> None:
        """The versions of formats, an attribute of a `state_dict`, and nothing else."""
        state = self.stack.pop()
        if type(self.stack[-1]) is not OrderedDict or type(state) is not dict:
            raise NotPlain("its pickle sets the state of a value")
        if set(state) != {"_metadata"}:
            raise NotPlain("its pickle sets attributes")
        vars(self.stack[-1])["_metadata"] = state["_metadata"]

    def persistent(self, _: Any) -> None:
        """A storage: its class, its key, its device and how many numbers it holds."""
        word, kind, key, location, count = self.stack.pop()
        sound = type(kind) is _Global and type(key) is type(location) is str and _is_size(count)
        if word != "storage" or not sound:
            raise NotPlain("its pickle refers to what is not a storage")
        module, _, name = kind.name.rpartition(".")
        dtype = STORAGES.get(name) if module == "torch" else None
        if dtype is None and kind.name != _UNTYPED:
            raise NotPlain(f"its pickle has storages of {kind.name}")
        storage = _Storage(dtype, key, count * (SIZES[dtype] if dtype else 1))
        if self.sizes.setdefault(key, storage) != storage:
            raise NotPlain("two storages have one key")
        self.stack.append(storage)

    # --- what is called -------------------------------------------------------------------

    def ordered(self, *arguments: Any) -> OrderedDict[Any, Any]:
        if arguments:
            raise NotPlain("its pickle calls something")
        return OrderedDict()

    def size(self, sizes: Any) -> Any:
        return tuple(_sizes(sizes))

    def parameter(self, data: Any, requires_grad: Any, hooks: Any) -> Held:
        if type(data) is not Held or hooks or type(requires_grad) is not bool:
            raise NotPlain("its pickle has a parameter that is not a tensor")
        return data

    def typed(
        self, storage: Any, offset: Any, sizes: Any, strides: Any, grad: Any, hooks: Any
    ) -> Held:
        """Most dtypes have a class of storages."""
        dtype = storage.dtype if type(storage) is _Storage else None
        return self.tensor(storage, dtype, offset, sizes, strides, (grad, hooks))

    def untyped(
        self, storage: Any, offset: Any, sizes: Any, strides: Any, grad: Any, hooks: Any, kind: Any
    ) -> Held:
        """The others have a storage of bytes."""
        bytes_alone = type(storage) is _Storage and storage.dtype is None
        dtype = _dtype(kind.name) if bytes_alone and type(kind) is _Global else None
        return self.tensor(storage, dtype, offset, sizes, strides, (grad, hooks))

    def tensor(
        self,
        storage: _Storage,
        dtype: str | None,
        offset: Any,
        sizes: Any,
        strides: Any,
        of_autograd: tuple[Any, Any],
    ) -> Held:
        grad, hooks = of_autograd
        if dtype is None or not _is_size(offset) or hooks or type(grad) is not bool:
            raise NotPlain("its pickle has a tensor that is not plain")
        shape, steps = _sizes(sizes), _sizes(strides)
        count, end = _extent(shape, steps)
        if count and offset + end > storage.size // SIZES[dtype]:
            raise NotPlain("its pickle has a tensor that is larger than its storage")
        start = self.storages.start(storage.key, storage.size)
        if start is None or not _is_in_order(shape, steps):
            return Held(shape, dtype)
        place = start + (offset * SIZES[dtype] if count else 0)
        return Held(shape, dtype, data=(place, count * SIZES[dtype]))


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _sizes(values: Any) -> tuple[int, ...]:
    if type(values) is not tuple or len(values) > 64 or not all(map(_is_size, values)):
        raise NotPlain("its pickle has a tensor whose sizes are not sizes")
    return values


def _extent(shape: Sequence[int], strides: Sequence[int]) -> tuple[int, int]:
    """How many numbers a tensor has, and where in its storage the last one ends."""
    count, last = 1, 0
    for size, stride in zip(shape, strides, strict=True):
        count *= size
        last += (size - 1) * stride
    if count >= 2**63:
        raise NotPlain("its pickle has a tensor of too many numbers")
    return count, last + 1 if count else 0


def _is_in_order(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the numbers are in memory as they are counted, the last axis fastest."""
    expected = 1
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1 and stride != expected:
            return 0 in shape
        expected *= size
    return True


def _dtype(name: str) -> str | None:
    short = name.removeprefix("torch.")
    return short if short in SIZES else None


def _is_of_torch(name: str) -> bool:
    """A dtype or a class of storages: words, which are never called."""
    module, _, last = name.rpartition(".")
    return name == _UNTYPED or (module == "torch" and (last in STORAGES or last in SIZES))


_UNTYPED = "torch.storage.UntypedStorage"
_GLOBALS: Final[dict[str, Callable[..., Any]]] = {
    "collections.OrderedDict": _Machine.ordered,
    "torch.Size": _Machine.size,
    "torch._utils._rebuild_parameter": _Machine.parameter,
    "torch._utils._rebuild_tensor_v2": _Machine.typed,
    "torch._utils._rebuild_tensor_v3": _Machine.untyped,
}


def _constant(make: Callable[[], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(make())


_STEPS: Final[dict[str, Callable[[_Machine, Any], None]]] = {
    "PROTO": _Machine.protocol,
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _Machine.push),
    "BINUNICODE": _Machine.push,
    "NONE": _constant(lambda: None),
    "NEWTRUE": _constant(lambda: True),
    "NEWFALSE": _constant(lambda: False),
    "EMPTY_TUPLE": _constant(tuple),
    "EMPTY_LIST": _constant(list),
    "EMPTY_DICT": _constant(dict),
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Machine.get),
    "TUPLE": _Machine.as_tuple,
    "TUPLE1": lambda machine, _: machine.last(1),
    "TUPLE2": lambda machine, _: machine.last(2),
    "TUPLE3": lambda machine, _: machine.last(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.setitem,
    "SETITEMS": _Machine.setitems,
    "GLOBAL": _Machine.name,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.persistent,
}
