"""What a layer declares. One final class a layer; everything else is derived from it.

A layer is a value: its arguments, checked. It knows shapes and torch's *names*, never torch.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from archgen.frozen import dataclass
from archgen.layers.keeps import Keeps
from archgen.layers.reads import Reads
from archgen.shapes import Kind, Shape, common_batch, lifted

__all__ = [
    "AUTO",
    "NO_DEFAULT",
    "Auto",
    "Axes",
    "Axis",
    "Called",
    "Count",
    "Layer",
    "LayerFault",
    "Padding",
    "Positive",
    "Sides",
    "TorchArgument",
    "TorchCall",
    "per_axis",
]


class Auto(Enum):
    """The language's `auto`."""

    AUTO = "auto"


AUTO = Auto.AUTO

LARGEST = 2**31 - 1
Positive = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Axis = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]  # negative: counted from the last
# What float32 holds: torch refuses larger numbers, and smaller ones would be 0.
LARGEST_FLOAT = 3.4028234663852886e38
SMALLEST_FLOAT = 2.0**-149
Finite = Annotated[float, Field(ge=-LARGEST_FLOAT, le=LARGEST_FLOAT)]
Probability = Annotated[float, Field(ge=0, le=1)]
Small = Annotated[float, Field(ge=SMALLEST_FLOAT, le=LARGEST_FLOAT)]  # an eps, a scale
# One number, or one for each spatial axis.
Axes = Positive | tuple[Positive, ...]
Sides = Auto | Count | tuple[Count, ...]  # the same on both sides of an axis
Padding = Auto | Literal["same"] | Count | tuple[Count, ...]


NO_DEFAULT = object()
StateKind = Literal["parameter", "buffer"]
_KINDS: dict[Kind, str] = {"float": "numbers", "index": "an index", "bool": "booleans"}


class LayerFault(Exception):
    """A layer that cannot take its input. The resolver adds the layer's name and the place.

    `argument` names the argument to point at, where one is to blame, and `within` the part of its
    string. `before` is a step that, written before the layer, makes it fit; `features` says which
    axis must have them: "first" or "last". `ours`: torch would take it, and give something that
    nobody asked for.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,
        argument: str | None = None,
        code: str = "A201",
        before: str | None = None,
        features: str | None = None,
        ours: bool = False,
        within: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(message)
        self.within = within
        self.before = before
        self.features = features
        self.message = message
        self.help = help
        self.argument = argument
        self.code = code
        self.ours = ours


@dataclass(frozen=True, slots=True)
class TorchArgument:
    """One argument of a torch module.

    `source` says where the number comes from, so that a generated class can write an
    expression for it: the layer's field of that name, "channels" for the channels of its input,
    or an expression of the language over both. None: it is a constant. `default` is what torch
    takes without it, if it can.
    """

    value: object
    keyword: str | None = None
    source: str | None = None
    default: object = NO_DEFAULT

    @property
    def is_default(self) -> bool:
        """Whether torch would take this value without being told (`True` is not `1`)."""
        return type(self.value) is type(self.default) and self.value == self.default


@dataclass(frozen=True, slots=True)
class TorchCall:
    """The module that a layer becomes: `nn.Conv2d(3, 64, kernel_size=7)` as data.

    `arguments` are those to print; `defaulted` those left out, because they are equal to
    torch's own default: another call of the same layer may have to print them. A target
    without `nn.` is one of the helper classes in `templates/helpers/`.
    """

    target: str
    arguments: tuple[TorchArgument, ...] = ()
    defaulted: tuple[TorchArgument, ...] = ()

    @classmethod
    def of(cls, target: str, *arguments: TorchArgument) -> Self:
        """The call with these arguments in torch's order, defaults told apart."""
        shown = tuple(argument for argument in arguments if not argument.is_default)
        defaulted = tuple(argument for argument in arguments if argument.is_default)
        return cls(target, shown, defaulted)


