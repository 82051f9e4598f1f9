"""Lines of a source with marks under them, as compilers draw them.

Knows places and columns; must not know what a diagnostic says. A drawing is a list of rows, a
row a list of pieces of text with the style each is meant to have.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

from archgen.frozen import dataclass
from archgen.text import HIDDEN, Source, Span

Style = Literal["text", "gutter", "primary", "secondary"]
Piece = tuple[str, Style]
Row = list[Piece]
Cells = dict[int, Piece]  # single characters by column

LONGEST_LINE = 120  # code points shown of one line
LEAD = 30  # of them before the mark, in a line that is cut
TALLEST_SPAN = 6  # lines of a span that are all shown
CUT = "..."


class Mark(NamedTuple):
    """A span to underline; the primary one is the fault, others explain it."""

    span: Span
    text: str
    primary: bool

    @property
    def style(self) -> Style:
        return "primary" if self.primary else "secondary"

    @property
    def sign(self) -> str:
        return "^" if self.primary else "-"


def printable(text: str) -> str:
    """Escape what a terminal obeys or hides: control and bidirectional characters, odd spaces."""
    if text.isprintable() and not HIDDEN.search(text):
        return text
    return "".join(map(_display, text))


def draw(source: Source, marks: Sequence[Mark], gutter: int) -> list[Row]:
    """Draw the marked lines of one source, line numbers `gutter` wide."""
    return list(_Drawing(source, marks, gutter).rows())


def last_line(marks: Iterable[Mark]) -> int:
    """The largest line number that a drawing of these marks shows."""
    return max(_Placed.of(mark).last for mark in marks)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A mark with its first and last line (from 1) and columns (from 0, the end excluded)."""

    mark: Mark
    first: int
    start: int
    last: int
    end: int

    @classmethod
    def of(cls, mark: Mark) -> _Placed:
        source, size = mark.span.source, len(mark.span.source.text)
        start = min(max(mark.span.start, 0), size)
        end = min(max(mark.span.end, start), size)
        while end > start + 1 and source.text[end - 1] in " \t\r\n":
            end -= 1
        first, left = source.line_column(start)
        last, right = source.line_column(max(start, end - 1))
        return cls(mark, first, left - 1, last, right if end > start else right - 1)

    @property
    def tall(self) -> bool:
        return self.last > self.first

    def lines(self) -> Iterator[int]:
        """The lines to show: all of a small span, both ends of a large one."""
        if self.last - self.first < TALLEST_SPAN:
            yield from range(self.first, self.last + 1)
        else:
            yield from (self.first, self.first + 1, self.last - 1, self.last)


@dataclass(frozen=True, slots=True)
class _Line:
    """What is shown of a line: the text, and where each code point of it is drawn."""

    text: str
    offset: int  # code points cut off before it
    columns: list[int]  # of each code point shown, and one past the last

    @classmethod
    def of(cls, text: str, near: int) -> _Line:
        """Show the line, or as much as fits around the code point `near`."""
        start, end = _window(len(text), near)
        cells = [_display(char) for char in text[start:end]]
        lead = CUT if start > 0 else ""
        columns = [len(lead)]
        for cell in cells:
            columns.append(columns[-1] + _width(cell))
        return cls(lead + "".join(cells) + (CUT if end < len(text) else ""), start, columns)

    def column(self, position: int) -> int:
        """Where a code point of the whole line is drawn; at the cut if it is not shown."""
        return self.columns[min(max(position - self.offset, 0), len(self.columns) - 1)]


