"""`# lint: off W003: why`: warnings that a comment silences.

Behind something, the comment is for its line; alone on a line, for the next one that holds more
than a comment, and for the lines that go on with `->`. It silences what stands on those lines and
what the calls on them lead to. A code must be named: nobody can mean warnings that are not
invented yet.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from archgen.diagnostics import Diagnostic, Edit, Sink, warning
from archgen.lint.edits import removal
from archgen.resolve.arguments import suggest
from archgen.syntax import tree
from archgen.syntax.scan import Comment, scan
from archgen.text import Source, Span

if TYPE_CHECKING:
    from archgen.resolve.modules import Module

# Not compiled before a spec has such a comment.
_MARK: Final = r"#\s*lint\b\s*:?"
_ORDER: Final = r"#\s*lint:\s*off\s+(?P<codes>[A-Za-z]\w*(?:\s*,\s*[A-Za-z]\w*)*)\s*(?::.*)?"
_FORM: Final = "write `# lint: off W001`, or `# lint: off W001, W002: the reason`"
# Found by what a file says, in definitions too that no network calls.
OF_TEXT: Final = frozenset({*(f"W{number:03}" for number in range(9, 20)), "W021", "W023", "W024"})


class Mark:
    """A comment: the codes that it silences, and those of them that were needed."""

    def __init__(self, span: Span, codes: tuple[str, ...]) -> None:
        self.span = span
        self.codes = codes
        self.used: set[str] = set()


class Suppressions:
    """The marks of every source, read when they are first asked for."""

    def __init__(self) -> None:
        self._lines: dict[int, dict[int, list[Mark]]] = {}
        self._sources: list[Source] = []  # so that no other gets the `id` of one
        self._faults: dict[int, list[Diagnostic]] = {}
        self.judged: set[object] = set()  # definitions that a network was made of

    def at(self, span: Span) -> frozenset[Mark]:
        """The marks for the line on which something begins."""
        lines = self._marks(span.source)
        return frozenset(lines.get(span.line, ())) if lines else frozenset()

    def silence(self, item: Diagnostic, around: Iterable[Mark] = ()) -> bool:
        """Whether a mark on the lines of a warning, or around it, is for it."""
        found = False
        for mark in (*self._along(item.span), *around):
            if item.code in mark.codes:
                mark.used.add(item.code)
                found = True
        return found

    def _along(self, span: Span) -> Iterator[Mark]:
        """The marks for the lines of a span: a call may take several."""
        if lines := self._marks(span.source):
            last, _ = span.source.line_column(span.end)
            for line in range(span.line, last + 1):
                yield from lines.get(line, ())

    def complaints(self, modules: Iterable[Module]) -> Iterator[Diagnostic]:
        """Marks that cannot be read (W019), and those that silence nothing (W018).

        What a definition that no network here calls is worth a warning for, only those who use
        it can tell.
        """
        for module in modules:
            lines = self._marks(module.source)
            yield from self._faults[id(module.source)]
            first = {mark: line for line in sorted(lines, reverse=True) for mark in lines[line]}
            for mark in sorted(first, key=lambda mark: mark.span.start):
                known = mark.codes if self._is_judged(module, first[mark]) else OF_TEXT
                idle = [code for code in mark.codes if code in known and code not in mark.used]
                if idle:
                    yield _idle(mark, idle)

    def _is_judged(self, module: Module, line: int) -> bool:
        """Whether the (first) definition on a line is part of a network here."""
        items, found = module.tree.items, None
        at = bisect_right(items, line, key=lambda item: item.span.line)
        while at and module.source.line_column(items[at - 1].span.end)[0] >= line:
            at -= 1
            found = found if isinstance(items[at], tree.Use | tree.Let) else items[at]
        return not isinstance(found, tree.Definable) or module.names.get(found.name) in self.judged

    def _marks(self, source: Source) -> dict[int, list[Mark]]:
        key = id(source)
        if key not in self._lines:
            self._sources.append(source)
            self._lines[key], self._faults[key] = (
                _read(source) if "lint" in source.text else ({}, [])
            )
        return self._lines[key]


def _read(source: Source) -> tuple[dict[int, list[Mark]], list[Diagnostic]]:
    """The marks of a source by the lines that they are for, and what is wrong with them."""
    from archgen.codes import CODES  # which a spec without such comments need not load

    known = [code for code in CODES if code.startswith("W")]
    lines: dict[int, list[Mark]] = {}
    faults: list[Diagnostic] = []
    for comment in scan(source, 0, len(source.text), Sink()).comments:
        if not re.match(_MARK, comment.text):
            continue
        order = re.fullmatch(_ORDER, comment.text)
        if order is None:
            faults.append(
                warning("W019", "a lint comment of no known form", comment.span, help=_FORM)
            )
            continue
        codes = tuple(re.split(r"\s*,\s*", order["codes"]))
        faults += [_unknown(code, comment.span, known) for code in codes if code not in known]
        mark = Mark(comment.span, tuple(code for code in codes if code in known))
        for line in _lines_of(source, comment):
            lines.setdefault(line, []).append(mark)
    return lines, faults


def _unknown(code: str, span: Span, known: Sequence[str]) -> Diagnostic:
    return warning("W019", f"no warning has the code `{code}`", span, help=suggest(code, known))


def _lines_of(source: Source, comment: Comment) -> Iterator[int]:
    """The lines that a comment is for."""
    line = comment.span.line
    if not comment.alone:
        yield line
        return
    last = len(source.line_starts)
    line += 1
    while line <= last and source.line_text(line).strip()[:1] in ("", "#"):
        line += 1
    if line <= last:
        yield line
    while line < last and source.line_text(line + 1).strip().startswith("->"):
        line += 1
        yield line


def _idle(mark: Mark, idle: list[str]) -> Diagnostic:
    """W018, with the edit that takes the idle codes away."""
    message = f"nothing here is worth {' or '.join(idle)}: the comment silences nothing"
    kept = [code for code in mark.codes if code not in idle]
    edit = Edit(mark.span, _rewritten(mark, kept)) if kept else removal(mark.span)
    return warning("W018", message, mark.span, help="take it away", edits=[edit])


def _rewritten(mark: Mark, kept: list[str]) -> str:
    order = re.fullmatch(_ORDER, mark.span.text)
    assert order is not None
    text = mark.span.text
    return text[: order.start("codes")] + ", ".join(kept) + text[order.end("codes") :]
