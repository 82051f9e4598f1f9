"""Calls -> nodes: layers, blocks, stages, `seq`, groups with a name, `param`, `reuse`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archgen.diagnostics import Diagnostic, Fault, error
from archgen.diagnostics import Frame as Caller
from archgen.layers.base import Layer, LayerFault
from archgen.layers.initialisers import Initialiser
from archgen.layers.make import make
from archgen.network import (
    Applied,
    CallNode,
    Definition,
    LayerNode,
    ParamNode,
    Passed,
    Step,
    weight_shapes,
)
from archgen.resolve import flow
from archgen.resolve.expressions import bind, lookup, parameters_of, suggest, unknown_layer
from archgen.resolve.frame import Child, Frame
from archgen.resolve.initial import initialiser_of
from archgen.resolve.sequential import container
from archgen.resolve.values import Items, LayerValue, TensorValue, identity_key, kind_of, show
from archgen.shapes import Shape
from archgen.source import Span
from archgen.syntax import tree


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be applied: a layer or block, its arguments, and where they stand."""

    callee: type[Layer] | Definition
    given: Mapping[str, object]
    link: tree.Call
    frame_text: str

    @property
    def span(self) -> Span:
        return self.link.span

    def argument_span(self, name: str | None) -> Span:
        """The place of an argument; of the whole call if it is not written there."""
        positions = parameters_of(self.callee)
        for index, argument in enumerate(self.link.arguments):
            own = argument.name or (positions[index] if index < len(positions) else None)
            if own == name:
                return argument.span
        return self.link.span


def apply_call(frame: Frame, link: tree.Call, name: str | None) -> Step:
    """A layer, a block, a stage or a layer-valued parameter, applied to the current value."""
    match link.function.parts:
        case ("stage",):
            return _apply_stage(frame, link, name)
        case ("param",):
            message = "a `param` needs a name, which becomes its key"
            raise Fault(error("A121", message, link.span, help="write `name = param(...)`"))
        case ("init",):
            raise Fault(error("A117", "`init` is a statement of its own", link.span))
    value = _callable(frame, link.function)
    stem = link.function.parts[-1]
    if value is None:
        return _passed(frame, name, stem, link.span)
    given = bind(value, link.arguments, frame.env)
    if getattr(value.target, "keyword", None) == "identity" and not frame.sequential:
        return _passed(frame, name, stem, link.span)
    text = f"`{value.name}`" + (f", called `{name}`" if name else "")
    target = Target(value.target, given, link, text)
    child = frame.child_name(name, stem, link.span)
    before = frame.ref(link.span)
    node = apply_target(frame, target, child)
    return Applied(node, before, node.outputs[0])


def _passed(frame: Frame, name: str | None, stem: str, span: Span) -> Passed:
    """A link that makes no submodule; in a body its number is spent all the same."""
    if name is None and not frame.sequential:
        frame.counts[stem] = frame.counts.get(stem, 0) + 1
    return Passed(frame.ref(span))


def _callable(frame: Frame, function: tree.Name) -> LayerValue | None:
    """What a link applies. Raises `Fault` for what is no layer."""
    try:
        value = lookup(function, frame.env)
    except Fault as fault:
        if fault.diagnostic.code != "A101":
            raise
        raise Fault(unknown_layer(function, frame.env)) from None
    if value is None or isinstance(value, LayerValue):
        return value
    message = f"`{function.text}` is {kind_of(value)}, not a layer or block"
    hint = f"`from {function.text}` reads a value" if isinstance(value, TensorValue) else None
    raise Fault(error("A112", message, function.span, help=hint))


# --- one submodule ----------------------------------------------------------------------------


def apply_target(
    frame: Frame, target: Target, name: str, *, reused: bool = False
) -> LayerNode | CallNode:
    """Apply a layer or block under a name; the node is in the frame afterwards."""
    if isinstance(target.callee, Definition):
        node = _call_node(frame, target, target.callee, name, reused)
    else:
        node = _layer_node(frame, target, target.callee, name, reused)
    if not reused:
        frame.adopt(Child(node, lambda inner, _: apply_target(inner, target, name, reused=True)))
    frame.emit(node)
    return node


