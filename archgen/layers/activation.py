"""Activations: functions of each number by itself (`softmax`: of an axis)."""

from typing import ClassVar, Literal, Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Axis, Finite, Layer, TorchArgument, TorchCall
from archgen.layers.keeps import INPUT, OUTPUT, Keeps
from archgen.layers.reads import Reads, pointwise, whole
from archgen.shapes import Shape


class Activation(Layer):
    """Keeps the shape; becomes the torch module `target`."""

    bare = True
    group = "activation"
    keeps_shape = True
    exchangeable = True
    light = True
    target: ClassVar[str]

    def shape(self, x: Shape) -> Shape:
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall(self.target)

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return INPUT

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x)


@final
class Relu(Activation):
    """max(x, 0)."""

    keyword = "relu"
    target = "nn.ReLU"
    takes_inplace = True
    saves_output = True
    nonnegative = True
    example = ("relu", "64 x 56 x 56", "64 x 56 x 56")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return OUTPUT


@final
class Relu6(Activation):
    """min(max(x, 0), 6)."""

    keyword = "relu6"
    target = "nn.ReLU6"
    takes_inplace = True
    nonnegative = True
    example = ("relu6", "64 x 56 x 56", "64 x 56 x 56")


@final
class LeakyRelu(Activation):
    """x where it is positive, slope * x elsewhere."""

    keyword = "leaky_relu"
    target = "nn.LeakyReLU"
    takes_inplace = True
    saves_output = True  # when it works in place itself
    example = ("leaky_relu(0.1)", "64 x 56 x 56", "64 x 56 x 56")

    slope: Finite = Field(0.01, description="factor of negative numbers")

    @property
    def may_work_inplace(self) -> bool:
        return self.slope >= 0  # else torch cannot go backward

    def module(self, x: Shape) -> TorchCall:
        slope = TorchArgument(self.slope, "negative_slope", "slope", 0.01)
        return TorchCall.of(self.target, slope)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.slope == 1


@final
class Prelu(Activation):
    """Leaky ReLU whose slope is learned: one for all channels, or one for each."""

    bare = False  # its axis of channels counts the batch
    keyword = "prelu"
    target = "nn.PReLU"
    weight_names = ("weight",)
    example = ("prelu(shared=false)", "64 x 56 x 56", "64 x 56 x 56")

    shared: bool = Field(True, description="one slope for all channels")

    def shape(self, x: Shape) -> Shape:
        if not self.shared:
            demands.features_first(x)
        return x

    def module(self, x: Shape) -> TorchCall:
        if self.shared:
            return TorchCall(self.target)
        return TorchCall.of(self.target, TorchArgument(x.channels, source="channels"))

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (1 if self.shared else x.channels,)}


@final
class Elu(Activation):
    """x where it is positive, alpha * (exp(x) - 1) elsewhere."""

    keyword = "elu"
    target = "nn.ELU"
    takes_inplace = True
    saves_output = True  # when it works in place itself
    example = ("elu", "64 x 56 x 56", "64 x 56 x 56")

    alpha: Finite = Field(1.0, description="minus the limit for negative numbers")

    @property
    def may_work_inplace(self) -> bool:
        return self.alpha >= 0  # else torch cannot go backward

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(self.target, TorchArgument(self.alpha, "alpha", "alpha", 1.0))


@final
class Silu(Activation):
    """x * sigmoid(x), also called swish."""

    keyword = "silu"
    target = "nn.SiLU"
    takes_inplace = True
    example = ("silu", "64 x 56 x 56", "64 x 56 x 56")


@final
class Gelu(Activation):
    """x times the normal distribution function of x."""

    keyword = "gelu"
    target = "nn.GELU"
    example = ("gelu", "197 x 768", "197 x 768")

    approximate: Literal["none", "tanh"] = Field("none", description="how it is computed")

    def module(self, x: Shape) -> TorchCall:
        how = TorchArgument(self.approximate, "approximate", "approximate", "none")
        return TorchCall.of(self.target, how)


@final
class Mish(Activation):
    """x * tanh(log(1 + exp(x)))."""

    keyword = "mish"
    target = "nn.Mish"
    takes_inplace = True
    example = ("mish", "64 x 56 x 56", "64 x 56 x 56")


@final
class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    keyword = "sigmoid"
    target = "nn.Sigmoid"
    saves_output = True
    nonnegative = True
    gate = True
    example = ("sigmoid", "64 x 1 x 1", "64 x 1 x 1")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return OUTPUT


@final
class Tanh(Activation):
    """The hyperbolic tangent."""

    keyword = "tanh"
    target = "nn.Tanh"
    saves_output = True
    example = ("tanh", "3 x 64 x 64", "3 x 64 x 64")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return OUTPUT


@final
class Softmax(Activation):
    """Positive numbers along an axis that add up to 1."""

    bare = False
    keyword = "softmax"
    target = "nn.Softmax"
    saves_output = True
    nonnegative = True
    gate = True
    example = ("softmax(0)", "1000", "1000")

    axis: Axis = Field(description="the axis, counted without the batch; -1 is the last")

    def shape(self, x: Shape) -> Shape:
        demands.axis_of(self.axis, x)
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(self.target, TorchArgument(demands.in_torch(self.axis), "dim"))

    def reads(self, x: Shape, output: int = 0) -> Reads:
        axis = demands.axis_of(self.axis, x)
        return pointwise(x, {axis: whole(x.sizes[axis])})

    def removes_offset(self, x: Shape) -> bool:
        return demands.axis_of(self.axis, x) != x.axis

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"axis": demands.axis_of(self.axis, x)})

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return OUTPUT


@final
class Hardswish(Activation):
    """x * relu6(x + 3) / 6."""

    keyword = "hardswish"
    target = "nn.Hardswish"
    takes_inplace = True
    example = ("hardswish", "16 x 112 x 112", "16 x 112 x 112")


@final
class Hardsigmoid(Activation):
    """relu6(x + 3) / 6."""

    keyword = "hardsigmoid"
    target = "nn.Hardsigmoid"
    nonnegative = True
    gate = True
    takes_inplace = True
    example = ("hardsigmoid", "64 x 1 x 1", "64 x 1 x 1")
