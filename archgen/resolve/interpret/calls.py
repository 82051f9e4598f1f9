"""Layers and blocks by name -> nodes: `conv(64, 3)`, `bottleneck(256)`, a parameter `act`."""

from __future__ import annotations

from archgen.diagnostics import Fault, error
from archgen.layers import LAYERS
from archgen.network import Applied, Passed, Step
from archgen.resolve.expressions import bind, evaluate
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.targets import Target, apply_target
from archgen.resolve.lookup import lookup
from archgen.resolve.values import LayerValue, kind_of
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
    child = frame.names.child_name(name, link)
    before = frame.body.ref(link.span)
    node = apply_target(frame, target, child)
    return Applied(node, before, node.outputs[0])


def _passed(frame: Frame, name: str | None, link: tree.Call) -> Passed:
    """A link that makes no submodule; in a body its number is spent all the same."""
    if name is None and not frame.sequential:
        frame.body.count(link)
    return Passed(frame.body.ref(link.span))


def _callable(frame: Frame, link: tree.Call) -> LayerValue | None:
    """What a link applies. Raises `Fault` for what is no layer."""
    function = link.function
    try:
        value = evaluate(link.callee, frame.env) if link.indices else lookup(function, frame.env)
    except Fault as fault:
        if fault.diagnostic.code != "A101" or link.indices:
            raise
        from archgen.resolve.unknown import applied_value, unknown_layer

        if function.text in frame.names.tensors:
            raise Fault(applied_value(function)) from None
        raise Fault(unknown_layer(function, frame.env, link)) from None
    if value is None or isinstance(value, LayerValue):
        return value
    from archgen.syntax.format_expression import format_expression

    name = format_expression(link.callee)
    message = f"`{name}` is {kind_of(value)}, not a layer or block"
    help = f"it hides the layer `{name}` here; call it otherwise" if name in LAYERS else None
    raise Fault(error("A112", message, link.callee.span, help=help))
