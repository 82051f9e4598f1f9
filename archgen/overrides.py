"""What is given from outside, as the language has it: parameters, sizes of inputs, features.

Python's values and the command line's texts come here. A mistake in them is a diagnostic whose
place is the text as it was given.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from archgen.arguments import TEXT, TEXTS, called, check
from archgen.diagnostics import ArchError, Diagnostic, Fault, Label, error
from archgen.frozen import dataclass
from archgen.resolve.expressions import evaluate
from archgen.resolve.values import (
    LARGEST_NUMBER,
    LONGEST_STRING,
    Environment,
    Items,
    Unknown,
)
from archgen.syntax import tree
from archgen.text import Source, Span

__all__ = [
    "Arguments",
    "Features",
    "Inputs",
    "expression",
    "feature_names",
    "input_sizes",
    "noted",
    "values",
]

Sizes = tuple[int, ...]
Inputs = Span | Sequence[int] | Sequence[Sequence[int] | Span] | Mapping[str, Sequence[int]] | None
Features = Span | str | Sequence[str]

MOST_DIGITS = 12  # no size of more fits a value
LONGEST = 40  # digits of a size that are shown as they are
DEEPEST_VALUE = 48  # lists in lists, as brackets in a text
PYTHON = "<arguments>"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The values of an arch's parameters, and where their names stand, if anywhere."""

    values: Mapping[str, object]
    places: Mapping[str, Span]


# --- parameters -----------------------------------------------------------------------------------


def values(parameters: Mapping[str, object], scope: Mapping[str, object]) -> Arguments:
    """Parameters as the language has them; an expression of `--set` is evaluated in a file's
    `scope`. Raises `ArchError` with all that is wrong."""
    found: dict[str, object] = {}
    places: dict[str, Span] = {}
    faults: list[Diagnostic] = []
    for name, value in parameters.items():
        places[name] = _place(name, value)
        try:
            found[name] = _value(value, scope, places[name])
        except Fault as fault:
            faults.append(fault.diagnostic)
    if faults:
        raise ArchError(faults)
    return Arguments(found, places)


def expression(text: str) -> tree.Expr:
    """A parameter's value as a spec would say it, for what Python has no word for: blocks and
    layers.

        archgen.load("mine.arch", unit=archgen.expression("bottleneck"))

    Raises `ArchError` for what is no expression.
    """
    from archgen.syntax.parse import parse_expression

    check(text=(text, TEXT))
    try:
        return parse_expression(text)
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None


def _place(name: str, value: object) -> Span:
    """The name of a parameter where it was given: `classes` of `classes=10`."""
    if not isinstance(value, tree.Node):
        return Source(PYTHON, f"{name}={_shown(value)}"[:200]).span(0, len(name))
    source = value.span.source
    if source.text.partition("=")[0].strip() != name:  # `expression`: it does not know the name
        source = Source(PYTHON, f"{name}={source.text}")
    return source.span(0, len(name))


def _value(value: object, scope: Mapping[str, object], place: Span, depth: int = 0) -> object:
    if isinstance(value, tree.Node):
        try:
            return evaluate(value, Environment({}, scope))  # type: ignore[arg-type]
        except Unknown:
            raise AssertionError(value) from None
    whole = place.source.span(0, len(place.source.text))
    if isinstance(value, list | tuple):
        if depth == DEEPEST_VALUE:
            raise Fault(error("A401", f"lists in lists nest deeper than {DEEPEST_VALUE}", whole))
        return Items.of((_value(item, scope, place, depth + 1) for item in value), whole)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(int(value)) > LARGEST_NUMBER:
        raise Fault(error("A403", "the integer is too large", whole))
    if isinstance(value, float) and not math.isfinite(value):
        raise Fault(error("A109", "a parameter is a finite number", whole))
    if isinstance(value, str) and len(value) > LONGEST_STRING:
        raise Fault(error("A402", f"a string of more than {LONGEST_STRING:_} characters", whole))
    for kind in (int, float, str):
        if isinstance(value, kind):
            return _plain(value, kind)
    hint = "a number, a string, none, or a list of them"
    raise Fault(error("A109", f"a parameter cannot be a {called(value)}", whole, help=hint))


def _plain(value: object, kind: type) -> object:
    """A value of a class of its own as one of Python's: nothing that the class says is called."""
    return {int: int.__pos__, float: float.__pos__, str: str.__str__}[kind](value)  # type: ignore[arg-type]


def _shown(value: object) -> str:
    """A value as Python writes it, if it can be written."""
    try:
        return repr(value)
    except Exception:
        return f"<{called(value)}>"


# --- inputs ---------------------------------------------------------------------------------------