def _layer_node(
    frame: Frame, target: Target, cls: type[Layer], name: str, reused: bool
) -> LayerNode:
    extra = [item for item in target.given.values() if isinstance(item, TensorValue)]
    layer = make_layer(frame, target, cls)
    before = frame.ref(target.span)
    shape = frame.shape_of(before)
    try:
        shapes = layer.shape(shape)
    except LayerFault as fault:
        raise Fault(_misfit(target, fault, shape)) from None
    several = shapes if isinstance(shapes, tuple) else (shapes,)
    frame.check_size(several, target.span)
    weights = layer.weights(shape)
    init = tuple(
        (weight, frame.init[cls.keyword, weight])
        for weight in weights
        if (cls.keyword, weight) in frame.init
    )
    outputs = tuple(frame.add(item) for item in several)
    inputs = (before, *(item.ref for item in extra))
    return LayerNode(name, layer, inputs, outputs, init, reused, target.span)


def make_layer(frame: Frame, target: Target, cls: type[Layer]) -> Layer:
    """The layer with its arguments checked. Raises `Fault` at the argument to blame."""
    arguments = {name: _plain(item) for name, item in target.given.items()}
    made = make(cls, arguments, show)
    if isinstance(made, Layer):
        return made
    first, *others = (
        error(
            "A109" if fault.argument in arguments else "A107",
            fault.message,
            target.argument_span(fault.argument),
            help=fault.help,
        )
        for fault in (made, *made.more)
    )
    for diagnostic in others:
        frame.resolver.report(diagnostic)
    raise Fault(first)


def _plain(value: object) -> object:
    """An argument as the layer classes take it: a value of the network by its shape."""
    match value:
        case TensorValue():
            return value.shape
        case Items():
            return tuple(_plain(item) for item in value)
        case _:
            return value


def _misfit(target: Target, fault: LayerFault, shape: Shape) -> Diagnostic:
    span = target.argument_span(fault.argument) if fault.argument else target.span
    keyword = getattr(target.callee, "keyword", "")
    message = f"{keyword}: {fault.message}"
    return error(fault.code, message, span, f"input: {shape}", help=fault.help)


def _call_node(
    frame: Frame, target: Target, definition: Definition, name: str, reused: bool
) -> LayerNode | CallNode:
    given = complete(target, definition)
    before = frame.ref(target.span)
    entering = frame.shape_of(before)
    caller = Caller(target.frame_text, target.span)
    resolved, extra = frame.resolver.call(definition, given, entering, frame.init, caller)
    inputs = (before, *extra)
    if resolved.layer is not None:
        outputs = tuple(frame.add(shape) for shape in resolved.shapes)
        layer, init = resolved.layer.layer, resolved.layer.init
        return LayerNode(name, layer, inputs, outputs, init, reused, target.span)
    body = resolved.body
    assert body is not None
    outputs = tuple(frame.add(body.values[output.value]) for output in body.outputs)
    if body.several and not body.listed:
        frame.remember_fields(outputs, [output.name for output in body.outputs])
    return CallNode(name, body, inputs, outputs, 1, reused, target.span)


def complete(target: Target, definition: Definition) -> dict[str, object]:
    """The given arguments; raises `Fault` when one without a default is missing."""
    missing = [
        parameter.name
        for parameter in definition.parameters
        if parameter.default is None and parameter.name not in target.given
    ]
    if missing and definition.kind != "implicit":
        listed = ", ".join(f"`{name}`" for name in missing)
        message = f"`{definition.name}` needs {listed}"
        raise Fault(error("A107", message, target.span, help=signature_hint(definition)))
    return dict(target.given)


def signature_hint(definition: Definition) -> str:
    """How a block is called, as written."""
    from archgen.syntax.format import format_expression

    shown = (
        parameter.name
        + ("" if parameter.default is None else f"={format_expression(parameter.default)}")
        for parameter in definition.parameters
    )
    return f"its parameters: {definition.name}({', '.join(shown)})"


# --- stages -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stage:
    first: Target
    rest: Target
    n: int


def _apply_stage(frame: Frame, link: tree.Call, name: str | None) -> Step:
    """`stage(B, ...)`: n calls of a block, the first with the stride."""
    before = frame.ref(link.span)
    stage = _stage_of(frame, link, name)
    child = frame.child_name(name, "layer", link.span)
    node = container(
        frame, child, "stage", link.span, lambda inner: _fill_stage(inner, stage, child)
    )
    return Applied(node, before, node.outputs[0])


