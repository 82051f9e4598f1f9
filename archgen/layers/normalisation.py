"""Normalisations. Statistics are PyTorch's: `eps` is added to the variance."""

from math import prod
from typing import Annotated, Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import (
    Axis,
    Finite,
    Layer,
    LayerFault,
    Positive,
    Probability,
    Small,
    TorchArgument,
    TorchCall,
)
from archgen.layers.keeps import Keeps
from archgen.layers.reads import Reads, by_group, moved, pointwise, whole, window
from archgen.layers.signature import show
from archgen.shapes import Shape

MOST_BATCH_NORM_AXES = 4
Neighbours = Annotated[int, Field(ge=1, le=4_096)]  # torch makes so many channels more


class Normalisation(Layer):
    """Keeps the shape."""

    group = "normalisation"
    keeps_shape = True
    exchangeable = True
    light = True

    def shape(self, x: Shape) -> Shape:
        return x

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x)

    def caption(self, x: Shape) -> tuple[str, ...]:
        required = (name for name, field in type(self).model_fields.items() if field.is_required())
        return self.keyword.replace("_", " "), *(show(getattr(self, name)) for name in required)


@final
class BatchNorm(Normalisation):
    """Batch normalisation of each channel, on the first axis or on the last."""

    counts_samples = True
    keyword = "bn"
    only_training = frozenset({"momentum"})
    weight_names = ("weight", "bias")
    example = ("bn", "64 x 56 x 56", "64 x 56 x 56")

    eps: Small = Field(1e-5, description="keeps the division finite")
    momentum: Probability = Field(0.1, description="weight of a batch in the running statistics")
    affine: bool = Field(True, description="whether a scale and a shift are learned")

    def shape(self, x: Shape) -> Shape:
        if x.channels_last:
            return x
        demands.features_first(x)
        if x.rank > MOST_BATCH_NORM_AXES:
            raise LayerFault(f"takes at most {MOST_BATCH_NORM_AXES} axes, {x} has {x.rank}")
        return x

    def module(self, x: Shape) -> TorchCall:
        last = x.channels_last and x.rank > 1
        return TorchCall.of(
            "BatchNormLast" if last else f"nn.BatchNorm{max(x.rank - 1, 1)}d",
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.eps, "eps", "eps", 1e-5),
            TorchArgument(self.momentum, "momentum", "momentum", 0.1),
            TorchArgument(self.affine, "affine", "affine", True),
        )

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return _scale_and_shift(x) if self.affine else {}

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, fixed=2 * x.channels if training else 0)

    def removes_offset(self, x: Shape) -> bool:
        return True

    def buffers(self, x: Shape) -> dict[str, tuple[int, ...]]:
        channels = (x.channels,)
        return {"running_mean": channels, "running_var": channels, "num_batches_tracked": ()}


@final
class FrozenBatchNorm(Normalisation):
    """Batch normalisation that never changes: the keys of `bn`, all of them buffers."""

    keyword = "frozen_bn"
    reserved = False
    example = ("frozen_bn", "64 x 56 x 56", "64 x 56 x 56")

    eps: Small = Field(1e-5, description="keeps the division finite")

    def shape(self, x: Shape) -> Shape:
        demands.features_first(x)
        return x

    def module(self, x: Shape) -> TorchCall:
        return _over_channels("FrozenBatchNorm", x, self.eps)

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(fixed=x.channels)

    def buffers(self, x: Shape) -> dict[str, tuple[int, ...]]:
        names = ("weight", "bias", "running_mean", "running_var")
        return dict.fromkeys(names, (x.channels,))


@final
class LayerNorm(Normalisation):
    """Layer normalisation of each token (or vector) over its features."""

    bare = True
    keyword = "layer_norm"
    weight_names = ("weight", "bias")
    example = ("layer_norm(eps=1e-6)", "197 x 768", "197 x 768")

    eps: Small = Field(1e-5, description="keeps the division finite")
    bias: bool = Field(True, description="whether a shift is learned beside the scale")

    def shape(self, x: Shape) -> Shape:
        demands.features_last(x)
        return x

    def module(self, x: Shape) -> TorchCall:
        bias = TorchArgument(self.bias, "bias", "bias", True)
        return _over_channels("nn.LayerNorm", x, self.eps, bias)

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return _scale_and_shift(x) if self.bias else {"weight": (x.channels,)}

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, numbers=2 * prod(x.sizes) // x.channels)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x, {x.axis: whole(x.channels)})


@final
class RMSNorm(Normalisation):
    """Division of each token (or vector) by the root of the mean square of its features."""

    keyword = "rms_norm"
    reserved = False
    weight_names = ("weight",)
    example = ("rms_norm(eps=1e-6)", "197 x 768", "197 x 768")

    eps: Small | None = Field(
        None, description="keeps the division finite; without it, the type's smallest step from 1"
    )
    affine: bool = Field(True, description="whether a scale is learned")

    def shape(self, x: Shape) -> Shape:
        demands.features_last(x)
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            "nn.RMSNorm",
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.eps, "eps", "eps", None),
            TorchArgument(self.affine, "elementwise_affine", "affine", True),
        )

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (x.channels,)} if self.affine else {}

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x, {x.axis: whole(x.channels)})


