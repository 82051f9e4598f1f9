"""What a layer is called in a picture: `3x3 conv, 64, stride 2`. Shorter than in a spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from archgen.layers.base import Layer
from archgen.resolve.values import show
from archgen.shapes import Shape

_TITLES = {"conv_transpose": "transposed conv"}
_AUXILIARY_GROUPS = frozenset({"normalisation", "activation", "regularisation", "other"})


def caption(layer: Layer, x: Shape) -> str:
    """One line for a layer with an input of this shape."""
    match layer.keyword:
        case "conv" | "conv_transpose":
            return _sliding(layer, x, _convolution(layer, x))
        case "maxpool" | "avgpool":
            return _sliding(layer, x, _pool(layer, x))
        case _:
            return _plain(layer)


def is_light(layer: Layer) -> bool:
    """Whether it shares a box with its neighbour: norms, activations, dropout, `flatten`."""
    return layer.group in _AUXILIARY_GROUPS or layer.keyword == "flatten"


def shape_label(shapes: Sequence[Shape]) -> str:
    """`64 x 56 x 56`; where folded repeats differ, `64..224 x 56 x 56`."""
    columns = zip(*(shape.sizes for shape in shapes), strict=True)
    return " x ".join(_range(column) for column in columns)


def _range(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else f"{sizes[0]}..{sizes[-1]}"


def _sliding(layer: Any, x: Shape, details: Iterable[str]) -> str:
    kernel = _by_axis(layer.kernel, x)
    name = _TITLES.get(layer.keyword, layer.keyword)
    return ", ".join((f"{kernel} {name}", *details))


def _convolution(layer: Any, x: Shape) -> Iterator[str]:
    yield str(layer.out)
    if layer.stride != 1:
        yield f"stride {_one_or_all(layer.stride)}"
    if getattr(layer, "dilation", 1) != 1:
        yield f"dilation {_one_or_all(layer.dilation)}"
    if layer.groups == x.channels > 1:
        yield "depthwise"
    elif layer.groups != 1:
        yield f"{layer.groups} groups"


def _pool(layer: Any, x: Shape) -> Iterator[str]:
    yield f"stride {_one_or_all(layer.kernel if layer.stride is None else layer.stride)}"


def _plain(layer: Layer) -> str:
    details = []
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        if isinstance(value, Shape):
            continue  # of another value, to which a dashed edge leads
        if field.is_required():
            details.append(_text(value))
        elif layer.group != "normalisation" and value != field.default:
            details.append(f"{name} {_text(value)}")
    return ", ".join((layer.keyword.replace("_", " "), *details))


def _text(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else show(value)


def _one_or_all(value: int | tuple[int, ...]) -> str:
    if isinstance(value, tuple) and len(set(value)) == 1:
        return str(value[0])
    return _text(value)


def _by_axis(value: int | tuple[int, ...], x: Shape) -> str:
    axes = x.rank - 1
    numbers = (value,) * axes if isinstance(value, int) else value
    return "x".join(map(str, numbers))
