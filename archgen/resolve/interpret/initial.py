"""`init(target, initialiser)`: how weights start."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.diagnostics import Fault, error
from archgen.layers import LAYERS
from archgen.layers.initialisers import INITIALISERS, Initialiser, misfit, validate_initialiser
from archgen.layers.make import ArgumentFault
from archgen.resolve.arguments import suggest
from archgen.resolve.expressions import evaluate, render
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.values import Environment, Exhausted
from archgen.syntax import tree
from archgen.text import Span


def declare_inits(frame: Frame, statements: Sequence[tree.Statement]) -> None:
    """Let the `init`s of a pair of braces hold in them and below, later ones over earlier."""
    for statement in statements:
        if isinstance(statement, tree.Init):
            try:
                _declare(frame, statement)
            except Exhausted:
                raise
            except Fault as fault:
                frame.body.failed = True
                frame.resolver.report(fault.diagnostic)


def _declare(frame: Frame, init: tree.Init) -> None:
    if len(init.arguments) != 2 or any(argument.name for argument in init.arguments):
        message = "`init` takes a target and an initialiser"
        raise Fault(error("A119", message, init.span, help="init(conv.weight, zeros)"))
    target, made = init.arguments[0].value, initialiser_of(init.arguments[1].value, frame.env)
    match target:
        case tree.Name(parts=(keyword, weight)):
            frame.init.kinds[_kind(target, keyword, weight)] = made
        case tree.String():
            frame.init.paths.append((target.value, made, target.span))
        case tree.Template():
            frame.init.paths.append((render(target, frame.env), made, target.span))
        case _:
            message = "an `init` is for a weight of a kind of layer, or for a path in quotes"
            hint = 'init(conv.weight, ...), or init("heads.head.weight", ...)'
            raise Fault(error("A119", message, target.span, help=hint))


def _kind(target: tree.Name, keyword: str, weight: str) -> tuple[str, str]:
    if keyword not in LAYERS:
        hint = suggest(keyword, list(LAYERS)) or "a path stands in quotes"
        message = f"`{keyword}` is no kind of layer"
        raise Fault(error("A119", message, target.span, help=hint))
    known = LAYERS[keyword].weight_names
    if weight not in known:
        hint = f"it has: {', '.join(known)}" if known else "it has no weights"
        message = f"`{keyword}` has no weight `{weight}`"
        raise Fault(error("A119", message, target.span, help=hint))
    return keyword, weight


def fitting(made: Initialiser, sizes: tuple[int, ...], what: str, span: Span) -> Initialiser:
    """The initialiser, if it can fill a weight of these sizes. Raises `Fault`."""
    if reason := misfit(made, sizes):
        raise Fault(error("A119", f"{what}: {reason}", span, help="choose another initialiser"))
    return made


def initialiser_of(expr: tree.Expr, env: Environment) -> Initialiser:
    """`kaiming_normal(mode="fan_out")` or `zeros`, checked."""
    match expr:
        case tree.Name(parts=(name,)):
            arguments: tuple[tree.Argument, ...] = ()
        case tree.Apply(function=tree.Name(parts=(name,))):
            arguments = expr.arguments
        case _:
            message = "an initialiser is needed here"
            raise Fault(error("A119", message, expr.span, help="zeros, kaiming_normal(...)"))
    if name not in INITIALISERS:
        hint = suggest(name, list(INITIALISERS)) or f"there are: {', '.join(INITIALISERS)}"
        raise Fault(error("A119", f"unknown initialiser `{name}`", expr.span, help=hint))
    positional = [evaluate(item.value, env) for item in arguments if item.name is None]
    named = {item.name: evaluate(item.value, env) for item in arguments if item.name}
    made = validate_initialiser(name, positional, named)
    if isinstance(made, ArgumentFault):
        place = next((a.span for a in arguments if a.name == made.argument), expr.span)
        raise Fault(error("A119", made.message, place, help=made.help))
    return made
