"""The Pygments lexer sees what the parser sees, and colours it by what it is."""

from __future__ import annotations

import tomllib
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments import highlight
from pygments.formatters import NullFormatter
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
    _TokenType,
)

from archgen import resources
from archgen.diagnostics import Sink
from archgen.highlighting import words
from archgen.highlighting.lexer import ArchLexer
from archgen.layers import LAYERS
from archgen.layers.initialisers import INITIALISERS
from archgen.resolve.functions import FUNCTIONS
from archgen.syntax.grammar import lark_parser
from archgen.syntax.scan import scan
from archgen.syntax.words import RESERVED, TOP_LEVEL
from archgen.text import Source
from tests.highlighting.corpus import CORPUS, EVERY_TEXT, RARE

Kind = _TokenType


def pieces(text: str) -> list[tuple[int, Kind, str]]:
    return list(ArchLexer().get_tokens_unprocessed(text))


def kinds_of(text: str) -> list[Kind]:
    """The kind of each character."""
    return [kind for _, kind, piece in pieces(text) for _ in piece]


def found(text: str, piece: str) -> list[Kind]:
    return [kind for _, kind, each in pieces(text) if each == piece]


def is_a(kind: Kind, *wanted: Kind) -> bool:
    return any(kind in each for each in wanted)


def test_there_is_something_to_try() -> None:
    assert len(CORPUS) > 70


@EVERY_TEXT
def test_pieces_are_the_text_in_order(text: str) -> None:
    at = 0
    for place, _, piece in pieces(text):
        assert place == at
        at += len(piece)
        assert text[place:at] == piece
    assert at == len(text)


@EVERY_TEXT
def test_nothing_is_an_error(text: str) -> None:
    assert Error not in kinds_of(text)


@EVERY_TEXT
def test_it_agrees_with_the_scanner(text: str) -> None:
    """Character by character: comments, strings, numbers, words, names, signs, and no others."""
    sink = Sink()
    scanned = scan(Source("x.arch", text), 0, len(text), sink)
    assert not list(sink)
    kinds = kinds_of(text)
    left = set(range(len(text)))
    for token in scanned.tokens:
        place = range(token.start, token.end)
        left -= set(place)
        wanted = _wanted(token.type, token.value)
        assert all(is_a(kinds[at], *wanted) or token.type == "STRING" for at in place), token
        if token.type == "STRING":
            assert is_a(kinds[place[0]], String)
            assert is_a(kinds[place[-1]], String)
    for comment in scanned.comments:
        place = range(comment.span.start, comment.span.end)
        left -= set(place)
        assert all(kinds[at] is Comment.Single for at in place)
    assert all(text[at].isspace() or text[at] in ",;" for at in left)
    assert all(is_a(kinds[at], Whitespace, Comment, Punctuation) for at in left)


def _wanted(terminal: str, text: str) -> tuple[Kind, ...]:
    if terminal == "NUMBER":
        return (Number,)
    if terminal == "INIT":
        return Keyword, Name.Variable
    if text in RESERVED:
        return Keyword, Operator.Word
    if terminal in ("USE", "ARCH", "BLOCK", "EXTERN", "AS"):
        return Keyword.Declaration, Name
    if terminal == "NAME":
        return (Name,)
    return Operator, Punctuation, Whitespace


def test_every_terminal_has_a_colour() -> None:
    spelled = {
        "COMPARISON": "<=",
        "NUMBER": "4.1G",
        "NAME": "width",
        "STRING": '"text"',
        "COMMENT": "# text",
        "_END": "\n;",
    }
    for terminal in lark_parser().terminals:
        text = spelled.get(terminal.name, terminal.pattern.value)
        if terminal.name.startswith("__IGNORE"):
            text = " "
        assert Error not in kinds_of(text), terminal.name


