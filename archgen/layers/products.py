"""Products of values: matrices, named axes, attention. The further values are operands."""

from __future__ import annotations

from math import prod
from typing import final

from pydantic import Field

from archgen.layers import demands, patterns
from archgen.layers.base import Axis, Layer, LayerFault, Positive, Small
from archgen.layers.keeps import NOTHING, Keeps
from archgen.layers.patterns import PatternFault, Product
from archgen.layers.reads import MOST_SPANS, Reads, Steps, Terms, at, moved, whole
from archgen.shapes import Shape

MATRIX = 2  # the axes of a matrix, the last ones
RANK_WITH_HEADS = 3  # heads x tokens x features


class Operation(Layer):
    """A function of several values, printed as an expression."""

    group = "products"
    out_channels = None
    makes_module = False

    def channels_out(self, x: Shape, output: int = 0) -> str:
        return ""


@final
class MatMul(Operation):
    """The matrix product with another value, over the last two axes; those before broadcast."""

    keyword = "matmul"
    reserved = False
    operands = ("other",)
    bare_operands = frozenset({"other"})
    example = ("matmul(from input)", "49 x 49", "49 x 49")

    other: Shape = Field(description="the right side: its axis before the last is summed")

    def shape(self, x: Shape) -> Shape:
        y = self._beside(x)
        if x.rank < MATRIX or y.rank != x.rank:
            raise LayerFault(
                f"multiplies values with as many axes, two or more, not {x} by {y}",
                argument="other",
                ours=True,
            )
        if x.sizes[-1] != y.sizes[-2]:
            raise LayerFault(
                f"the last axis of {x} has {x.sizes[-1]}, the axis before the last of {y} has "
                f"{y.sizes[-2]}",
                argument="other",
                code="A202",
                help="they are summed over: `permute` one of the values",
            )
        lead = _leading(x, y, "other")
        last = x.rank - 1
        return Shape((*lead, x.sizes[-2], y.sizes[-1]), last if x.axis == last else x.axis)

    def function(self, x: Shape) -> str:
        return "torch.matmul({x}, {1})"

    def reads(self, x: Shape, output: int = 0) -> Reads:
        lead = _led(x, self.shape(x), MATRIX)
        return (*lead, moved(x.rank - 2), whole(x.sizes[-1]))

    def operand_reads(self, x: Shape, operand: str) -> Reads:
        y = self._beside(x)
        reads = (*_led(y, self.shape(x), MATRIX), whole(y.sizes[-2]), moved(y.rank - 1))
        return reads[y.rank - self.other.rank :]

    def macs(self, x: Shape) -> int:
        return self.shape(x).numel * x.sizes[-1]

    def _beside(self, x: Shape) -> Shape:
        """The right side; one without a batch may lack leading axes, as in PyTorch."""
        y, missing = self.other, x.rank - self.other.rank
        if y.batch == "all" or missing <= 0 or y.rank < MATRIX:
            return y
        return Shape((*(1,) * missing, *y.sizes), y.axis + missing)


@final
class Einsum(Operation):
    """The sum of products with another value over named axes, without the batch."""

    keyword = "einsum"
    reserved = False
    operands = ("other",)
    example = ('einsum("h n d, h m d -> h n m", from input)', "8 x 49 x 32", "8 x 49 x 49")

    pattern: str = Field(description='the axes of both and of the result: `"n d, m d -> n m"`')
    other: Shape = Field(description="the second value")

    def shape(self, x: Shape) -> Shape:
        product = self._product(x)
        sizes = self._sizes(product, x)
        return Shape(
            tuple(sizes[name] for name in product.result), self._features(product, x, self.other)
        )

    def function(self, x: Shape) -> str:
        return f'torch.einsum("{_letters(self._product(x))}", {{x}}, {{1}})'

    def reads(self, x: Shape, output: int = 0) -> Reads:
        product = self._product(x)
        return _named(product.left, product, self._sizes(product, x))

    def operand_reads(self, x: Shape, operand: str) -> Reads:
        product = self._product(x)
        return _named(product.right, product, self._sizes(product, x))

    def macs(self, x: Shape) -> int:
        product = self._product(x)
        sizes = self._sizes(product, x)
        summed = [name for name in product.left if name not in product.result]
        return prod(sizes.values()) if any(sizes[name] > 1 for name in summed) else 0

    def caption(self, x: Shape) -> tuple[str, ...]:
        return self.keyword, self.pattern

    def _product(self, x: Shape) -> Product:
        try:
            product = patterns.read_product(self.pattern)
        except PatternFault as fault:
            within = fault.start, fault.end
            raise LayerFault(
                fault.message, argument="pattern", code="A109", help=fault.help, within=within
            ) from None
        for names, value in ((product.left, x), (product.right, self.other)):
            if len(names) != value.rank:
                shown = " ".join(names)
                raise LayerFault(
                    f"`{shown}` are {len(names)} axes, {value} has {value.rank}",
                    argument="pattern",
                    help="the batch is not named",
                )
        return product

    def _sizes(self, product: Product, x: Shape) -> dict[str, int]:
        sizes = dict(zip(product.left, x.sizes, strict=True))
        for name, size in zip(product.right, self.other.sizes, strict=True):
            if name in sizes and sizes[name] != size:
                raise LayerFault(
                    f"`{name}` is {sizes[name]} in {x} and {size} in {self.other}",
                    argument="other",
                    code="A202",
                )
            sizes[name] = size
        return sizes

    @staticmethod
    def _features(product: Product, x: Shape, y: Shape) -> int:
        """Where the features of the first are, else of the second, else last."""
        for name in (product.left[x.axis], product.right[y.axis]):
            if name in product.result:
                return product.result.index(name)
        return len(product.result) - 1


