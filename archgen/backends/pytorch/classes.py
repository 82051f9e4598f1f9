"""Which classes a file has, and which calls share one: definitions in order, callees first."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archgen.backends.pytorch import algebra, inplace, prune, simplify, statements
from archgen.backends.pytorch.algebra import Expr
from archgen.backends.pytorch.lanes import Lane, Split
from archgen.backends.pytorch.names import GLOBALS, LOCALS, Names, camel_case
from archgen.backends.pytorch.plan import InitPath, Param, Plan, Value
from archgen.backends.pytorch.walk import Escaped, Scope, Spoiled, Walk
from archgen.layers.base import AUTO
from archgen.network import Body, CallNode, Definition, Initialiser, LayerNode, Network, Ref
from archgen.resolve.values import Items, Several, TensorValue
from archgen.shapes import Shape
from archgen.syntax import tree

Unit = tuple[int, int]  # a definition's text, and how deep calls of itself nest in it


@dataclass(slots=True, eq=False)
class Initialised:
    """A torch class whose weights start otherwise: a small class of its own.

    `whole`: every weight is set, so that torch's own initialisation need not run first.
    """

    name: str
    target: str
    init: tuple[tuple[str, Initialiser], ...]
    whole: bool


class Classes:
    """The classes of one network's file.

    `folded` are the parameters of the arch that are constants in its class.
    """

    def __init__(self, network: Network, folded: frozenset[str] = frozenset()) -> None:
        self.network = network
        self.folded = folded
        self.plans: list[Plan] = []
        self.helpers: list[str] = []
        self.initialised: list[Initialised] = []
        self._names = Names(GLOBALS)
        self._arch_name = self._names.claim(camel_case(network.name, network.doc))
        self._by_body: dict[int, Plan] = {}
        self._units = units_of(network.body)
        self._unit_of = {id(body): unit for unit, bodies in self._units.items() for body in bodies}
        self.arch = self._arch_plan()

    # --- what the walk asks for ---------------------------------------------------------------

    def plan_of(self, body: Body) -> Plan:
        """The class of a call; made now, with all calls that share it, if it is not yet."""
        if id(body) not in self._by_body:
            self._make(self._units[self._unit_of[id(body)]])
        return self._by_body[id(body)]

    def folds(self, definition: Definition | None) -> bool:
        """Whether a text is the arch's own: its numbers are constants."""
        while definition is not None and definition.kind == "implicit":
            definition = definition.parent
        return definition is self.network.body.definition

    def hands_on(self, name: str) -> bool:
        """Whether a parameter of the arch stays one of its class."""
        value = self.network.parameters.get(name)
        plain = isinstance(value, int | float | str)
        return plain and name not in self.folded and name not in LOCALS

    def need_helper(self, name: str | None) -> None:
        if name is not None and name not in self.helpers:
            self.helpers.append(name)

    def torch_class(self, target: str, node: LayerNode, x: Shape) -> str:
        """The name of a layer's class in the file: torch's, a helper's, or an initialised one."""
        if not target.startswith("nn."):
            self.need_helper(target)
        if not node.init:
            return target
        whole = {name for name, _ in node.init} == set(node.layer.weights(x))
        whole = whole and not node.layer.buffers(x)
        for known in self.initialised:
            if (known.target, known.init, known.whole) == (target, node.init, whole):
                return known.name
        name = self._names.claim(target.removeprefix("nn."))
        self.initialised.append(Initialised(name, target, node.init, whole))
        return name

    # --- making classes -----------------------------------------------------------------------

    def _arch_plan(self) -> Plan:
        walk = self._walk([self.network.body])
        plan = self._finish(walk, self._arch_name)
        plan.arch = True
        plan.doc = ""
        return plan

    def _make(self, bodies: Sequence[Body]) -> None:
        """Make the classes of calls of one definition: one if they can share it."""
        for body in bodies:
            for callee in callees(body):
                self.plan_of(callee)
        definition = bodies[0].definition
        assert definition is not None
        self._group(bodies, self._class_name(definition), "")

    def _class_name(self, definition: Definition) -> str:
        """A block's name; a part of the arch is spelled as the arch's documentation does."""
        doc = self.network.doc if self.folds(definition) else ""
        return camel_case(class_words(definition), doc)

    def _group(self, bodies: Sequence[Body], name: str, label: str) -> None:
        try:
            walk = self._walk(bodies)
        except Split as split:
            for key, group in _by_key(bodies, split).items():
                suffix = camel_case(split.labels[key]) if split.labels.get(key) else ""
                self._group(group, name, label + suffix)
            return
        plan = self._finish(walk, self._names.claim(name + label))
        for body in bodies:
            self._by_body[id(body)] = plan

    def _walk(self, bodies: Sequence[Body]) -> Walk:
        try:
            return self._walked(bodies, unrolled=False)
        except Escaped:
            return self._walked(bodies, unrolled=True)

    def _walked(self, bodies: Sequence[Body], *, unrolled: bool) -> Walk:
        definition = bodies[0].definition
        assert definition is not None
        walk = Opening(self, definition, bodies).walk
        walk.unrolled = unrolled
        steps = [lane.body.steps for lane in walk.lanes]
        statements.run(walk, walk.lanes, definition.body.statements, steps)
        return walk

    def _finish(self, walk: Walk, name: str) -> Plan:
        lanes = walk.lanes
        body = lanes[0].body
        outputs = [
            (output.name, walk.join(lanes, [lane.body.outputs[at].value for lane in lanes]))
            for at, output in enumerate(body.outputs)
        ]
        plan = Plan(
            name=name,
            doc=walk.scope.definition.doc,
            params=_ordered(walk),
            inputs=walk.inputs,
            items=walk.items,
            outputs=outputs,
            listed=body.listed,
            aux=walk.aux,
            path_init=[InitPath(path, init) for path, init in body.path_init],
            lets=walk.lets,
            locals=walk.locals,
        )
        inplace.mark(plan)
        simplify.simplify(plan)
        prune.prune(plan)
        _check_kept(walk, plan)
        if plan.several or plan.aux:
            plan.result = self._names.claim(f"{name}Output")
        self.plans.append(plan)
        return plan


