"""`reuse name` -> a submodule that was made before, applied to another value."""

from __future__ import annotations

from archgen.diagnostics import Fault, error
from archgen.holdings import Holdings
from archgen.network import Applied, Step
from archgen.resolve.arguments import suggest
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.values import Unknown
from archgen.syntax import tree


def apply_reuse(frame: Frame, link: tree.Reuse) -> Step:
    """`reuse name`: the submodule of that name again, with the same weights."""
    body = frame.body
    name = _reused_name(frame, link.place)
    if name in {aux.node.name for aux in body.aux}:
        message = f"`{name}` is a training head, which cannot be reused"
        raise Fault(error("A118", message, link.place.span))
    if frame.names.lost & {name, None}:  # the statement that makes it failed
        raise Unknown
    if name not in frame.again:
        hint = (
            suggest(name, list(frame.again))
            or "a submodule can be reused after the statement that makes it"
        )
        message = f"no submodule is called `{name}` here"
        raise Fault(error("A118", message, link.place.span, help=hint))
    before = body.ref(link.span)
    shape = body.shape_of(before)
    node = frame.again[name](frame, link)
    made = body.children[name]
    first = body.shape_of(made.inputs[0])
    holdings = Holdings()
    if holdings.of(node, shape) != holdings.of(made, first):
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
        case tree.Member():
            return f"{_reused_name(frame, place.base)}.{place.name}"
        case tree.Slice():
            hint = "reuse one after the other: `for i in range(n) { reuse xs[i] }`"
            raise Fault(error("A118", "a submodule is reused, no list", place.span, help=hint))
        case _:
            return str(frame.value_of(place))
