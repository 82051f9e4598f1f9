"""From the text of a spec to its syntax tree: every fault of the text, and none of meaning."""

from __future__ import annotations

from typing import Any

from archgen.diagnostics import Diagnostic, Fault, Sink, error
from archgen.frozen import dataclass
from archgen.syntax.build import Builder
from archgen.syntax.drive import Driver
from archgen.syntax.limits import MAX_DEPTH, MAX_ERRORS, MAX_HOLE_DEPTH, MAX_HOLES
from archgen.syntax.misspellings import check_characters
from archgen.syntax.scan import Comment, scan
from archgen.syntax.tokens import Raw, Token
from archgen.syntax.tree import Expr, File
from archgen.text import Source, Span


@dataclass(frozen=True, slots=True)
class Parsed:
    """A spec as it was written. With diagnostics, the tree holds what could be read.

    `given_up`: places of statements that are missing in it, and of braces whose end is a guess.
    """

    tree: File
    diagnostics: tuple[Diagnostic, ...]
    comments: tuple[Comment, ...]
    given_up: tuple[int, ...] = ()


def parse(source: Source) -> Parsed:
    """Parse a spec. Never raises for what the text holds: faults are in the result."""
    sink = Sink()
    whole = source.span(0, len(source.text))
    comments: tuple[Comment, ...] = ()
    tree = File((), span=whole)
    given_up: list[int] = []
    try:
        check_characters(source, sink)
        scanned = scan(source, 0, len(source.text), sink)
        comments = scanned.comments
        if not scanned.tokens:
            sink.add(_empty(source))
        else:
            tree = _tree_of("file", whole, scanned.tokens, sink, MAX_DEPTH, given_up) or tree
    except Fault as fault:
        sink.add(fault.diagnostic)
    found = sorted(sink, key=lambda item: item.span.start)
    given_up += [item.span.start for item in found if item.code == "A002"]
    return Parsed(tree, tuple(found[:MAX_ERRORS]), comments, tuple(given_up))


def parse_expression(text: Source | Span | str) -> Expr:
    """Parse one expression, as in `--set width=64 * 2`. Raises `Fault` with the first error.

    A span is the part of its source to read.
    """
    source = Source("<expression>", text) if isinstance(text, str) else text
    place = source.span(0, len(source.text)) if isinstance(source, Source) else source
    sink = Sink()
    expr = _expression(place, sink, MAX_DEPTH)
    for diagnostic in sink:
        raise Fault(diagnostic)
    assert expr is not None
    return expr


def _expression(place: Span, sink: Sink, depth: int) -> Expr | None:
    """Parse the expression that stands at a place; None if there is none."""
    tokens = scan(place.source, place.start, place.end, sink, expression=True).tokens
    tokens = [token for token in tokens if token.type != "_END" or token.value == ";"]
    expr: Expr | None = _tree_of("expression", place, tokens, sink, depth)
    return expr


def _tree_of(
    start: str,
    place: Span,
    tokens: list[Token],
    sink: Sink,
    depth: int,
    given_up: list[int] | None = None,
) -> Any:
    """Parse tokens by a rule of the grammar; None if nothing sensible is left."""
    source = place.source
    driver = Driver(source, tokens, place.end, sink)
    raw = driver.run(start)
    if given_up is not None:
        given_up += driver.given_up
    if raw is None:
        return None
    _check_depth(raw, source, depth)
    return Builder(source, sink, _Holes(sink).read).build(raw)


class _Holes:
    """Reads the expressions inside strings; there may be so many, and they are not deep."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._count = 0

    def read(self, place: Span) -> Expr | None:
        self._count += 1
        if self._count > MAX_HOLES:
            self._refuse(place)
            return None
        try:
            return _expression(place, self._sink, MAX_HOLE_DEPTH)
        except Fault as fault:
            self._sink.add(fault.diagnostic)
            return None

    def _refuse(self, place: Span) -> None:
        if self._count == MAX_HOLES + 1:
            what = f"more than {MAX_HOLES:,} expressions in strings"
            self._sink.add(error("A402", f"too large: {what}", place))


def _check_depth(tree: Raw, source: Source, limit: int) -> None:
    """Refuse a tree that a recursive walk could not take. Long sums are deep: `1 + 1 + ...`."""
    level = [tree]
    for _ in range(limit):
        level = [child for node in level for child in node.children if isinstance(child, Raw)]
        if not level:
            return
    raise Fault(
        error(
            "A401",
            f"nested too deeply: more than {limit} parts inside one another",
            source.span(level[0].start, level[0].end),
            help="give a name to a part, with `let` or as a block",
        )
    )


def _empty(source: Source) -> Diagnostic:
    return error(
        "A016",
        "the file defines nothing",
        source.span(0, 0),
        help="a spec holds at least one `arch`, `block` or `let`",
    )
