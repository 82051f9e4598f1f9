"""The grammar, its cache, and where it is found."""

from __future__ import annotations

import functools
import json
import re
import sys
from pathlib import Path

import lark
import pytest
from hypothesis import HealthCheck, given, settings

from archgen import resources
from archgen.diagnostics import Sink
from archgen.syntax import grammar, words
from archgen.syntax.drive import Driver
from archgen.syntax.read import read_source
from archgen.syntax.scan import scan
from archgen.syntax.tokens import Raw, Token
from archgen.text import Source
from tests import strategies

lark_parser_once = functools.cache(grammar.lark_parser)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder; parsers made before are forgotten, and after."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(grammar, "tables", grammar.tables.__wrapped__)
    monkeypatch.setattr(grammar, "lark_parser", lark_parser_once)
    return tmp_path / "archgen"


def _text() -> str:
    return (resources.root("grammar") / "archgen.lark").read_text(encoding="utf-8")


def test_the_grammar_is_lalr_without_conflicts() -> None:
    lark.Lark(_text(), parser="lalr", lexer="basic", strict=True, start=["file", "expression"])


def test_every_rule_has_an_example_above_it() -> None:
    lines = _text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"[?!]?[a-z_]+:", line) and not line.startswith(("expression:", "parameter:")):
            above = [text for text in lines[max(0, number - 4) : number] if text.strip()]
            helped = any(text.startswith("//") for text in above)
            assert helped or line[0] == "?" or "subscript" in line or "arm" in line, line


def test_reserved_words_are_those_of_the_grammar() -> None:
    spelled = {
        terminal.pattern.value
        for terminal in lark.Lark(_text(), parser="lalr", start=["file", "expression"]).terminals
        if isinstance(terminal.pattern, lark.lexer.PatternStr)
    }
    known = {word for word in spelled if word.isalpha()}
    assert known == words.RESERVED | words.TOP_LEVEL


# --- our automaton against Lark's -----------------------------------------------------------------

PIECES = (
    "arch a { input(3, 8, 8); fc = linear(10) }",
    'arch a(n=1,) = b((n)) { "Text."; expect depth == -(1 + n) ** 2 }',
    "block b = seq { add { { relu; relu }; identity } -> relu }",
    "block b { x = from input; a, b = split(2); output a, b; aux h = linear(2) }",
    "block b { if (n) { relu } elif not n { x[i][0] = relu } else { } ; for a, b in [] { relu } }",
    "let x = [a if (b) else (c) for a in xs[:1] if a or b and c][1:][0]",
    "let x = (((1)))",
    'let x = f((1) + 2, by=(3), "t{i}", from xs[i]) < 3 <= none',
    'use residual\nuse "x.arch" as block',
)


@pytest.fixture(scope="module")
def lark_parser() -> lark.Lark:
    options = {"parser": "lalr", "lexer": "basic", "maybe_placeholders": True}
    return lark.Lark(_text(), start=["file", "expression"], propagate_positions=True, **options)


@pytest.mark.parametrize("text", PIECES)
def test_trees_are_those_of_lark(text: str, lark_parser: lark.Lark) -> None:
    _compare(Source("x.arch", text), lark_parser)


@pytest.mark.parametrize("path", sorted(resources.root("specs").rglob("*.arch")), ids=str)
def test_trees_of_shipped_specs_are_those_of_lark(path: Path, lark_parser: lark.Lark) -> None:
    _compare(read_source(path), lark_parser)


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(written=strategies.written_files)
def test_trees_of_any_spec_are_those_of_lark(
    written: strategies.Written, lark_parser: lark.Lark
) -> None:
    _compare(Source("x.arch", written.text), lark_parser)


def _compare(source: Source, lark_parser: lark.Lark) -> None:
    """The same tokens give the same tree, with the same places. Which names are merges, the
    driver says (decision 109)."""
    tokens = scan(source, 0, len(source.text), Sink()).tokens
    driver = Driver(source, tokens, len(source.text), Sink())
    ours = driver.run("file")
    interactive = lark_parser.parse_interactive(start="file")
    for token in driver.tokens[:-1]:
        interactive.feed_token(
            lark.Token(token.type, token.value, token.start, 0, 0, 0, 0, token.end)
        )
    theirs = interactive.feed_token(lark.Token("$END", "", len(source.text), 0, 0, 0, 0, 0))
    assert ours is not None
    assert _plain(ours) == _plain_of_lark(theirs)


def _plain(part: Raw | Token | None) -> object:
    match part:
        case Raw():
            return part.rule, part.start, part.end, [_plain(child) for child in part.children]
        case Token():
            return part.type, part.value, part.start, part.end
        case None:
            return None


def _plain_of_lark(part: lark.Tree[lark.Token] | lark.Token | None) -> object:
    match part:
        case lark.Tree():
            children = [_plain_of_lark(child) for child in part.children]
            return part.data, part.meta.start_pos, part.meta.end_pos, children
        case lark.Token():
            return part.type, part.value, part.start_pos, part.end_pos
        case None:
            return None


@pytest.mark.parametrize("path", sorted(resources.root("specs").rglob("*.arch")), ids=str)
def test_tokens_are_those_of_lark(path: Path, lark_parser: lark.Lark) -> None:
    source = read_source(path)
    theirs = [(each.type, each.value, each.start_pos) for each in lark_parser.lex(source.text)]
    tokens = scan(source, 0, len(source.text), Sink()).tokens
    ours = [(each.type, each.value, each.start) for each in tokens]
    assert [each for each in theirs if each[0] != "_END"] == [
        each for each in ours if each[0] != "_END"
    ]


# --- the cache ------------------------------------------------------------------------------------


def test_the_tables_are_stored_and_loaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = grammar.tables()
    (stored,) = cache.iterdir()
    assert stored.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(lark, "Lark", None)
    assert grammar.tables().states == made.states
    assert grammar.tables().scanner.pattern == made.scanner.pattern


@pytest.mark.parametrize("content", [b"", b"no JSON", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_a_damaged_cache_is_made_anew(cache: Path, content: bytes) -> None:
    grammar.tables()
    (stored,) = cache.iterdir()
    stored.write_bytes(content)
    made = grammar.tables()
    assert grammar.read(json.loads(stored.read_text())).states == made.states


def test_a_cache_that_cannot_be_written_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert grammar.tables.__wrapped__()


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files say nothing there")
@pytest.mark.parametrize("shared", ["folder", "file", "link"])
def test_a_cache_that_others_can_write_is_not_loaded(cache: Path, shared: str) -> None:
    made = grammar.tables()
    (stored,) = cache.iterdir()
    forged = json.loads(stored.read_text()) | {"ignored": ["NAME"]}
    if shared == "link":
        elsewhere = cache.parent / "elsewhere"
        elsewhere.write_text(json.dumps(forged))
        stored.unlink()
        stored.symlink_to(elsewhere)
    else:
        stored.write_text(json.dumps(forged))
        (cache if shared == "folder" else stored).chmod(0o777)
    assert grammar.tables().ignored == made.ignored
