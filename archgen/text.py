"""Text with places: a source file and spans in it. Knows nothing of the language."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from functools import cached_property

from archgen.frozen import dataclass


@dataclass(frozen=True)
class Source:
    """The text of one file; `path` is how it is shown to people."""

    path: str
    text: str

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(at + 1 for at, char in enumerate(self.text) if char == "\n")]

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a code point offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """The text of a line (from 1) without its end."""
        start = self.line_starts[line - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")

    def span(self, start: int, end: int) -> Span:
        return Span(self, start, end)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points in a source."""

    source: Source = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.line_column(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.line_column(self.start)[1]

    def to(self, other: Span) -> Span:
        """From the start of this to the end of the other, in the same source."""
        return Span(self.source, self.start, max(self.end, other.end))


BUILT_IN = Source("<built in>", "")
NOWHERE = Span(BUILT_IN, 0, 0)