def _ordered(walk: Walk) -> list[Param]:
    """Inputs' channels, then parameters in the block's order, then what was found missing."""
    places = {p.name: at for at, p in enumerate(walk.scope.definition.parameters)}

    def place(param: Param) -> tuple[bool, bool, int]:
        last = len(places)
        at = places.get(param.source, last) if param.kind != "extra" else last
        return param.default is not None, param.kind != "channels", at

    return sorted(walk.params.values(), key=place)


def _by_key(bodies: Sequence[Body], split: Split) -> dict[object, list[Body]]:
    groups: dict[object, list[Body]] = {}
    for body in bodies:
        groups.setdefault(split.keys.get(id(body)), []).append(body)
    return groups


def _check_kept(walk: Walk, plan: Plan) -> None:
    """A parameter of the arch stays only if it is handed on as it is."""
    for expr in prune.expressions(plan):
        if not isinstance(expr, tree.Name):
            walk.refuse(expr)


def class_words(definition: Definition) -> str:
    """The name of a definition's class, in words: an implicit block is its parent's part."""
    if definition.kind == "implicit" and definition.parent is not None:
        return f"{class_words(definition.parent)}_{definition.name}"
    return definition.name


# --- opening a walk -------------------------------------------------------------------------------


class Opening:
    """The lanes and names with which the walk of a definition begins.

    A parameter without a default stays one of the class; one with a default stays if some
    call has another value, else it is a local or is folded away. What the arch's own text
    says is folded, but for parameters that are only handed on.
    """

    def __init__(self, classes: Classes, definition: Definition, bodies: Sequence[Body]) -> None:
        self.classes = classes
        self.definition = definition
        self.folds = classes.folds(definition)
        lanes = [_lane(body, definition) for body in bodies]
        self.walk = Walk(classes, Scope(definition, {}), lanes)
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
        return tree.Name((name,))

    def _parameter(self, parameter: tree.Parameter) -> None:
        walk, name = self.walk, parameter.name
        values = [lane.body.arguments[name] for lane in walk.lanes]
        _same_or_split(walk, [_form(value) for value in values])
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
                return walk.local(name, default, walk.lanes, own=True)
        expr = self._keep(walk.locals.claim_underscored(name), "number", values, name)
        if default is not None and algebra.is_constant(default):
            walk.params[expr.text].default = default  # type: ignore[union-attr]
        return expr

    def _in_arch(self, name: str, values: Sequence[object]) -> Expr:
        """In the arch's text: a constant, unless it may be handed on as a parameter."""
        if self.classes.hands_on(name):
            own = self.definition.kind == "arch"
            default = algebra.constant(values[0]) if own else None
            if not own or algebra.same(values[0], self.classes.network.parameters[name]):
                return self._handed_on(name, values, default)
        if all(algebra.same(value, values[0]) for value in values):
            return algebra.constant(values[0])
        return self._keep(self.walk.locals.claim_underscored(name), "number", values, name)

    def _handed_on(self, name: str, values: Sequence[object], default: Expr | None) -> Expr:
        expr = self._keep(self.walk.locals.claim_underscored(name), "number", values, name)
        assert isinstance(expr, tree.Name)
        self.walk.params[expr.text].default = default
        self.walk.kept.add(expr.text)
        return expr


