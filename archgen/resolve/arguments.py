"""Which argument is for which parameter, and what was meant by one that fits none."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.closest import closest
from archgen.closest import suggest as suggest
from archgen.diagnostics import Diagnostic, Edit, Fault, error
from archgen.layers.base import Layer
from archgen.network import Definition
from archgen.resolve.functions import FUNCTIONS
from archgen.syntax import tree


def parameters_of(target: type[Layer] | Definition) -> tuple[str, ...]:
    """The names of the parameters of a layer or block, in order."""
    if isinstance(target, Definition):
        return tuple(parameter.name for parameter in target.parameters)
    return tuple(target.model_fields)


def takes_others(target: type[Layer] | Definition) -> bool:
    """Whether a layer takes arguments of names that are not its parameters'."""
    return not isinstance(target, Definition) and target.open_field is not None


def match_arguments(
    callee: str,
    names: Sequence[str],
    arguments: Sequence[tree.Argument],
    *,
    others: bool = False,
) -> dict[str, tree.Argument]:
    """Which argument is for which parameter; positional ones come first and fill in order.

    others: named ones may have other names.
    """
    matched: dict[str, tree.Argument] = {}
    known, named = frozenset(names), False
    for position, argument in enumerate(arguments):
        name = argument.name
        if name is None:
            _check_positional(callee, names, arguments, position, named=named)
            name = names[position]
        elif name not in known and not others:
            raise Fault(_no_such(callee, names, arguments, position))
        elif name in matched:
            raise Fault(error("A108", f"`{name}` is given twice", argument.span))
        matched[name] = argument
        named = named or argument.name is not None
    return matched


def _check_positional(
    callee: str,
    names: Sequence[str],
    arguments: Sequence[tree.Argument],
    position: int,
    *,
    named: bool,
) -> None:
    argument = arguments[position]
    if position >= len(names):
        takes = f"at most {len(names)} arguments" if names else "no arguments"
        hint = None
        if callee in FUNCTIONS:
            given = ", ".join(each.span.text for each in arguments)
            hint = f"as a number in a merge, write it in parentheses: `({callee}({given}))`"
        raise Fault(error("A108", f"`{callee}` takes {takes}", argument.span, help=hint))
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
    close = None if hint else closest(name, names)
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
