"""Calls -> nodes: layers, blocks, stages, `seq`, groups with a name, `param`, `reuse`."""

from __future__ import annotations

from archgen.diagnostics import Fault, error
from archgen.layers import LAYERS
from archgen.layers.initialisers import Initialiser
from archgen.network import (
    Applied,
    ParamNode,
    Passed,
    Step,
    weight_shapes,
)
from archgen.resolve.expressions import bind
from archgen.resolve.interpret import flow
from archgen.resolve.interpret.frame import Child, Frame
from archgen.resolve.interpret.initial import fitting, initialiser_of
from archgen.resolve.interpret.sequential import container
from archgen.resolve.interpret.targets import Target, apply_target
from archgen.resolve.lookup import lookup, suggest
from archgen.resolve.values import (
    Items,
    LayerValue,
    TensorValue,
    Unknown,
    holds_tensors,
    kind_of,
)
from archgen.shapes import Shape
from archgen.syntax import tree


def apply_call(frame: Frame, link: tree.Call, name: str | None) -> Step:
    """A layer, a block or a layer-valued parameter, applied to the current value."""
    value = _callable(frame, link)
    if value is None:
        return _passed(frame, name, link)
    given = bind(value, link.arguments, frame.env)
    if getattr(value.target, "skipped", False) and not frame.sequential:
        return _passed(frame, name, link)
    text = f"{value.name}, called {name}" if name and name != value.name else value.name
    target = Target(value.target, given, link, text)
    child = frame.child_name(name, link)
    before = frame.ref(link.span)
    node = apply_target(frame, target, child)
    return Applied(node, before, node.outputs[0])


def _passed(frame: Frame, name: str | None, link: tree.Call) -> Passed:
    """A link that makes no submodule; in a body its number is spent all the same."""
    if name is None and not frame.sequential:
        frame.count(link)
    return Passed(frame.ref(link.span))


def _callable(frame: Frame, link: tree.Call) -> LayerValue | None:
    """What a link applies. Raises `Fault` for what is no layer."""
    function = link.function
    try:
        value = lookup(function, frame.env)
    except Fault as fault:
        if fault.diagnostic.code != "A101":
            raise
        from archgen.resolve.unknown import unknown_layer

        raise Fault(unknown_layer(function, frame.env, link)) from None
    if value is None or isinstance(value, LayerValue):
        return value
    message = f"`{function.text}` is {kind_of(value)}, not a layer or block"
    raise Fault(error("A112", message, function.span, help=_instead(function.text, value)))


def _instead(name: str, value: object) -> str | None:
    """What to do about a link of this name that cannot be applied."""
    if isinstance(value, TensorValue):
        return f"`from {name}` reads a value"
    if name in LAYERS:
        return f"it hides the layer `{name}` here; call it otherwise"
    return None


# --- containers -------------------------------------------------------------------------------


def apply_seq(frame: Frame, link: tree.Seq, name: str | None) -> Step:
    """`seq { ... }`: an `nn.Sequential` of what its statements make."""
    child = frame.child_name(name, link)
    return apply_sequence(frame, link, child)


def apply_sequence(frame: Frame, link: tree.Seq | tree.Chain, child: str) -> Step:
    """`seq { ... }` or a named chain under its name: an `nn.Sequential`."""
    before = frame.ref(link.span)

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
        if holds_tensors(value):
            message = f"a submodule does not see the value `{parameter.name}` of the body around it"
            hint = "make it a block and give it the value as an argument"
            raise Fault(error("A113", message, parameter.span, help=hint))
        given[parameter.name] = value
    call = tree.Call(tree.Name((name,), span=link.span), span=link.span)
    target = Target(definition, given, call, name)
    before = frame.ref(link.span)
    node = apply_target(frame, target, name)
    return Applied(node, before, node.outputs[0])


def apply_parameter(frame: Frame, link: tree.Param, name: str | None) -> Step:
    """`name = param([sizes], init=...)`: a learned parameter as a value."""
    if name is None:
        message = "a `param` needs a name, which becomes its key"
        raise Fault(error("A121", message, link.span, help="write `name = param(...)`"))
    if frame.sequential:
        raise Fault(
            error("A117", "`param` directly inside `seq`", link.span, help="make it a block")
        )
    sizes, init = _parameter_arguments(frame, link)
    if init is not None:
        fitting(init, sizes, name, link.span)
    shape = Shape(sizes, 0 if len(sizes) != 3 or sizes[0] != 1 else 2)
    frame.check_size((shape,), link.span)
    before = frame.current[0] if frame.current else -1
    node = ParamNode(name, sizes, init, (frame.add(shape),), (), link.span)
    frame.adopt(Child(node, None))
    frame.emit(node)
    return Applied(node, before, node.outputs[0])


def _parameter_arguments(
    frame: Frame, link: tree.Param
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
    if name in {aux.node.name for aux in frame.aux}:
        message = f"`{name}` is a training head, which cannot be reused"
        raise Fault(error("A118", message, link.place.span))
    if frame.lost & {name, None}:  # the statement that makes it failed
        raise Unknown
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
