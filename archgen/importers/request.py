"""What a process that runs a stranger's Python is asked for, and how it answers: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archgen.network import Network

Sizes = tuple[int, ...]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Live:
    """A module of Python by name, and what its factory is called with.

    shown: the operand as it was written, `py:torchvision.models:resnet50`.
    """

    shown: str
    factory: str
    arguments: Mapping[str, object] = field(default_factory=dict)

    @property
    def title(self) -> str | None:
        """What its arch is called after it, unless that is a class."""
        name = self.factory.rpartition(":")[2].rpartition(".")[2]
        return name if name.islower() else None


@dataclass(frozen=True, slots=True)
class ToImport:
    """Its spec is asked for."""

    live: Live
    shapes: tuple[Sizes, ...]
    name: str | None = None
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class ToCompare:
    """Two networks are compared, each with what it is called. shapes: of their inputs."""

    old: tuple[str, Live | Network]
    new: tuple[str, Live | Network]
    shapes: tuple[Sizes, ...]


Task = ToImport | ToCompare


@dataclass(frozen=True, slots=True)
class Places:
    """Where something is done. folder: the current one. path: the first of the path of imports.
    elsewhere: where nothing may be imported from, except what is installed there."""

    folder: str
    path: str
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done, where, and for how many seconds at most."""

    task: Task
    places: Places
    seconds: float
