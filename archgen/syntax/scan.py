"""From text to the tokens that the parser is fed: lexing, brackets, and the ends of lines.

Text that means nothing is reported once; an ERROR token takes its place, so that the parser
leaves the statement alone and goes on behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from archgen.diagnostics import Fault, Sink, error
from archgen.frozen import dataclass
from archgen.syntax import brackets, misspellings
from archgen.syntax.grammar import lex
from archgen.syntax.limits import MAX_BRACKETS, MAX_ERRORS, MAX_OPERATORS, MAX_TOKENS
from archgen.syntax.remarks import end_of_remark, remarks
from archgen.syntax.tokens import Token, kinds, span_of
from archgen.syntax.words import ITEMS
from archgen.text import Source, Span

_CLOSER = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_OPENERS = frozenset(_CLOSER)
_CLOSERS = frozenset(_CLOSER.values())
_JOINS_BEFORE = frozenset({"ARROW", "ELSE", "ELIF"})
_UNFINISHED = kinds("LPAR LSQB COMMA EQUAL ARROW PLUS MINUS TIMES DIVIDE FLOOR_DIVIDE POWER AND OR")
_OPERATORS = kinds("NOT PLUS MINUS TIMES DIVIDE FLOOR_DIVIDE MODULO POWER ELSE")
_DIVISIONS = kinds("DIVIDE FLOOR_DIVIDE")
_STARTS_OVER = kinds("_END COMMA EQUAL AND OR COLON ARROW")
_LOOK_AHEAD = 100  # tokens; there may be many brackets on one line


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its `#`; `alone` if nothing else stands before it on its line."""

    span: Span
    text: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Scanned:
    tokens: list[Token]
    comments: tuple[Comment, ...]


def scan(source: Source, start: int, end: int, sink: Sink, *, expression: bool = False) -> Scanned:
    """Give the tokens of a part of a source: of a file, or of one expression.

    Raises `Fault` where a limit is passed.
    """
    divisions = frozenset[str]() if expression else _DIVISIONS  # what may begin a comment
    spelled = list(_lex(source, start, end, sink, divisions))
    raw = list(misspellings.respell(source, spelled, sink))
    comments = tuple(_comments(source, raw, start, end))
    laid_out = _Layout(source, raw, end, sink).run()
    return Scanned(_joined_lines(laid_out), comments)


# --- lexing ------------------------------------------------------------------------------


def _lex(
    source: Source, start: int, end: int, sink: Sink, divisions: frozenset[str]
) -> Iterator[Token]:
    """Lex, reporting and stepping over what is no token."""
    gauge = _Gauge(source)

    def mend(at: int) -> tuple[Token | None, int]:
        if len(sink) >= MAX_ERRORS:
            return Token("ERROR", "", at, end), end
        report, token, behind = misspellings.mend(source, at, end)
        sink.add(report)
        return token, behind

    at: int | None = start
    seen: list[Token] = []
    found: list[Span] = []
    while at is not None:
        begin, at = at, None
        for token in lex(source.text, begin, end, mend):
            if token.type in divisions:
                at = end_of_remark(source, seen, token, end)
                if at is not None:
                    found.append(source.span(token.start, at))
                    break
            gauge.check(token)
            seen.append(token)
            yield token
    if found:
        sink.add(remarks(source, found))


