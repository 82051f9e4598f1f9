"""One layer or block applied under a name: its arguments checked, its node made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from archgen.diagnostics import Diagnostic, Edit, Fault, error
from archgen.diagnostics import Frame as Caller
from archgen.frozen import dataclass
from archgen.layers.base import Layer, LayerFault
from archgen.layers.make import ArgumentFault, make
from archgen.network import CallNode, Definition, LayerNode, Ref
from archgen.resolve.arguments import parameters_of
from archgen.resolve.interpret.again import values_again
from archgen.resolve.interpret.draft import check_size
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.heads import check_call
from archgen.resolve.interpret.initial import fitting
from archgen.resolve.values import Items, LayerValue, TensorValue, holds_tensors, show
from archgen.syntax import tree
from archgen.text import Span


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
        argument = self.argument(name)
        return argument.span if argument is not None else self.link.span

    def argument(self, name: str | None) -> tree.Argument | None:
        """The argument for a parameter, if it is written in the call."""
        positions = parameters_of(self.callee)
        for index, argument in enumerate(self.link.arguments):
            own = argument.name or (positions[index] if index < len(positions) else None)
            if own == name:
                return argument
        return None


def apply_target(
    frame: Frame, target: Target, name: str, *, reused: bool = False
) -> LayerNode | CallNode:
    """Apply a layer or block under a name; the node is in the frame afterwards."""
    if frame.sequential and any(map(holds_tensors, target.given.values())):
        name = LayerValue(target.callee).name
        message = f"`{name}` reads another value, and an `nn.Sequential` hands on one"
        hint = "write the calls in a body; a loop does what a stage does"
        raise Fault(error("A117", message, target.span, help=hint))
    if isinstance(target.callee, Definition):
        node = _call_node(frame, target, target.callee, name, reused)
    else:
        node = _layer_node(frame, target, target.callee, name, reused)
    if not reused:
        frame.adopt(node, lambda inner, link: _again(inner, target, name, link))
    frame.emit(node)
    return node


def _again(frame: Frame, target: Target, name: str, link: tree.Reuse) -> LayerNode | CallNode:
    """The same submodule, with other values if `reuse` gives any."""
    given = values_again(frame, link, name, parameters_of(target.callee), target.given)
    return apply_target(frame, replace(target, given=given), name, reused=True)


def _layer_node(
    frame: Frame, target: Target, cls: type[Layer], name: str, reused: bool
) -> LayerNode:
    body = frame.body
    extra = [item for item in target.given.values() if isinstance(item, TensorValue)]
    layer = make_layer(frame, target, cls)
    before = body.ref(target.span)
    shape = body.shape_of(before)
    try:
        several = layer.results(shape)
    except LayerFault as fault:
        raise Fault(_misfit(frame, target, cls, fault, before)) from None
    if frame.sequential and layer.function(shape) is not None:
        message = f"`{cls.keyword}` is an expression, and an `nn.Sequential` holds modules"
        hint = "write the steps in a body, or make a block of it"
        raise Fault(error("A117", message, target.span, help=hint))
    check_size(several, target.span)
    kinds = frame.init.kinds
    init = tuple(
        (
            weight,
            fitting(kinds[cls.keyword, weight], sizes, f"{cls.keyword}.{weight}", target.span),
        )
        for weight, sizes in layer.weights(shape).items()
        if (cls.keyword, weight) in kinds
    )
    outputs = tuple(body.add(item) for item in several)
    inputs = (before, *(item.ref for item in extra))
    return LayerNode(name, layer, inputs, outputs, init, reused, target.span)


def make_layer(frame: Frame, target: Target, cls: type[Layer]) -> Layer:
    """The layer with its arguments checked. Raises `Fault` at the argument to blame."""
    body = frame.body
    arguments = {name: _plain(item) for name, item in target.given.items()}
    made = make(cls, arguments, show)
    if isinstance(made, Layer):
        return made
    *others, last = (_unfit(target, arguments, fault) for fault in (made, *made.more))
    for diagnostic in others:
        frame.resolver.report(diagnostic)
    from archgen.resolve.interpret.misfits import reordered

    shape = body.values[body.current[0]] if len(body.current) == 1 else None
    if shape is not None and (meant := reordered(cls, target.link, arguments, shape)) is not None:
        last = replace(last, help=meant.help, fix=meant.fix)
    raise Fault(last)


def _unfit(target: Target, arguments: Mapping[str, object], fault: ArgumentFault) -> Diagnostic:
    code = "A109" if fault.argument in arguments else "A107"
    argument = target.argument(fault.argument)
    fix = []
    if argument is not None and fault.instead is not None:
        text = fault.instead.replace("...", argument.value.span.text)
        fix = [Edit(argument.value.span, text)]
    span = target.argument_span(fault.argument)
    return error(code, fault.message, span, help=fault.help, fix=fix)


def _plain(value: object) -> object:
    """An argument as the layer classes take it: a value of the network by its shape."""
    match value:
        case TensorValue():
            return value.shape
        case Items():
            return tuple(_plain(item) for item in value)
        case _:
            return value


def _misfit(
    frame: Frame, target: Target, cls: type[Layer], fault: LayerFault, before: Ref
) -> Diagnostic:
    from archgen.resolve.interpret.misfits import misfit, reordered

    span = _place(target, fault)
    shape = frame.body.shape_of(before)
    arguments = {name: _plain(item) for name, item in target.given.items()}
    advice = reordered(cls, target.link, arguments, shape)
    advice = advice or misfit(frame, target.link, fault, before)
    message = f"{cls.keyword}: {fault.message}"
    label = f"input: {shape}"
    return error(fault.code, message, span, label, help=advice.help, fix=advice.fix)


def _place(target: Target, fault: LayerFault) -> Span:
    """What to point at: an argument, or the part of its string that is to blame."""
    argument = target.argument(fault.argument) if fault.argument else None
    if argument is None:
        return target.span
    value = argument.value
    if fault.within is None or not isinstance(value, tree.String):
        return argument.span
    start = value.span.start + (3 if value.span.text.startswith('"""') else 1)
    return value.span.source.span(start + fault.within[0], start + fault.within[1])


def _call_node(
    frame: Frame, target: Target, definition: Definition, name: str, reused: bool
) -> LayerNode | CallNode:
    given = complete(target, definition)
    before = frame.body.ref(target.span)
    entering = frame.body.shape_of(before)
    caller = Caller(target.frame_text, target.span)
    resolved, extra = frame.resolver.call(definition, given, entering, frame.init.kinds, caller)
    inputs = (before, *extra)
    if resolved.layer is not None:
        outputs = tuple(frame.body.add(shape) for shape in resolved.shapes)
        layer, init = resolved.layer.layer, resolved.layer.init
        inputs = tuple(inputs[ref] for ref in resolved.layer.inputs)  # as its text has them
        return LayerNode(name, layer, inputs, outputs, init, reused, target.span)
    body = resolved.body
    assert body is not None
    if body.heads:
        check_call(frame, definition.name, target.span, reused=reused)
    outputs = tuple(frame.body.add(body.values[output.value]) for output in body.outputs)
    if body.several and not body.listed:
        frame.body.remember_fields(outputs, [output.name for output in body.outputs])
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
