"""Training heads: where they may stand, and blocks that have them.

The value of a head is a result of its body in training, and of every body that calls this one.
So `aux`, and a call that brings a head, stand where each value is made once, under one name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archgen.diagnostics import Fault, error
from archgen.network import CallNode, head_name
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.spelling import check_field
from archgen.text import Span


@contextmanager
def without_heads(frame: Frame, where: str) -> Iterator[None]:
    """No training head may stand here, nor may a block be called that has one."""
    before, frame.headless = frame.headless, frame.headless or where
    try:
        yield
    finally:
        frame.headless = before


def check_head(frame: Frame, what: str, span: Span) -> None:
    """Refuse a training head, or a call of a block that has one, where none may stand."""
    where = frame.headless
    if frame.sequential:
        where = "an `nn.Sequential`"
    elif frame.definition.kind == "implicit":
        where = "the braces of `name = { ... }`"
    if where:
        hint = "a head stands in the body of a block or arch"
        raise Fault(error("A123", f"{what} may not stand in {where}", span, help=hint))


def check_call(frame: Frame, name: str, span: Span, *, reused: bool) -> None:
    """Refuse a call of a block with a training head where it would reach no result."""
    with without_heads(frame, "a `reuse`" if reused else ""):
        check_head(frame, f"`{name}`, which has a training head,", span)


def names_of_heads(frame: Frame) -> tuple[str, ...]:
    """The names of what only training gives: own heads, and those of called blocks."""
    names = [aux.name for aux in frame.body.aux]
    for node in frame.body.nodes:
        if isinstance(node, CallNode) and node.body.heads:
            frame.env.budget.spend(node.span, len(node.body.heads))
            inner = [head_name(node.name, head) for head in node.body.heads]
            check_field(inner[0], node.span)
            names += inner
    return tuple(names)
