"""A built-in layer applied: the torch module that the constructor makes, argument by argument."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Build, Made, Param, Value
from archgen.backends.pytorch.walk.lanes import Lane, agree
from archgen.backends.pytorch.walk.state import Walk
from archgen.backends.pytorch.walk.targets import Target
from archgen.layers.base import Layer, TorchArgument, TorchCall
from archgen.network import Definition, LayerNode
from archgen.resolve.values import LayerValue
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.syntax.parse import parse_expression

_said = cache(parse_expression)  # what the layers declare, read once


def make_layer(
    walk: Walk, lanes: Sequence[Lane], nodes: Sequence[LayerNode], target: Target
) -> Made:
    """A built-in layer: its torch module, or the function that it is."""
    shapes = [lane.shape(node.inputs[0]) for lane, node in zip(lanes, nodes, strict=True)]
    layers = [node.layer for node in nodes]
    source = walk.join(lanes, [node.inputs[0] for node in nodes])
    functions = [layer.function(x) for layer, x in zip(layers, shapes, strict=True)]
    agree(lanes, functions)
    lifts = [layer.lifts(x) for layer, x in zip(layers, shapes, strict=True)]
    agree(lanes, lifts)
    fields = Fields(walk, lanes, layers, shapes, target, source)
    made = Made(
        None,
        [fields.channels_out(output) for output in range(len(nodes[0].outputs))],
        [all(layer.fresh and not layer.saves_output for layer in layers)] * len(nodes[0].outputs),
        functions[0] or "",
    )
    made.lifts = lifts[0]
    made.sizes_on, made.shape_on, made.passes = fields.influences()
    if functions[0] is not None:
        helper = layers[0].helper
        walk.file.need_helper(helper if f"{helper}(" in functions[0] else None)
        walk.fix(made.shape_on)
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
        given = name in self.target.arguments
        found = self.target.arguments.get(name)
        if given and not isinstance(found, tree.Auto | tree.Nothing):
            return found
        derived = type(self.layers[0]).derived.get(name)
        if derived is not None:
            return self._derived(name, derived)
        return found if given else self._default(name)

    def _derived(self, name: str, text: str) -> Expr | None:
        """What `auto` is. Where that hangs on numbers of the class, it is right for its calls."""
        where, anyway = map(
            self.meaning, type(self.layers[0]).derived_where.get(name, ("true", "true"))
        )
        if where == tree.Boolean(False):
            return tree.Number(0)
        if anyway != tree.Boolean(True):
            self.walk.fix_by(where)
        return self.meaning(text)

    def said(self, source: str | None) -> Expr | None:
        """What a torch argument is said to come from: a field, or an expression."""
        known = source in type(self.layers[0]).model_fields
        return self.expr(source) if known and source is not None else self.meaning(source)

    def meaning(self, text: str | None) -> Expr | None:
        """An expression of the layer's declaration, over its fields and `channels`."""
        if text is None:
            return None
        try:
            made = algebra.substitute(_said(text), self._name)
            return self.walk.fold(made, self.lanes)
        except algebra.Opaque:
            return None

    def channels_out(self, output: int) -> list[Expr | None]:
        """Candidates for the channels of an output."""
        layer, shape = self.layers[0], self.shapes[0]
        text = layer.channels_out(shape, output)
        if text is not None:
            return [self.meaning(text or None)]
        return [self._flattened()]

    def _flattened(self) -> Expr | None:
        """Channels times the positions that become channels, if these are always so many."""
        positions: set[int | None] = set()
        for layer, shape in zip(self.layers, self.shapes, strict=True):
            after = layer.shape(shape)
            if not isinstance(after, Shape) or after.numel != shape.numel:
                return None
            whole, rest = divmod(after.channels, shape.channels)
            positions.add(None if rest else whole)
        times = positions.pop() if len(positions) == 1 else None
        if times is None or self.source.channels is None or self.walk.sizes_depend_on(self.source):
            return None
        return algebra.fold(tree.Binary("*", self.source.channels, tree.Number(times)))

    def influences(self) -> tuple[set[str], set[str], bool]:
        """The names that the sizes of the outputs hang on, and those that anything does; and
        whether the sizes of the input count."""
        layer = self.layers[0]
        text = layer.channels_out(self.shapes[0])
        said = set() if not text else set(algebra.names_in(_said(text)))
        each = {key: self.walk.depends_on(arg) for key, arg in self.target.arguments.items()}
        sizes = {name for key, names in each.items() if key not in said for name in names}
        if layer.keeps_shape:
            sizes = set()
        return sizes, set().union(*each.values()), not layer.fixes_size

    def _name(self, name: str) -> Expr:
        if name == "channels":
            found = self.source.channels
        else:
            found = self.expr(name) if name in type(self.layers[0]).model_fields else None
        if found is None:
            raise algebra.Opaque
        return found

    def _default(self, name: str) -> Expr | None:
        default = type(self.layers[0]).model_fields[name].default
        return algebra.constant(default) if algebra.is_plain(default) else None


