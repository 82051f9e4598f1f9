"""A drawing as data: boxes in groups, edges between boxes. Knows neither networks nor formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

MOST_BOXES = 3000
Form = Literal["box", "terminal", "merge", "fork"]
Mark = Literal["added", "removed", "changed"]  # in the drawing of a difference


class TooLarge(Exception):
    """A drawing of more than `MOST_BOXES`: nobody could read it, nor Graphviz place it."""


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a line; the pieces are set apart by dots."""

    text: str
    strong: bool = False
    mark: Mark | None = None


Line = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A node of the drawing. `kind` chooses its colours; `path` is what it stands for.

    `note` is set small below the lines. `dashed`: not run in evaluation (an auxiliary head).
    """

    id: str
    kind: str
    lines: tuple[Line, ...]
    note: str = ""
    path: str = ""
    form: Form = "box"
    dashed: bool = False
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Boxes in a frame: a stage or a block."""

    id: str
    kind: Literal["stage", "block"]
    titles: tuple[str, ...]
    note: str
    path: str
    items: tuple[Item, ...]
    mark: Mark | None = None


Item = Box | Group


@dataclass(frozen=True, slots=True)
class Edge:
    """A value on its way. `label` is its shape, said once for each value.

    `shortcut`: straight into a merge, round other boxes that read the same value.
    """

    source: str
    target: str
    label: str = ""
    shortcut: bool = False
    dashed: bool = False
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """compared: it is the drawing of a difference, where marks choose the colours, not kinds."""

    name: str
    items: tuple[Item, ...]
    edges: tuple[Edge, ...]
    compared: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of box that are there, in order of first appearance."""
        return tuple(dict.fromkeys(box.kind for box in boxes(self.items)))


def boxes(items: Sequence[Item]) -> Iterator[Box]:
    """Every box, in the order of the drawing."""
    for item in items:
        if isinstance(item, Group):
            yield from boxes(item.items)
        else:
            yield item
