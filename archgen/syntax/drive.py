"""From tokens to Lark's tree, with recovery: one mistake, one error, and the rest is parsed."""

from __future__ import annotations

from typing import Any

from lark import Token, Tree
from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_analysis import Shift

from archgen.diagnostics import Sink
from archgen.syntax import mistakes
from archgen.syntax.grammar import parser
from archgen.syntax.limits import MAX_ERRORS
from archgen.syntax.tokens import begin_of, make_token
from archgen.text import Source

_DEFINES = frozenset({"USE", "LET", "BLOCK", "ARCH"})


class Driver:
    """Feeds one list of tokens to the parser."""

    def __init__(self, source: Source, tokens: list[Token], end: int, sink: Sink) -> None:
        self.source = source
        self.tokens = [*tokens, make_token("$END", "", end, end)]
        self.at = 0
        self._sink = sink
        self._braces: list[int] = []  # how high the parser's stack was at each open brace
        self._repaired = 0  # the line of the last mistake that was read as what was meant

    def run(self, start: str) -> Tree[Token] | None:
        """Parse; None if nothing sensible is left."""
        self._parser = parser().parse_interactive(start=start)
        while True:
            token = self.tokens[self.at]
            if token.type == "ERROR":
                if not self._panic():
                    return None
                continue
            try:
                result = self._parser.feed_token(token)
            except UnexpectedToken:
                if len(self._sink) >= MAX_ERRORS or not self._mend():
                    return None
                continue
            if token.type == "$END":
                tree: Tree[Token] = result
                return tree
            self._note_brace(token)
            self.at += 1

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
        return _accepts(self._states, list(self._stack), kinds)

    def expected(self) -> set[str]:
        """The kinds of tokens that could stand here."""
        return {
            kind
            for kind in self._states[self._stack[-1]]
            if (kind.isupper() or kind == "$END") and self.accepts(kind)
        }

    # Recovery.

    @property
    def _stack(self) -> list[Any]:
        return self._parser.parser_state.state_stack

    @property
    def _states(self) -> dict[Any, dict[str, Any]]:
        states: dict[Any, dict[str, Any]] = self._parser.parser_state.parse_conf.states
        return states

    def _note_brace(self, token: Token) -> None:
        if token.type == "LBRACE":
            self._braces.append(len(self._stack))
        elif token.type == "RBRACE" and self._braces:
            self._braces.pop()

    def _mend(self) -> bool:
        """Report the token that does not fit, and make the parser able to go on."""
        line = self.source.line_column(begin_of(self.token))[0]
        if line == self._repaired:  # most likely a consequence: what was read instead was wrong
            return self._panic()
        mistake = mistakes.diagnose(self)
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
        del self._stack[height:]
        del self._parser.parser_state.value_stack[height - 1 :]
        self._braces = [brace for brace in self._braces if brace <= height]
        at = begin_of(self.token)
        self._parser.feed_token(make_token("ERROR", "", at, at))
        self._skip(abandoned - len(self._braces))
        return True

    def _height_of_statement(self) -> int | None:
        """How much of the stack to keep so that a statement may begin there."""
        values = self._parser.parser_state.value_stack
        closed = 0  # bodies that are complete, and lie on the stack in parts until they are reduced
        for height in range(len(self._stack), 0, -1):
            if not closed and "ERROR" in self._states[self._stack[height - 1]]:
                return height
            kind = getattr(values[height - 2], "type", None) if height > 1 else None
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


def _accepts(states: dict[Any, dict[str, Any]], stack: list[Any], kinds: tuple[str, ...]) -> bool:
    """Run the LALR automaton over its states alone."""
    for kind in kinds:
        while True:
            step = states[stack[-1]].get(kind)
            if step is None:
                return False
            action, argument = step
            if action is Shift:
                stack.append(argument)
                break
            if argument.expansion:
                del stack[-len(argument.expansion) :]
            stack.append(states[stack[-1]][argument.origin.name][1])
            if kind == "$END" and argument.origin.name in ("file", "expression"):
                return True
    return True
