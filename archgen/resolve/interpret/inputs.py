"""`input(3, 224, 224)`: what an arch takes."""

from __future__ import annotations

from archgen.diagnostics import Fault, error
from archgen.network import Silent
from archgen.resolve.expressions import integer
from archgen.resolve.interpret.draft import check_size
from archgen.resolve.interpret.frame import Frame
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import Span

HIGHEST_RANK = 4


def declare_input(frame: Frame, link: tree.Input, name: str) -> Silent:
    """An input of the arch. As a part of another, what comes must have its axes and channels."""
    body = frame.body
    if frame.definition.kind != "arch" or frame.sequential:
        message = "`input(...)` declares what an arch takes; a block takes what comes"
        raise Fault(error("A123", message, link.span, help="remove it, or make it an `arch`"))
    if body.nodes:
        raise Fault(error("A123", "`input` stands before all layers", link.span))
    if name.isdecimal():
        message = f"`{name}` cannot name an input, which is an argument of `forward`"
        raise Fault(error("A104", message, link.span, help=f"call it `x{name}`"))
    if name in body.input_names:
        message = "two inputs need a name each"
        raise Fault(error("A121", message, link.span, help="left = input(...)"))
    declared = declared_shape(frame, link)
    shape = _arrived(frame, name, declared, link.span)
    check_size((shape,), link.span)
    body.inputs.append(body.add(shape))
    body.input_names.append(name)
    body.current = (body.inputs[-1],)
    return Silent()


def _arrived(frame: Frame, name: str, declared: Shape, span: Span) -> Shape:
    """The shape of the next input: as declared or as asked for; of a block, as it comes."""
    at = len(frame.body.inputs)
    if not frame.arrivals:
        asked = frame.asked.get(name or "input") or frame.asked.get(at)
        return _asked(name or "input", declared, asked, span) if asked else declared
    if at >= len(frame.arrivals):
        message = f"`{frame.definition.name}` has several inputs and cannot be a block"
        raise Fault(error("A124", message, span))
    arrived = frame.arrivals[at]
    ranks, channels = (arrived.rank, declared.rank), (arrived.channels, declared.channels)
    if arrived.axis != declared.axis or ranks[0] != ranks[1] or channels[0] != channels[1]:
        message = f"`{frame.definition.name}` takes {declared}, not {arrived}"
        hint = "a network that is a part takes any height and width, but no other channels"
        raise Fault(error("A204", message, span, f"{arrived} comes here", help=hint))
    return arrived


def _asked(name: str, declared: Shape, asked: Shape, span: Span) -> Shape:
    """Other sizes for an input. How many stays: it decides which layer a `conv` is."""
    if asked.rank != declared.rank:
        message = f"`{name}` has {declared.rank} sizes ({declared}), not {asked.rank} ({asked})"
        hint = f"as many sizes as the spec declares: {'x'.join(map(str, declared.sizes))}"
        raise Fault(error("A204", message, span, help=hint))
    return Shape(asked.sizes, declared.axis)


def declared_shape(frame: Frame, link: tree.Input) -> Shape:
    """`input(channels, height, width)`, `input(tokens, dim, axis=1)`."""
    sizes: list[int] = []
    axis = 0
    for argument in link.arguments:
        value = integer(argument.value, frame.env, "a size of the input")
        if argument.name == "axis":
            axis = value
        elif argument.name is not None:
            message = f"`input` has no argument `{argument.name}`"
            raise Fault(error("A106", message, argument.span, help="input(3, 224, 224)"))
        elif value < 1:
            message = "a size of the input is at least 1"
            raise Fault(error("A109", message, argument.span, f"it is {value}"))
        else:
            sizes.append(value)
    if not 1 <= len(sizes) <= HIGHEST_RANK:
        message = f"an input has 1 to {HIGHEST_RANK} sizes, this one {len(sizes)}"
        raise Fault(error("A109", message, link.span, help="input(3, 224, 224)"))
    if not 0 <= axis < len(sizes):
        raise Fault(error("A109", "`axis` counts from 0 to the last size", link.span))
    return Shape(tuple(sizes), axis)
