"""What stands around the walk of a definition: its names, and the file that its class is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.file import File
from archgen.backends.pytorch.plan.ir import If, Plan
from archgen.backends.pytorch.walk.lanes import Key, Lane
from archgen.backends.pytorch.walk.work import Work
from archgen.network import Body, Definition, Ref


class Escaped(Exception):
    """A value of one pass of a loop is read outside: the passes must be written down."""


@dataclass(slots=True)
class Scope:
    """What the author's names mean in the printed class; None: no expression says it."""

    definition: Definition
    names: dict[str, Expr | None]


@dataclass(slots=True, eq=False)
class Decided:
    """A decision that the walk has left: which arm each of its lanes took, and their values then.

    What its arms made can be read elsewhere as a `Phi` alone. `earlier` were left before it.
    """

    item: If
    earlier: int
    arms: dict[Key, int]
    lanes: list[Lane]
    currents: list[Ref]


Home = tuple[Decided, int]


class Classes(Protocol):
    """What a walk asks of the classes of its file."""

    file: File
    work: Work

    def plan_of(self, body: Body) -> Plan: ...
    def folds(self, definition: Definition | None) -> bool: ...
    def leaves_open(self, name: str) -> bool: ...
    def close(self, name: str) -> None: ...
