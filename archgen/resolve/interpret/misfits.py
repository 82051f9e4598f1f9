"""A layer that does not take its input or its arguments: what was meant, and what to write.

Advice is tried before it is given: it never asks for what was just done.
"""

from __future__ import annotations

from collections.abc import Sequence

from archgen.diagnostics import Edit
from archgen.frozen import dataclass
from archgen.layers.base import Layer, LayerFault
from archgen.layers.make import make
from archgen.layers.shape import Permute, Reshape
from archgen.network import LayerNode, Ref
from archgen.resolve.arguments import parameters_of
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.values import is_integer
from archgen.shapes import Shape
from archgen.syntax import tree

_TAKE_CHANNELS = ("conv", "conv_transpose", "linear")


@dataclass(frozen=True, slots=True)
class Advice:
    help: str | None
    fix: tuple[Edit, ...] = ()


def misfit(frame: Frame, link: tree.Call, fault: LayerFault, before: Ref) -> Advice:
    """What to do about a layer that refused the value `before`."""
    if (moved := _moved_features(frame, fault, before, link)) is not None:
        return moved
    if fault.before is None:
        return Advice(fault.help)
    return Advice(fault.help, (Edit.before(link.span, f"{fault.before} -> "),))


def reordered(
    cls: type[Layer], link: tree.Call, arguments: dict[str, object], x: Shape
) -> Advice | None:
    """Arguments in the order of PyTorch, or in none: what the layer takes instead, if it does."""
    written = link.arguments
    names = parameters_of(cls)
    positional = [each for each in written if each.name is None]
    if cls.keyword not in _TAKE_CHANNELS or link.function.text != cls.keyword or not positional:
        return None
    count = len(positional)
    values = [arguments.get(name) for name in names[:count]]
    named = {name: value for name, value in arguments.items() if name not in names[:count]}
    if values[0] == x.channels and is_integer(values[0]):
        shifted = dict(zip(names, values[1:], strict=False))
        if _fits(cls, {**named, **shifted}, x):
            text = _call(link, written[1:])
            help = f"the {x.channels} incoming channels are known: write `{text}`"
            return Advice(help, (Edit(link.span, text),))
    if count >= 2 and _fits(cls, {**arguments, names[0]: values[1], names[1]: values[0]}, x):
        text = _call(link, (written[1], written[0], *written[2:]))
        help = f"`{names[0]}` comes before `{names[1]}`: write `{text}`"
        return Advice(help, (Edit(link.span, text),))
    return None


def _fits(cls: type[Layer], arguments: dict[str, object], x: Shape) -> bool:
    layer = make(cls, arguments)
    if not isinstance(layer, Layer):
        return False
    try:
        layer.results(x)
    except LayerFault:
        return False
    return True


def _call(link: tree.Call, arguments: Sequence[tree.Argument]) -> str:
    return f"{link.function.text}({', '.join(each.span.text for each in arguments)})"


# --- where the features are -----------------------------------------------------------------------


def _moved_features(frame: Frame, fault: LayerFault, before: Ref, link: tree.Call) -> Advice | None:
    """A `permute` or `reshape` that left the features elsewhere: the same with `features=`."""
    made = next((node for node in reversed(frame.body.nodes) if before in node.outputs), None)
    if fault.features is None or not isinstance(made, LayerNode):
        return None
    layer, text = made.layer, made.span.text
    if not isinstance(layer, Permute | Reshape) or made.span.source is not link.span.source:
        return None
    if layer.features is not None or not text.startswith(f"{layer.keyword}("):
        return None
    axis = 0 if fault.features == "first" else frame.body.shape_of(before).rank - 1
    text = f"{text[:-1]}, features={axis})"
    help = f"to make axis {axis} the features, write `{text}` for the `{layer.keyword}` before it"
    return Advice(help, (Edit(made.span, text),))


def moved(x: Shape, like: Shape) -> list[tuple[Shape, str]]:
    """Ways to bring features to the axis on which `like` has them: what comes of it, and steps.

    First those that leave all numbers where they are.
    """
    if not (like.channels_first or like.channels_last):
        return []
    stay = f"permute({list(range(x.rank))}, features={like.axis})"
    axes = [axis for axis in range(x.rank) if axis != x.axis]
    axes.insert(like.axis, x.axis)
    sizes = tuple(x.sizes[axis] for axis in axes)
    return [(Shape(x.sizes, like.axis), stay), (Shape(sizes, like.axis), f"permute({axes})")]