def _lane(body: Body, definition: Definition) -> Lane:
    entered = body.values[body.inputs[0]]
    values: ChainMap[Ref, Value] = ChainMap({})
    names = dict(body.arguments)
    return Lane(body, body, definition, names, ChainMap({}), values, body.inputs[0], entered)


def _input_names(body: Body) -> tuple[str, ...]:
    """The inputs in order: the current value, and the parameters that are values."""
    if body.kind == "arch":
        return tuple(name or "x" for name in body.input_names)
    found = {ref: name for name, ref in _tensors(body.arguments)}
    return ("x", *(found[ref] for ref in body.inputs[1:]))


def _tensors(arguments: object) -> Iterator[tuple[str, Ref]]:
    assert isinstance(arguments, dict)
    for name, value in arguments.items():
        yield from _tensors_in(name, value)


def _tensors_in(name: str, value: object) -> Iterator[tuple[str, Ref]]:
    match value:
        case TensorValue():
            yield name, value.ref
        case Several():
            for field_name, item in value.fields:
                yield f"{name}_{field_name}", item.ref
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


def _same_or_split(walk: Walk, keys: Sequence[object]) -> None:
    if len(set(keys)) > 1:
        by_root = {id(lane.root): key for lane, key in zip(walk.lanes, keys, strict=True)}
        raise Split(by_root, {})  # type: ignore[arg-type]


# --- the calls of a network -------------------------------------------------------------------


def callees(body: Body) -> Iterator[Body]:
    """The calls of definitions that a body makes, in order; containers are looked into."""
    nodes = [*body.nodes, *(aux.node for aux in body.aux)]
    for node in nodes:
        if isinstance(node, CallNode):
            if node.body.kind in {"sequential", "stage"}:
                yield from callees(node.body)
            else:
                yield node.body


def units_of(arch: Body) -> dict[Unit, list[Body]]:
    """The calls of each definition in order of appearance, apart by how deep they nest."""
    order: dict[int, Body] = {}
    _collect(arch, order)
    edges: dict[int, set[int]] = {}
    for body in order.values():
        edges.setdefault(_text(body), set()).update(_text(callee) for callee in callees(body))
    reach = {text: _reached(text, edges) for text in edges}
    depths: dict[int, int] = {}
    units: dict[Unit, list[Body]] = {}
    for body in order.values():
        units.setdefault((_text(body), _depth(body, reach, depths)), []).append(body)
    return units


def _text(body: Body) -> int:
    assert body.definition is not None
    return id(body.definition.body)


def _collect(body: Body, order: dict[int, Body]) -> None:
    for callee in callees(body):
        if id(callee) not in order:
            order[id(callee)] = callee
            _collect(callee, order)


def _reached(text: int, edges: dict[int, set[int]]) -> set[int]:
    found: set[int] = set()
    todo = [text]
    while todo:
        for other in edges.get(todo.pop(), ()):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _depth(body: Body, reach: dict[int, set[int]], known: dict[int, int]) -> int:
    """How many calls nest in this one whose texts call each other in a circle with its own."""
    if id(body) not in known:
        own = _text(body)
        known[id(body)] = max(
            (
                1 + _depth(callee, reach, known)
                for callee in callees(body)
                if own in reach[_text(callee)]
            ),
            default=0,
        )
    return known[id(body)]


def class_name(network: Network) -> str:
    """The name of the network's class in its file."""
    return Names(GLOBALS).claim(camel_case(network.name, network.doc))


def classes_of(network: Network) -> Classes:
    """The classes of a network's file."""
    folded: set[str] = set()
    while True:
        try:
            return Classes(network, frozenset(folded))
        except Spoiled as spoiled:
            folded |= spoiled.names
