"""Containers made in place: an `nn.Sequential` from a chain, `seq` or `stage`."""

from __future__ import annotations

from collections.abc import Callable

from archgen.diagnostics import Fault, error
from archgen.network import Body, CallNode, OutputValue, Step
from archgen.resolve.interpret.frame import Child, Frame
from archgen.resolve.values import Unknown
from archgen.text import Span

Fill = Callable[[Frame], tuple[Step, ...]]


def container(
    frame: Frame, name: str, kind: str, span: Span, fill: Fill, *, reused: bool = False
) -> CallNode:
    """Make a sequential body by `fill`, and the node that calls it."""
    before = frame.ref(span)
    inner = Frame(
        frame.resolver,
        frame.definition,
        dict(frame.env.names),
        frame.init,
        sequential=True,
        entered=frame.env.entered,
    )
    inner.inputs = [inner.add(frame.shape_of(before))]
    inner.input_names = [""]
    inner.current = (inner.inputs[0],)
    body = _body(inner, kind, fill(inner), span)
    frame.path_init += [(f"{name}.{path}", init, at) for path, init, at in inner.path_init]
    node = CallNode(
        name, body, (before,), (frame.add(body.values[body.outputs[0].value]),), 1, reused, span
    )
    if not reused:
        again = lambda outer, at: container(outer, name, kind, at, fill, reused=True)  # noqa: E731
        frame.adopt(Child(node, again))
    frame.emit(node)
    return node


def _body(inner: Frame, kind: str, steps: tuple[Step, ...], span: Span) -> Body:
    if inner.failed:
        raise Unknown
    if len(inner.current) != 1:
        message = f"an `nn.Sequential` gives one value, this one {len(inner.current)}"
        raise Fault(error("A115", message, span, help="make it a block"))
    return Body(
        kind=kind,  # type: ignore[arg-type]
        definition=None,
        arguments={},
        inputs=tuple(inner.inputs),
        input_names=("",),
        outputs=(OutputValue("", inner.current[0]),),
        listed=False,
        aux=(),
        values=tuple(inner.values),  # type: ignore[arg-type]
        nodes=tuple(inner.nodes),
        steps=steps,
        names={},
    )
