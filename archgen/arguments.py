"""Arguments from Python, of which anything may be wrong: what a public function takes.

A value of another kind is a `TypeError` that names the parameter; nothing that it brings is
called, since a stranger's `__repr__` or `__eq__` may do anything.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a parameter takes, in words, and whether a value is that."""

    words: str
    holds: Callable[[object], bool]

    def __or__(self, other: Kind) -> Kind:
        return Kind(f"{self.words} or {other.words}", lambda x: self.holds(x) or other.holds(x))


def check(**given: tuple[object, Kind]) -> None:
    """Hold arguments against their kinds. Raises `TypeError` for the first of another kind."""
    for name, (value, kind) in given.items():
        if not kind.holds(value):
            raise TypeError(f"{name} must be {kind.words}, not {called(value)}")


def path(name: str, value: object) -> str:
    """A path as a plain string. Raises `TypeError` for what is none."""
    check(**{name: (value, PATH)})
    try:
        found = text(value if isinstance(value, str) else os.fspath(value))  # type: ignore[call-overload]
        os.fsencode(found)
    except Exception:
        raise TypeError(f"{name} must be {PATH.words}, not {called(value)}") from None
    if "\0" in found:
        raise TypeError(f"{name} must be {PATH.words}, which holds no null character")
    return found


def plain(value: T) -> T:
    """A string of a class of its own as a plain one, other values as they are."""
    return text(value) if isinstance(value, str) else value  # type: ignore[return-value]


def text(value: str) -> str:
    """A string of a class of its own as a plain one."""
    return str.__str__(value)


def called(value: object) -> str:
    """What a value is: `numpy.ndarray`, or the number itself, unless it is too long to read."""
    kind = type(value)
    if kind in {bool, float}:
        return str(value)
    if kind is int and abs(int.__index__(value)) < 2**128:  # type: ignore[arg-type]
        return str(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def is_module(value: object) -> TypeGuard[nn.Module]:
    """Whether a value is a module of PyTorch, which is not imported for it."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _are_texts(value: object) -> bool:
    return (
        isinstance(value, Sequence | Set)
        and not isinstance(value, str | bytes)
        and all(isinstance(each, str) for each in value)
    )


NONE = Kind("None", lambda value: value is None)
FLAG = Kind("True or False", lambda value: isinstance(value, bool))
TEXT = Kind("a string", lambda value: isinstance(value, str))
TEXTS = Kind("strings in a list", _are_texts)
PATH = Kind("a path", lambda value: isinstance(value, str | os.PathLike))
STATE = Kind(
    "a dictionary of tensors by their keys, which are strings",
    lambda value: isinstance(value, Mapping) and all(isinstance(key, str) for key in value),
)
MODULE = Kind("an nn.Module", lambda value: is_module(value))
DEPTH = Kind(
    "an integer of at least 0",
    lambda value: _is_integer(value) and value >= 0,  # type: ignore[operator]
)
SEED = Kind(
    "an integer from 0 to 2^63 - 1",
    lambda value: _is_integer(value) and 0 <= value < 2**63,  # type: ignore[operator]
)
SHARE = Kind("a number of at least 0", lambda value: _is_number(value) and value >= 0)  # type: ignore[operator]
