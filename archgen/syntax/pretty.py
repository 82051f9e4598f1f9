"""Text that may be laid out in one line or in several (after P. Wadler, "A prettier printer").

Knows nothing of the language: `format` says what belongs together, this decides where lines end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never

INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class Line:
    """`flat` in a group that fits in one line; else `broken` and a new line."""

    flat: str = " "
    broken: str = ""


@dataclass(frozen=True, slots=True)
class NewLine:
    """A new line in any case."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Text at the end of a line whose length does not count; a `NewLine` follows."""

    text: str


@dataclass(frozen=True, slots=True)
class Concat:
    parts: tuple[Doc, ...]
    hard: bool


@dataclass(frozen=True, slots=True)
class Nest:
    """What starts in these lines is indented once more."""

    doc: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """All of its lines are broken, or none."""

    doc: Doc


Doc = str | Line | NewLine | Remark | Concat | Nest | Group
NEW_LINE: Final = NewLine()


def concat(parts: Iterable[Doc]) -> Concat:
    """Put texts side by side."""
    kept = tuple(parts)
    return Concat(kept, any(map(is_hard, kept)))


def join(separator: Doc, parts: Iterable[Doc]) -> Concat:
    """Put texts side by side with a separator between."""
    joined: list[Doc] = []
    for part in parts:
        joined += [separator, part] if joined else [part]
    return concat(joined)


def is_hard(doc: Doc) -> bool:
    """Whether a text takes more than one line in any case."""
    match doc:
        case str():
            return "\n" in doc
        case Line():
            return False
        case NewLine() | Remark():
            return True
        case Concat(hard=hard):
            return hard
        case Nest(doc=inner) | Group(doc=inner):
            return is_hard(inner)
        case _:
            assert_never(doc)


_Frame = tuple[int, bool, Doc]  # depth of indentation, whether lines are flat, what to write


def render(doc: Doc, width: int) -> str:
    """Lay a text out, breaking a group only where it does not fit."""
    out: list[str] = []
    column = 0
    frames: list[_Frame] = [(0, False, doc)]
    while frames:
        depth, flat, node = frames.pop()
        match node:
            case Concat(parts=parts):
                frames.extend((depth, flat, part) for part in reversed(parts))
                continue
            case Nest(doc=inner):
                frames.append((depth + 1, flat, inner))
                continue
            case Group(doc=inner):
                start = column or depth * len(INDENT)
                fits = _fits(inner, frames, start, width)
                frames.append((depth, fits, inner))
                continue
            case NewLine():
                text = "\n"
            case Line(flat=spelled, broken=broken):
                text = spelled if flat else f"{broken}\n"
            case Remark(text=text) | str(text):
                pass
            case _:
                assert_never(node)
        if text and column == 0 and not text.startswith("\n"):
            text = INDENT * depth + text
        out.append(text)
        column = len(text) - text.rindex("\n") - 1 if "\n" in text else column + len(text)
    return "".join(out)


def _fits(doc: Doc, rest: list[_Frame], column: int, width: int) -> bool:
    """Whether a text in one line, and what follows it up to the next line, fits.

    A string over several lines does not end the line that it stands in: all of it has to fit.
    """
    frames: list[tuple[bool, Doc]] = [(True, doc)]
    behind = len(rest)
    room = width - column
    while room >= 0:
        if not frames:
            if not behind:
                return True
            behind -= 1
            _, flat, node = rest[behind]
            frames.append((flat, node))
            continue
        flat, node = frames.pop()
        match node:
            case str():
                room -= len(node.partition("\n")[0])
                if "\n" in node and behind < len(rest):
                    return room >= 0
                if "\n" in node and room >= 0:
                    room = width - (len(node) - node.rindex("\n") - 1)
            case Line(flat=spelled, broken=broken):
                room -= len(spelled if flat else broken)
                if not flat:
                    return room >= 0
            case NewLine() | Remark():
                return behind < len(rest)  # a text that holds a line end is in one line nowhere
            case Concat(parts=parts):
                frames.extend((flat, part) for part in reversed(parts))
            case Nest(doc=inner) | Group(doc=inner):
                frames.append((flat, inner))
            case _:
                assert_never(node)
    return False