@final
class LayerNorm2d(Normalisation):
    """Layer normalisation of each place of an image over its channels."""

    keyword = "layer_norm2d"
    weight_names = ("weight", "bias")
    example = ("layer_norm2d(eps=1e-6)", "96 x 56 x 56", "96 x 56 x 56")

    eps: Small = Field(1e-5, description="keeps the division finite")
    bias: bool = Field(True, description="whether a shift is learned beside the scale")

    def shape(self, x: Shape) -> Shape:
        demands.features_first(x)
        return x

    def module(self, x: Shape) -> TorchCall:
        bias = TorchArgument(self.bias, "bias", "bias", True)
        return _over_channels("LayerNorm2d", x, self.eps, bias)

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return _scale_and_shift(x) if self.bias else {"weight": (x.channels,)}

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, numbers=2 * prod(x.spatial))

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x, {x.axis: whole(x.channels)})


@final
class GroupNorm(Normalisation):
    """Normalisation of each group of channels within a sample."""

    keyword = "group_norm"
    weight_names = ("weight", "bias")
    example = ("group_norm(32)", "64 x 56 x 56", "64 x 56 x 56")

    groups: Positive = Field(description="how many groups")
    eps: Small = Field(1e-5, description="keeps the division finite")

    def shape(self, x: Shape) -> Shape:
        demands.features_first(x)
        demands.divides(self.groups, x.channels)
        if x.numel == self.groups:
            raise LayerFault(
                f"each of {self.groups} groups of {x} is one number, which has no variance",
                argument="groups",
            )
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            "nn.GroupNorm",
            TorchArgument(self.groups, source="groups"),
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.eps, "eps", "eps", 1e-5),
        )

    def removes_offset(self, x: Shape) -> bool:
        return self.groups == x.channels

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return _scale_and_shift(x)

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, numbers=2 * self.groups)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return (by_group(x.channels, x.channels, self.groups), *map(whole, x.spatial))


@final
class InstanceNorm(Normalisation):
    """Normalisation of each channel of each sample."""

    keyword = "instance_norm"
    weight_names = ("weight", "bias")
    example = ("instance_norm", "64 x 56 x 56", "64 x 56 x 56")

    eps: Small = Field(1e-5, description="keeps the division finite")
    affine: bool = Field(False, description="whether a scale and a shift are learned")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        if prod(x.spatial) == 1:
            raise LayerFault(f"each channel of {x} is one number, without variance")
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            f"nn.InstanceNorm{x.rank - 1}d",
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.eps, "eps", "eps", 1e-5),
            TorchArgument(self.affine, "affine", "affine", False),
        )

    def removes_offset(self, x: Shape) -> bool:
        return True

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return _scale_and_shift(x) if self.affine else {}

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, numbers=(3 if self.affine else 2) * x.channels)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return (moved(0), *map(whole, x.spatial))


@final
class LocalResponseNorm(Normalisation):
    """Division by the energy of neighbouring channels (AlexNet, section 3.3)."""

    keyword = "lrn"
    example = ("lrn(5)", "96 x 55 x 55", "96 x 55 x 55")

    size: Neighbours = Field(description="how many neighbouring channels")
    alpha: Finite = Field(1e-4, description="factor of their mean square")
    beta: Finite = Field(0.75, description="exponent")
    k: Finite = Field(1.0, description="added before the power")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            "nn.LocalResponseNorm",
            TorchArgument(self.size, source="size"),
            TorchArgument(self.alpha, "alpha", "alpha", 1e-4),
            TorchArgument(self.beta, "beta", "beta", 0.75),
            TorchArgument(self.k, "k", "k", 1.0),
        )

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        padded = prod(x.spatial) * (x.channels + self.size - 1)
        return Keeps(input=True, numbers=2 * x.numel + padded)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x, {0: ((0, window(self.size, 1, self.size // 2, 1)),)})


@final
class L2Norm(Normalisation):
    """Unit length over the channels of each place, or over an axis."""

    keyword = "l2_norm"
    example = ("l2_norm", "512 x 38 x 38", "512 x 38 x 38")

    axis: Axis | None = Field(None, description="the axis; without it, the channels of an image")

    def shape(self, x: Shape) -> Shape:
        if self.axis is None:
            demands.features_first(x)
        self._axis(x)
        return x

    def module(self, x: Shape) -> TorchCall:
        axis = 0 if self.axis is None else self.axis
        return TorchCall.of("L2Norm", TorchArgument(demands.in_torch(axis), "dim", None, 1))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        lines = x.numel // x.sizes[self._axis(x)]
        return Keeps(input=True, numbers=2 * lines)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        axis = self._axis(x)
        return pointwise(x, {axis: whole(x.sizes[axis])})

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"axis": self._axis(x)})

    def _axis(self, x: Shape) -> int:
        return 0 if self.axis is None else demands.axis_of(self.axis, x)


def _scale_and_shift(x: Shape) -> dict[str, tuple[int, ...]]:
    return {"weight": (x.channels,), "bias": (x.channels,)}


def _over_channels(target: str, x: Shape, eps: float, *more: TorchArgument) -> TorchCall:
    return TorchCall.of(
        target,
        TorchArgument(x.channels, source="channels"),
        TorchArgument(eps, "eps", "eps", 1e-5),
        *more,
    )
