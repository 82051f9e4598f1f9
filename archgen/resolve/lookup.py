"""What a name means where it stands, and which argument is for which parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from archgen.closest import closest
from archgen.diagnostics import Diagnostic, Edit, Fault, error
from archgen.layers.base import Layer
from archgen.network import Definition
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


def check_lost(name: tree.Name, scope: Mapping[str, object]) -> None:
    """Raise `Unknown` for a name whose definition failed, or may stand in what failed."""
    if ANY_NAME in scope or scope.get(name.parts[0]) is LOST:
        raise Unknown


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
            raise Fault(_no_such(callee, names, arguments, position))
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


def _no_such(
    callee: str, names: Sequence[str], arguments: Sequence[tree.Argument], at: int
) -> Diagnostic:
    """A106, in the words of the library that the name is from, if it is another's."""
    from archgen import foreign

    argument = arguments[at]
    name = argument.name or ""
    message = f"`{callee}` has no argument `{name}`"
    hint = foreign.argument(name, names)
    fix = _instead(argument, names) if hint else []
    if hint and hint.startswith("leave it out"):
        fix = [_without(arguments, at)]
    close = None if hint else _closest(name, tuple(names))
    if close:
        hint, fix = f"did you mean `{close}`?", [_renamed(argument, close)]
    has = f"it has: {', '.join(names)}" if names else "it has none"
    return error("A106", message, argument.span, help=hint or has, fix=fix)


def _instead(argument: tree.Argument, names: Sequence[str]) -> list[Edit]:
    """The argument in our words: `kernel=3` for `kernel_size=3`, `axis=0` for `dim=1`."""
    from archgen import foreign

    own = foreign.ARGUMENTS.get(argument.name or "")
    if own in names and own is not None:
        return [_renamed(argument, own)]
    ours = {"dim": "axis", "start_dim": "start"}.get(argument.name or "")
    value = argument.value
    if ours in names and isinstance(value, tree.Number) and isinstance(value.value, int):
        return [Edit(argument.span, f"{ours}={value.value - 1}")] if value.value > 0 else []
    return []


def _renamed(argument: tree.Argument, name: str) -> Edit:
    start = argument.span.start
    return Edit(argument.span.source.span(start, start + len(argument.name or "")), name)


def _without(arguments: Sequence[tree.Argument], at: int) -> Edit:
    """Take an argument away, with one of its commas."""
    span = arguments[at].span
    start, end = span.start, span.end
    if at + 1 < len(arguments):
        end = arguments[at + 1].span.start
    elif at:
        start = arguments[at - 1].span.end
    return Edit(span.source.span(start, end), "")


def suggest(name: str, known: Sequence[str]) -> str | None:
    """A hint for a name that does not exist."""
    close = _closest(name, tuple(known[:MOST_CANDIDATES]))
    return f"did you mean `{close}`?" if close else None


@lru_cache(maxsize=1000)
def _closest(name: str, known: tuple[str, ...]) -> str | None:
    return closest(name, known)
