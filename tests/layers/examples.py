"""Layers from their examples, and arbitrary layers from their declarations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from hypothesis import reject
from hypothesis import strategies as st

from archgen.layers import LAYERS
from archgen.layers.base import AUTO, Auto, Layer, LayerFault
from archgen.layers.make import ArgumentFault, make
from archgen.layers.signature import UNSAID, signature
from archgen.shapes import Shape

# Of the examples with a weight that is a value.
WEIGHTS = {
    "linear_with": (10, 512),
    "conv_with": (64, 3, 3, 3),
    "conv_transpose_with": (32, 16, 2, 2),
}
WORDS = {"true": True, "false": False, "none": None, "auto": AUTO}


def layer_of(text: str) -> Layer:
    """The layer of a call as an example writes it."""
    keyword = text.partition("(")[0]
    cls = LAYERS[keyword]
    arguments = text[len(keyword) :].replace("from input", "entered") or "()"
    arguments = arguments.replace("from index", "index").replace("from weight", "weight")
    sizes = tuple(map(int, cls.example[1].split(" x ")))
    index = Shape((49, 49), 1, "none", "index", (0, sizes[0] - 1))
    weight = Shape(WEIGHTS.get(keyword, ()), 0, "none")
    entered = Shape(sizes, len(sizes) - 1)
    if keyword == "fold":  # what was unfolded
        entered = Shape(tuple(map(int, cls.example[2].split(" x "))))
    words = {**WORDS, "entered": entered, "index": index, "weight": weight}
    made = eval(f"call{arguments}", {"call": lambda *p, **n: called(cls, *p, **n), **words})
    assert isinstance(made, Layer), made
    return made


def called(cls: type[Layer], *positional: object, **named: object) -> Layer | ArgumentFault:
    names = [parameter.name for parameter in signature(cls)]
    return make(cls, {**dict(zip(names, positional, strict=False)), **named})


def shape_of(text: str, cls: type[Layer]) -> Shape:
    """The shape of an example: what has two sizes is tokens, where the layer takes them."""
    sizes = tuple(map(int, text.split(" x ")))
    if len(sizes) != 2:
        return Shape(sizes)
    tokens = Shape(sizes, 1)
    try:
        layer_of(cls.example[0]).shape(tokens)
    except LayerFault:
        return Shape(sizes)
    return tokens


def example(cls: type[Layer]) -> tuple[Layer, Shape]:
    """The layer that a class shows, and its input."""
    return layer_of(cls.example[0]), shape_of(cls.example[1], cls)


def small_example(cls: type[Layer]) -> tuple[Layer, Shape]:
    """The same with an input as small as it takes."""
    layer, x = example(cls)
    for most in (12, 24, 36, 64):
        small = x.with_spatial(min(x.channels, most), tuple(min(8, size) for size in x.spatial))
        try:
            layer.shape(small)
        except LayerFault:
            continue
        return layer, small
    return layer, x


@st.composite
def taken(draw: st.DrawFn, cls: type[Layer]) -> tuple[Layer, Shape]:
    """A layer and an input that it takes: its example, or arbitrary ones."""
    layer, x = draw(st.one_of(cases(cls), st.just(small_example(cls))))
    try:
        layer.shape(x)
    except LayerFault:
        reject()
    return layer, x


@st.composite
def cases(draw: st.DrawFn, cls: type[Layer]) -> tuple[Layer, Shape]:
    """A layer whose arguments its class takes, and an input; they need not fit."""
    if cls.keyword == "fold":
        return draw(folded())
    if cls.operands:
        return draw(OPERATIONS[cls.keyword]())
    if cls.open_field is not None:
        return draw(patterned(cls))
    sizes = tuple(draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    x = Shape(sizes, draw(st.sampled_from([0, len(sizes) - 1])))
    arguments = {
        name: draw(values(field.annotation, tuple(field.metadata), x))
        for name, field in cls.model_fields.items()
        if field.is_required() or draw(st.booleans())
    }
    made = make(cls, arguments)
    if isinstance(made, ArgumentFault):
        made = make(cls, draw(one_target(cls, x)))
    assert isinstance(made, Layer), made
    return made, x


@st.composite
def patterned(draw: st.DrawFn, cls: type[Layer]) -> tuple[Layer, Shape]:
    """A layer with a pattern of axes that are split, moved, merged and repeated."""
    names = list("abcdefg"[: draw(st.integers(1, 5))])
    known = {name: draw(st.integers(1, 3)) for name in names}
    left, right = draw(grouped(names)), draw(grouped([*draw(st.permutations(names)), "z"]))
    given = {name: known[name] for group in left for name in group[1:]}
    sizes = tuple(prod(known[name] for name in group) for group in left)
    text = " -> ".join(" ".join(f"({' '.join(each)})" for each in side) for side in (left, right))
    arguments = {"pattern": text, "z": draw(st.integers(1, 3)), **given}
    if draw(st.booleans()):
        arguments["features"] = draw(st.sampled_from(names))
    made = make(cls, arguments)
    assert isinstance(made, Layer), made
    return made, Shape(sizes, draw(st.sampled_from([0, len(sizes) - 1])))


SMALL = st.integers(1, 4)


@st.composite
def matmul(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Matrices, with axes before them that broadcast."""
    lead = draw(st.lists(SMALL, max_size=2))
    one, other = ([draw(st.sampled_from([1, size])) for size in lead] for _ in range(2))
    n, k, m = draw(SMALL), draw(SMALL), draw(SMALL)
    x, y = (*one, n, k), (*other, k, m)
    axes = st.sampled_from([0, len(x) - 1])
    return made_of("matmul", other=Shape(y, draw(axes))), Shape(x, draw(axes))


