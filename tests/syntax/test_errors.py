"""Typical mistakes: one error each, at the right place, and the rest is still parsed."""

from __future__ import annotations

import pytest

from archgen.syntax.parse import Parsed, parse
from archgen.syntax.tree import Arch, Block
from archgen.text import Source

_BEFORE = "block broken {\n  bn\n"
_AFTER = "\n  relu\n}\n\narch whole {\n  input(3)\n}\n"


def _parse(text: str) -> Parsed:
    return parse(Source("test.arch", text))


def _found(parsed: Parsed) -> list[str]:
    return [f"{one.code} {one.span.line}:{one.span.column}" for one in parsed.diagnostics]


# A line of a body (line 3, which begins in column 3), the code, the column, and what is underlined.
_LINES = [
    ("conv(64, 3) -> -> bn", "A017", 15, "->"),
    ("conv(64, 3) ->; bn", "A017", 15, "->"),
    ("x = ", "A017", 5, "="),
    ("let x = 1 +", "A017", 13, "+"),
    ("let x = 1 +; bn", "A017", 13, "+"),
    ("conv(64,, 3)", "A017", 10, ","),
    ("from", "A017", 3, "from"),
    ("if { bn }", "A017", 3, "if"),
    ("for x xs { bn }", "A017", 9, "xs"),
    ("let a = [x for x xs]", "A017", 20, "xs"),
    ("for x in { bn }", "A017", 9, "in"),
    ("add", "A017", 3, "add"),
    ("a, = split(2)", "A001", 6, "="),
    ("x = 3", "A001", 7, "3"),
    ("a -> if x { bn }", "A001", 8, "if"),
    ("else { bn }", "A001", 3, "else"),
    ("from xs[:2:3]", "A001", 13, ":"),
    ("expect a = b", "A010", 12, "="),
    ("conv(64, 3 -> bn", "A002", 7, "("),
    ("conv(64, [1, 2 -> bn", "A002", 7, "("),
    ("x[3 = conv(3)", "A002", 4, "["),
    ("let x = [1, { 2, 3]", "A001", 15, "{"),
    ("f({a, 1})", "A001", 5, "{"),
    ("if (a { bn }", "A002", 6, "("),
    ("conv(64)) -> bn", "A003", 11, ")"),
    ("conv(64, [1, 2) -> bn", "A003", 17, ")"),
    ("conv(64] -> bn", "A003", 10, "]"),
    ("a ? b", "A004", 5, "?"),
    ("a → b", "A004", 5, "→"),
    ("let a = b − 1", "A004", 13, "−"),
    ("größe = conv(3)", "A004", 5, "öße"),
    ("conv(64)\u00a0-> bn", "A004", 11, "\u00a0"),
    ("bn # \u202ehidden", "A004", 8, "\u202e"),
    ('"a\u200bb" = bn', "A004", 5, "\u200b"),
    ('"abc = bn', "A005", 3, '"abc = bn'),
    ('conv("abc, 3)', "A005", 8, '"abc, 3)'),
    ("let x = 3x3", "A006", 11, "3x3"),
    ("let x = 25m", "A006", 11, "25m"),
    ("let x = 1.", "A006", 11, "1."),
    ("let x = .5", "A006", 11, ".5"),
    ("let x = 007", "A006", 11, "007"),
    ("let x = 1__0", "A006", 11, "1__0"),
    ("let x = 1e999", "A007", 11, "1e999"),
    ("let x = 1.23456K", "A007", 11, "1.23456K"),
    ("add = conv(3)", "A008", 3, "add"),
    ("a, init = split(2)", "A008", 6, "init"),
    ("for in in xs { bn }", "A008", 7, "in"),
    ("let seq = 3", "A008", 7, "seq"),
    ("from if", "A008", 8, "if"),
    ("conv(64 3)", "A009", 11, "3"),
    ("let x = [1 2]", "A009", 14, "2"),
    ("conv(64; 3)", "A009", 10, ";"),
    ("if stride = 1 { bn }", "A010", 13, "="),
    ("let x = True", "A011", 11, "True"),
    ("let x = a && b", "A011", 13, "&&"),
    ("let x = a || b", "A011", 13, "||"),
    ("let x = !a", "A011", 11, "!"),
    ("let x = 'a'", "A011", 11, "'a'"),
    ("let x = “a”", "A011", 11, "“a”"),
    ("if a { bn } else if c { bn }", "A011", 15, "else if"),
    ("if a: { bn }", "A011", 7, ":"),
    ("if x:", "A011", 7, ":"),
    ("for x in xs:", "A011", 14, ":"),
    ("conv(x: int)", "A011", 9, ":"),
    ("def f(x):", "A011", 3, "def"),
    ("class A {}", "A011", 3, "class"),
    ("return x", "A011", 3, "return"),
    ("// remark", "A011", 3, "//"),
    ("a => b", "A011", 5, "=>"),
    ("conv(64) \\\n  -> bn", "A011", 12, "\\"),
    ("conv(64) bn", "A012", 12, "bn"),
    ("conv 64", "A012", 8, "64"),
    ("if a { bn } relu", "A012", 15, "relu"),
    ("block inner(a) { }", "A013", 3, "block"),
    ("use residual", "A013", 3, "use"),
    ('"a{b" = bn', "A014", 5, "{"),
    ('"a}b" = bn', "A014", 5, "}"),
    ('"" = bn', "A014", 3, '""'),
    ('"a{}" = bn', "A017", 6, ""),
    ('"a{b c}" = bn', "A001", 8, "c"),
    ('bn; "late"', "A015", 7, '"late"'),
]