def test_every_word_is_of_one_kind() -> None:
    listed = [word for each in words.KEYWORDS.values() for word in each]
    assert len(listed) == len(set(listed))
    assert set(listed) == RESERVED | TOP_LEVEL
    builtins = [name for each in words.BUILTINS.values() for name in each]
    assert len(builtins) == len(set(builtins))
    assert not set(listed) & set(builtins)


def test_every_layer_function_and_keyword_is_coloured() -> None:
    for name in LAYERS:
        kind = Name.Function if name in FUNCTIONS else Name.Builtin  # `max` is both
        assert found(RARE["every layer"], name) == [kind] * 2
    for name in (*FUNCTIONS, *INITIALISERS):
        assert found(RARE["every function"], name) == [Name.Function]
    for word in RESERVED:
        seen = found(RARE["every keyword"], word)
        assert seen
        assert all(is_a(kind, Keyword, Operator.Word) for kind in seen)


DECLARED, GIVEN = Keyword.Declaration, Name.Variable
IN_PLACE = [
    ("words as names", "use", [DECLARED, DECLARED, GIVEN, Name, GIVEN, Name]),
    ("words as names", "as", [DECLARED, Name, DECLARED, GIVEN, Name, Name, GIVEN]),
    ("words as names", "block", [Name, Name.Class, GIVEN, DECLARED, Name]),
    ("words as names", '"Documentation."', [String.Doc]),
    ("strings", "{", [Punctuation, *[String.Interpol] * 3]),
    ("strings", "{{", [String.Escape] * 2),
    ("strings", "len", [Name.Function]),
    ("strings", "alone", [String.Double]),
    ("strings", "true", [Keyword.Constant]),
    ("values", "conv", [GIVEN, Name.Builtin, Name, Name, Name]),
    ("values", "relu", [GIVEN, Name.Builtin, Name]),
    ("values", "mean", [Name.Attribute, Name.Builtin, Name.Builtin]),
    ("values", "init", [GIVEN]),
    ("values", "zeros", [Name.Function]),
    ("values", "channels", [Name.Attribute, Name]),
    ("numbers and signs", "1_000", [Number.Integer]),
    ("numbers and signs", "4.1G", [Number.Float]),
    ("numbers and signs", "not", [Operator.Word]),
    ("lines", "else", [Keyword]),
    ("lines", "#last", [Comment.Single]),
]


@pytest.mark.parametrize(("case", "piece", "kinds"), IN_PLACE)
def test_a_word_is_coloured_by_its_place(case: str, piece: str, kinds: list[Kind]) -> None:
    assert found(RARE[case], piece) == kinds


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("conv(64, $, 3)", "$"),
        ('x = "open\nrelu', '"'),
        ("let é = 1", "é"),
        ("007", "007"),
        ('"a{b}}c" = relu', "}"),
    ],
)
def test_what_is_no_token_is_an_error_and_no_more(text: str, wrong: str) -> None:
    errors = [at for at, kind in enumerate(kinds_of(text)) if kind is Error]
    assert errors
    assert {text[at] for at in errors} <= set(wrong)


@given(st.text(alphabet='abif{}()[]"#;,.:=-> \n\r\t\0é019_', max_size=80) | st.text(max_size=40))
def test_any_text_is_given_back(text: str) -> None:
    assert "".join(piece for _, _, piece in pieces(text)) == text


def test_the_plugin_is_declared() -> None:
    file = resources.root("grammar").parent / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["archgen"].partition(":")
    assert getattr(import_module(module), name) is ArchLexer


def test_pygments_works_with_it() -> None:
    text = RARE["values"]
    assert highlight(text, ArchLexer(), NullFormatter()) == text


def test_an_arch_that_is_used_is_declared() -> None:
    """`use arch NAME` has a word more; a library may be called `arch`."""

    def colours(text: str) -> list[object]:
        return [
            kind for _, kind, piece in ArchLexer().get_tokens_unprocessed(text) if piece.strip()
        ]

    word = Keyword.Declaration
    assert colours("use arch resnet50 as trunk\n") == [word, word, Name, word, Name]
    assert colours("use arch as a\n") == [word, Name, word, Name]