@st.composite
def einsum(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Names that are in both values, or in one and in the result."""
    sizes = {name: draw(SMALL) for name in ("a", "b", "heads", "n", "z")}
    where = {name: draw(st.sampled_from(["sum", "both", "one", "two"])) for name in sizes}
    one = draw(st.permutations([name for name in sizes if where[name] != "two"]))
    two = draw(st.permutations([name for name in sizes if where[name] != "one"]))
    result = draw(st.permutations([name for name in sizes if where[name] != "sum"]))
    if not (one and two and result):
        reject()
    x, y = (Shape(tuple(sizes[name] for name in side), len(side) - 1) for side in (one, two))
    pattern = f"{' '.join(one)}, {' '.join(two)} -> {' '.join(result)}"
    return made_of("einsum", pattern=pattern, other=y), x


@st.composite
def attend(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Queries, keys and values, their features last; with a bias, or another factor."""
    lead, heads = tuple(draw(st.lists(SMALL, max_size=1))), draw(SMALL)
    tokens, others, d, e = draw(SMALL), draw(SMALL), heads * draw(SMALL), heads * draw(SMALL)
    last = len(lead) + 1
    x, key, value = (
        Shape((*lead, *sizes), last) for sizes in ((tokens, d), (others, d), (others, e))
    )
    arguments: dict[str, object] = {"key": key, "value": value, "heads": heads}
    if draw(st.booleans()):
        bias = (*lead, draw(st.sampled_from([1, heads])), tokens, others)
        arguments["bias"] = Shape(bias, 0)
    if draw(st.booleans()):
        arguments["scale"] = draw(st.floats(0.25, 2))
    return made_of("attend", **arguments), x


@st.composite
def take(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """An axis, and an index of some axes that names its items."""
    sizes = draw(st.lists(SMALL, min_size=1, max_size=3))
    axis = draw(st.integers(-len(sizes), len(sizes) - 1))
    index = tuple(draw(st.lists(SMALL, min_size=1, max_size=2)))
    form = draw(st.sampled_from(["none", "one"]))
    chosen = Shape(index, len(index) - 1, form, "index", (0, sizes[axis] - 1))
    x = Shape(tuple(sizes), draw(st.sampled_from([0, len(sizes) - 1])))
    return made_of("take", index=chosen, axis=axis), x


@st.composite
def given_weight(draw: st.DrawFn, keyword: str) -> tuple[Layer, Shape]:
    """A weight as a value, with a bias or without; now and then for other channels."""
    groups, axes = draw(st.sampled_from([1, 1, 2])), draw(st.integers(1, 3))
    entering, out = groups * draw(SMALL), groups * draw(SMALL)
    form = draw(st.sampled_from(["none", "none", "one"]))
    arguments: dict[str, object] = {}
    if keyword == "linear_with":
        x = Shape((*draw(st.lists(SMALL, max_size=2)), entering + draw(st.sampled_from([0, 0, 1]))))
        x = Shape(x.sizes, x.rank - 1)
        sizes: tuple[int, ...] = (out, entering)
    else:
        kernel = tuple(draw(st.lists(st.integers(1, 3), min_size=axes, max_size=axes)))
        x = Shape((entering, *draw(st.lists(st.integers(3, 6), min_size=axes, max_size=axes))))
        sizes = (out, entering // groups, *kernel)
        arguments |= {"groups": groups, "stride": draw(st.integers(1, 3))}
        arguments["padding"] = draw(st.integers(0, 1))
    if keyword == "conv_transpose_with":
        sizes = (entering, out // groups, *sizes[2:])
    arguments["weight"] = Shape(sizes, 0, form)
    if draw(st.booleans()):
        arguments["bias"] = Shape((out,), 0, form)
    return made_of(keyword, **arguments), x


def made_of(keyword: str, **arguments: object) -> Layer:
    made = make(LAYERS[keyword], arguments)
    assert isinstance(made, Layer), made
    return made


@st.composite
def folded(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Windows along an axis, as `unfold` makes them."""
    sizes = tuple(draw(st.lists(SMALL, min_size=1, max_size=3)))
    axis, size, step = draw(st.integers(0, len(sizes) - 1)), draw(SMALL), draw(SMALL)
    places = size + draw(st.integers(0, 9))
    like = (*sizes[:axis], places, *sizes[axis + 1 :])
    counted = (*sizes[:axis], (places - size) // step + 1, *sizes[axis + 1 :], size)
    made = made_of("fold", step=step, axis=axis, like=Shape(like, 0))
    return made, Shape(counted, draw(st.integers(0, len(sizes) - 1)))


OPERATIONS: dict[str, Callable[[], st.SearchStrategy[tuple[Layer, Shape]]]] = {
    "matmul": matmul,
    "einsum": einsum,
    "attend": attend,
    "take": take,
    **{keyword: partial(given_weight, keyword) for keyword in WEIGHTS},
}


@st.composite
def grouped(draw: st.DrawFn, names: list[str]) -> list[list[str]]:
    """The names in groups, in order."""
    groups: list[list[str]] = [[]]
    for name in names:
        if groups[-1] and draw(st.booleans()):
            groups.append([])
        groups[-1].append(name)
    return groups


@st.composite
def one_target(draw: st.DrawFn, cls: type[Layer], x: Shape) -> dict[str, object]:
    """Arguments for layers which want one of these: `upsample` and `crop` only one."""
    names = [name for name in ("scale", "size", "like", "low") if name in cls.model_fields]
    name = draw(st.sampled_from(names))
    target = values(cls.model_fields[name].annotation, (), x)
    return {name: draw(target.filter(lambda value: value is not None))}


def values(annotation: Any, limits: tuple[object, ...], x: Shape) -> st.SearchStrategy[Any]:
    """Small values of a field's type; lists mostly of one item for each spatial axis."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(arguments[0], arguments[1:], x)
    if origin in (Union, UnionType):
        return st.one_of([values(option, (), x) for option in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*(values(item, (), x) for item in arguments))
    if origin is tuple:
        items = values(arguments[0], (), x)
        least = max(
            [limit.min_length for limit in spread(limits) if isinstance(limit, MinLen)] + [0]
        )
        axes = max(x.rank - 1, least)
        return st.one_of(
            st.lists(items, min_size=axes, max_size=axes),
            st.lists(items, min_size=least, max_size=4),
        ).map(tuple)
    return plain(annotation, limits, x)


def plain(kind: Any, limits: tuple[object, ...], x: Shape) -> st.SearchStrategy[Any]:
    if kind is bool:
        return st.booleans()
    if kind is Auto:
        return st.just(AUTO)
    if kind is NoneType:
        return st.none()
    if kind is Shape:
        sizes = st.lists(st.integers(1, 9), min_size=x.rank, max_size=x.rank)
        return sizes.map(lambda found: Shape(tuple(found), 0))
    least = least_of(limits)
    if kind is int:
        return st.one_of(st.integers(least, 4), st.sampled_from([*x.sizes, 6, 12]))
    if bounded(limits):
        return st.floats(0.125, 0.875)
    if any(isinstance(limit, Ge | Gt) and limit not in UNSAID for limit in spread(limits)):
        return st.floats(0.25, 3.0)
    return st.one_of(st.floats(0.25, 3.0), st.floats(-3.0, -0.25))


def bounded(limits: tuple[object, ...]) -> bool:
    """Whether it must be between small numbers; those of the machine bound nothing here."""
    return any(isinstance(limit, Le | Lt) and limit not in UNSAID for limit in spread(limits))


def least_of(limits: tuple[object, ...]) -> int:
    """The lower bound of an integer."""
    said = [limit.ge for limit in spread(limits) if isinstance(limit, Ge)]
    return max([least for least in said if isinstance(least, int)] + [-2])


def spread(limits: tuple[object, ...]) -> list[Any]:
    """The single bounds: a nested `Field(...)` carries them in its metadata."""
    return [item for limit in limits for item in getattr(limit, "metadata", (limit,))]
