"""Conditions that are evaluated when the figures of the network are known.

What such a condition reads of the body (`channels`, `from x`) is read at its statement, and kept
as plain values: nothing of a network refers to the resolver that made it.
"""

from __future__ import annotations

from collections.abc import Iterator

from archgen.diagnostics import Fault, error
from archgen.frozen import dataclass
from archgen.network import Promise
from archgen.resolve.values import Environment
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.syntax.walk import nodes_in
from archgen.text import Span

__all__ = ["SizePromise", "captured", "size_promises"]


@dataclass(frozen=True, slots=True)
class _Known:
    """A shape, for whoever asks for the current one."""

    shape: Shape

    def __call__(self, _: Span) -> Shape:
        return self.shape


@dataclass(frozen=True, slots=True)
class _Found:
    """Values by the places that name them, as `from` does."""

    values: tuple[tuple[object, object], ...]

    def __call__(self, place: object, _: Environment) -> object:
        return next(value for known, value in self.values if known == place)


@dataclass(frozen=True, slots=True, eq=False)
class SizePromise(Promise):
    """A claim of `sizes` about those of the input, by names for their axes."""

    names: tuple[str, ...] = ()
    kind: tree.ClaimKind = "always"


def size_promises(statement: tree.Sizes, env: Environment) -> Iterator[SizePromise]:
    """A promise for each claim about sizes."""
    for claim in statement.claims:
        known = captured(claim.condition, env)
        yield SizePromise(claim.condition, known, claim.span, statement.names, claim.kind)


def captured(condition: tree.Expr, env: Environment) -> Environment:
    """The same environment for one condition, with what it reads of the body read now.

    Of `expect channels == 8 and params < 1M` the channels are read, `params` is asked for later.
    Raises `Fault` or `Unknown` for a value that is not there.
    """
    current = entered = None
    found: list[tuple[object, object]] = []
    for node in nodes_in(condition):
        match node:
            case tree.Name(parts=("channels" | "shape", *_)) if env.current:
                current = current or _Known(env.current(node.span))
            case tree.Name(parts=("input", *_)) if env.entered:
                entered = entered or _Known(env.entered(node.span))
            case tree.Comprehension():
                _check_numbers(node)
            case tree.Value() if env.value:
                found.append((node.place, env.value(node.place, env)))
    return Environment(env.names, env.scope, current, entered, _Found(tuple(found)), env.budget)


def _check_numbers(expr: tree.Comprehension) -> None:
    """Refuse `[from xs[i] for i in range(2)]`: the values are read before the names are known."""
    for node in nodes_in(expr):
        for name in nodes_in(node.place) if isinstance(node, tree.Value) else ():
            if isinstance(name, tree.Name) and name.text in expr.names:
                message = f"`{name.text}` of a comprehension cannot number the values of a promise"
                raise Fault(
                    error("A101", message, name.span, help="`from xs[:n]` is a list of them")
                )