@pytest.mark.parametrize(("line", "code", "column", "text"), _LINES, ids=[row[0] for row in _LINES])
def test_one_line(line: str, code: str, column: int, text: str) -> None:
    parsed = _parse(f"{_BEFORE}  {line}{_AFTER}")
    assert _found(parsed) == [f"{code} 3:{column}"]
    assert parsed.diagnostics[0].span.text == text
    broken, whole = parsed.tree.items
    assert isinstance(broken, Block)
    assert isinstance(whole, Arch)
    assert broken.body.statements[0] == _parse("block b { bn }").tree.items[0].body.statements[0]


_FILES = [
    ("", ["A016 1:1"]),
    ("# nothing\n", ["A016 1:1"]),
    ("arch a {\n  b", ["A002 1:8"]),
    ("arch a {\n  if x {\n    b\n}\n", ["A002 2:8"]),
    ("arch a {\n  add { b\n\narch c {\n  d\n}\n", ["A002 2:7"]),
    ("arch a {\n  b\n}}\narch c {\n}\n", ["A003 3:2"]),
    ("arch a {\n  b }\n  c\n  d\n}\narch e {\n}\n", ["A013 3:3"]),
    ("arch a(b c) {\n}\n", ["A009 1:10"]),
    ("arch a(b: int) {\n}\n", ["A011 1:9"]),
    ("arch a\n{\n  b\n}\n", ["A012 2:1"]),
    ("arch a(if) {\n}\n", ["A008 1:8"]),
    ("arch if {\n}\n", ["A008 1:6"]),
    ("import torch\narch a {\n}\n", ["A011 1:1"]),
    ("def f(x):\n    return x\narch a {\n}\n", ["A011 1:1"]),
    ("conv(64)\narch a {\n}\n", ["A013 1:1"]),
    ("use residual.arch\narch a {\n}\n", ["A001 1:13"]),
    ("arch a = b(1) { relu }\n", ["A018 1:17"]),
    ('arch a {\n  """never closed\n}\n', ["A005 2:3"]),
    ("arch a {\n  f(\n    1,\n    2\n  b\n}\n", ["A002 2:4"]),
    ("arch a {\n  f(1\n  g(2\n}\narch b { }\n", ["A002 2:4", "A002 3:4"]),
    ("arch a {\n  b c\n  d(1 2)\n  e ?\n}\n", ["A012 2:5", "A009 3:7", "A004 4:5"]),
    ("arch a {\n  expect b == }6\n  c\n}\n", ["A017 2:12", "A001 2:16"]),
    ("PK\x03\x04\x00\x00", ["A004 1:5"]),
]


@pytest.mark.parametrize(("text", "found"), _FILES, ids=[repr(row[0])[:40] for row in _FILES])
def test_files(text: str, found: list[str]) -> None:
    assert _found(_parse(text)) == found


def test_what_is_certain_is_read_as_if_it_were_right() -> None:
    parsed = _parse("arch a {\n  conv(64 3) -> bn\n  if a = b { relu }\n}\n")
    right = _parse("arch a {\n  conv(64, 3) -> bn\n  if a == b { relu }\n}\n")
    assert len(parsed.diagnostics) == 2
    assert parsed.tree == right.tree


def test_a_statement_that_is_given_up_is_left_out() -> None:
    parsed = _parse("arch a {\n  b\n  c -> ;\n  d\n}\n")
    assert parsed.tree == _parse("arch a {\n  b\n  d\n}\n").tree


def test_help_says_how_to_mend() -> None:
    for line, code, *_ in _LINES:
        if code in ("A008", "A010", "A011", "A012", "A013", "A015"):
            (report,) = _parse(f"{_BEFORE}  {line}{_AFTER}").diagnostics
            assert report.help, line


def test_reports_are_bounded() -> None:
    assert len(_parse("arch a {\n" + "  b c\n" * 1000 + "}\n").diagnostics) == 20