@final
class Attend(Operation):
    """Attention of tokens to others: softmax(q k^T / sqrt(d)) v, head by head (fused by torch)."""

    keyword = "attend"
    reserved = False
    operands = ("key", "value", "bias")
    bare_operands = frozenset({"bias"})
    helper = "attend"
    saves_output = True
    example = ("attend(from input, from input, heads=12)", "197 x 768", "197 x 768")

    key: Shape = Field(description="what is looked for: tokens and features, as many as the input")
    value: Shape = Field(description="what is found: as many tokens as `key`")
    heads: Positive = Field(1, description="how many heads share the features")
    bias: Shape | None = Field(
        None, description="added to the products: heads x tokens x tokens of the key"
    )
    scale: Small | None = Field(None, description="their factor; without it, 1 / sqrt(d)")

    def shape(self, x: Shape) -> Shape:
        key, value = self.key, self.value
        demands.features_last(x)
        for name, other in (("key", key), ("value", value)):
            if x.rank < MATRIX or other.rank != x.rank or not other.channels_last:
                raise LayerFault(
                    f"needs tokens, their features last: {x} and {other} are not alike",
                    argument=name,
                    help="`rearrange` makes tokens of an image",
                    ours=True,
                )
            demands.divides(self.heads, other.channels, argument="heads", ours=True)
            if other.sizes[:-2] != x.sizes[:-2]:
                raise LayerFault(
                    f"the axes of {other} before the tokens are not those of {x}",
                    argument=name,
                    ours=True,
                )
        if key.channels != x.channels:
            raise LayerFault(
                f"a key has {key.channels} features, a query {x.channels}",
                argument="key",
                code="A202",
            )
        if value.sizes[-2] != key.sizes[-2]:
            raise LayerFault(
                f"there are {key.sizes[-2]} keys and {value.sizes[-2]} values",
                argument="value",
                code="A202",
            )
        self._check_bias(x)
        return x.with_channels(value.channels)

    def function(self, x: Shape) -> str:
        # Heads that are an axis already are torch's own; ONNX knows its function so only.
        direct = self.heads == 1 and self.bias is None and x.rank == RANK_WITH_HEADS
        text = f"{'F.scaled_dot_product_attention' if direct else 'attend'}({{x}}, {{1}}, {{2}}"
        text += f", heads={self.heads}" if self.heads > 1 else ""
        text += ", bias={3}" if self.bias is not None else ""
        text += f", scale={self.scale!r}" if self.scale is not None else ""
        return f"{text})"

    def channels_out(self, x: Shape, output: int = 0) -> str:
        return "channels" if self.value.channels == x.channels else ""

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return (*map(moved, range(x.rank - 1)), self._head(x))

    def operand_reads(self, x: Shape, operand: str) -> Reads:
        if operand == "bias":
            assert self.bias is not None
            return (None,) * self.bias.rank
        tokens = whole(self.key.sizes[-2])
        features = self._head(x) if operand == "key" else moved(x.rank - 1)
        return (*map(moved, range(x.rank - 2)), tokens, features)

    def macs(self, x: Shape) -> int:
        return x.numel * self.key.sizes[-2] + prod(x.sizes[:-1]) * self.value.numel // prod(
            x.sizes[:-2]
        )

    def _head(self, x: Shape) -> Terms | None:
        """An output feature reads all features of its head."""
        if self.heads == 1:
            return whole(x.channels)
        before, after = x.channels // self.heads, self.value.channels // self.heads
        if after > MOST_SPANS:
            return None
        return ((x.rank - 1, Steps(((0, before - 1),) * after, before)),)

    def _check_bias(self, x: Shape) -> None:
        if self.bias is None:
            return
        whole_ = (*x.sizes[:-2], self.heads, x.sizes[-2], self.key.sizes[-2])
        fits = len(whole_) >= self.bias.rank and all(
            size in (1, full)
            for size, full in zip(reversed(self.bias.sizes), reversed(whole_), strict=False)
        )
        short = self.bias.rank < len(whole_) and self.bias.batch == "all"
        if not fits or short:
            raise LayerFault(
                f"the bias is {self.bias}, and the products are {Shape(whole_)}",
                argument="bias",
                code="A202",
                help="heads x tokens x tokens of the key; a size may be 1",
                ours=True,
            )


