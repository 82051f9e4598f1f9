"""What a call of the language applies, and its arguments in the words of the printed class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.walk.lanes import Key, Lane
from archgen.backends.pytorch.walk.scope import Scope
from archgen.backends.pytorch.walk.state import Walk
from archgen.layers.base import Layer
from archgen.network import Definition
from archgen.resolve.arguments import parameters_of
from archgen.resolve.values import LayerValue
from archgen.syntax import tree

Arguments = dict[str, Expr | None]  # by parameter; None: given, and no expression says it


@dataclass(slots=True)
class Target:
    """What a call applies, and its arguments, in the words of the printed class.

    `callees` and `tables` are the callee and the arguments' values, by the lanes' keys.
    """

    callee: type[Layer] | Definition
    arguments: Arguments
    written: dict[str, tree.Expr] = field(default_factory=dict)  # as the author wrote them
    parameter: str = ""  # of the block, if that is what is applied
    callees: dict[Key, object] = field(default_factory=dict)
    tables: dict[Key, dict[str, object]] = field(default_factory=dict)

    @property
    def stands_for_another(self) -> bool:
        return any(
            isinstance(callee, Definition) and callee.kind in {"synonym", "alias"}
            for callee in self.callees.values()
        )


def is_container(callee: type[Layer] | Definition) -> bool:
    """Whether a synonym stands for a container made in its text: it is a class of its own."""
    if not isinstance(callee, Definition) or callee.kind != "synonym":
        return False
    links = callee.chain.links
    return len(links) > 1 or isinstance(links[0], tree.Seq)


def target_of(
    walk: Walk, lanes: Sequence[Lane], function: tree.Expr, given: Sequence[tree.Argument]
) -> Target:
    """The callee of `function(given)` with its arguments by name."""
    if not isinstance(function, tree.Name):  # which layer it is, its numbers decide
        walk.decide(function, lanes)
    values = [_layer_value(lane, function) for lane in lanes]
    first = values[0]
    written = _by_name(given, parameters_of(first.target))
    deduced = {name: walk.deduce(expr, lanes) for name, expr in written.items()}
    target = Target(first.target, {**_brought(values), **deduced}, written)
    target.parameter = own_parameter(walk, function)
    for lane, value in zip(lanes, values, strict=True):
        own = {name: lane.concrete(expr) for name, expr in written.items() if _is_number(expr)}
        target.callees[lane.key] = value.target
        target.tables[lane.key] = {**dict(value.arguments), **own}
    return target


def _layer_value(lane: Lane, function: tree.Expr) -> LayerValue:
    value = lane.concrete(function)
    assert isinstance(value, LayerValue)
    return value


def _is_number(expr: tree.Expr) -> bool:
    """Whether an argument is worth something without the values of the body."""
    if isinstance(expr, tree.Value):
        return False
    return all(map(_is_number, algebra.operands(expr)))


def own_parameter(walk: Walk, expr: tree.Expr | None) -> str:
    """The name of the block's parameter that an expression is, or nothing."""
    known = {parameter.name for parameter in walk.scope.definition.parameters}
    return expr.text if isinstance(expr, tree.Name) and expr.text in known else ""


def _by_name(given: Sequence[tree.Argument], names: Sequence[str]) -> dict[str, tree.Expr]:
    """Arguments by parameter: positional ones fill the parameters in order."""
    return {
        argument.name or (names[at] if at < len(names) else ""): argument.value
        for at, argument in enumerate(given)
    }


def _brought(values: Sequence[LayerValue]) -> Arguments:
    """What the layer values bring along, where all bring the same."""
    found: Arguments = {}
    tables = [dict(value.arguments) for value in values]
    for name, value in tables[0].items():
        alike = all(name in table and algebra.same(table[name], value) for table in tables)
        found[name] = algebra.constant(value) if alike and algebra.is_plain(value) else None
    return found


def synonym_scope(walk: Walk, lanes: Sequence[Lane], target: Target) -> tuple[Scope, list[Lane]]:
    """The names in the text of a synonym, and the lanes that read it."""
    definition = target.callee
    assert isinstance(definition, Definition)
    scope = Scope(definition, {"input.channels": walk.channels(lanes)})
    inner = [lane.scoped(definition, lane.shape(lane.current)) for lane in lanes]
    for parameter in definition.own or definition.parameters:
        _give(walk, scope, inner, parameter, target)
    return scope, inner


def _give(
    walk: Walk, scope: Scope, lanes: list[Lane], parameter: tree.Parameter, target: Target
) -> None:
    """A synonym's parameter: the argument, else its default."""
    name, default = parameter.name, parameter.default
    if name in target.arguments:
        scope.names[name] = target.arguments[name]
    elif default is not None:
        with walk.within(scope):
            scope.names[name] = walk.deduce(default, lanes)
    for lane in lanes:
        if name in target.tables[lane.key]:
            lane.names[name] = target.tables[lane.key][name]
        elif default is not None:
            lane.names[name] = lane.concrete(default)
