"""`extern`: what a spec declares of a module that is not ours, as a layer."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeVar

from archgen.closest import closest
from archgen.diagnostics import Diagnostic, Edit, Fault, error
from archgen.frozen import dataclass
from archgen.layers.base import AUTO, LARGEST, NO_DEFAULT, LayerFault, StateKind, TorchArgument
from archgen.layers.extern import TAKEN, Extern, of
from archgen.resolve.expressions import evaluate
from archgen.resolve.implicit import free_names
from archgen.resolve.names import check_expressions
from archgen.resolve.values import (
    LARGEST_NUMBER,
    Budget,
    Environment,
    Items,
    LayerValue,
    TensorValue,
    Unknown,
    holds_tensors,
    identity_key,
    is_integer,
    kind_of,
    show,
)
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.syntax.format_expression import format_expression
from archgen.text import Span

T = TypeVar("T")

TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
STEPS = 10_000  # for what one call of it says
MOST_AXES = 16
KINDS: dict[str, StateKind] = {"param": "parameter", "buffer": "buffer"}
WORDS = {"output": "sizes", "param": "a key", "buffer": "a key", "macs": "a number"}
HINT = "`output [out, shape[1], shape[2]]`, `param weight = [out, channels]`, `macs 0`"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a spec says of a module; equal texts over equal constants are equal."""

    name: str
    target: str
    doc: str
    defaults: tuple[tuple[str, object], ...]
    given: tuple[tree.Argument, ...]
    facts: tuple[tree.Fact, ...]
    used: tuple[tuple[str, object], ...]  # constants of the file that it reads, by what they mean
    span: Span = field(compare=False)
    constants: tuple[tuple[str, object], ...] = field(compare=False)

    @property
    def said(self) -> Mapping[str, object]:
        given = (
            (f"{each.name}=" if each.name else "") + format_expression(each.value)
            for each in self.given
        )
        facts = {
            " ".join(filter(None, (each.word, each.key))): ", ".join(
                map(format_expression, each.values)
            )
            for each in self.facts
        }
        module = f"{self.target}({', '.join(given)})"
        return {"module": module, **facts, **dict(self.constants)}

    @property
    def unread(self) -> tuple[str, ...]:
        read = {name for name, _ in free_names((self.given, self.facts))}
        return tuple(name for name, _ in self.defaults if name not in read)

    def arguments(self, layer: Extern, x: Shape) -> tuple[TorchArgument, ...]:
        """Those of the constructor, each with the expression that it came from."""
        return tuple(
            TorchArgument(
                self._evaluated(layer, x, argument.value, _plain),
                argument.name,
                self._source(layer, argument.value),
            )
            for argument in self.given
        )

    def outputs(self, layer: Extern, x: Shape) -> tuple[Shape, ...]:
        """The features of an output are where those of the input are: first or last."""
        found = []
        for expr in self._said("output").values:
            sizes = self._evaluated(layer, x, expr, lambda value: _sizes(value, 1))
            last = x.rank > 1 and x.channels_last
            found.append(Shape(sizes, len(sizes) - 1 if last else 0))
        return tuple(found)

    def state(self, layer: Extern, x: Shape) -> Iterator[tuple[str, tuple[int, ...], StateKind]]:
        for fact in self.facts:
            if kind := KINDS.get(fact.word):
                sizes = self._evaluated(layer, x, fact.values[0], lambda value: _sizes(value, 0))
                yield fact.key, sizes, kind

    def macs(self, layer: Extern, x: Shape) -> int:
        said = next((fact for fact in self.facts if fact.word == "macs"), None)
        return 0 if said is None else self._evaluated(layer, x, said.values[0], _count)

    def channels_out(self, layer: Extern, x: Shape, output: int) -> str:
        """The features of an output as an expression, where it is one over fields."""
        said = self._said("output").values[output]
        if not isinstance(said, tree.ListOf):
            return ""
        axis = self.outputs(layer, x)[output].axis
        known = {*type(layer).model_fields, "channels"} - set(layer.values())
        names = {name.text for _, name in free_names(said.items[axis])}
        return format_expression(said.items[axis]) if names <= known else ""

    def _said(self, word: str) -> tree.Fact:
        return next(fact for fact in self.facts if fact.word == word)

    def _source(self, layer: Extern, expr: tree.Expr) -> str | None:
        """What a generated class may write; None for a constant."""
        names = {name.text for _, name in free_names(expr)}
        return format_expression(expr) if names else None

    def _evaluated(
        self, layer: Extern, x: Shape, expr: tree.Expr, taken: Callable[[object], T]
    ) -> T:
        """What an expression is worth in a call. Raises `LayerFault`."""
        try:
            return taken(evaluate(expr, self._environment(layer, x)))
        except Fault as fault:
            reason = fault.diagnostic.message
        except _Unfit as fault:
            reason = fault.args[0]
        except Unknown:
            reason = "it has no value"
        text = expr.span.text or format_expression(expr)
        raise LayerFault(f"`{text}` of its declaration: {reason}", code="A127", ours=True)

    def _environment(self, layer: Extern, x: Shape) -> Environment:
        names = {name: _as_value(getattr(layer, name)) for name in type(layer).model_fields}
        return Environment(names, dict(self.constants), lambda _: x, budget=Budget(STEPS))