def _build(
    walk: Walk,
    lanes: Sequence[Lane],
    nodes: Sequence[LayerNode],
    fields: Fields,
    channels: Callable[[], Expr],
) -> Build:
    layers = fields.layers
    calls = [layer.module(x) for layer, x in zip(layers, fields.shapes, strict=True)]
    agree(lanes, [node.init for node in nodes])
    name = _target_text(walk, lanes, nodes, calls, fields.target)
    unsaid = fields.influences()[1]
    arguments: list[tuple[str | None, Expr | str]] = []
    shown_anyway = _order(calls)
    for key in (keys := _with_deduced(fields, calls, list(shown_anyway))):
        shown = [_argument(call, key) for call in calls]
        agree(lanes, [item is None for item in shown])
        values = [item.value for item in shown if item is not None]
        source = next((item.source for item in shown if item is not None), None)
        keyword = key if isinstance(key, str) else None
        if source == "channels":
            arguments.append((keyword, channels()))
            continue
        expr = fields.said(source)
        if expr is None and source is not None:
            walk.fix(unsaid | walk.shape_depends_on(fields.source))
        unsaid = unsaid - walk.depends_on(expr)
        arguments.append((keyword, walk.number(expr, lanes, values, keyword or source or "size")))
    if layers[0].takes_inplace:  # its arguments decide whether it may
        unsaid = fields.influences()[1]
    walk.fix(unsaid)
    implied = frozenset(key for key in keys if key not in shown_anyway and isinstance(key, str))
    return Build(name, arguments, implied, all(layer.may_work_inplace for layer in layers))


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
        return walk.file.torch_class(targets[0], nodes[0], lanes[0].shape(nodes[0].inputs[0]))
    bare = all(not call.arguments and call.target.startswith("nn.") for call in calls)
    labels: dict[Hashable, str] = {text: text.removeprefix("nn.") for text in targets}
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
    values: dict[int, object] = {id(lane.root): _bare_class(lane, source) for lane in walk.lanes}
    for lane, text in zip(lanes, texts, strict=True):
        values[id(lane.root)] = text
    agree(lanes, texts if None in values.values() else [""] * len(texts))
    name = walk.locals.claim_underscored(source)
    walk.params[name] = Param(name, "layer", values, source=source)
    return name


def _bare_class(lane: Lane, source: str) -> str | None:
    """The class that a layer-valued argument is where nothing has applied it: torch's, bare."""
    value = lane.root.arguments[source]
    if not isinstance(value, LayerValue) or isinstance(value.target, Definition):
        return None
    if value.arguments or value.target.group != "activation":
        return None
    call = value.target().module(lane.entered)
    return None if call.arguments else call.target


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
        known = (_argument(call, key) for call in calls)
        source = next((argument.source for argument in known if argument), None)
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
