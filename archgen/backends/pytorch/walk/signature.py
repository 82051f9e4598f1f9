"""The lanes and names with which the walk of a definition begins: which parameters stay."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, Iterator, Mapping, Sequence

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Param, Value
from archgen.backends.pytorch.plan.names import Names
from archgen.backends.pytorch.walk.lanes import Lane, Split
from archgen.backends.pytorch.walk.scope import Classes, Scope
from archgen.backends.pytorch.walk.state import Statements, Walk
from archgen.layers.base import AUTO
from archgen.network import Body, Definition, Ref
from archgen.resolve.values import Items, LayerValue, Several, TensorValue
from archgen.syntax import tree


class Opening:
    """The lanes and names with which the walk of a definition begins.

    A parameter without a default stays one of the class; one with a default stays if some
    call has another value, else it is a local or is folded away. What the arch's own text
    says is folded, but for parameters that are only open_parameters on.
    """

    def __init__(
        self,
        classes: Classes,
        statements: Statements,
        definition: Definition,
        bodies: Sequence[Body],
    ) -> None:
        self.classes = classes
        self.definition = definition
        self.folds = classes.folds(definition)
        lanes = [_lane(body, definition) for body in bodies]
        self.walk = Walk(classes, statements, Scope(definition, {}), lanes)
        self._inputs()
        for parameter in definition.parameters:
            self._parameter(parameter)

    def _inputs(self) -> None:
        walk, first = self.walk, self.walk.lanes[0].body
        names = _input_names(first)
        agree_names = [_input_names(lane.body) for lane in walk.lanes]
        _same_or_split(walk, agree_names)
        for at, author in enumerate(names):
            name = walk.locals.claim_underscored(f"{author}_channels" if at else "in_channels")
            sizes = [lane.shape(lane.body.inputs[at]).channels for lane in walk.lanes]
            channels = self._channels(name, author, sizes)
            refs = [lane.body.inputs[at] for lane in walk.lanes]
            value = walk.value(walk.lanes, refs, [channels], fresh=False)
            if first.kind != "arch":
                value.sizes_on.add(f"{author}.sizes")
                walk.tracked.add(f"{author}.sizes")
            walk.scope.names[f"{author}.channels" if at else "input.channels"] = channels
            walk.inputs.append((author, value))

    def _channels(self, name: str, author: str, sizes: Sequence[int]) -> Expr:
        """The channels of an input: a parameter, or in the arch's text a constant."""
        if self.folds and len(set(sizes)) == 1:
            return tree.Number(sizes[0])
        return self._keep(name, "channels", list(sizes), author)

    def _keep(self, name: str, kind: str, values: Sequence[object], source: str) -> Expr:
        walk = self.walk
        by_root = {id(lane.root): v for lane, v in zip(walk.lanes, values, strict=True)}
        walk.params[name] = Param(name, kind, by_root, source=source)  # type: ignore[arg-type]
        walk.learn(name, by_root, walk.lanes)
        walk.tracked.add(name)
        return tree.Name((name,))

    def _parameter(self, parameter: tree.Parameter) -> None:
        walk, name = self.walk, parameter.name
        values = [lane.body.arguments[name] for lane in walk.lanes]
        labels: dict[Hashable, str] = {}
        if any(map(_is_layer, values)):
            labels = {_form(None): f"no_{name}"}
        _same_or_split(walk, [_form(value) for value in values], labels)
        meaning = self._meaning(parameter, values)
        walk.scope.names[name] = meaning

    def _meaning(self, parameter: tree.Parameter, values: Sequence[object]) -> Expr | None:
        name, walk = parameter.name, self.walk
        if values[0] is AUTO:
            return tree.Auto()
        if not all(map(algebra.is_plain, values)):
            return None
        if self.folds:
            return self._in_arch(name, values)
        default = None
        if parameter.default is not None:
            default = walk.deduce(parameter.default, walk.lanes)
            if walk.holds(default, walk.lanes, values):
                assert default is not None
                return walk.local(name, default, walk.lanes, values=values, own=True, table=True)
        expr = self._keep(walk.locals.claim_underscored(name), "number", values, name)
        if default is not None and _is_like(default, values[0]):
            walk.params[expr.text].default = default  # type: ignore[union-attr]
        return expr

    def _in_arch(self, name: str, values: Sequence[object]) -> Expr:
        """In the arch's text: a constant, unless it may be open_parameters on as a parameter."""
        if self.classes.leaves_open(name):
            own = self.definition.kind == "arch"
            default = algebra.constant(values[0]) if own else None
            if not own or algebra.same(values[0], self.classes.file.network.parameters[name]):
                return self._left_open(name, values, default)
        if all(algebra.same(value, values[0]) for value in values):
            constant = algebra.constant(values[0])
            return self.walk.local(
                name, constant, self.walk.lanes, values=values, own=True, table=True
            )
        return self._keep(self.walk.locals.claim_underscored(name), "number", values, name)

    def _left_open(self, name: str, values: Sequence[object], default: Expr | None) -> Expr:
        expr = self._keep(self.walk.locals.claim_underscored(name), "number", values, name)
        assert isinstance(expr, tree.Name)
        self.walk.params[expr.text].default = default
        alike = all(algebra.same(value, values[0]) for value in values)
        self.walk.leave_open(expr.text, name, algebra.constant(values[0]) if alike else None)
        return expr


def _is_like(default: Expr, value: object) -> bool:
    """Whether a default is a constant of the kind that the calls give."""
    return algebra.is_constant(default) and _form(algebra.value_of(default, {})) == _form(value)


def _lane(body: Body, definition: Definition) -> Lane:
    entered = body.values[body.inputs[0]]
    values: ChainMap[Ref, Value] = ChainMap({})
    names = dict(body.arguments)
    return Lane(body, body, definition, names, ChainMap({}), values, body.inputs[0], entered)


def _input_names(body: Body) -> tuple[str, ...]:
    """The inputs in order: the current value, and the parameters that are values; all differ."""
    if body.kind == "arch":
        return tuple(name or "x" for name in body.input_names)
    names = Names(name for name, value in body.arguments.items() if isinstance(value, TensorValue))
    first = "input" if "x" in names else "x"  # no parameter is called `input`
    found = {
        ref: name if name in body.arguments else names.claim_underscored(name)
        for name, ref in _tensors(body.arguments)
    }
    return (first, *(found[ref] for ref in body.inputs[1:]))


def _tensors(arguments: object) -> Iterator[tuple[str, Ref]]:
    assert isinstance(arguments, dict)
    for name, value in arguments.items():
        yield from _tensors_in(name, value)


def _tensors_in(name: str, value: object) -> Iterator[tuple[str, Ref]]:
    match value:
        case TensorValue():
            yield name, value.ref
        case Several():
            for field_name, tensor in value.fields:
                yield f"{name}_{field_name}", tensor.ref
        case Items():
            for at, item in enumerate(value):
                yield from _tensors_in(f"{name}{at}", item)


def _form(value: object) -> str:
    """What kind of value it is: calls with unlike kinds do not share a class."""
    if isinstance(value, bool) or value is None or value is AUTO:
        return repr(type(value))
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Items):
        return f"[{', '.join(sorted({_form(item) for item in value}))}]"
    return type(value).__name__


def _is_layer(value: object) -> bool:
    return isinstance(value, LayerValue)


def _same_or_split(
    walk: Walk, keys: Sequence[Hashable], labels: Mapping[Hashable, str] | None = None
) -> None:
    if len(set(keys)) > 1:
        by_root = {id(lane.root): key for lane, key in zip(walk.lanes, keys, strict=True)}
        raise Split(by_root, labels or {})
