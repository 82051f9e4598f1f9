"""Warnings about habits of other languages that are legal here, and mean something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, Final

from archgen.diagnostics import Diagnostic, Edit, warning
from archgen.layers import LAYERS
from archgen.layers.convolution import Conv, ConvTranspose
from archgen.network import Body, LayerNode
from archgen.syntax import tree
from archgen.syntax.walk import nodes_in
from archgen.text import Span

if TYPE_CHECKING:
    from archgen.resolve.modules import Module

COLOURS: Final = (1, 3, 4)  # channels of an image: grey, RGB, RGB and depth or opacity
_SMALL: Final = 4  # sizes that are channels rather than heights
_LARGEST_STRIDE: Final = 11  # AlexNet's kernel: larger numbers are channels
_POSITIONAL: Final = re.compile(r"(?P<head>\w+\(\s*)[\w.]+\s*,\s*(?=\d+\s*,\s*\d)")


def check(module: Module) -> Iterator[Diagnostic]:
    """W021, W023 and W024 of every definition in a file."""
    for name, span in module.places.items():
        yield from _hidden((name,), span)
    for definition in module.definitions:
        known: set[str] = set()  # constants further up
        for node in nodes_in(definition.body):
            match node:
                case tree.Input():
                    yield from _input(node)
                case tree.Let(names=names):
                    known |= {*names}
                    yield from _hidden(names, node.span)
                case tree.For(names=names, body=body):
                    yield from _hidden(names, node.span)
                    yield from _lost_lets(known, body)


# --- names of newer layers ------------------------------------------------------------------------


def _hidden(names: Sequence[str], span: Span) -> Iterator[Diagnostic]:
    """W024: a name that a layer newer than 0.1 has too."""
    for name in names:
        layer = LAYERS.get(name)
        if layer is not None and not layer.reserved:
            message = f"`{name}` hides the layer `{name}` here"
            help = "another name keeps both; nothing else changes"
            yield warning("W024", message, span, help=help)


# --- inputs ---------------------------------------------------------------------------------------


def _input(call: tree.Input) -> Iterator[Diagnostic]:
    """W021: the batch among the sizes, or the channels behind them."""
    sizes = _literals(call.arguments)
    match sizes:
        case (batch, channels, height, width) if (
            channels in COLOURS and min(height, width) > _SMALL and not 1 < batch <= _SMALL
        ):
            message = (
                f"{batch} x {channels} x {height} x {width} is a volume: the batch is not said"
            )
            yield _ordered(call, message, (channels, height, width))
        case (height, width, channels) if (
            channels in COLOURS
            and min(height, width) > _SMALL
            and (height == width or channels == COLOURS[1])
        ):
            message = f"this is an image of {height} channels: channels come first"
            yield _ordered(call, message, (channels, height, width))
        case _:
            pass


def _literals(arguments: Sequence[tree.Argument]) -> tuple[int, ...]:
    """The sizes, where all are written as numbers and the axis is not said."""
    sizes = tuple(
        argument.value.value
        for argument in arguments
        if argument.name is None
        and isinstance(argument.value, tree.Number)
        and isinstance(argument.value.value, int)
    )
    return sizes if len(sizes) == len(arguments) else ()


def _ordered(call: tree.Input, message: str, sizes: Sequence[int]) -> Diagnostic:
    text = f"input({', '.join(map(str, sizes))})"
    fix = [Edit(call.span, text)]
    return warning("W021", message, call.span, help=f"write `{text}`", fix=fix)


# --- arguments in the order of PyTorch ------------------------------------------------------------


def check_layer(body: Body, node: LayerNode) -> Iterator[Diagnostic]:
    """W022: the channels of the input, given where something else is meant."""
    x, text = body.shape_in(node), node.span.text
    layer = node.layer
    eps = getattr(layer, "eps", 0) or 0  # none: the type's own
    if eps >= 1:
        message = f"`{layer.keyword}` with eps={eps:g}: the channels of the input are known here"
        right = re.fullmatch(r"(\w+)\(\s*\d+\s*\)", text)
        fix = [Edit(node.span, right[1])] if right else []
        help = f"write `{right[1]}`" if right else "leave it out"
        yield warning("W022", message, node.span, help=help, fix=fix)
    if not isinstance(layer, Conv | ConvTranspose) or layer.out != x.channels:
        return
    found = _POSITIONAL.match(text)
    kernel, stride = layer.kernel, layer.stride
    if found is None or not isinstance(kernel, int) or not isinstance(stride, int):
        return
    if kernel > _LARGEST_STRIDE >= stride:
        shorter = found["head"] + text[found.end() :]
        message = (
            f"a kernel of {kernel} and a stride of {stride}: the incoming channels are not said"
        )
        help = f"if {layer.out} are those of the input, write `{shorter}`"
        yield warning("W022", message, node.span, help=help, fix=[Edit(node.span, shorter)])


# --- lists that are to grow in a loop -------------------------------------------------------------


def _lost_lets(outside: Set[str], loop: tree.Body) -> Iterator[Diagnostic]:
    """W023: `let xs = xs + [...]` as the last that its pass says of `xs`."""
    found: list[Diagnostic] = []
    behind: set[str] = set()
    for statement in reversed(loop.statements):
        read = _read_in(statement)
        if isinstance(statement, tree.Let):
            lost = [name for name in statement.names if name in outside & read - behind]
            found += [_lost_let(name, statement.span) for name in reversed(lost)]
        behind |= read
    yield from reversed(found)


def _lost_let(name: str, span: Span) -> Diagnostic:
    message = f"this `{name}` ends with its pass: the one outside stays as it was"
    help = (
        "name the values, `x[i] = ...`, and read all by `from x` behind the loop; "
        "numbers are collected by a comprehension"
    )
    return warning("W023", message, span, help=help)


def _read_in(part: tree.Node) -> set[str]:
    return {node.parts[0] for node in nodes_in(part) if isinstance(node, tree.Name)}
