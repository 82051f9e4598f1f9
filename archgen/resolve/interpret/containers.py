"""Submodules made in place: `seq`, `name = a -> b`, `name = { ... }`, and the body of a `stage`."""

from __future__ import annotations

from collections.abc import Callable

from archgen.diagnostics import Fault, error
from archgen.network import Applied, Body, CallNode, OutputValue, Step
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.targets import Target, apply_target
from archgen.resolve.values import Unknown, holds_tensors
from archgen.shapes import lifted
from archgen.syntax import tree
from archgen.text import Span

Fill = Callable[[Frame], tuple[Step, ...]]


def container(
    frame: Frame, name: str, kind: str, span: Span, fill: Fill, *, reused: bool = False
) -> CallNode:
    """Make a sequential body by `fill`, and the node that calls it.

    `stem = conv(64, 7) -> bn` is a node called `stem`, in whose body are the children `0` and `1`.
    """
    before = frame.body.ref(span)
    inner = Frame(
        frame.resolver,
        frame.definition,
        dict(frame.env.names),
        frame.init.kinds,
        sequential=True,
        entered=frame.env.entered,
    )
    inner.body.inputs = [inner.body.add(lifted(frame.body.shape_of(before)))]
    inner.body.input_names = [""]
    inner.body.current = (inner.body.inputs[0],)
    body = _body(inner, kind, fill(inner), span)
    frame.init.paths += [(f"{name}.{path}", init, at) for path, init, at in inner.init.paths]
    output = frame.body.add(body.values[body.outputs[0].value])
    node = CallNode(name, body, (before,), (output,), 1, reused, span)
    if not reused:
        frame.adopt(node, lambda outer, link: _again(outer, name, kind, link, fill))
    frame.emit(node)
    return node


def _again(frame: Frame, name: str, kind: str, link: tree.Reuse, fill: Fill) -> CallNode:
    if link.arguments:
        message = f"`{name}` is an `nn.Sequential`, which takes no arguments"
        raise Fault(error("A117", message, link.span, help="make it a block, which takes values"))
    return container(frame, name, kind, link.span, fill, reused=True)


def _body(inner: Frame, kind: str, steps: tuple[Step, ...], span: Span) -> Body:
    if inner.body.failed:
        raise Unknown
    if len(inner.body.current) != 1:
        message = f"an `nn.Sequential` gives one value, this one {len(inner.body.current)}"
        raise Fault(error("A115", message, span, help="make it a block"))
    return Body(
        kind=kind,  # type: ignore[arg-type]
        definition=None,
        arguments={},
        inputs=tuple(inner.body.inputs),
        input_names=("",),
        outputs=(OutputValue("", inner.body.current[0]),),
        listed=False,
        aux=(),
        values=tuple(inner.body.values),  # type: ignore[arg-type]
        nodes=tuple(inner.body.nodes),
        steps=steps,
        names={},
    )


# --- in the text ------------------------------------------------------------------------------


def apply_seq(frame: Frame, link: tree.Seq, name: str | None) -> Step:
    """`seq { ... }`: an `nn.Sequential` of what its statements make."""
    child = frame.names.child_name(name, link)
    return apply_sequence(frame, link.span, child, lambda inner: inner.run(link.body.statements))


def apply_sequence(frame: Frame, span: Span, name: str, fill: Fill) -> Step:
    """An `nn.Sequential` under a name: `seq { ... }`, `name = a -> b`."""
    before = frame.body.ref(span)
    node = container(frame, name, "sequential", span, fill)
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
    before = frame.body.ref(link.span)
    node = apply_target(frame, target, name)
    return Applied(node, before, node.outputs[0])
