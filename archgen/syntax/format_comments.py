"""Lines between two brackets, and the comments among them: each stays beside what it stood at.

Knows places alone: where nodes and comments stand in the source, not what they mean.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from archgen.syntax.pretty import NEW_LINE, Doc, Nest, Remark, concat, is_hard
from archgen.syntax.scan import Comment
from archgen.syntax.tree import Node
from archgen.text import NOWHERE, Span

_N = TypeVar("_N", bound=Node)


@dataclass(frozen=True, slots=True)
class Entry:
    """What takes a line: a node, or a comment (`node` is None)."""

    doc: Doc
    node: Node | None
    blank_before: bool
    behind: bool  # a comment on the line of what is before it


class Comments:
    """The comments of a source. Each is handed out once: to the innermost that asks for it."""

    def __init__(self, comments: Iterable[Comment]) -> None:
        self._comments = sorted(comments, key=lambda comment: comment.span.start)
        self._starts = [comment.span.start for comment in self._comments]
        self._taken = bytearray(len(self._comments))

    def take(self, start: int, end: int) -> list[Comment]:
        """Those that begin in a range and are left."""
        found = range(bisect_left(self._starts, start), bisect_left(self._starts, end))
        left = [at for at in found if not self._taken[at]]
        for at in left:
            self._taken[at] = True
        return [self._comments[at] for at in left]

    def between(self, start: int, end: int) -> list[Entry]:
        """Those of a range, as lines; `start` is where what is before them ends."""
        return list(_entries(self.take(start, end), start))

    def among(
        self, nodes: Iterable[_N], start: int, end: int, write: Callable[[_N], Doc]
    ) -> list[Entry]:
        """Write nodes that stand in a range, and the comments of that range.

        A comment inside a node, in no brackets that have lines, moves above the node.
        """
        entries: list[Entry] = []
        for node in nodes:
            above = self.take(start, node.span.start)
            entries += _entries(above, start)
            blank = _has_blank_line(node.span, above[-1].span.end if above else start)
            doc = write(node)
            lost = self.take(node.span.start, node.span.end)
            entries += [Entry(one.text, None, blank and not i, False) for i, one in enumerate(lost)]
            entries.append(Entry(doc, node, blank and not lost, False))
            start = max(start, node.span.end)
        return entries + self.between(start, end)


NO_COMMENTS: Final = Comments(())


def _entries(comments: Iterable[Comment], start: int) -> Iterator[Entry]:
    """Comments as lines; `start` is where what is before them ends."""
    for comment in comments:
        behind = "\n" not in comment.span.source.text[start : comment.span.start] and start > 0
        yield Entry(comment.text, None, _has_blank_line(comment.span, start), behind)
        start = comment.span.end


_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")


def _has_blank_line(span: Span, since: int) -> bool:
    if span is NOWHERE:
        return False
    return _BLANK_LINE.search(span.source.text, since, span.start) is not None


def take_lines(entries: Iterable[Entry]) -> bool:
    """Whether they stand in lines of their own in any case."""
    return any(entry.node is None or is_hard(entry.doc) for entry in entries)


def in_lines(entries: Iterable[Entry]) -> Doc:
    """A line each, but for comments behind; single blank lines are kept."""
    parts: list[Doc] = []
    for entry in entries:
        if entry.behind:
            parts.append(Remark(f"  {entry.doc}"))
            continue
        if parts:
            parts += [NEW_LINE, NEW_LINE] if entry.blank_before else [NEW_LINE]
        parts.append(entry.doc)
    return concat(parts)


def opened(opener: str, entries: Sequence[Entry], closer: str) -> Doc:
    """Lines between brackets that stand apart; a comment may stand behind the opening one."""
    remark: Doc = ""
    if entries and entries[0].behind:
        remark, entries = Remark(f"  {entries[0].doc}"), entries[1:]
    lines = (NEW_LINE, in_lines(entries)) if entries else ()
    return concat((opener, remark, Nest(concat(lines)), NEW_LINE, closer))