def input_sizes(given: Inputs) -> dict[str | int, tuple[Sizes, Span]]:
    """Sizes of inputs by name or by place, each with where it was given. Raises `ArchError`."""
    found: dict[str | int, tuple[Sizes, Span]] = {}
    faults: list[Diagnostic] = []
    for at, span in enumerate(_input_texts(given)):
        try:
            name, sizes = _named_sizes(span)
            if name in found:
                first = Label(found[name][1], "first here")
                raise Fault(error("A103", f"the input `{name}` is given twice", span, also=[first]))
        except Fault as fault:
            faults.append(fault.diagnostic)
        else:
            found[name or at] = sizes, span
    names = [span for key, (_, span) in found.items() if isinstance(key, str)]
    if names and len(names) < len(found):
        message = "some inputs are given by name and some by place"
        faults.append(error("A204", message, names[0], help="name all of them"))
    if faults:
        raise ArchError(faults)
    return found


def _input_texts(given: Inputs) -> Iterator[Span]:
    """`(3, 320, 320)` and the like as on the command line."""
    if given is None:
        return
    if not isinstance(given, Span | Mapping | list | tuple):
        raise TypeError(f"input must be sizes, as (3, 320, 320), not {called(given)}")
    if isinstance(given, Span):
        yield given
    elif isinstance(given, Mapping):
        for name, sizes in given.items():
            yield _python(f"{name if isinstance(name, str) else called(name)}={_joined(sizes)}")
    elif any(isinstance(each, Span | list | tuple) for each in given):
        for each in given:
            yield each if isinstance(each, Span) else _python(_joined(each))
    elif given:
        yield _python(_joined(given))


def _python(text: str) -> Span:
    return Source("<input>", text).span(0, len(text))


def _joined(sizes: object) -> str:
    return "x".join(map(_written, sizes)) if isinstance(sizes, list | tuple) else _written(sizes)


def _written(size: object) -> str:
    """A size of Python's as text; of what is none, what it is."""
    if isinstance(size, bool) or not isinstance(size, int):
        return called(size)
    return str(int.__pos__(size)) if abs(int(size)) < 10**LONGEST else "9" * LONGEST


def _named_sizes(span: Span) -> tuple[str, Sizes]:
    """`left=1x105x105` as a name, which may be missing, and sizes."""
    name, sign, _ = span.text.partition("=")
    if sign and not name.strip().isidentifier():
        place = span.source.span(span.start, span.start + max(len(name), 1))
        message = f"`{name.strip()}` cannot be the name of an input"
        raise Fault(error("A109", message, place, help="left=1x105x105"))
    start = span.start + (len(name) + 1 if sign else 0)
    sizes = tuple(map(_size, _parts(span.source.span(start, span.end))))
    return name.strip() if sign else "", sizes


def _parts(span: Span) -> Iterator[Span]:
    """What stands between the `x`s, blanks left out."""
    at = span.start
    for part in span.text.split("x"):
        start = at + len(part) - len(part.lstrip())
        yield span.source.span(start, start + len(part.strip()))
        at += len(part) + 1


def _size(span: Span) -> int:
    text = span.text
    hint = "sizes without the batch, as 3x224x224"
    if not text:
        place = span.source.span(max(span.start - 1, 0), max(span.start, 1))
        raise Fault(error("A109", "a size is missing here", place, help=hint))
    if not (text.isascii() and text.isdigit()):
        what = "a size is at least 1" if text[1:].isdigit() else f"`{text}` is not a size"
        raise Fault(error("A109", what, span, help=hint))
    if len(text) > MOST_DIGITS:
        raise Fault(error("A403", "the size is too large", span))
    if int(text) == 0:
        raise Fault(error("A109", "a size of the input is at least 1", span, help=hint))
    return int(text)


# --- features -------------------------------------------------------------------------------------


def feature_names(given: Features) -> list[Span]:
    """The names of features, each with its place. Raises `ArchError` for one that is empty."""
    whole = given if isinstance(given, Span) else _listed(given)
    found: list[Span] = []
    at = whole.start
    for part in whole.text.split(",") if whole.text or isinstance(given, Span) else ():
        start = at + len(part) - len(part.lstrip())
        found.append(whole.source.span(start, start + len(part.strip())))
        at += len(part) + 1
    if empty := [span for span in found if not span.text]:
        message = "a feature without a name"
        hint = "names with commas between them: layer2,layer3"
        raise ArchError([error("A126", message, empty[0], help=hint)])
    return found


def _listed(given: str | Sequence[str]) -> Span:
    check(features=(given, TEXT | TEXTS))
    text = given if isinstance(given, str) else ",".join(given)
    return Source("<features>", text).span(0, len(text))


# --- faults of a network that is not asked for as it is written ---------------------------------


def noted(
    faults: Sequence[Diagnostic],
    arguments: Arguments,
    inputs: Mapping[str | int, tuple[Sizes, Span]],
) -> list[Diagnostic]:
    """The faults with what was given from outside, since the spec alone may have none."""
    given = [place.source.text for place in arguments.places.values()]
    given += [f"input {span.text}" for _, span in inputs.values()]
    if not given:
        return list(faults)
    note = f"given from outside: {', '.join(given)}"
    outside = [place.source for place in arguments.places.values()]
    return [
        fault if fault.span.source in outside else replace(fault, notes=(*fault.notes, note))
        for fault in faults
    ]
