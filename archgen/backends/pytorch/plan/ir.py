"""What a class will say, as data: made by the walk, printed by `constructor` and `forward`.

Items stand in the order of the block's text. The constructor prints what they make, `forward`
what they compute. Values are the tensors of `forward`; everything else is an expression over
the names of the class (its parameters, locals and loop variables).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from archgen.backends.pytorch.plan.algebra import Expr, same
from archgen.backends.pytorch.plan.names import Names
from archgen.merges import MergeKind
from archgen.network import Formula, Initialiser
from archgen.shapes import Batch
from archgen.syntax import tree

# --- modules --------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Build:
    """A module to be made: `nn.Conv2d(in_channels, out, kernel_size=3)`.

    An argument is an expression, or Python text (the name of a class). `inplace` is decided
    when the whole body is known.
    """

    target: str
    arguments: list[tuple[str | None, Expr | str]]
    implied: frozenset[str] = frozenset()  # arguments that torch has anyway as constants
    takes_inplace: bool = False
    inplace: bool = False


@dataclass(slots=True, eq=False)
class Container:
    """An `nn.Sequential`: its children are the `Apply` items, under their names.

    `taps` are values inside it that are read outside, beside the result.
    """

    items: list[Item]
    start: Value
    result: Value
    taps: list[Value] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Repeat:
    """`count` modules, one after the other (only in a container)."""

    module: Module
    count: Expr


@dataclass(slots=True, eq=False)
class Either:
    """One module or another: `if stride != 1: ... else: nn.Identity()`. `None` is identity."""

    arms: list[tuple[Expr | None, Module | None]]


Module = Build | Container | Repeat | Either


@dataclass(slots=True, eq=False)
class Child:
    """A submodule under its name. `position`: it is numbered by its place in a container."""

    name: Expr
    module: Module
    position: bool = False


@dataclass(slots=True)
class Made:
    """A module, or a function of its inputs; and what is known of its outputs.

    `channels` are candidates for each output; `block`: it deserves a line of its own. A container
    with several outputs is applied in pieces, which end after so many (`ends`) of its children.
    """

    module: Module | None
    channels: list[list[Expr | None]]
    fresh: list[bool]
    function: str = ""
    block: bool = False
    fields: tuple[str, ...] = ()
    ends: tuple[int, ...] = ()
    sizes_on: set[str] = field(default_factory=set)  # of the outputs
    shape_on: set[str] = field(default_factory=set)  # that anything of their shape hangs on
    passes: bool = True  # the sizes of the inputs too
    lifts: tuple[bool, ...] = ()
    heads: tuple[str, ...] = ()  # values that only training gives, behind the outputs


def is_written_alike(left: object, right: object) -> bool:
    """Whether two expressions (or texts) are the same in print: `1` is not `1.0`."""
    return type(left) is type(right) and repr(left) == repr(right)


# --- values and items -----------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Value:
    """A tensor. `fresh`: its one reader may write over it. `batch` as in `Shape`; `axes`: how many
    it has without the batch's, where it is the same for all samples.

    `channels` is None where no expression is known. `shape` is said where all calls agree.
    `sizes_on` are the names that the shape depends on beside what `channels` says.
    """

    channels: Expr | None = None
    fresh: bool = False
    batch: Batch = "all"
    axes: int | None = None
    name: str = ""
    shape: str = ""
    sizes_on: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Apply:
    """A submodule applied, or (`function`) a Python expression over `{x}` and `{like}`."""

    child: Child | None
    inputs: list[Value]
    outputs: list[Value]
    function: str = ""
    reused: bool = False
    block: bool = False  # a block, stage or container: a line of its own in an arch
    fields: tuple[str, ...] = ()  # of several outputs
    piece: str = ""  # which children of the container: `[:4]`
    lifts: tuple[bool, ...] = ()  # the inputs that are given a leading axis of 1


@dataclass(slots=True, eq=False)
class Learned:
    """A parameter or buffer of the class itself, as a value."""

    name: Expr
    sizes: list[Expr]
    init: Initialiser | None
    output: Value
    word: Literal["param", "buffer"] = "param"
    trainable: bool = True
    persistent: bool = True
    values: Formula | None = None


@dataclass(slots=True, eq=False)
class Constant:
    """A number that is an operand of a merge."""

    expr: Expr
    output: Value


@dataclass(slots=True, eq=False)
class Merge:
    """Operands merged. `covers`: the first has the shape of them all. `inplace`: they are added
    to it."""

    kind: MergeKind
    output: Value
    axis: int
    rank: int  # of the values, without the batch
    operands: list[Value]
    covers: bool = False
    inplace: bool = False


@dataclass(slots=True, eq=False)
class Give:
    """An operand of the `Gather` around."""

    value: Value


@dataclass(slots=True, eq=False)
class Gather:
    """A merge whose operands hang on decisions: what its region gives, in order.

    `add { identity; if deep { conv } }` is a region of `Give(x)` and an `If` that holds the
    convolution and its `Give`. An `If` or `For` that gives anything leaves no value otherwise.
    """

    kind: MergeKind
    output: Value
    axis: int
    rank: int
    items: list[Item]
    covers: bool = False
    inplace: bool = False


@dataclass(slots=True, eq=False)
class Phi:
    """A value that each arm computes in its own way."""

    value: Value
    arms: list[Value]


@dataclass(slots=True, eq=False)
class If:
    """Arms in order; the last has no condition (and may hold nothing)."""

    arms: list[tuple[Expr | None, list[Item]]]
    phis: list[Phi] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Carry:
    """The current value of a loop: `start` in each pass, `end` after it; `before` and `result`
    before and after all."""

    before: Value
    start: Value
    end: Value
    result: Value


@dataclass(slots=True, eq=False)
class For:
    """A loop. One that gives operands to a merge carries no value."""

    targets: tuple[tree.Target, ...]
    index: str
    iterable: Expr
    items: list[Item]
    carry: Carry | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All names that it binds, in order."""
        return tuple(name for _, name in tree.paths(self.targets))


