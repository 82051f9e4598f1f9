"""What a name means where it stands, and which argument is for which parameter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache

from archgen import resources
from archgen.closest import closest
from archgen.diagnostics import Diagnostic, Fault, error
from archgen.layers.base import Layer
from archgen.network import Definition
from archgen.resolve.functions import FUNCTIONS
from archgen.resolve.values import (
    ANY_NAME,
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

MOST_CANDIDATES = 200  # names to compare a misspelled one with
SHAPE_NAMES = ("channels", "shape")


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


def unknown_name(name: tree.Name, env: Environment) -> Diagnostic:
    """A name that nothing is called by. Raises `Unknown` where a failed `use` may have known it."""
    check_lost(name, env.scope)
    known = [*env.names, *env.scope, *FUNCTIONS, "channels", "shape", "input.channels"]
    hint = suggest(name.text, known)
    if name.text in {"True", "False", "None"}:
        hint = f"write `{name.text.lower()}`"
    return error("A101", f"unknown name `{name.text}`", name.span, help=hint)


def unknown_layer(name: tree.Name, env: Environment) -> Diagnostic:
    """The same for what is applied."""
    check_lost(name, env.scope)
    hint = _shipped(name.text) or suggest(name.text, [*env.scope, *env.names, "stage"])
    return error("A102", f"unknown layer or block `{name.text}`", name.span, help=hint)


def unknown_function(name: tree.Name, env: Environment) -> Diagnostic:
    """The same for what is called in an expression."""
    check_lost(name, env.scope)
    if name.text == "stage":
        message = "a `stage` is applied where it stands, it is no value"
        return error("A112", message, name.span, help="make it a block: `block NAME = stage(...)`")
    hint = _shipped(name.text) or suggest(name.text, [*FUNCTIONS, *env.scope, *env.names])
    return error("A101", f"unknown function or layer `{name.text}`", name.span, help=hint)


def check_lost(name: tree.Name, scope: Mapping[str, object]) -> None:
    """Raise `Unknown` for a name whose definition failed, or may stand in what failed."""
    if ANY_NAME in scope or scope.get(name.parts[0]) is LOST:
        raise Unknown


def _shipped(name: str) -> str | None:
    """A hint for a block that a shipped library has."""
    library = _libraries().get(name)
    return f"`use {library}` brings it" if library else None


@cache
def _libraries() -> dict[str, str]:
    """Every block and arch of the shipped libraries, with the (first) library that has it."""
    found: dict[str, str] = {}
    for path in sorted((resources.root("specs") / "blocks").glob("*.arch")):
        for name in re.findall(r"^(?:block|arch) (\w+)", path.read_text("utf-8"), re.MULTILINE):
            found.setdefault(name, path.stem)
    return found


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


def parameters_of(target: type[Layer] | Definition) -> tuple[str, ...]:
    """The names of the parameters of a layer or block, in order."""
    if isinstance(target, Definition):
        return tuple(parameter.name for parameter in target.parameters)
    return tuple(target.model_fields)


def match_arguments(
    callee: str, names: Sequence[str], arguments: Sequence[tree.Argument]
) -> dict[str, tree.Argument]:
    """Which argument is for which parameter; positional ones come first and fill in order."""
    matched: dict[str, tree.Argument] = {}
    known, named = frozenset(names), False
    for position, argument in enumerate(arguments):
        name = argument.name
        if name is None:
            _check_positional(callee, names, argument, position, named=named)
            name = names[position]
        elif name not in known:
            has = f"it has: {', '.join(names)}" if names else "it has none"
            message = f"`{callee}` has no argument `{name}`"
            raise Fault(error("A106", message, argument.span, help=suggest(name, names) or has))
        elif name in matched:
            raise Fault(error("A108", f"`{name}` is given twice", argument.span))
        matched[name] = argument
        named = named or argument.name is not None
    return matched


def _check_positional(
    callee: str, names: Sequence[str], argument: tree.Argument, position: int, *, named: bool
) -> None:
    if position >= len(names):
        takes = f"at most {len(names)} arguments" if names else "no arguments"
        raise Fault(error("A108", f"`{callee}` takes {takes}", argument.span))
    if named:
        message = "a positional argument after a named one"
        raise Fault(error("A108", message, argument.span, help="name it, or move it forward"))


def suggest(name: str, known: Sequence[str]) -> str | None:
    """A hint for a name that does not exist."""
    close = _closest(name, tuple(known[:MOST_CANDIDATES]))
    return f"did you mean `{close}`?" if close else None


@lru_cache(maxsize=1000)
def _closest(name: str, known: tuple[str, ...]) -> str | None:
    return closest(name, known)
