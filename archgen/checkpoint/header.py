"""The header of a safetensors file: names, dtypes and shapes, without torch and without reading
a number.

The format is `safetensors` 0.x: eight bytes with the length of the header, little-endian; the
header, a JSON object; the bytes of all tensors, one behind the other. A header is data from
strangers: its length, its names, and that tensors neither overlap nor leave bytes unnamed are
checked as its own library does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import BinaryIO, Final

from archgen.checkpoint.contents import Held

LONGEST: Final = 100_000_000  # bytes of a header, as in the library
MOST_AXES: Final = 64  # no library makes more, and their product must not take long
_LENGTH: Final = 8
DTYPES: Final = {
    "BOOL": ("bool", 8),
    "U8": ("uint8", 8),
    "I8": ("int8", 8),
    "U16": ("uint16", 16),
    "I16": ("int16", 16),
    "U32": ("uint32", 32),
    "I32": ("int32", 32),
    "U64": ("uint64", 64),
    "I64": ("int64", 64),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "F32": ("float32", 32),
    "F64": ("float64", 64),
    "C64": ("complex64", 64),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F6_E2M3": ("float6_e2m3", 6),
    "F6_E3M2": ("float6_e3m2", 6),
    "F4": ("float4_e2m1fn_x2", 4),
}
"""By the format's names: torch's name of the dtype, and how many bits a number has."""


class Damaged(ValueError):
    """Not a safetensors file, or one that no honest program wrote; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Header:
    tensors: dict[str, Held]
    metadata: dict[str, str]


def read_header(file: BinaryIO) -> Header:
    """Read and check the header of an open file. Raises `Damaged`."""
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(_LENGTH), "little")
    if size < _LENGTH or length > size - _LENGTH:
        raise Damaged("it ends within its header")
    if length > LONGEST:
        raise Damaged(f"its header has {length:,} bytes, the limit is {LONGEST:,}")
    entries = _parse(file.read(length))
    metadata = _metadata(entries.pop("__metadata__", {}))
    tensors = {name: _tensor(name, facts, _LENGTH + length) for name, facts in entries.items()}
    _check_places([held.data for held in tensors.values() if held.data], _LENGTH + length, size)
    return Header(tensors, metadata)


def packed_header(
    tensors: Mapping[str, Held], metadata: Mapping[str, str]
) -> tuple[bytes, list[str]]:
    """The first bytes of a file of safetensors, and the keys in the order of their numbers.

    The largest numbers come first, so that each is at a multiple of its size.
    Raises `Damaged` for a dtype that the format does not have.
    """
    formats = {name: (word, bits) for word, (name, bits) in DTYPES.items()}
    if unknown := [key for key, held in tensors.items() if held.dtype not in formats]:
        dtype = tensors[unknown[0]].dtype
        raise Damaged(f"safetensors has no dtype {dtype}, which `{unknown[0]}` has")
    order = sorted(tensors, key=lambda key: -formats[tensors[key].dtype][1])
    entries: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for key in order:
        held = tensors[key]
        word, bits = formats[held.dtype]
        begin, end = end, end + prod(held.shape or ()) * bits // 8
        entries[key] = {"dtype": word, "shape": held.shape, "data_offsets": [begin, end]}
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH)
    return len(text).to_bytes(_LENGTH, "little") + text, order


def _parse(text: bytes) -> dict[str, object]:
    try:
        parsed = json.loads(text.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as problem:  # UnicodeDecodeError is a ValueError
        if isinstance(problem, Damaged):
            raise
        raise Damaged("its header is no JSON") from None
    if not isinstance(parsed, dict):
        raise Damaged("its header is no JSON object")
    return parsed


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise Damaged("its header gives a name twice")
    return entries


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise Damaged("its `__metadata__` is no table of texts")
    return value


def _tensor(name: str, facts: object, start: int) -> Held:
    """What a name stands for. start: of all tensors' bytes in the file."""
    if not isinstance(facts, dict) or set(facts) != {"dtype", "shape", "data_offsets"}:
        raise Damaged(f"`{name}` is described wrongly")
    dtype, bits = DTYPES.get(str(facts["dtype"]), ("", 0))
    if not bits:
        raise Damaged(f"`{name}` has a dtype that the format does not know")
    shape, place = _numbers(name, facts["shape"]), _numbers(name, facts["data_offsets"])
    if len(place) != 2 or 8 * (place[1] - place[0]) != prod(shape) * bits:
        raise Damaged(f"the bytes of `{name}` are not as many as its shape says")
    return Held(shape, dtype, data=(start + place[0], place[1] - place[0]))


def _numbers(name: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > MOST_AXES or not all(map(_is_size, value)):
        raise Damaged(f"`{name}` is described wrongly")
    return tuple(value)


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _check_places(places: Sequence[tuple[int, int]], start: int, size: int) -> None:
    """Each byte from `start` to the end of the file belongs to one tensor."""
    end = start
    for begin, length in sorted(places):
        if begin != end:
            raise Damaged("its tensors overlap, or leave bytes between them")
        end += length
    if end != size:
        raise Damaged(f"its tensors end at byte {end:,} of {size:,}")
