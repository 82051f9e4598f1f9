"""The links of a chain: which function makes a node of each kind."""

from __future__ import annotations

from typing import assert_never

from archgen.diagnostics import Fault, error
from archgen.network import Grouped, Read, Step
from archgen.resolve.interpret.calls import apply_call
from archgen.resolve.interpret.containers import apply_group, apply_seq
from archgen.resolve.interpret.frame import Frame, only_in_body
from archgen.resolve.interpret.inputs import declare_input
from archgen.resolve.interpret.merges import apply_merge
from archgen.resolve.interpret.parameters import apply_parameter, declaration
from archgen.resolve.interpret.reuse import apply_reuse
from archgen.resolve.interpret.stages import apply_stage
from archgen.resolve.values import refs_of
from archgen.syntax import tree


def run_link(frame: Frame, link: tree.Link, name: str | None = None) -> Step:
    """One link, under the name given or one by its place."""
    match link:
        case tree.Input():
            return declare_input(frame, link, name or "")
        case tree.Call() if (word := declaration(link.function, frame.env)) is not None:
            return apply_parameter(frame, word, link.arguments, link.span, name)
        case tree.Call():
            return apply_call(frame, link, name)
        case tree.Stage():
            return apply_stage(frame, link, name)
        case tree.Param():
            return apply_parameter(frame, "param", link.arguments, link.span, name)
        case tree.Merge():
            only_in_body(frame, link.span, f"`{link.kind}`")
            return apply_merge(frame, link)
        case tree.Seq():
            return apply_seq(frame, link, name)
        case tree.Group() if name is not None:
            return apply_group(frame, link, name)
        case tree.Group():
            return Grouped(frame.run(link.body.statements))
        case tree.From():
            only_in_body(frame, link.span, "`from`")
            return read(frame, link)
        case tree.Reuse():
            only_in_body(frame, link.span, "`reuse`")
            return apply_reuse(frame, link)
        case _:
            assert_never(link)


def read(frame: Frame, link: tree.From) -> Read:
    """`from x`: the value that is named becomes the current one."""
    refs = tuple(refs_of(frame.names.find(link.place)))
    if not refs:
        hint = "a list as an argument may be empty, the current value may not"
        raise Fault(error("A115", "this list of values is empty", link.span, help=hint))
    frame.body.current = refs
    return Read(refs)
