"""Text with places: a source file and spans in it. Knows nothing of the language."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field
from functools import cached_property

from archgen.frozen import dataclass

# Runs of characters that no reader sees, or that reorder what one sees: controls, and what Unicode
# calls format characters, default ignorable (variation selectors, tags, fillers) or blank symbols.
# Ranges rather than categories, so that every Python's Unicode gives the same answer.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00016fe4"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]+"
)


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
