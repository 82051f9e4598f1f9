"""A `dataclass` that is cheap to import, for modules that define many value classes.

`dataclasses.dataclass(frozen=True)` compiles six methods for each class; for the hundred classes
of a check that took longer than importing Lark. Here one, `__init__`, is compiled, when the first
value is made, and the others are shared. Type checkers see the standard decorator, so that they,
and not the interpreter, hold that frozen values do not change.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

Getter = Callable[[Any], tuple[object, ...]]
_getters: dict[type, Getter] = {}


def _dataclass(
    *, frozen: bool = False, slots: bool = False, eq: bool = True, kw_only: bool = False
) -> Callable[[type], type]:
    """As `dataclasses.dataclass`, called; `eq=False` compares by identity."""

    def decorate(cls: type) -> type:
        if cls.__doc__ is None:  # `dataclasses` would spell out the signature
            cls.__doc__ = cls.__name__
        made: Any = dataclasses.dataclass(
            cls, init=False, eq=False, repr=False, slots=slots, kw_only=kw_only
        )
        made.__init__ = _compiled_when_called(made)
        if slots:
            made.__getstate__ = _state
            made.__setstate__ = _restore
        if "__repr__" not in vars(made):
            made.__repr__ = _repr
        if eq:
            made.__eq__ = _equal
            made.__hash__ = _hash if frozen else None
        return made  # type: ignore[no-any-return]

    return decorate


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _dataclass


def _compiled_when_called(cls: Any) -> Callable[..., None]:
    def __init__(self: object, /, *arguments: object, **keywords: object) -> None:
        cls.__init__ = _init_of(cls)
        cls.__init__(self, *arguments, **keywords)

    return __init__


def _init_of(cls: type) -> Callable[..., None]:
    """`__init__` as `dataclasses` would compile it."""
    fields = dataclasses.fields(cls)
    known: dict[str, object] = {"absent": dataclasses.MISSING}
    parameters = [_parameter(each, known) for each in fields if not each.kw_only]
    keywords = [_parameter(each, known) for each in fields if each.kw_only]
    body = "".join(f"\n self.{each.name} = {_initial(each)}" for each in fields) or " pass"
    marked = [*parameters, *(["*", *keywords] if keywords else [])]
    exec(f"def __init__({', '.join(['self', *marked])}):{body}", known)
    init: Any = known["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init  # type: ignore[no-any-return]


def _parameter(each: dataclasses.Field[Any], known: dict[str, object]) -> str:
    if each.default is not dataclasses.MISSING:
        known[f"default_{each.name}"] = each.default
        return f"{each.name}=default_{each.name}"
    if each.default_factory is not dataclasses.MISSING:
        known[f"make_{each.name}"] = each.default_factory
        return f"{each.name}=absent"
    return each.name


def _initial(each: dataclasses.Field[Any]) -> str:
    if each.default_factory is dataclasses.MISSING:
        return each.name
    return f"make_{each.name}() if {each.name} is absent else {each.name}"


def _compared(cls: type) -> Getter:
    """Reads the fields of a class that count for equality."""
    if cls not in _getters:
        names = [each.name for each in dataclasses.fields(cls) if each.compare]
        read = attrgetter(*names) if names else lambda _: ()
        _getters[cls] = read if len(names) != 1 else lambda value: (read(value),)
    return _getters[cls]


def _equal(self: object, other: object) -> object:
    if self is other:
        return True
    if type(self) is not type(other):
        return NotImplemented
    read = _compared(type(self))
    return read(self) == read(other)


def _hash(self: object) -> int:
    return hash(_compared(type(self))(self))


def _state(self: Any) -> list[object]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        setattr(self, each.name, value)


def _repr(self: Any) -> str:
    shown = (
        f"{each.name}={getattr(self, each.name)!r}"
        for each in dataclasses.fields(self)
        if each.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"