def _stage_of(frame: Frame, link: tree.Call, name: str | None) -> _Stage:
    if not link.arguments or link.arguments[0].name is not None:
        message = "a stage begins with the block that it repeats"
        raise Fault(error("A120", message, link.span, help="stage(bottleneck, 256, n=3)"))
    block, *others = link.arguments
    value = frame.value_of(block.value)
    if not isinstance(value, LayerValue):
        message = f"a stage repeats a layer or block, not {kind_of(value)}"
        raise Fault(error("A120", message, block.span))
    own = {item.name: item for item in others if item.name in {"n", "stride"}}
    passed = tuple(item for item in others if item.name not in {"n", "stride"})
    n = _whole(frame, own.get("n"), "n", 1)
    given = bind(value, passed, frame.env)
    names = parameters_of(value.target)
    _check_stage(value, names, own, link)
    inner_link = tree.Call(link.function, passed, span=link.span)
    if "stride" not in names:
        target = Target(value.target, given, inner_link, f"`{value.name}`")
        return _Stage(target, target, n)
    stride = frame.value_of(own["stride"].value) if "stride" in own else 1
    first = Target(
        value.target, {**given, "stride": stride}, link_with(link, own), f"`{value.name}`"
    )
    rest = Target(value.target, {**given, "stride": 1}, inner_link, f"`{value.name}`")
    return _Stage(first, rest, n)


def link_with(link: tree.Call, own: Mapping[str, tree.Argument]) -> tree.Call:
    """The call of a stage's block as it stands in the text, for pointing at its arguments."""
    arguments = tuple(item for item in link.arguments[1:] if item is not own.get("n"))
    return tree.Call(link.function, arguments, span=link.span)


def _check_stage(
    value: LayerValue,
    names: tuple[str, ...],
    own: Mapping[str, tree.Argument],
    link: tree.Call,
) -> None:
    if "n" in names:
        message = f"`{value.name}` has a parameter `n`, which a stage needs for itself"
        raise Fault(error("A120", message, link.span, help="rename the block's parameter"))
    if "stride" in own and "stride" not in names:
        message = f"`{value.name}` has no parameter `stride`"
        hint = "give the block a parameter `stride=1`"
        raise Fault(error("A120", message, own["stride"].span, help=hint))