@dataclass(slots=True, eq=False)
class Let:
    """A local of the constructor."""

    name: str
    expr: Expr


@dataclass(slots=True, eq=False)
class InitPath:
    """A weight of a part, set at the end of the constructor."""

    path: str
    init: Initialiser


Item = Apply | Learned | Constant | Merge | Gather | Give | If | For | Let


# --- a class ----------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Param:
    """A parameter of the constructor. `values` are its values by `id` of the call's body.

    kind "number": plain; "channels": of an input; "extra": a number that no expression of the
    block says; "layer": a class of activations, its values are Python text.
    """

    name: str
    kind: Literal["number", "channels", "extra", "layer"]
    values: dict[int, object]
    default: Expr | str | None = None
    source: str = ""  # the name in the language

    def is_worth(self, values: dict[int, object]) -> bool:
        """Whether it has these values in the same calls."""
        known = self.values.keys() == values.keys()
        return known and all(same(value, values[key]) for key, value in self.values.items())


@dataclass(slots=True, eq=False)
class Worth:
    """What an expression over parameters of the arch is worth, call by call, with its names.

    `straight`: it stands in no loop.
    """

    expr: Expr
    values: list[object]
    names: list[dict[str, object]]
    straight: bool


@dataclass(slots=True, eq=False)
class Aux:
    """A head for training: its name and what it applies; of a block that is called, its value."""

    name: str
    apply: Apply | None
    value: Value


@dataclass(slots=True, eq=False)
class Plan:
    """One class of the file."""

    name: str
    doc: str
    params: list[Param]
    inputs: list[tuple[str, Value]]
    items: list[Item]
    outputs: list[tuple[str, Value]]
    listed: bool
    aux: list[Aux]
    path_init: list[InitPath]
    lets: dict[str, Expr]
    locals: Names
    dropped: list[Param] = field(default_factory=list)  # that the text does not read
    arch: bool = False
    folds: bool = False  # it is a text of the arch's own: its numbers are constants
    fixed: set[str] = field(default_factory=set)  # names that it is not right for other values of
    open: set[str] = field(default_factory=set)  # names that it may be right for other values of
    worth: dict[int, Worth] = field(default_factory=dict)  # by `id` of the expression
    sequential: bool = False  # its one item, after its locals, is the container that it is
    result: str = ""  # the name of its NamedTuple
    named: bool = False  # it gives that for one value too

    @property
    def several(self) -> bool:
        return self.listed or self.named or len(self.outputs) > 1

    @property
    def own_heads(self) -> list[Apply]:
        """What training applies beside the items."""
        return [aux.apply for aux in self.aux if aux.apply is not None]