class _Gauge:
    """Stops at what is too large or too deep while it is lexed, before anything is built."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tokens = 0
        self._brackets = 0
        self._operators = 0

    def check(self, token: Token) -> None:
        kind = token.type
        self._tokens += 1
        if kind in _OPERATORS:
            self._operators += 1
        elif kind in _OPENERS:
            self._brackets += 1
            self._operators = 0
        elif kind in _CLOSERS:
            self._brackets = max(0, self._brackets - 1)
        elif kind in _STARTS_OVER:
            self._operators = 0
        if self._tokens > MAX_TOKENS:
            self._refuse(token, "A402", f"more than {MAX_TOKENS:,} words and signs")
        if self._brackets > MAX_BRACKETS:
            self._refuse(token, "A401", f"more than {MAX_BRACKETS} brackets inside one another")
        if self._operators > MAX_OPERATORS:
            self._refuse(token, "A401", f"more than {MAX_OPERATORS} operators in one expression")

    def _refuse(self, token: Token, code: str, what: str) -> None:
        span = span_of(self._source, token)
        message = {"A401": "nested too deeply", "A402": "too large"}[code]
        help = {"A401": "give a name to a part, with `let` or as a block", "A402": None}[code]
        raise Fault(error(code, f"{message}: {what}", span, help=help))


def _comments(source: Source, tokens: Sequence[Token], start: int, end: int) -> Iterator[Comment]:
    """Find the comments: between tokens there is nothing else that begins with `#`."""
    at = start
    edges = [(token.start, token.end) for token in tokens]
    for before, after in [*edges, (end, end)]:
        gap = source.text[at:before]
        if "#" in gap:
            begin = at + gap.index("#")
            text = gap[begin - at :].rstrip()
            line_start = source.text.rfind("\n", 0, begin) + 1
            alone = not source.text[line_start:begin].strip()
            yield Comment(source.span(begin, begin + len(text)), text, alone)
        at = max(at, after)


# --- brackets ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """An open bracket: its token, where it stands among the raw and the kept tokens."""

    token: Token
    raw: int
    kept: int


class _Layout:
    """Pairs the brackets and drops the line ends that mean nothing."""

    def __init__(self, source: Source, raw: list[Token], end: int, sink: Sink) -> None:
        self._source = source
        self._raw = raw
        self._end = end
        self._sink = sink
        self._kept: list[Token] = []
        self._open: list[_Open] = []
        self._suspect: _Open | None = None  # a brace whose closing one stands further left
        self._dropped = 0  # braces in brackets that were reported and left out
        self._at = 0

    def run(self) -> list[Token]:
        while True:
            while self._at < len(self._raw):
                token = self._raw[self._at]
                self._at += 1
                self._take(token)
            if not self._inside_brackets:
                break
            self._cut_unclosed(len(self._raw))
        self._close_braces(self._end)
        return self._kept

    @property
    def _inside_brackets(self) -> bool:
        return bool(self._open) and self._open[-1].token.type != "LBRACE"

    @property
    def _gave_up(self) -> bool:
        """Whether text up to the end was reported: what is missing may stand in it."""
        last = self._raw[-1] if self._raw else None
        return last is not None and last.type == "ERROR" and last.end == self._end

    def _take(self, token: Token) -> None:
        kind = token.type
        if kind in _OPENERS:
            self._take_opener(token)
        elif kind == "RBRACE":
            self._take_closing_brace(token)
        elif kind in _CLOSERS:
            self._take_closer(token)
        elif kind == "_END":
            self._take_end(token)
        elif kind == "ERROR":
            while self._inside_brackets:
                self._open.pop()
            self._kept.append(token)
        elif kind in ITEMS and self._begins_item(token):
            self._take_definition(token)
        else:
            self._kept.append(token)

    def _take_opener(self, token: Token) -> None:
        if token.type == "LBRACE" and self._inside_brackets:
            if self._closes_on_its_line(self._open[-1].token):
                self._sink.add(brackets.brace_in_brackets(self._span(token)))
                self._dropped += 1
            else:
                self._cut_unclosed(self._at - 1)
            return
        self._open.append(_Open(token, self._at - 1, len(self._kept)))
        self._kept.append(token)

    def _take_closing_brace(self, token: Token) -> None:
        if self._inside_brackets and self._dropped:
            self._dropped -= 1
            return
        if self._inside_brackets:
            self._cut_unclosed(self._at - 1)
            return
        if self._open:
            opened = self._open.pop()
            if self._suspect is None and self._is_further_left(token, opened.token):
                self._suspect = opened
        self._kept.append(token)  # one too many: the parser reports it

    def _take_closer(self, token: Token) -> None:
        if not self._inside_brackets:
            self._sink.add(brackets.closes_nothing(self._span(token)))
            return
        opened = self._open.pop()
        wanted = _CLOSER[opened.token.type]
        if token.type != wanted:
            self._sink.add(brackets.closes_another(self._span(token), self._span(opened.token)))
            outer = self._open[-1].token.type if self._inside_brackets else None
            if outer is not None and _CLOSER[outer] == token.type:
                self._open.pop()
                self._kept.append(Token(wanted, "", token.start, token.start))
            else:
                token = Token(wanted, token.value, token.start, token.end)
        self._kept.append(token)

    def _take_end(self, token: Token) -> None:
        if not self._inside_brackets:
            self._kept.append(token)
        elif token.value == ";":
            self._sink.add(brackets.semicolon_in_brackets(self._span(token)))
            self._kept.append(Token("COMMA", ",", token.start, token.end))

    def _begins_item(self, token: Token) -> bool:
        """Whether this can only be a definition: `arch x` at the very left, inside braces."""
        if not self._open or self._source.text[token.start - 1] != "\n":
            return False
        following = self._raw[self._at : self._at + 1]
        return bool(following) and following[0].type in ("NAME", "STRING", *ITEMS)

    def _take_definition(self, token: Token) -> None:
        if self._inside_brackets:
            self._cut_unclosed(self._at - 1)
            return
        self._close_braces(token.start)
        self._kept.append(Token("_END", "\n", token.start, token.start))
        self._kept.append(token)

    def _close_braces(self, at: int) -> None:
        if self._open and not self._gave_up:
            opened = self._suspect or self._open[-1]
            self._sink.add(brackets.not_closed(self._span(opened.token), at))
        self._suspect = None
        while self._open:
            self._open.pop()
            self._kept.append(Token("RBRACE", "", at, at))

    def _cut_unclosed(self, stop: int) -> None:
        """Replace a bracket that is never closed, and what it swallowed, by an ERROR.

        `stop` is the raw token before which it should have been closed. If its line looks
        complete, the bracket is taken to have ended there and the lines after it are kept.
        """
        while len(self._open) > 1 and self._open[-2].token.type != "LBRACE":
            self._open.pop()
        opened = self._open.pop()
        end = self._raw[stop].start if stop < len(self._raw) else self._end
        self._sink.add(brackets.not_closed(self._span(opened.token), end))
        del self._kept[opened.kept :]
        token = opened.token
        self._kept.append(Token("ERROR", "", token.start, token.end))
        self._at = self._end_of_line(opened.raw, stop)

    def _end_of_line(self, at: int, stop: int) -> int:
        for index in range(at + 1, stop):
            if self._raw[index].type == "_END" and self._raw[index].value == "\n":
                return stop if self._raw[index - 1].type in _UNFINISHED else index
        return stop

    def _closes_on_its_line(self, opener: Token) -> bool:
        """Whether what is left of the line could close a bracket."""
        end = self._source.text.find("\n", self._raw[self._at - 1].end)
        for token in islice(self._raw, self._at, self._at + _LOOK_AHEAD):
            if 0 <= end <= token.start:
                break
            if token.type == _CLOSER[opener.type]:
                return True
        return False

    def _is_further_left(self, closer: Token, opener: Token) -> bool:
        starts = [self._line_start(token) for token in (closer, opener)]
        return starts[0] == closer.start - self._indent(closer) and (
            self._indent(closer) < self._indent(opener)
        )

    def _line_start(self, token: Token) -> int:
        return self._source.text.rfind("\n", 0, token.start) + 1

    def _indent(self, token: Token) -> int:
        line = self._source.text[self._line_start(token) : token.end]
        return len(line) - len(line.lstrip())

    def _span(self, token: Token) -> Span:
        return span_of(self._source, token)


# --- the ends of lines -------------------------------------------------------------------


def _joined_lines(tokens: Sequence[Token]) -> list[Token]:
    """Keep one end between two statements, and none elsewhere."""
    kept: list[Token] = []
    ends: list[Token] = []
    for token in tokens:
        if token.type == "_END":
            ends.append(token)
            continue
        if ends and not _mean_nothing(kept, ends, token):
            kept.append(ends[0])
        ends.clear()
        kept.append(token)
    return kept


def _mean_nothing(before: Sequence[Token], ends: Sequence[Token], after: Token) -> bool:
    if not before or before[-1].type == "LBRACE" or after.type == "RBRACE":
        return True
    if before[-1].type != "ARROW" and after.type not in _JOINS_BEFORE:
        return False
    return all(end.value == "\n" for end in ends)
