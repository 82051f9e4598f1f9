"""What a module did, as data: one straight-line program for each module that was run.

Made by `trace`, changed by `tidy` and `loops`, read by all else. Knows no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["layer", "merge", "call", "param", "loop"]
Arguments = dict[str, object]


class Unsupported(Exception):
    """An operation that has no form in the language. `path`: of the module; `line`: of Python."""

    def __init__(self, what: str, path: str = "", line: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.path = path
        self.line = line


@dataclass(frozen=True, slots=True)
class LayerCall:
    """A layer or an initialiser given as an argument: `relu`, `leaky_relu(slope=0.1)`. An argument
    without a name is positional."""

    keyword: str
    arguments: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """A rate as a share of another: `rate * number / total`, as floats."""

    rate: float
    number: int
    total: int


NO_LAYER = LayerCall("none")


@dataclass(eq=False, slots=True)
class Value:
    """A tensor at one point of a program: its sizes without the batch, if it has one."""

    sizes: tuple[int, ...]
    batched: bool = True

    @property
    def channels(self) -> int | None:
        return self.sizes[0] if self.sizes else None


@dataclass(eq=False, slots=True)
class Node:
    """One step. `key`: the layer's keyword, the kind of merge, the class of what is called.

    `name`: the path of the submodule, in the end inside the body; None for functions. `reused`:
    an earlier step of the body made the submodule.
    """

    kind: Kind
    key: str
    inputs: list[Value]
    outputs: list[Value]
    arguments: Arguments = field(default_factory=dict)
    name: str | None = None
    program: Program | None = None
    reused: bool = False


@dataclass(eq=False, slots=True)
class Program:
    """The steps of one run of one module.

    `cls`: the name of its class; `sequential`: it runs its children one after the other, as
    `nn.Sequential` does; `hints`: numbers that it was made with, by name; `input_names`,
    `output_names`: what `forward` calls its inputs, and its results ("" where it does not);
    `has_fields`: those names are the result's own, as a dictionary has them;
    `gathered`: its inputs are one list; `heads`: what it returns in training besides; `order`: the
    names of its parameters and children, as its keys are ordered.
    """

    cls: str
    path: str
    sequential: bool
    inputs: list[Value]
    nodes: list[Node] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    hints: Mapping[str, object] = field(default_factory=dict)
    input_names: list[str] = field(default_factory=list)
    output_names: list[str] = field(default_factory=list)
    has_fields: bool = False
    gathered: bool = False
    order: Sequence[str] = ()
    heads: list[Value] = field(default_factory=list)

    @property
    def results(self) -> list[Value]:
        return [*self.outputs, *self.heads]

    def programs(self) -> Iterator[Program]:
        """This one and all below it, callees first."""
        for node in self.nodes:
            if node.program is not None:
                yield from node.program.programs()
        yield self

    def replace(self, old: Value, new: Value) -> None:
        """Read one value where another was read."""
        for node in self.nodes:
            node.inputs = [new if value is old else value for value in node.inputs]
        self.outputs = [new if value is old else value for value in self.outputs]
        self.heads = [new if value is old else value for value in self.heads]
