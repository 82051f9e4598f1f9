"""What a sketch draws on: boxes, frames and edges as they come, numbered in that order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from archgen.backends.drawing.diagram import (
    MOST_BOXES,
    Box,
    Diagram,
    Edge,
    Form,
    Group,
    Item,
    Line,
    Mark,
    TooLarge,
    Word,
)


@dataclass(slots=True)
class End:
    """Where a value comes from, and what the first edge from there has to say."""

    box: str
    label: str
    gone: tuple[str, ...] = ()  # boxes that stood between here and the next, before


class Canvas:
    """Collects a diagram."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._edges: list[Edge] = []
        self._boxes = 0
        self._groups = 0

    def diagram(self, name: str, *, compared: bool = False) -> Diagram:
        return Diagram(name, tuple(self._items), tuple(self._edges), compared)

    def ghost(self, end: End, texts: Sequence[str]) -> None:
        """What stood behind a value before, beside the way that it goes now."""
        lines = tuple((Word(text, mark="removed"),) for text in texts)
        box = self.box("removed", lines, mark="removed")
        self._edges.append(Edge(end.box, box, mark="removed"))
        end.gone = (*end.gone, box)

    def box(
        self,
        kind: str,
        lines: tuple[Line, ...],
        *,
        note: str = "",
        path: str = "",
        form: Form = "box",
        dashed: bool = False,
        mark: Mark | None = None,
    ) -> str:
        """Draw a box; its id. Raises `TooLarge` when there are too many."""
        self._boxes += 1
        self._check_size()
        name = f"n{self._boxes}"
        self._items.append(Box(name, kind, lines, note, path, form, dashed, mark))
        return name

    @contextmanager
    def group(
        self,
        kind: Literal["stage", "block"],
        *titles: str,
        note: str = "",
        path: str = "",
        mark: Mark | None = None,
    ) -> Iterator[None]:
        """A frame round all that is drawn inside the `with`; one frame where there would be two."""
        outside, self._items = self._items, []
        self._groups += 1
        self._check_size()
        name = f"g{self._groups}"
        yield
        items, self._items = self._items, outside
        if kind == "stage" and len(items) == 1 and isinstance(items[0], Group):
            only = items[0]
            mark = mark or only.mark
            titles, items = (*titles, *only.titles), list(only.items)
        outside.append(Group(name, kind, titles, note, path, tuple(items), mark))

    def _check_size(self) -> None:
        if self._boxes + self._groups > MOST_BOXES:
            raise TooLarge

    def connect(self, end: End, box: str, *, shortcut: bool = False, dashed: bool = False) -> None:
        """Draw an edge. Shortcuts bear no label: another edge from there does."""
        label = "" if shortcut or dashed else end.label
        if label:
            end.label = ""
        self._edges.append(Edge(end.box, box, label, shortcut, dashed))
        for gone in end.gone:
            self._edges.append(Edge(gone, box, mark="removed"))
        end.gone = ()
