"""What a checkpoint holds, but for its numbers. Knows no file and no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

State = Mapping[str, Any]
"""A `state_dict`: tensors by key. Only their `shape` and `dtype` are read."""


FLOATS: Final = {
    *("float16", "bfloat16", "float32", "float64"),
    *("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"),
}
INTEGERS: Final = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
"""Names of the dtypes that torch copies into a parameter, or into a count, without a warning."""

STRIDED: Final = "strided"


@dataclass(frozen=True, slots=True)
class Held:
    """The value of one key. What is not a tensor has no shape, and its type for a dtype.

    layout: torch's; a sparse tensor is not `strided`.
    data: where in the file its numbers are, as first byte and number of bytes, if they are there
    in order (row-major, little-endian, not compressed).
    """

    shape: tuple[int, ...] | None
    dtype: str
    layout: str = STRIDED
    data: tuple[int, int] | None = field(default=None, compare=False)

    @property
    def is_tensor(self) -> bool:
        return self.shape is not None

    @property
    def is_float(self) -> bool:
        """Whether it holds real floating-point numbers, as a parameter does."""
        return self.dtype in FLOATS and self.layout == STRIDED

    @property
    def is_number(self) -> bool:
        """Whether it holds real numbers, floating-point or integer."""
        return self.is_float or (self.dtype in INTEGERS and self.layout == STRIDED)


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything of a `state_dict` but its numbers.

    versions: of the modules' own formats, by path, as torch writes them beside a `state_dict`.
    """

    held: Mapping[str, Held]
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def dtypes(self) -> dict[str, int]:
        """How many tensors are of each dtype, the most frequent first."""
        counted = Counter(each.dtype for each in self.held.values() if each.is_tensor)
        return dict(counted.most_common())


def contents(state: State) -> Contents:
    """Look at a `state_dict`. Raises `TypeError` if a key is no string."""
    if wrong := next((key for key in state if not isinstance(key, str)), None):
        raise TypeError(f"a key of a state_dict is a string, not {wrong!r}")
    return Contents({key: look(value) for key, value in state.items()}, _versions(state))


def look(value: object) -> Held:
    """A tensor of any library that torch loads has a shape, a dtype and a layout."""
    if isinstance(value, Held):
        return value
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    layout = getattr(value, "layout", None)
    if shape is None or dtype is None or layout is None:
        return Held(None, type(value).__name__)
    return Held(tuple(int(size) for size in shape), _name(dtype), _name(layout))


def _name(value: object) -> str:
    """`float32` for `torch.float32`."""
    return str(value).removeprefix("torch.").removeprefix("_")


def _versions(state: State) -> dict[str, int]:
    metadata = getattr(state, "_metadata", None)
    if not isinstance(metadata, Mapping):
        return {}
    known = {path: each.get("version") for path, each in metadata.items() if _is_facts(path, each)}
    return {path: version for path, version in known.items() if isinstance(version, int)}


def _is_facts(path: object, facts: object) -> bool:
    return isinstance(path, str) and isinstance(facts, Mapping)
