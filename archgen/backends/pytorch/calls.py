"""Layers and blocks applied: the module that the constructor makes, argument by argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archgen.backends.pytorch import algebra
from archgen.backends.pytorch.algebra import Expr
from archgen.backends.pytorch.lanes import Key, Lane, agree
from archgen.backends.pytorch.plan import Build, Made, Param, Plan, Value
from archgen.backends.pytorch.walk import Scope, Walk
from archgen.layers.base import Layer, TorchArgument, TorchCall
from archgen.network import CallNode, Definition, LayerNode
from archgen.resolve.lookup import parameters_of
from archgen.resolve.values import LayerValue
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.syntax.parse import parse_expression

Arguments = dict[str, Expr | None]  # by parameter; None: given, and no expression says it


# --- what is called -------------------------------------------------------------------------


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


def target_of(
    walk: Walk, lanes: Sequence[Lane], function: tree.Expr, given: Sequence[tree.Argument]
) -> Target:
    """The callee of `function(given)` with its arguments by name."""
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


# --- layers ---------------------------------------------------------------------------------


def make_layer(
    walk: Walk, lanes: Sequence[Lane], nodes: Sequence[LayerNode], target: Target
) -> Made:
    """A built-in layer: its torch module, or the function that it is."""
    shapes = [lane.shape(node.inputs[0]) for lane, node in zip(lanes, nodes, strict=True)]
    layers = [node.layer for node in nodes]
    source = walk.join(lanes, [node.inputs[0] for node in nodes])
    functions = [layer.function(x) for layer, x in zip(layers, shapes, strict=True)]
    agree(lanes, functions)
    fields = Fields(walk, lanes, layers, shapes, target, source)
    made = Made(
        None,
        [fields.channels_out(output) for output in range(len(nodes[0].outputs))],
        [all(layer.fresh and not layer.saves_output for layer in layers)] * len(nodes[0].outputs),
        functions[0] or "",
    )
    if functions[0] is not None:
        walk.classes.need_helper(layers[0].helper)
        return made
    refs = [node.inputs[0] for node in nodes]
    made.module = _build(
        walk, lanes, nodes, fields, lambda: walk.known_channels(source, lanes, refs)
    )
    return made


@dataclass(slots=True)
class Fields:
    """The fields of a layer as expressions."""

    walk: Walk
    lanes: Sequence[Lane]
    layers: Sequence[Layer]
    shapes: Sequence[Shape]
    target: Target
    source: Value

    def expr(self, name: str) -> Expr | None:
        """What a field is, `auto` and absent ones derived as the layer says."""
        found = self.target.arguments.get(name, _ABSENT)
        if found is None:
            return None
        derived = type(self.layers[0]).derived.get(name)
        if found is _ABSENT or isinstance(found, tree.Auto | tree.Nothing):
            return self.meaning(derived) if derived else self._default(name, found)
        return found

    def meaning(self, text: str | None) -> Expr | None:
        """An expression of the layer's declaration, over its fields and `channels`."""
        if text is None:
            return None
        try:
            return algebra.fold(algebra.substitute(parse_expression(text), self._name))
        except algebra.Opaque:
            return None

    def channels_out(self, output: int) -> list[Expr | None]:
        """Candidates for the channels of an output."""
        layer, shape = self.layers[0], self.shapes[0]
        text = layer.channels_out(shape, output)
        if text is not None:
            return [self.meaning(text)]
        return [self._flattened()]

    def _flattened(self) -> Expr | None:
        """Channels times the positions that `flatten` adds to them, if these are always so many."""
        positions = set()
        for layer, shape in zip(self.layers, self.shapes, strict=True):
            after = layer.shape(shape)
            if layer.keyword != "flatten" or not isinstance(after, Shape):
                return None
            times, rest = divmod(after.channels, shape.channels)
            positions.add(None if rest else times)
        (times,) = positions if len(positions) == 1 else (None,)
        if times is None or self.source.channels is None:
            return None
        return algebra.fold(tree.Binary("*", self.source.channels, tree.Number(times)))

    def _name(self, name: str) -> Expr:
        found = self.source.channels if name == "channels" else self.expr(name)
        if found is None:
            raise algebra.Opaque
        return found

    def _default(self, name: str, found: object) -> Expr | None:
        if found is not _ABSENT:
            return found  # type: ignore[return-value]
        default = type(self.layers[0]).model_fields[name].default
        return algebra.constant(default) if algebra.is_plain(default) else None


_ABSENT = object()