class _Unfit(Exception):
    """A value of the wrong kind, and the words for it."""


def _as_value(value: object) -> object:
    match value:
        case Shape():
            return TensorValue(-1, value)
        case tuple():
            made = Items(map(_as_value, value))
            made.weight = len(value)
            return made
        case _:
            return value


def _plain(value: object) -> object:
    """An argument of a constructor, as Python has it."""
    if isinstance(value, LayerValue) or value is AUTO or holds_tensors(value):
        raise _Unfit(f"{kind_of(value)} cannot be given to a constructor")
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def _sizes(value: object, least: int) -> tuple[int, ...]:
    if not isinstance(value, Items) or not all(map(is_integer, value)):
        raise _Unfit(f"sizes are a list of integers, not {show(value)}")
    sizes = tuple(size for size in value if isinstance(size, int))
    if len(sizes) > MOST_AXES or not least <= len(sizes):
        raise _Unfit(f"it has {len(sizes)} sizes")
    if not all(least <= size <= LARGEST for size in sizes):
        raise _Unfit(f"{show(value)} has a size that is not from {least} to {LARGEST}")
    return sizes


def _count(value: object) -> int:
    if not is_integer(value) or not 0 <= value <= LARGEST_NUMBER:
        raise _Unfit(f"multiply-adds are counted, not {show(value)}")
    return value


# --- from the text ----------------------------------------------------------------------------


def declared(scope: Mapping[str, object], item: tree.Extern) -> type[Extern]:
    """The layer that an `extern` declares. Raises `Fault`."""
    _check(item)
    said = (item.arguments, item.body.facts)
    own = {parameter.name for parameter in item.parameters}
    for diagnostic in check_expressions(scope, frozenset(own), said):
        raise Fault(diagnostic)
    names = {name for name, _ in free_names(said)}
    used = {
        name: scope[name]
        for name in sorted(names - own - {"channels", "shape"})
        if name in scope and not isinstance(scope[name], type)
    }
    env = Environment({}, scope, budget=Budget(STEPS))
    doc = next((each.text for each in item.body.statements if isinstance(each, tree.Doc)), "")
    made = Declaration(
        name=item.name,
        target=item.target.value,
        doc=doc,
        defaults=tuple((each.name, _default(each, env)) for each in item.parameters),
        given=item.arguments,
        facts=item.body.facts,
        used=tuple((name, identity_key(value)) for name, value in used.items()),
        span=item.name_span,
        constants=tuple(used.items()),
    )
    return of(made)


def _default(parameter: tree.Parameter, env: Environment) -> object:
    if parameter.default is None:
        return NO_DEFAULT
    try:
        return _plain(evaluate(parameter.default, env))
    except _Unfit as fault:
        raise Fault(error("A109", str(fault), parameter.default.span)) from None


def _check(item: tree.Extern) -> None:
    words = re.split(r"[.:]", item.target.value)
    if not TARGET.fullmatch(item.target.value) or any(map(keyword.iskeyword, words)):
        message = "an extern names a class of a module"
        help = '`"package.module:Class"`, as Python imports it'
        raise Fault(error("A127", message, item.target.span, help=help))
    _check_arguments(item.arguments)
    for parameter in item.parameters:
        if parameter.name in TAKEN:
            message = f"`{parameter.name}` is something that every layer has"
            raise Fault(error("A105", message, parameter.span, help="call the parameter otherwise"))
    for diagnostic in _faults_of_facts(item.body):
        raise Fault(diagnostic)


def _check_arguments(arguments: Sequence[tree.Argument]) -> None:
    """Those of a constructor: in Python's order, by names that it can have."""
    seen: set[str] = set()
    for argument in arguments:
        if argument.name is None and seen:
            message = "a positional argument after a named one"
            raise Fault(error("A108", message, argument.span, help="name it, or move it forward"))
        if argument.name in seen:
            raise Fault(error("A108", f"`{argument.name}` is given twice", argument.span))
        if argument.name is not None and keyword.iskeyword(argument.name):
            message = f"`{argument.name}` is a word of Python: no constructor takes it"
            raise Fault(error("A106", message, argument.span))
        if argument.name is not None:
            seen.add(argument.name)


def _faults_of_facts(body: tree.Facts) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for fact in body.facts:
        keyed = fact.word in KINDS
        if fact.word not in WORDS:
            close = closest(fact.word, WORDS)
            help = f"did you mean `{close}`?" if close else f"it says {HINT}"
            start = fact.span.start
            place = fact.span.source.span(start, start + len(fact.word))
            fix = [Edit(place, close)] if close else []
            yield error(
                "A127", f"an extern says nothing of `{fact.word}`", place, help=help, fix=fix
            )
        elif keyed is not bool(fact.key):
            yield error("A127", f"`{fact.word}` takes {WORDS[fact.word]}", fact.span, help=HINT)
        elif (said := fact.key if keyed else f"{fact.word} ") in seen:
            yield error("A127", f"`{said.strip()}` is said twice", fact.span)
        else:
            seen.add(said)
    if "output " not in seen:
        message = "an extern says the sizes of its output"
        place = body.span.source.span(body.span.start, body.span.start + 1)
        yield error("A127", message, place, help="`output [out, shape[1], shape[2]]`")