@final
class Take(Operation):
    """The items of an axis that an index names, in its order and with its axes."""

    keyword = "take"
    reserved = False
    operands = ("index",)
    bare_operands = frozenset({"index"})
    index_operands = frozenset({"index"})
    bare = True
    moves = True
    keeps_offset = True
    example = ("take(from index)", "169 x 4", "49 x 49 x 4")

    index: Shape = Field(description="which items: a `buffer` of integers")
    axis: Axis = Field(0, description="the axis, counted without the batch; -1 is the last")

    def shape(self, x: Shape) -> Shape:
        axis, index = demands.axis_of(self.axis, x), self.index
        if index.kind != "index" or index.batch == "all":
            raise LayerFault(
                f"{index} is no index",
                argument="index",
                help="`let index = buffer([...])` of integers is one",
                ours=True,
            )
        size = x.sizes[axis]
        if index.bounds is None:
            message = "the least and the largest number of this index cannot be known"
            help = "compute it of integers, without logarithms and powers"
            raise LayerFault(message, argument="index", help=help, ours=True)
        least, most = index.bounds
        if least < 0 or most >= size:
            raise LayerFault(
                f"the index goes from {least} to {most}, axis {self.axis} of {x} has {size} items",
                argument="index",
                code="A202",
                help=f"an item is named by 0 to {size - 1}",
                ours=True,
            )
        sizes = (*x.sizes[:axis], *index.sizes, *x.sizes[axis + 1 :])
        return Shape(sizes, x.axis if x.axis < axis else x.axis + index.rank - 1)

    def function(self, x: Shape) -> str:
        axis = demands.axis_of(self.axis, x) + (x.batch != "none")
        index = "{1}.squeeze(0)" if self.index.batch == "one" else "{1}"
        return f"{{x}}[{':, ' * axis}{index}]"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING  # but for the index, which is a buffer

    def channels_out(self, x: Shape, output: int = 0) -> str:
        return "" if demands.axis_of(self.axis, x) == x.axis else "channels"

    def reads(self, x: Shape, output: int = 0) -> Reads:
        gone = demands.axis_of(self.axis, x)
        more = self.index.rank - 1
        return tuple(
            None if axis == gone else moved(axis if axis < gone else axis + more)
            for axis in range(x.rank)
        )


def _leading(x: Shape, y: Shape, argument: str) -> tuple[int, ...]:
    """The sizes before the last two axes, where a 1 stands for any."""
    found = []
    for one, other in zip(x.sizes[:-2], y.sizes[:-2], strict=True):
        if one != other and other != 1 and one != 1:
            raise LayerFault(
                f"the axes before the last two differ: {x} and {y}", argument=argument, code="A202"
            )
        found.append(other if one == 1 else one)
    return tuple(found)


def _led(value: Shape, result: Shape, last: int) -> tuple[Terms, ...]:
    """What the axes before the last ones read: themselves, or the one index that there is."""
    return tuple(
        at(0) if size == 1 and result.sizes[axis] != 1 else moved(axis)
        for axis, size in enumerate(value.sizes[:-last])
    )


def _named(names: tuple[str, ...], product: Product, sizes: dict[str, int]) -> Reads:
    return tuple(
        moved(product.result.index(name)) if name in product.result else whole(sizes[name])
        for name in names
    )


def _letters(product: Product) -> str:
    """The pattern as torch writes it: a letter an axis, the batch first."""
    known = dict.fromkeys((*product.left, *product.right, *product.result))
    free = iter("bzyxwvutsrqponmlkjihgfedcaABCDEFGHIJKLMNOPQRSTUVWXYZ")
    single = {name for name in known if len(name) == 1 and name.isascii() and name.isalpha()}
    letters = {name: name for name in single}
    fresh = (letter for letter in free if letter not in single)
    batch = next(fresh)
    letters |= {name: next(fresh) for name in known if name not in single}
    sides = (product.left, product.right, product.result)
    one, two, result = (batch + "".join(letters[name] for name in side) for side in sides)
    return f"{one},{two}->{result}"
