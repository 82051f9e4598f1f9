"""From tokens to Lark's tree, with recovery: one mistake, one error, and the rest is parsed."""

from __future__ import annotations

from archgen.diagnostics import Sink
from archgen.merges import UNRESERVED
from archgen.syntax.grammar import ABSENT, Rule, tables
from archgen.syntax.limits import MAX_ERRORS
from archgen.syntax.tokens import Raw, Token
from archgen.syntax.words import ITEMS, NAMES
from archgen.text import Source

_CLAIMS = frozenset({"sizes", "accepts", "only"})
_DEFINES = ITEMS | {"LET"}


# What lies on the stack: a value, and from where to where its text reaches (with the parentheses
# that no value keeps); None for what has no text.
Extent = int | None
Value = Raw | Token
Part = tuple[Value, Extent, Extent]


class Driver:
    """Feeds one list of tokens to the automaton."""

    def __init__(self, source: Source, tokens: list[Token], end: int, sink: Sink) -> None:
        self.source = source
        self.tokens = [*tokens, Token("$END", "", end, end)]
        self.at = 0
        self._sink = sink
        self._tables = tables()
        self._states: list[int] = []
        self._values: list[Part] = []  # one less than there are states
        self._braces: list[int] = []  # how many states there were at each open brace
        self.given_up: list[int] = []  # where statements were, of which nothing is in the tree
        self._repaired = 0  # the line of the last mistake that was read as what was meant

    def run(self, start: str) -> Raw | None:
        """Parse; None if nothing sensible is left."""
        self._states = [self._tables.starts[start]]
        end = self._tables.ends[start]
        while self._states[-1] != end:
            token = self.tokens[self.at]
            if token.value in UNRESERVED:
                token = self._merge_or_name(token)
            elif token.value in _CLAIMS:
                token = self._claim_or_name(token)
            if token.type == "ERROR":
                if not self._panic():
                    return None
            elif self._feed(token, end):
                self._note_brace(token)
                self.at += 1
            elif len(self._sink) >= MAX_ERRORS or not self._mend():
                return None
        value = self._values[-1][0]
        assert isinstance(value, Raw)
        return value

    def _merge_or_name(self, token: Token) -> Token:
        """A word that is a merge directly before its braces, and a name elsewhere."""
        if token.type != "NAME" or not self._opens_branches(self.at + 1):
            return token
        if self.accepts("MERGE"):
            token = self.tokens[self.at] = Token("MERGE", token.value, token.start, token.end)
        return token

    def _claim_or_name(self, token: Token) -> Token:
        """`sizes` before a name, and `accepts` and `only` in its braces; names elsewhere."""
        kind = token.value.upper()
        follows = self.following is not None and self.following.type in NAMES
        if token.type == "NAME" and (kind != "SIZES" or follows) and self.accepts(kind):
            token = self.tokens[self.at] = Token(kind, token.value, token.start, token.end)
        return token

    def _opens_branches(self, at: int) -> bool:
        """Whether `{` or `(...) {` begins at a token."""
        depth = 0
        for index in range(at, len(self.tokens)):
            kind = self.tokens[index].type
            if not depth and (kind != "LPAR" or index > at):
                return kind == "LBRACE"
            if kind in ("LBRACE", "RBRACE", "_END"):
                return False
            depth += (kind == "LPAR") - (kind == "RPAR")
        return False

    def _feed(self, token: Token, end: int = -1) -> bool:
        """Reduce and then shift a token; false if it does not fit. Stops in the state `end`."""
        steps, states = self._tables.states, self._states
        while (state := states[-1]) != end:
            step = steps[state].get(token.type)
            if step is None:
                return False
            if step >= 0:
                states.append(step)
                self._values.append((token, token.start, token.end))
                return True
            self._reduce(self._tables.rules[~step])
        return True

    def _reduce(self, rule: Rule) -> None:
        values, states = self._values, self._states
        height = len(values) - rule.size
        if not rule.renames:
            parts = values[height:]
            del values[height:]
            values.append(_reduced(rule, parts))
        del states[height + 1 :]
        states.append(self._tables.states[states[-1]][rule.origin])

    # What a mistake is judged by.

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def previous(self) -> Token | None:
        return self.tokens[self.at - 1] if self.at else None

    @property
    def following(self) -> Token | None:
        return self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None

    @property
    def bracket(self) -> str | None:
        """The kind of the innermost bracket that is open before the token."""
        closed = 0
        for token in reversed(self.tokens[: self.at]):
            if token.type in ("RPAR", "RSQB", "RBRACE"):
                closed += 1
            elif token.type in ("LPAR", "LSQB", "LBRACE"):
                if not closed:
                    kind: str = token.type
                    return kind
                closed -= 1
        return None

    def accepts(self, *kinds: str) -> bool:
        """Whether the parser could go on with tokens of these kinds."""
        states = list(self._states)
        return all(self._accepts_next(states, kind) for kind in kinds)

    def _accepts_next(self, states: list[int], kind: str) -> bool:
        """Run the automaton over its states alone."""
        while (step := self._tables.states[states[-1]].get(kind)) is not None:
            if step >= 0:
                states.append(step)
                return True
            rule = self._tables.rules[~step]
            del states[len(states) - rule.size :]
            states.append(self._tables.states[states[-1]][rule.origin])
            if states[-1] in self._tables.ends.values():
                return True
        return False

    def expected(self) -> set[str]:
        """The kinds of tokens that could stand here."""
        return {
            kind
            for kind in self._tables.states[self._states[-1]]
            if (kind.isupper() or kind == "$END") and self.accepts(kind)
        }

    # Recovery.

    def _note_brace(self, token: Token) -> None:
        if token.type == "LBRACE":
            self._braces.append(len(self._states))
        elif token.type == "RBRACE" and self._braces:
            self._braces.pop()

    def _mend(self) -> bool:
        """Report the token that does not fit, and make the parser able to go on."""
        line = self.source.line_column(self.token.start)[0]
        if line == self._repaired:  # most likely a consequence: what was read instead was wrong
            return self._panic()
        from archgen.syntax.mistakes import diagnose  # a clean run does without

        mistake = diagnose(self)
        self._sink.add(mistake.diagnostic)
        if mistake.tokens is None:
            return self._panic()
        self._repaired = line
        self.tokens[self.at : self.at + mistake.width] = mistake.tokens
        return True

    def _panic(self) -> bool:
        """Give up the statement: mark it as broken, and go on where the next one begins."""
        height = self._height_of_statement()
        if height is None:
            return False
        abandoned = len(self._braces)
        del self._states[height:], self._values[height - 1 :]
        self._braces = [brace for brace in self._braces if brace <= height]
        at = self.token.start
        self.given_up.append(at)
        self._feed(Token("ERROR", "", at, at))
        self._skip(abandoned - len(self._braces))
        return True

    def _height_of_statement(self) -> int | None:
        """How much of the stack to keep so that a statement may begin there."""
        closed = 0  # bodies that are complete, and lie on the stack in parts until they are reduced
        for height in range(len(self._states), 0, -1):
            if not closed and "ERROR" in self._tables.states[self._states[height - 1]]:
                return height
            value = self._values[height - 2][0] if height > 1 else None
            kind = value.type if isinstance(value, Token) else None
            closed += (kind == "RBRACE") - (kind == "LBRACE" and closed > 0)
        return None

    def _skip(self, depth: int) -> None:
        """Step over what belongs to a broken statement; `depth` of its braces are open."""
        while (kind := self.token.type) != "$END":
            if depth == 0 and self._ends_here(kind):
                return
            if kind == "LBRACE":
                depth += 1
            elif kind == "RBRACE" and depth:
                depth -= 1
            self.at += 1

    def _ends_here(self, kind: str) -> bool:
        """At the top level all goes until the next definition: a stray brace, loose lines."""
        if self._braces:
            return kind in ("_END", "RBRACE")
        following = self.following
        return kind == "_END" and following is not None and following.type in _DEFINES


def _reduced(rule: Rule, parts: list[Part]) -> Part:
    """What a reduction puts in the place of the parts that it takes."""
    start = end = None
    for _, begins, ends in parts:
        start = begins if start is None else start
        end = end if ends is None else ends
    return _value(rule, parts, start or 0, end or 0), start, end


def _value(rule: Rule, parts: list[Part], start: int, end: int) -> Value:
    children: list[Value | None] = []
    for index, opened in rule.children:
        value = parts[index][0] if index != ABSENT else None
        if opened:
            assert isinstance(value, Raw)
            children += value.children
        else:
            children.append(value)
    if rule.transparent and len(children) == 1 and children[0] is not None:
        return children[0]
    return Raw(rule.name, children, start, end)
