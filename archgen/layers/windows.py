"""Windows that slide along the spatial axes, as convolutions and pools have them.

The sizes are PyTorch's, to the letter. Knows no single layer.
"""

from __future__ import annotations

from math import prod
from typing import TypeVar

from archgen.frozen import dataclass
from archgen.layers.base import (
    AUTO,
    Axes,
    Called,
    LayerFault,
    Padding,
    TorchArgument,
    per_axis,
)
from archgen.layers.reads import Steps, window
from archgen.shapes import Shape, lesser

Model = TypeVar("Model", bound=Called)

# Windows that touch or leave gaps are not padded; small ones would not be anyway.
PADDED = ("stride < kernel", "stride == 1 or stride == 2 and dilation == 1")


@dataclass(frozen=True, slots=True)
class Sliding:
    """A window over an input: for each spatial axis its numbers, `auto` resolved.

    same: the padding is computed at run time, so that `stride` divides what is left, rounded up;
    `padding` is what it comes to before an input of this shape, and after it one more where
    the sum is odd.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    same: bool = False

    @classmethod
    def over(
        cls, x: Shape, kernel: Axes, stride: Axes, padding: Padding, dilation: Axes = 1
    ) -> Sliding:
        """The window for an input of this shape, or a `LayerFault`."""
        kernels = per_axis(kernel, x, "kernel")
        strides = per_axis(stride, x, "stride")
        dilations = per_axis(dilation, x, "dilation")
        if padding == "same":
            windows = zip(x.spatial, kernels, strides, dilations, strict=True)
            pads = tuple(added(*window) // 2 for window in windows)
            return cls(kernels, strides, pads, dilations, same=True)
        if padding is AUTO:
            pads = tuple(map(_auto_padding, kernels, strides, dilations))
        else:
            pads = per_axis(padding, x, "padding")
        return cls(kernels, strides, pads, dilations)

    @property
    def extent(self) -> tuple[int, ...]:
        """From the first to the last element of the window, both counted."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def computed(self) -> bool:
        """Whether its padding depends on the input's size, or is not even: then torch's modules do
        not have it (for an even extent they warn)."""
        return self.same and (
            any(stride > 1 for stride in self.stride)
            or any(extent % 2 == 0 for extent in self.extent)
        )

    def added(self, x: Shape) -> tuple[int, ...]:
        """How many places the padding adds to each spatial axis."""
        if not self.same:
            return tuple(2 * padding for padding in self.padding)
        windows = zip(x.spatial, self.kernel, self.stride, self.dilation, strict=True)
        return tuple(added(*window) for window in windows)

    def padded(self, x: Shape) -> int:
        """How many numbers the input has with its padding."""
        sizes = zip(x.spatial, self.added(x), strict=True)
        return x.channels * prod(size + more for size, more in sizes)

    @property
    def reads(self) -> tuple[Steps, ...]:
        """What an index of each spatial axis reads."""
        return tuple(map(window, self.kernel, self.stride, self.padding, self.dilation))

    def sizes(self, x: Shape, *, ceil_mode: bool = False) -> tuple[int, ...]:
        """The spatial sizes of the output, or a `LayerFault` if one would be empty."""
        return tuple(self._size(size, axis, ceil_mode) for axis, size in enumerate(x.spatial))

    def check_pool_padding(self) -> None:
        """PyTorch's pools refuse a padding of more than half the kernel."""
        if self.same:
            return
        for kernel, padding in zip(self.kernel, self.padding, strict=True):
            if 2 * padding > kernel:
                raise LayerFault(
                    f"a pool's padding is at most half its kernel: {padding} is more than "
                    f"half of {kernel}",
                    argument="padding",
                    help=f"say padding={kernel // 2} or less, or put `pad` before it",
                    code="A205",
                )

    def check_larger_input(self, x: Shape) -> None:
        """PyTorch's mean over volumes refuses an input smaller than the kernel, padded or not."""
        for size, kernel in zip(x.spatial, self.kernel, strict=True):
            if size < kernel:
                message = f"the volume {x} is smaller than the kernel ({kernel})"
                raise LayerFault(message, argument="kernel", code="A205")

    def arguments(self) -> tuple[TorchArgument, TorchArgument, TorchArgument, TorchArgument]:
        """`kernel_size`, `stride`, `padding` and `dilation` of a convolution."""
        return (
            TorchArgument(compact(self.kernel), "kernel_size", "kernel"),
            TorchArgument(compact(self.stride), "stride", "stride", 1),
            TorchArgument("same" if self.same else compact(self.padding), "padding", "padding", 0),
            TorchArgument(compact(self.dilation), "dilation", "dilation", 1),
        )

    def _size(self, size: int, axis: int, ceil_mode: bool) -> int:
        stride, padding = self.stride[axis], self.padding[axis]
        if self.same:
            return -(-size // stride)
        room = size + 2 * padding - self.extent[axis]
        steps = room // stride
        if ceil_mode:  # the last window has to start in the input or in the padding before it
            steps = lesser(-(-room // stride), (size + padding - 1) // stride)
        if steps < 0:
            raise LayerFault(self._too_large(size, axis), argument="kernel", code="A205")
        return steps + 1

    def _too_large(self, size: int, axis: int) -> str:
        dilation, padding = self.dilation[axis], self.padding[axis]
        window = f"a window of {self.kernel[axis]}"
        if dilation != 1:
            window += f" with dilation {dilation} (over {self.extent[axis]})"
        return f"{window} does not fit into {size} with padding {padding}"


def added(size: int, kernel: int, stride: int, dilation: int) -> int:
    """How many places `padding="same"` adds to an axis, as TensorFlow does."""
    lacking = (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size
    return 0 if lacking < 0 else lacking


def compact(numbers: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number where all are the same."""
    return numbers[0] if len(set(numbers)) == 1 else numbers


def without_dilation(layer: Model, sliding: Sliding) -> Model:
    """A layer whose window has one element only, whatever its dilation."""
    if any(kernel != 1 for kernel in sliding.kernel):
        return layer
    return layer.model_copy(update={"dilation": 1})


def by_axis(value: Axes, x: Shape) -> str:
    """`3x3`: a window's size in words, axis by axis."""
    axes = x.rank - 1
    return "x".join(map(str, (value,) * axes if isinstance(value, int) else value))


def one_or_all(value: Axes) -> str:
    """`2` where all axes agree, else `2x1`."""
    numbers = (value,) if isinstance(value, int) else value
    return "x".join(map(str, numbers[:1] if len(set(numbers)) == 1 else numbers))


def _auto_padding(kernel: int, stride: int, dilation: int) -> int:
    if kernel <= stride:
        return 0
    if kernel % 2:
        return dilation * (kernel - 1) // 2
    less = dilation * (kernel - 1) // 2
    raise LayerFault(
        f"padding=auto: an even kernel ({kernel}) that is larger than the stride ({stride}) "
        "has no symmetric padding",
        argument="kernel",
        help=f"say padding={less} or padding={less + 1}",
        code="A205",
    )