class Called(BaseModel):
    """What a spec calls by a keyword: a layer or an initialiser. Fields in order are the
    signature; a field's `description` documents it.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", defer_build=True, arbitrary_types_allowed=True
    )

    keyword: ClassVar[str]  # its name in the language


class Layer(Called, ABC):
    """A built-in layer. The class docstring's first line is its line of documentation."""

    group: ClassVar[str]  # its row in the layer reference
    # Newer than 0.1: a block, constant or loop variable of its name hides it.
    reserved: ClassVar[bool] = True
    # The channels of the output as an expression of the language over the fields and
    # `channels` (of the input); None where they depend on other sizes.
    out_channels: ClassVar[str | None] = "channels"
    # What `auto` (or an absent field) means, as an expression of the language over fields.
    derived: ClassVar[Mapping[str, str]] = {}
    # Where that is so, as a condition over fields, elsewhere `auto` is 0; and one where it
    # is 0 elsewhere by itself.
    derived_where: ClassVar[Mapping[str, tuple[str, str]]] = {}
    depth: ClassVar[int] = 0  # 1 for convolutions and linear layers
    helper: ClassVar[str | None] = None  # the file in `templates/helpers/` its `function` calls
    weight_names: ClassVar[tuple[str, ...]] = ()  # every name that `weights` can give

    # Memory. The laws hold each against autograd.
    takes_inplace: ClassVar[bool] = False  # the torch module has `inplace=`
    fresh: ClassVar[bool] = True  # its output shares no memory with its input, ever
    saves_output: ClassVar[bool] = False  # autograd keeps its output: no in-place after it

    # What it computes. A default says less than may be so, never more; the laws hold what is said.
    keeps_shape: ClassVar[bool] = False  # its output has the shape of its input
    fixes_size: ClassVar[bool] = False  # the spatial sizes of its output are its own
    nonnegative: ClassVar[bool] = False  # no number of its output is negative
    keeps_offset: ClassVar[bool] = False  # f(x + c) = f(x) + c for each number c
    only_training: ClassVar[frozenset[str]] = frozenset()  # torch's arguments, unread in evaluation

    # How it is met in networks, specs and pictures.
    gate: ClassVar[bool] = False  # an activation whose result is mostly a factor
    exchangeable: ClassVar[bool] = False  # another of its group in its place is the same step
    also_called: ClassVar[tuple[str, ...]] = ()  # what else people call a submodule of its kind
    open_field: ClassVar[str | None] = None  # takes arguments of other names, as pairs with values
    # Fields with further values whose numbers it reads, not their sizes alone; those of them that
    # broadcast, so that a tensor without the batch's axis will do; and those that are an index.
    operands: ClassVar[tuple[str, ...]] = ()
    bare_operands: ClassVar[frozenset[str]] = frozenset()
    index_operands: ClassVar[frozenset[str]] = frozenset()

    # Values without a batch. A tensor that lacks the batch's axis is given one of size 1 but where
    # the layer is `bare`: then it does the same without. `counts_samples`: it needs a batch.
    bare: ClassVar[bool] = False
    counts_samples: ClassVar[bool] = False
    moves: ClassVar[bool] = False  # it moves numbers, so that they may be of any kind
    makes_module: ClassVar[bool] = True  # a name before it names a submodule
    skipped: ClassVar[bool] = False  # a body leaves it out; in a `seq` it is a child
    light: ClassVar[bool] = False  # shares a box of a drawing with its neighbour
    # Example for the reference, run by the tests: arguments, input shape, output shape.
    example: ClassVar[tuple[str, str, str]]

    @abstractmethod
    def shape(self, x: Shape) -> Shape | tuple[Shape, ...]:
        """The shape of the output (several for `split`). Raises `LayerFault`."""

    def results(self, x: Shape) -> tuple[Shape, ...]:
        """The shapes of its outputs, with their batch and kind. Raises `LayerFault`."""
        made = self.shape(x)
        several = made if isinstance(made, tuple) else (made,)
        read = [getattr(self, name) for name in self.operands]
        if x.is_plain and all(each.is_plain for each in read if isinstance(each, Shape)):
            return several
        self._check_forms(x)
        lifts = self.lifts(x)
        counted = [lifted(x) if lifts[0] else x]
        for name, lift in zip(self.values(), lifts[1:], strict=True):
            if name in self.operands and name not in self.index_operands:
                value = getattr(self, name)
                counted.append(lifted(value) if lift else value)
        batch = common_batch(counted)
        kind, bounds = (x.kind, x.bounds) if self.moves else ("float", None)
        return tuple(Shape(each.sizes, each.axis, batch, kind, bounds) for each in several)

    def lifts(self, x: Shape) -> tuple[bool, ...]:
        """Of the input and of each further value, whether its tensor is given an axis of 1."""
        if x.batch == "none" and self.bare:
            return (False,) * (1 + len(self.values()))
        values = [(name, getattr(self, name)) for name in self.values()]
        return (
            x.batch == "none",
            *(y.batch == "none" and name not in self.bare_operands for name, y in values),
        )

    def _check_forms(self, x: Shape) -> None:
        """Refuse indices and booleans where numbers are needed, and what lacks a batch."""
        if x.kind != "float" and not self.moves:
            raise LayerFault(
                f"needs numbers, not {_KINDS[x.kind]}",
                help="write the numbers of its buffer as floats: `1.0 * (...)`",
                ours=True,
            )
        for name in self.operands:
            value = getattr(self, name)
            is_value = isinstance(value, Shape) and name not in self.index_operands
            if is_value and value.kind != "float":
                message = f"`{name}` must be numbers, not {_KINDS[value.kind]}"
                help = "write the numbers of its buffer as floats: `1.0 * (...)`"
                raise LayerFault(message, help=help, argument=name, ours=True)
        if x.batch != "all" and self.counts_samples:
            raise LayerFault(
                f"counts samples, and {x} is one value for all of them",
                help="merge it with a value that has a batch first",
                ours=True,
            )

    def module(self, x: Shape) -> TorchCall:
        """The torch module for an input of this (already accepted) shape.

        Not to be asked where `function` has an answer.
        """
        raise AssertionError(f"{self.keyword} is written as a function, not as a module")

    def function(self, x: Shape) -> str | None:
        """A Python expression over `{x}`, `{like}` and `{1}`, `{2}`, ... (the further values in
        the order of the fields), for what no module can say.

        Layers with several inputs or outputs. It may use `torch`, `F`
        (`torch.nn.functional`) and the helper function that `helper` names.
        """
        return None

    @property
    def may_work_inplace(self) -> bool:
        """Whether it can with these arguments, if its torch module `takes_inplace`."""
        return self.takes_inplace

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        """`out_channels` for this input; `split` has one for each output.

        Empty: no expression says it. None: none does, unless places became channels.
        """
        return self.out_channels

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the learned parameters, in torch's order."""
        return {}

    def buffers(self, x: Shape) -> dict[str, tuple[int, ...]]:
        """Names and shapes of what the `state_dict` holds besides."""
        return {}

    def state(self, x: Shape) -> Iterator[tuple[str, tuple[int, ...], StateKind]]:
        """What the `state_dict` holds of it, in its order: names, sizes, kinds."""
        for name, sizes in self.weights(x).items():
            yield name, sizes, "parameter"
        for name, sizes in self.buffers(x).items():
            yield name, sizes, "buffer"

    def macs(self, x: Shape) -> int:
        """Multiply-adds for one sample, as PyTorch's own counter counts (flops / 2)."""
        return 0

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        """Whether with these arguments it hands on every input of this shape unchanged."""
        return False

    def removes_offset(self, x: Shape) -> bool:
        """Whether what is added to each channel of its input is gone in training."""
        return False

    def keeps_extent(self, x: Shape) -> bool:
        """Whether its output has the spatial sizes of its input, whatever these are."""
        return self.keeps_shape

    def canonical(self, x: Shape) -> Self:
        """The same function, arguments that make no difference set to one value."""
        return self

    def facts(self) -> Mapping[str, object]:
        """What it is beside its name and its arguments, in words; nothing for the built-in ones."""
        return {}

    def caption(self, x: Shape) -> tuple[str, ...] | None:
        """Its line in a picture, part by part; None: its name and what is not left to default."""
        return None

    def keeps(self, x: Shape, *, training: bool) -> Keeps | None:
        """What autograd keeps of it, if the input needs a gradient or it has parameters; None:
        not known. `training`: the module is in training mode."""
        return None

    @abstractmethod
    def reads(self, x: Shape, output: int = 0) -> Reads:
        """For each axis of the input, the indices of it that an index of the output reads."""

    def operand_reads(self, x: Shape, operand: str) -> Reads:
        """The same for a further value, one of `operands`."""
        shape = getattr(self, operand)
        assert isinstance(shape, Shape)
        return (None,) * shape.rank

    def values(self) -> tuple[str, ...]:
        """The fields that hold further values, in the order of a node's inputs after the first."""
        names = type(self).model_fields
        return tuple(name for name in names if isinstance(getattr(self, name), Shape))


# Pydantic has noted the class variables by now; for each subclass it would evaluate their
# annotations again, a third of what importing the layers costs.
Called.__annotations__.clear()
Layer.__annotations__.clear()


def per_axis(value: int | tuple[int, ...], x: Shape, argument: str) -> tuple[int, ...]:
    """One number for each spatial axis of `x`."""
    axes = x.rank - 1
    if isinstance(value, int):
        return (value,) * axes
    if len(value) != axes:
        raise LayerFault(
            f"{argument} has {len(value)} numbers, the input has {axes} spatial axes",
            help=f"write one number, or {axes}",
            argument=argument,
            ours=True,
        )
    return value
