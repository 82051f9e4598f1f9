"""What a name means where it stands: first what the body knows, then the file."""

from __future__ import annotations

import math
from collections.abc import Callable

from archgen.diagnostics import Fault, error
from archgen.layers.base import Layer
from archgen.network import Definition
from archgen.resolve.values import (
    LOST,
    Environment,
    Items,
    LayerValue,
    Several,
    TensorValue,
    Unknown,
    kind_of,
)
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import Span

SHAPE_NAMES = ("channels", "shape")
CONSTANTS = {"pi": math.pi}


def lookup(name: tree.Name, env: Environment) -> object:
    """The value of a name: first what the body knows, then the file."""
    head, *rest = name.parts
    if head == "input":
        return _facts(name, env.entered, rest)
    if head in env.names:
        if env.names[head] is LOST:
            raise Unknown
        return _member(name, env.names[head], rest)
    if head in SHAPE_NAMES and env.current is not None:
        return _facts(name, env.current, [head, *rest])
    if name.text in env.scope:
        return as_value(env.scope[name.text])
    if name.text in CONSTANTS:
        return CONSTANTS[name.text]
    from archgen.resolve.unknown import unknown_name

    raise Fault(unknown_name(name, env))


def as_value(meaning: object) -> object:
    """What a file's name is worth in an expression. Raises `Unknown` for a lost constant."""
    if meaning is LOST:
        raise Unknown
    if isinstance(meaning, Definition) or (
        isinstance(meaning, type) and issubclass(meaning, Layer)
    ):
        return LayerValue(meaning)
    return meaning


def _facts(name: tree.Name, shape: Callable[[Span], Shape] | None, rest: list[str]) -> object:
    if shape is None:
        message = f"`{name.text}` is not known here"
        raise Fault(error("A101", message, name.span, help="only a body has a current value"))
    match rest:
        case ["channels"]:
            return shape(name.span).channels
        case ["shape"]:
            return Items.of(shape(name.span).sizes, name.span)
        case []:
            message = "`input` is a value; here a number is needed"
            raise Fault(error("A110", message, name.span, help="`from input`, or `input.channels`"))
        case _:
            raise Fault(error("A101", f"unknown name `{name.text}`", name.span))


def _member(name: tree.Name, value: object, rest: list[str]) -> object:
    if not rest:
        return value
    if isinstance(value, Several) and (found := value.get(rest[0])) is not None:
        return _member(name, found, rest[1:])
    if isinstance(value, TensorValue):
        return _facts(name, lambda _: value.shape, rest)
    message = f"{kind_of(value)} has no `{'.'.join(rest)}`"
    raise Fault(error("A101", message, name.span, help="values have `.channels` and `.shape`"))