def _whole(frame: Frame, argument: tree.Argument | None, what: str, default: int) -> int:
    if argument is None:
        return default
    value = frame.value_of(argument.value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"`{what}` must be an integer of at least 1"
        shown = f"it is {value}" if isinstance(value, int | float) else kind_of(value)
        raise Fault(error("A109", message, argument.span, shown))
    return value


def _fill_stage(inner: Frame, stage: _Stage, name: str) -> tuple[Step, ...]:
    """Call after call, until nothing changes any more: then the rest is one node."""
    steps: list[Step] = []
    done = 0
    while done < stage.n:
        target = stage.first if done == 0 else stage.rest
        text = f"stage {name}, {target.frame_text}, call {done + 1} of {stage.n}"
        before = inner.ref(target.span)
        target = Target(target.callee, target.given, target.link, text)
        node = apply_target(inner, target, str(done))
        count = _remaining(inner, node, stage, done)
        if count > 1:
            node = inner.repeat_last(count)
        steps.append(Applied(node, before, node.outputs[0]))
        done += count
    return tuple(steps)


def _remaining(inner: Frame, node: LayerNode | CallNode, stage: _Stage, done: int) -> int:
    """How many calls from this one on are equal to it."""
    alike = done > 0 or _same_arguments(stage)
    stable = (
        len(node.outputs) == 1 and inner.values[node.inputs[0]] == inner.values[node.outputs[0]]
    )
    return stage.n - done if alike and stable and isinstance(node, CallNode) else 1


def _same_arguments(stage: _Stage) -> bool:
    first, rest = stage.first.given, stage.rest.given
    return {k: identity_key(v) for k, v in first.items()} == {
        k: identity_key(v) for k, v in rest.items()
    }


# --- containers -------------------------------------------------------------------------------


def apply_sequence(frame: Frame, link: tree.Seq | tree.Chain, name: str | None, stem: str) -> Step:
    """`seq { ... }` or a named chain: an `nn.Sequential`."""
    before = frame.ref(link.span)
    child = frame.child_name(name, stem, link.span)

    def fill(inner: Frame) -> tuple[Step, ...]:
        if isinstance(link, tree.Seq):
            return flow.run(inner, link.body.statements)
        return tuple(flow.run_link(inner, each) for each in link.links)

    node = container(frame, child, "sequential", link.span, fill)
    return Applied(node, before, node.outputs[0])


def apply_group(frame: Frame, link: tree.Group, name: str) -> Step:
    """`name = { ... }`: a submodule whose body is an implicit block."""
    definition = frame.resolver.implicit(link, name, frame)
    given: dict[str, object] = {}
    for parameter in definition.parameters:
        value = frame.env.names[parameter.name]
        if isinstance(value, TensorValue):
            message = f"a submodule does not see the value `{parameter.name}` of the body around it"
            hint = "make it a block and give it the value as an argument"
            raise Fault(error("A113", message, parameter.span, help=hint))
        given[parameter.name] = value
    call = tree.Call(tree.Name((name,), span=link.span), span=link.span)
    target = Target(definition, given, call, f"`{name}`")
    before = frame.ref(link.span)
    node = apply_target(frame, target, name)
    return Applied(node, before, node.outputs[0])


def apply_parameter(frame: Frame, link: tree.Call, name: str) -> Step:
    """`name = param([sizes], init=...)`: a learned parameter as a value."""
    if frame.sequential:
        raise Fault(
            error("A117", "`param` directly inside `seq`", link.span, help="make it a block")
        )
    sizes, init = _parameter_arguments(frame, link)
    shape = Shape(sizes, 0 if len(sizes) != 3 or sizes[0] != 1 else 2)
    frame.check_size((shape,), link.span)
    before = frame.current[0] if frame.current else -1
    node = ParamNode(name, sizes, init, (frame.add(shape),), (), link.span)
    frame.adopt(Child(node, None))
    frame.emit(node)
    return Applied(node, before, node.outputs[0])


def _parameter_arguments(
    frame: Frame, link: tree.Call
) -> tuple[tuple[int, ...], Initialiser | None]:
    sizes: object = None
    init: Initialiser | None = None
    span = link.span
    for position, argument in enumerate(link.arguments):
        key = argument.name or ("sizes", "init")[min(position, 1)]
        if key == "sizes":
            sizes = frame.value_of(argument.value)
            span = argument.span
        elif key == "init":
            init = initialiser_of(argument.value, frame.env)
        else:
            message = f"`param` has no argument `{key}`"
            raise Fault(error("A106", message, argument.span, help="param([sizes], init=zeros)"))
    if sizes is None:
        raise Fault(
            error("A107", "`param` needs its sizes", link.span, help="param([channels, 1, 1])")
        )
    whole = (
        [size for size in sizes if type(size) is int and size > 0]
        if isinstance(sizes, Items)
        else []
    )
    if not whole or len(whole) != len(sizes):  # type: ignore[arg-type]
        message = "the sizes of a `param` are a list of integers of at least 1"
        raise Fault(error("A109", message, span))
    return tuple(whole), init


# --- reuse ------------------------------------------------------------------------------------


def apply_reuse(frame: Frame, link: tree.Reuse) -> Step:
    """`reuse name`: the submodule of that name again, with the same weights."""
    name = _reused_name(frame, link.place)
    child = frame.children.get(name)
    if child is None or child.again is None:
        known = [key for key, item in frame.children.items() if item.again]
        hint = suggest(name, known) or "a submodule can be reused after the statement that makes it"
        message = f"no submodule is called `{name}` here"
        raise Fault(error("A118", message, link.place.span, help=hint))
    before = frame.ref(link.span)
    shape = frame.shape_of(before)
    node = child.again(frame, link.span)
    first = frame.shape_of(child.node.inputs[0])
    if weight_shapes(node, shape) != weight_shapes(child.node, first):
        message = f"`{name}` was made for {first}, its weights do not fit {shape}"
        raise Fault(error("A118", message, link.span, help="give it the same channels"))
    return Applied(node, before, node.outputs[0])


def _reused_name(frame: Frame, place: tree.Expr) -> str:
    match place:
        case tree.Name():
            return place.text
        case tree.Index():
            index = frame.value_of(place.index)
            return f"{_reused_name(frame, place.base)}.{index}"
        case _:
            return str(frame.value_of(place))