def _build(
    walk: Walk,
    lanes: Sequence[Lane],
    nodes: Sequence[LayerNode],
    fields: Fields,
    channels: object,
) -> Build:
    layers = fields.layers
    calls = [layer.module(x) for layer, x in zip(layers, fields.shapes, strict=True)]
    agree(lanes, [node.init for node in nodes])
    name = _target_text(walk, lanes, nodes, calls, fields.target)
    arguments: list[tuple[str | None, Expr | str]] = []
    for key in _with_deduced(fields, calls, _order(calls)):
        shown = [_argument(call, key) for call in calls]
        agree(lanes, [item is None for item in shown])
        values = [item.value for item in shown if item is not None]
        source = next((item.source for item in shown if item is not None), None)
        keyword = key if isinstance(key, str) else None
        if source == "channels":
            arguments.append((keyword, channels()))  # type: ignore[operator]
            continue
        expr = fields.expr(source) if source is not None else None
        arguments.append((keyword, walk.number(expr, lanes, values, keyword or source or "size")))
    return Build(name, arguments, all(layer.takes_inplace for layer in layers))


def _target_text(
    walk: Walk,
    lanes: Sequence[Lane],
    nodes: Sequence[LayerNode],
    calls: Sequence[TorchCall],
    target: Target,
) -> str:
    """The class to be called: torch's, a helper, one with initialisers, or a parameter."""
    targets = [call.target for call in calls]
    if len(set(targets)) == 1:
        return walk.classes.torch_class(targets[0], nodes[0], lanes[0].shape(nodes[0].inputs[0]))
    bare = all(not call.arguments and call.target.startswith("nn.") for call in calls)
    labels = {text: text.removeprefix("nn.") for text in targets}
    if not (bare and target.parameter) or any(node.init for node in nodes):
        agree(lanes, targets, labels)
    return layer_parameter(walk, lanes, target.parameter, targets)


def layer_parameter(walk: Walk, lanes: Sequence[Lane], source: str, texts: Sequence[str]) -> str:
    """A parameter that is a class: `act: Callable[..., nn.Module]`."""
    for param in walk.params.values():
        if param.kind == "layer" and param.source == source:
            agree(
                lanes,
                [
                    param.values.get(id(lane.root)) == text
                    for lane, text in zip(lanes, texts, strict=True)
                ],
            )
            return param.name
    values: dict[int, object] = {}
    for lane, text in zip(lanes, texts, strict=True):
        values[id(lane.root)] = text
    agree(lanes, texts if len(values) < len(walk.lanes) else [""] * len(texts))
    name = walk.locals.claim_underscored(source)
    walk.params[name] = Param(name, "layer", values, source=source)
    return name


def _order(calls: Sequence[TorchCall]) -> list[int | str]:
    """The arguments that some call shows, in torch's order: positions, then keywords."""
    order: list[int | str] = []
    for call in calls:
        at = 0
        for position, argument in enumerate(call.arguments):
            key = argument.keyword or position
            if key in order:
                at = order.index(key) + 1
            else:
                order.insert(at, key)
                at += 1
    return order


def _with_deduced(
    fields: Fields, calls: Sequence[TorchCall], order: list[int | str]
) -> list[int | str]:
    """Also what is torch's default in every call, where a parameter of the class says it."""
    places = list(type(fields.layers[0]).model_fields)

    def place(key: int | str) -> int:
        source = next((a.source for a in map(lambda c: _argument(c, key), calls) if a), None)
        return places.index(source) if source in places else -1

    for argument in calls[0].defaulted:
        key, source = argument.keyword, argument.source
        if key is None or key in order or source not in places:
            continue
        expr = fields.expr(source)
        values = [each.value for call in calls if (each := _argument(call, key)) is not None]
        if expr is None or algebra.is_constant(expr) or len(values) < len(calls):
            continue
        if fields.walk.holds(expr, fields.lanes, values):
            later = [at for at, other in enumerate(order) if place(other) > place(key)]
            order.insert(later[0] if later else len(order), key)
    return order


def _argument(call: TorchCall, key: int | str) -> TorchArgument | None:
    if isinstance(key, int):
        return call.arguments[key] if key < len(call.arguments) else None
    known = (*call.arguments, *call.defaulted)
    return next((argument for argument in known if argument.keyword == key), None)


# --- blocks ---------------------------------------------------------------------------------


