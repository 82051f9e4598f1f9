"""The promises of an arch (`expect`), held against the figures of its network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archgen.analysis.figures import Figures, figures
from archgen.analysis.numerals import plain
from archgen.diagnostics import Diagnostic, Fault, Severity, error
from archgen.network import Network, Promise
from archgen.resolve.expressions import evaluate, truth
from archgen.resolve.later import SizePromise
from archgen.resolve.values import Environment, Items, Unknown, show
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import NOWHERE


def verify(network: Network) -> list[Diagnostic]:
    """What the network does not keep of its promises, each with both numbers (A301).

    Promises are about the default parameters: under others a broken one is a note.
    """
    if not network.promises:
        return []
    about_sizes = [each for each in network.promises if isinstance(each, SizePromise)]
    severity = Severity.ERROR if network.defaults else Severity.NOTE
    if about_sizes:
        from archgen.analysis.sizes.promised import verify as verify_sizes

        return [*_verified(network, severity), *verify_sizes(network, about_sizes, severity)]
    return _verified(network, severity)


def _verified(network: Network, severity: Severity) -> list[Diagnostic]:
    promises = [each for each in network.promises if not isinstance(each, SizePromise)]
    if not promises:
        return []
    asked = {name.text for each in promises for name in names_in(each.condition)}
    known = values(figures(network), asked)
    if "kept" in asked:
        known["kept"] = _kept(network)
    found = (_verify(promise, known, severity) for promise in promises)
    return [diagnostic for diagnostic in found if diagnostic]


def _kept(network: Network) -> object:
    """Bytes that training keeps of one sample in float32; of a batch it is less than so many
    times as much, since statistics count once."""
    from archgen.analysis.memory.training import memory

    kept = memory(network).kept
    return "unknown" if kept is None else kept.bytes()


def values(known: Figures, asked: set[str]) -> dict[str, object]:
    """The figures as values of the language: `output` is a list of sizes (of lists, where there
    are several), `reduction` one number where the axes agree. The receptive field is looked for
    only where it is asked for."""
    outputs = [_sizes(shape) for shape in known.outputs]
    found: dict[str, object] = {
        "params": known.params,
        "buffers": known.buffers,
        "macs": known.macs,
        "flops": known.flops,
        "activations": known.activations,
        "depth": known.depth,
        "output": outputs[0] if len(outputs) == 1 else Items.of(outputs, NOWHERE),
        "reduction": _one_or_all([plain(ratio) for ratio in known.reduction]),
    }
    if "receptive_field" in asked:
        found["receptive_field"] = _one_or_all(known.receptive_field)
    return found


def _sizes(shape: Shape) -> Items:
    return Items.of(shape.sizes, NOWHERE)


def _one_or_all(numbers: Sequence[object]) -> object:
    return numbers[0] if len(set(numbers)) == 1 else Items.of(numbers, NOWHERE)


# --- one promise --------------------------------------------------------------------------


def _verify(promise: Promise, known: dict[str, object], severity: Severity) -> Diagnostic | None:
    assert isinstance(promise.environment, Environment)
    env = promise.environment
    taken = {"kept"}.intersection(env.names)  # a word newer than 0.1 takes no name away
    env = env.with_names({name: each for name, each in known.items() if name not in taken})
    try:
        if truth(promise.condition, env):
            return None
        return _broken(promise, env, known, severity)
    except Fault as fault:
        return fault.diagnostic
    except Unknown:
        return None


def _broken(
    promise: Promise, env: Environment, known: dict[str, object], severity: Severity
) -> Diagnostic:
    failed = _culprit(promise.condition, env)
    figures = _figures_in(failed, known)
    is_error = severity is Severity.ERROR
    return error(
        "A301",
        f"broken promise: {_outcome(failed, env) or 'this does not hold'}",
        failed.span,
        ", ".join(f"{name} is {_shown(known[name])}" for name in figures),
        help="correct the figure or the network" if figures and is_error else None,
        severity=severity,
    )


def _culprit(condition: tree.Expr, env: Environment) -> tree.Expr:
    """The first operand of an `and` that does not hold."""
    if isinstance(condition, tree.Logic) and condition.op == "and":
        for operand in condition.operands:
            if not truth(operand, env):
                return _culprit(operand, env)
    return condition


def _outcome(condition: tree.Expr, env: Environment) -> str | None:
    """Both sides of the comparison that does not hold, and how far they are apart."""
    if not isinstance(condition, tree.Compare):
        return None
    left = condition.first
    for op, right in condition.rest:
        if not truth(tree.Compare(left, ((op, right),), span=condition.span), env):
            sides = (right, left) if isinstance(left, tree.Number) else (left, right)
            return _difference(*((side.span.text, evaluate(side, env)) for side in sides))
        left = right
    return None


def _difference(measured: tuple[str, object], promised: tuple[str, object]) -> str:
    text, value = measured
    bound = promised[1]
    if not (isinstance(value, int | float) and isinstance(bound, int | float)):
        return f"{text} is {_shown(value)}, not {_shown(bound)}"
    apart = value - bound
    if not apart:
        return f"{text} is {_shown(value)}"
    direction = "more" if apart > 0 else "less"
    share = f" ({abs(apart / bound):.2%})" if bound else ""
    return (
        f"{text} is {_shown(value)}, {_shown(abs(apart))} {direction} than {_shown(bound)}{share}"
    )


def _shown(value: object) -> str:
    """A value as in a spec, with separators in what is long."""
    match value:
        case bool():
            return show(value)
        case int():
            return f"{value:_}"
        case float():
            return f"{value:.6g}"
        case _:
            return show(value)


def _figures_in(expr: tree.Expr, known: Iterable[str]) -> list[str]:
    mentioned = {name.parts[0] for name in names_in(expr)}
    return [name for name in known if name in mentioned]


def names_in(value: object) -> Iterator[tree.Name]:
    """Every name below a node of the tree, found by its fields."""
    if isinstance(value, tree.Name):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, tree.Node):
        for field in type(value).__dataclass_fields__:
            yield from names_in(getattr(value, field))