class _Drawing:
    """Rows in the making. `open` holds the tall marks whose bar runs beside the current row."""

    def __init__(self, source: Source, marks: Sequence[Mark], gutter: int) -> None:
        self.source = source
        self.gutter = gutter
        placed = [_Placed.of(mark) for mark in marks]
        self.flat = [mark for mark in placed if not mark.tall]
        self.tall = [mark for mark in placed if mark.tall]
        self.open: list[_Placed] = []

    def rows(self) -> Iterator[Row]:
        shown = sorted({line for mark in (*self.flat, *self.tall) for line in mark.lines()})
        for before, line in pairwise((shown[0] - 1, *shown)):
            if line == before + 2:
                yield from self._line(before + 1)
            elif line > before + 2:
                yield [(CUT.ljust(self.gutter + 3), "gutter"), *self._bars()]
            yield from self._line(line)

    def _line(self, number: int) -> Iterator[Row]:
        """Draw a line, then what lies under it: marks in it, beginnings, ends."""
        flat = [mark for mark in self.flat if mark.first == number]
        begin = [mark for mark in self.tall if mark.first == number]
        close = [mark for mark in self.tall if mark.last == number]
        text = self.source.line_text(number)
        near = [mark.start for mark in flat + begin] + [mark.end - 1 for mark in close]
        line = _Line.of(text, min(near, default=0))
        flush = [mark for mark in begin if not text[: mark.start].strip()]

        number_cell: Row = [(f"{number:>{self.gutter}} | ", "gutter")]
        yield [*number_cell, *self._bars(flush), (line.text, "text")]
        self.open += flush
        for cells in _under(line, flat):
            yield [*self._blank(), *self._bars(), *_pieces(cells)]
        for mark in begin:
            if mark not in flush:
                yield self._edge(mark, line.column(mark.start))
                self.open.append(mark)
        for mark in close:
            yield self._edge(mark, line.column(mark.end - 1), mark.mark.text)
            self.open.remove(mark)

    def _blank(self) -> Row:
        return [(f"{'':{self.gutter}} | ", "gutter")]

    def _bars(self, begin: Sequence[_Placed] = ()) -> Row:
        """The margin left of the text: one column for each tall mark, and a space."""
        if not self.tall:
            return []
        bars: Row = [
            ("/" if mark in begin else "|" if mark in self.open else " ", mark.mark.style)
            for mark in self.tall
        ]
        return [*bars, (" ", "text")]

    def _edge(self, placed: _Placed, column: int, text: str = "") -> Row:
        """The row that ties a tall mark's bar to the column where it begins or ends."""
        mark, own = placed.mark, self.tall.index(placed)
        cells: Cells = {at: bar for at, bar in enumerate(self._bars()) if bar[0] == "|"}
        target = len(self.tall) + 1 + column
        for at in range(own + 1, target):
            cells.setdefault(at, ("_", mark.style))
        _write(cells, target, mark.sign + (f" {printable(text)}" if text else ""), mark.style)
        return [*self._blank(), *_pieces(cells)]


class _Stroke(NamedTuple):
    """An underline, in the columns of the drawing."""

    at: int
    end: int
    mark: Mark

    @classmethod
    def of(cls, line: _Line, placed: _Placed) -> _Stroke:
        at = line.column(placed.start)
        return cls(at, max(line.column(placed.end), at + 1), placed.mark)


def _under(line: _Line, placed: Sequence[_Placed]) -> Iterator[Cells]:
    """Underlines of one line, and their texts: the last beside it, the others hanging below."""
    if not placed:
        return
    strokes = [_Stroke.of(line, mark) for mark in placed]
    top: Cells = {}
    for at, end, mark in sorted(strokes, key=lambda stroke: stroke.mark.primary):
        _write(top, at, mark.sign * (end - at), mark.style)
    said = sorted((stroke for stroke in strokes if stroke.mark.text), key=lambda stroke: stroke.at)
    if _ends_the_line(said, strokes):
        last = said.pop()
        _write(top, last.end + 1, printable(last.mark.text), last.mark.style)
    yield top
    yield from _hanging([(stroke.at, stroke.mark) for stroke in said])


def _ends_the_line(said: Sequence[_Stroke], strokes: Sequence[_Stroke]) -> bool:
    """Whether the last text can stand beside its underline, with nothing in its way."""
    if not said or said[-1].end < max(stroke.end for stroke in strokes):
        return False
    return all(stroke.at < said[-1].at for stroke in said[:-1])


def _hanging(texts: Sequence[tuple[int, Mark]]) -> Iterator[Cells]:
    """Texts below an underline, the rightmost first, tied to their columns by bars."""
    if texts:
        yield {at: ("|", mark.style) for at, mark in texts}
    for index in reversed(range(len(texts))):
        at, mark = texts[index]
        cells: Cells = {left: ("|", other.style) for left, other in texts[:index]}
        _write(cells, at, printable(mark.text), mark.style)
        yield cells


def _write(cells: Cells, at: int, text: str, style: Style) -> None:
    for index, char in enumerate(text):
        cells[at + index] = (char, style)


def _pieces(cells: Cells) -> Row:
    """Cells by column as a row, neighbours of one style joined."""
    filled = (cells.get(at, (" ", "text")) for at in range(max(cells) + 1))
    return [
        ("".join(char for char, _ in group), style)
        for style, group in groupby(filled, key=lambda cell: cell[1])
    ]


def _window(size: int, near: int) -> tuple[int, int]:
    if size <= LONGEST_LINE:
        return 0, size
    start = max(0, min(near - LEAD, size - LONGEST_LINE))
    return start, start + LONGEST_LINE


def _display(char: str) -> str:
    if char == "\t":
        return "    "
    seen = char.isprintable() and not HIDDEN.match(char)
    return char if seen else char.encode("unicode_escape").decode("ascii")


def _width(cell: str) -> int:
    """Columns of a terminal that a displayed code point takes."""
    if cell.isascii():
        return len(cell)
    if unicodedata.category(cell) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(cell) in "WF" else 1
