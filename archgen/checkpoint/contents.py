"""What a checkpoint holds, but for its numbers. Knows no file and no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

State = Mapping[str, Any]
"""A `state_dict`: tensors by key. Only their `shape` and `dtype` are read."""


@dataclass(frozen=True, slots=True)
class Held:
    """What stands under one key. What is no tensor has no shape, and its type for a dtype."""

    shape: tuple[int, ...] | None
    dtype: str

    @property
    def is_tensor(self) -> bool:
        return self.shape is not None


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
    """A tensor of whatever kind: it has a shape and a dtype."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        return Held(None, type(value).__name__)
    return Held(tuple(int(size) for size in shape), str(dtype).removeprefix("torch."))


def _versions(state: State) -> dict[str, int]:
    metadata = getattr(state, "_metadata", None)
    if not isinstance(metadata, Mapping):
        return {}
    known = {path: each.get("version") for path, each in metadata.items() if _is_facts(path, each)}
    return {path: version for path, version in known.items() if isinstance(version, int)}


def _is_facts(path: object, facts: object) -> bool:
    return isinstance(path, str) and isinstance(facts, Mapping)
