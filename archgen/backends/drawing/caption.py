"""What a layer is called in a picture: `3x3 conv, 64, stride 2`. Shorter than in a spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archgen.layers.base import Layer
from archgen.resolve.values import show
from archgen.shapes import Shape


def caption(layer: Layer, x: Shape) -> str:
    """One line for a layer with an input of this shape."""
    said = layer.caption(x)
    return ", ".join(_plain(layer) if said is None else said)


def shape_label(shapes: Sequence[Shape]) -> str:
    """`64 x 56 x 56`; where folded repeats differ, `64..224 x 56 x 56`."""
    columns = zip(*(shape.sizes for shape in shapes), strict=True)
    return " x ".join(_range(column) for column in columns)


def _range(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else f"{sizes[0]}..{sizes[-1]}"


def _plain(layer: Layer) -> Iterator[str]:
    yield layer.keyword.replace("_", " ")
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        if isinstance(value, Shape):
            continue  # of another value, to which a dashed edge leads
        if field.is_required():
            yield _text(value)
        elif value != field.default:
            yield f"{name} {_text(value)}"


def _text(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else show(value)