def make_call(walk: Walk, lanes: Sequence[Lane], nodes: Sequence[CallNode], target: Target) -> Made:
    """A block: its class with the arguments that its constructor takes."""
    plans = [walk.classes.plan_of(node.body) for node in nodes]
    agree(lanes, [plan.name for plan in plans], {plan.name: plan.name for plan in plans})
    plan = plans[0]
    call = BlockCall(walk, lanes, nodes, target, plan)
    build = Build(plan.name, call.arguments())
    outputs = [[call.outward(value.channels)] for _, value in plan.outputs]
    fields = tuple(name for name, _ in plan.outputs) if plan.several else ()
    fresh = [value.fresh for _, value in plan.outputs]
    return Made(build, outputs, fresh, block=True, fields=fields)


@dataclass(slots=True)
class BlockCall:
    """One call of a printed class: the arguments, in the caller's words."""

    walk: Walk
    lanes: Sequence[Lane]
    nodes: Sequence[CallNode]
    target: Target
    plan: Plan
    exprs: dict[str, Expr] = field(default_factory=dict)

    def arguments(self) -> list[tuple[str | None, Expr | str]]:
        """Required ones by position, others by keyword and only where they differ."""
        positional: list[tuple[str | None, Expr | str]] = []
        named: list[tuple[str | None, Expr | str]] = []
        for param in self.plan.params:
            value = self._value(param)
            if not isinstance(value, str):
                self.exprs[param.name] = value
            if param.default is None:
                positional.append((None, value))
            elif not _equal(value, param.default):
                named.append((param.name, value))
        for param in self.plan.dropped:
            self._learn(param)
        return positional + named

    def _learn(self, param: Param) -> None:
        """What a parameter is that the class does not have: its outputs may speak of it."""
        values = [param.values[id(node.body)] for node in self.nodes]
        expr = None if param.kind == "layer" else self._deduced(param)
        if expr is not None and self.walk.holds(expr, self.lanes, values):
            self.exprs[param.name] = expr

    def outward(self, expr: Expr | None) -> Expr | None:
        """The callee's expression in the caller's words."""
        if expr is None:
            return None
        lets = self.plan.lets

        def meaning(name: str) -> Expr:
            if name in lets:
                return algebra.substitute(lets[name], meaning)
            if name in self.exprs:
                return self.exprs[name]
            raise algebra.Opaque

        try:
            return algebra.fold(algebra.substitute(expr, meaning))
        except algebra.Opaque:
            return None

    def _value(self, param: Param) -> Expr | str:
        values = [param.values[id(node.body)] for node in self.nodes]
        if param.kind == "layer":
            return self._layer(param, [str(value) for value in values])
        expr = self.walk.number(self._deduced(param), self.lanes, values, param.name)
        if not self.walk.classes.folds(self.nodes[0].body.definition):
            self.walk.refuse(expr)
        return expr

    def _layer(self, param: Param, texts: list[str]) -> str:
        """The class for a layer-valued parameter: a name of torch's, or our own parameter."""
        if len(set(texts)) == 1:
            return texts[0]
        implicit = tree.Name((param.source,))
        written = self.target.written.get(param.source, implicit)
        own = own_parameter(self.walk, written)
        if not own:
            agree(self.lanes, texts, {text: text.removeprefix("nn.") for text in texts})
        return layer_parameter(self.walk, self.lanes, own, texts)

    def _deduced(self, param: Param) -> Expr | None:
        if param.kind == "channels":
            return self._input_channels(param)
        if param.kind == "extra":
            return None
        return self._argument(param.source)

    def _input_channels(self, param: Param) -> Expr | None:
        at = next(i for i, (name, _) in enumerate(self.plan.inputs) if name == param.source)
        return self.walk.join(self.lanes, [node.inputs[at] for node in self.nodes]).channels

    def _argument(self, name: str) -> Expr | None:
        """An argument as given, or the parameter's default in the caller's words."""
        definition = self.nodes[0].body.definition
        assert definition is not None
        if definition.kind == "implicit":
            meaning = self.walk.scope.names.get(name)
            return meaning
        if name in self.target.arguments:
            return self.target.arguments[name]
        default = next(p.default for p in definition.parameters if p.name == name)
        if default is None:
            return None

        def meaning_of(inner: str) -> Expr:
            found: Expr | None = None
            if inner in {p.name for p in definition.parameters}:
                found = self._argument(inner)
            elif inner in {"channels", "input.channels"}:
                found = self.walk.join(self.lanes, [n.inputs[0] for n in self.nodes]).channels
            else:
                return algebra.constant(definition.scope.get(inner, ...))
            if found is None:
                raise algebra.Opaque
            return found

        try:
            return algebra.fold(algebra.substitute(default, meaning_of))
        except algebra.Opaque:
            return None


def _equal(value: Expr | str, default: Expr | str) -> bool:
    return type(value) is type(default) and value == default and repr(value) == repr(default)
