"""The tables of `grammar/archgen.lark`, made by Lark at the first parse and kept between runs.

Making them takes half a second. What is kept is plain JSON, so that a run that finds it needs
not even import Lark; it is read only from a file that no other user can write. The lexer stands
here, beside its table; `drive` runs the parser's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archgen import resources
from archgen.frozen import dataclass
from archgen.syntax.tokens import Token

if TYPE_CHECKING:
    from lark import Lark

_OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "basic",
    "start": ["file", "expression"],
    "maybe_placeholders": True,
}
ABSENT = -1
Mend = Callable[[int], tuple[Token | None, int]]
"""From a place where no token begins: what to read instead (if anything), and where to go on."""
_FORMAT = 1  # of what is kept: another number for other `Tables`


@dataclass(frozen=True, eq=False)
class Rule:
    """What a reduction does: takes `size` symbols from the stack and puts `origin` there.

    The value is a `Raw` called `name`. Its children, in order, are those of the symbols: an
    index, and whether to take what that symbol holds instead; ABSENT is an optional part that
    was left out. A `transparent` rule with one child is that child; one that never has others
    only `renames` it, as do most of the steps from `expr` down to `atom`.
    """

    origin: str
    name: str
    size: int
    children: tuple[tuple[int, bool], ...]
    transparent: bool

    @cached_property
    def renames(self) -> bool:
        return self.transparent and self.size == 1 and self.children == ((0, False),)


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The lexer and the LALR(1) automaton of the grammar.

    `words`: by kind of token, the texts that are a kind of their own (`if` is no NAME).
    `states`: by symbol, the state to go to; for a negative number `~n` reduce by rule `n`.
    `starts`, `ends`: the states in which the parse of a rule begins and has ended.
    """

    scanner: re.Pattern[str]
    ignored: frozenset[str]
    words: dict[str, dict[str, str]]
    rules: tuple[Rule, ...]
    states: tuple[dict[str, int], ...]
    starts: dict[str, int]
    ends: dict[str, int]


@cache
def tables() -> Tables:
    """Give the tables: from the user's cache folder if they are there and safe, else anew."""
    text = _text()
    stored = cache_folder() / f"grammar-{_key(text)}.json"
    loaded = _load(stored)
    if loaded is not None:
        return loaded
    made = _tables_of(lark_parser())
    _store(made, stored)
    return read(made)


def lex(text: str, start: int, end: int, mend: Mend) -> Iterator[Token]:
    """Give the tokens of a part of a text; `mend` is asked wherever none begins."""
    grammar = tables()
    at = start
    while at < end:
        found = grammar.scanner.match(text, at, end)
        if found is None:
            token, at = mend(at)
            if token is not None:
                yield token
            continue
        kind, value = found.lastgroup or "", found.group()
        begin, at = at, found.end()
        if kind not in grammar.ignored:
            yield Token(grammar.words.get(kind, {}).get(value, kind), value, begin, at)


def cache_folder() -> Path:
    """Give the folder for what may be deleted at any time, as the platform has it."""
    if folder := os.environ.get("XDG_CACHE_HOME"):
        return Path(folder) / "archgen"
    if sys.platform == "win32" and (folder := os.environ.get("LOCALAPPDATA")):
        return Path(folder) / "archgen" / "Cache"
    home = Path(os.path.expanduser("~"))
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "archgen"


# --- from Lark ----------------------------------------------------------------------------


def lark_parser() -> Lark:
    """Give Lark's own parser, made anew: for what wants more of the grammar than its tables."""
    from lark import Lark

    return Lark(_text(), **_OPTIONS)


def _text() -> str:
    return (resources.root("grammar") / "archgen.lark").read_text(encoding="utf-8")


def _tables_of(made: Lark) -> dict[str, Any]:
    """Its tables as JSON has them."""
    frontend: Any = made.parser
    table, lexer = frontend.parser.parser.parse_table, frontend.lexer
    terminals = lexer.scanner.terminals
    numbers = {rule: number for number, rule in enumerate(made.rules)}
    return {
        "scanner": "|".join(f"(?P<{each.name}>{each.pattern.to_regexp()})" for each in terminals),
        "ignored": sorted(lexer.ignore_types),
        "words": {
            kind: {word.pattern.value: word.name for word in unless.scanner.terminals}
            for kind, unless in lexer.callback.items()
        },
        "rules": [_rule(rule) for rule in made.rules],
        "states": [
            {symbol: _step(step, numbers) for symbol, step in table.states[state].items()}
            for state in range(len(table.states))
        ],
        "starts": table.start_states,
        "ends": table.end_states,
    }


def _step(step: tuple[Any, Any], numbers: dict[Any, int]) -> int:
    action, argument = step
    return ~numbers[argument] if action.name == "Reduce" else int(argument)


def _rule(rule: Any) -> list[Any]:
    """A rule as `Rule` has it. Lark leaves out what is `filter_out`, and opens what begins with
    `_`; `empty_indices` says where a part in square brackets was left out (True) or taken."""
    children: list[tuple[int, bool]] = []
    symbols = enumerate(rule.expansion)
    for absent in rule.options.empty_indices or [False] * len(rule.expansion):
        if absent:
            children.append((ABSENT, False))
            continue
        index, symbol = next(symbols)
        if not (symbol.is_term and symbol.filter_out):
            children.append((index, not symbol.is_term and symbol.name.startswith("_")))
    name = rule.alias or rule.origin.name
    transparent = rule.options.expand1 and not rule.alias
    return [rule.origin.name, name, len(rule.expansion), children, transparent]


# --- from and to the cache ----------------------------------------------------------------


def read(stored: dict[str, Any]) -> Tables:
    """Take the tables from what JSON has. Raises anything if they are none."""
    return Tables(
        re.compile(stored["scanner"]),
        frozenset(stored["ignored"]),
        stored["words"],
        tuple(
            Rule(origin, name, size, tuple(map(tuple, children)), transparent)
            for origin, name, size, children, transparent in stored["rules"]
        ),
        tuple(stored["states"]),
        stored["starts"],
        stored["ends"],
    )


def _key(text: str) -> str:
    """Name what the tables depend on: the grammar, and how we ask for it and keep it."""
    facts = (text, repr(_OPTIONS), str(_FORMAT))
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]


def _load(path: Path) -> Tables | None:
    """Read stored tables; None if there are none, or they are not safe, or damaged."""
    try:
        if not _is_ours(path.parent):
            return None
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            if not _is_private(os.fstat(file.fileno())):
                return None
            return read(json.loads(file.read()))
    except Exception:  # damaged tables may raise anything; they are then made anew
        return None


def _store(made: dict[str, Any], path: Path) -> None:
    """Write tables for the next run. Never fails: a cache is a convenience."""
    from archgen.replacing import replace

    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(path.parent):
            replace(path, json.dumps(made).encode(), mode=0o600)


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can put a file into the folder."""
    return _is_private(os.stat(folder, follow_symlinks=False))


def _is_private(status: os.stat_result) -> bool:
    if sys.platform == "win32":  # a profile's folders are private there, and modes say nothing
        return True
    writable = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid == os.geteuid() and not status.st_mode & writable
