"""How weights start: the functions of `torch.nn.init` that `init(...)` and `param(...)` take.

Each is a Pydantic model with torch's parameters and defaults. Knows torch's names, never torch.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal, Self, final

from pydantic import Field, model_validator

from archgen.frozen import dataclass
from archgen.layers.base import LARGEST_FLOAT, Called, Finite, Positive, Small
from archgen.layers.make import ArgumentFault, validated
from archgen.layers.signature import headline

__all__ = ["INITIALISERS", "Initialiser", "misfit", "torch_call", "validate_initialiser"]

MOST_AXES = 64
Deviation = Annotated[float, Field(ge=0, le=LARGEST_FLOAT)]
Gain = Annotated[float, Field(ge=0, le=LARGEST_FLOAT / 4)]  # a range of twice the gain or more


@dataclass(frozen=True, slots=True)
class Initialiser:
    """`kaiming_normal(mode="fan_out")`: a function of `torch.nn.init` without its `_`."""

    name: str
    arguments: tuple[tuple[str, object], ...] = ()  # by torch's keywords, in its order


class Start(Called):
    """An initialiser. Fields are torch's parameters after the tensor, in its order."""

    axes: ClassVar[tuple[int, int]] = (0, MOST_AXES)  # least and most axes of the weight


@final
class Uniform(Start):
    """Evenly between `a` and `b`."""

    keyword = "uniform"

    a: Finite = Field(0.0, description="lower bound")
    b: Finite = Field(1.0, description="upper bound")

    @model_validator(mode="after")
    def ordered(self) -> Self:
        _in_order(self.a, self.b)
        if self.b - self.a > LARGEST_FLOAT:
            raise ValueError(f"from a={self.a} to b={self.b} is farther than float32 holds")
        return self


@final
class Normal(Start):
    """The normal distribution."""

    keyword = "normal"

    mean: Finite = Field(0.0, description="its mean")
    std: Deviation = Field(1.0, description="its standard deviation")


# torch 2.14 draws evenly between the bounds and rejects; within these limits it keeps one number in
# a thousand. They are standard deviations, and count where the mean is outside of the bounds.
FARTHEST, WIDEST = 10.0, 100.0


@final
class TruncNormal(Start):
    """The normal distribution between `a` and `b`."""

    keyword = "trunc_normal"

    mean: Finite = Field(0.0, description="its mean")
    std: Small = Field(1.0, description="its standard deviation")
    a: Finite = Field(-2.0, description="lower bound")
    b: Finite = Field(2.0, description="upper bound")

    @model_validator(mode="after")
    def ordered(self) -> Self:
        _in_order(self.a, self.b)
        outside = max(self.a - self.mean, self.mean - self.b) / self.std
        width = (self.b - self.a) / self.std
        if outside > FARTHEST or (outside > 0 and width > WIDEST):
            raise ValueError("torch would need too many draws: `mean` is outside of `a` to `b`")
        return self


@final
class Constant(Start):
    """The same number everywhere."""

    keyword = "constant"

    val: Finite = Field(description="the number")


@final
class Ones(Start):
    """1 everywhere."""

    keyword = "ones"


@final
class Zeros(Start):
    """0 everywhere."""

    keyword = "zeros"


@final
class Eye(Start):
    """The identity matrix."""

    keyword = "eye"
    axes = (2, 2)


@final
class Dirac(Start):
    """A convolution that gives back as many of its channels as it can."""

    keyword = "dirac"
    axes = (3, 5)

    groups: Positive = Field(1, description="groups of the convolution")


@final
class XavierUniform(Start):
    """Glorot's rule, evenly."""

    keyword = "xavier_uniform"
    axes = (2, MOST_AXES)

    gain: Gain = Field(1.0, description="factor")


@final
class XavierNormal(Start):
    """Glorot's rule, normally."""

    keyword = "xavier_normal"
    axes = (2, MOST_AXES)

    gain: Gain = Field(1.0, description="factor")


class Kaiming(Start):
    """He's rule."""

    axes = (2, MOST_AXES)

    a: Finite = Field(0.0, description="slope of a leaky ReLU after it")
    mode: Literal["fan_in", "fan_out"] = Field("fan_in", description="what keeps its variance")
    nonlinearity: Literal[
        "linear", "conv1d", "conv2d", "conv3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"
    ] = Field("leaky_relu", description="the activation after it")


@final
class KaimingUniform(Kaiming):
    """He's rule, evenly."""

    keyword = "kaiming_uniform"


@final
class KaimingNormal(Kaiming):
    """He's rule, normally."""

    keyword = "kaiming_normal"


@final
class Orthogonal(Start):
    """A matrix whose rows (or columns) are orthogonal."""

    keyword = "orthogonal"
    axes = (2, MOST_AXES)

    gain: Finite = Field(1.0, description="factor")


@final
class Sparse(Start):
    """The normal distribution with zeros."""

    keyword = "sparse"
    axes = (2, 2)

    sparsity: Annotated[float, Field(ge=0, le=1)] = Field(description="share of zeros in a column")
    std: Deviation = Field(0.01, description="standard deviation of the others")


CLASSES: Final[tuple[type[Start], ...]] = (
    Uniform,
    Normal,
    TruncNormal,
    Constant,
    Ones,
    Zeros,
    Eye,
    Dirac,
    XavierUniform,
    XavierNormal,
    KaimingUniform,
    KaimingNormal,
    Orthogonal,
    Sparse,
)
INITIALISERS: Final[dict[str, type[Start]]] = {start.keyword: start for start in CLASSES}


def validate_initialiser(
    name: str, positional: Sequence[object], named: Mapping[str, object]
) -> Initialiser | ArgumentFault:
    """The initialiser of this (known) name, arguments equal to torch's defaults dropped."""
    cls = INITIALISERS[name]
    fields = list(cls.model_fields)
    if len(positional) > len(fields):
        message = f"{name} takes {len(fields)} arguments, not {len(positional)}"
        return ArgumentFault(None, message, headline(cls))
    first = dict(zip(fields, positional, strict=False))
    if twice := sorted(first.keys() & named.keys()):
        return ArgumentFault(twice[0], f"{name}: `{twice[0]}` is given twice", headline(cls))
    made = validated(cls, {**first, **named})
    if isinstance(made, ArgumentFault):
        return made
    given = made.model_dump(exclude_defaults=True)
    return Initialiser(name, tuple(given.items()))


def misfit(initialiser: Initialiser, sizes: tuple[int, ...]) -> str | None:
    """Why torch would refuse to fill a weight of these sizes so; None if it would not."""
    least, most = INITIALISERS[initialiser.name].axes
    if not least <= len(sizes) <= most:
        wanted = str(least) if least == most else f"at least {least}"
        return f"{initialiser.name} is for weights with {wanted} axes, this one has {len(sizes)}"
    groups = dict(initialiser.arguments).get("groups", 1)
    if isinstance(groups, int) and sizes and sizes[0] % groups:
        return f"{initialiser.name}: groups={groups} does not divide {sizes[0]}"
    return None


def torch_call(initialiser: Initialiser, target: str) -> str:
    """`nn.init.kaiming_normal_(self.weight, mode="fan_out")` for the target `self.weight`."""
    arguments = [target]
    for name, value in initialiser.arguments:
        text = f'"{value}"' if isinstance(value, str) else repr(value)
        arguments.append(f"{name}={text}")
    return f"nn.init.{initialiser.name}_({', '.join(arguments)})"


def _in_order(a: float, b: float) -> None:
    if a > b:
        raise ValueError(f"a={a} is above b={b}")
