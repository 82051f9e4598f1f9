"""Broken and malicious texts: an error with a code, soon; and trees that may be walked."""

from __future__ import annotations

import copy
import pickle
import time

import pytest

from archgen.syntax import tree as t
from archgen.syntax.format import format
from archgen.syntax.limits import MAX_BRACKETS, MAX_DEPTH, MAX_OPERATORS
from archgen.syntax.parse import parse
from archgen.text import Source

_MANY = 100_000
_SECONDS = 2.0  # they take less than half of one; other tests may be running

_DEEP = {
    "parentheses": "let a = " + "(" * _MANY,
    "closed parentheses": "let a = " + "(" * _MANY + "1" + ")" * _MANY,
    "lists": "let a = " + "[" * _MANY,
    "braces": "arch a " + "{" * 10_000,
    "not": "let a = " + "not " * _MANY + "b",
    "minus": "let a = " + "-" * _MANY + "b",
    "if else": "let a = " + "b if c else " * _MANY + "d",
    "power": "let a = " + "b ** " * _MANY + "b",
    "sum": "let a = " + "1 + " * _MANY + "1",
    "calls": "let a = " + "f(" * _MANY,
    "seq": "arch a { " + "seq { " * _MANY,
    "names": "arch a { " + "x = { " * (MAX_BRACKETS - 2) + "}" * (MAX_BRACKETS - 1),
    "index": "let a = b" + "[0]" * (MAX_DEPTH + 1),
    "in a string": 'arch a { "{' + "(" * _MANY + '}" = b }',
}
_LARGE = {
    "or": "let a = " + "b or " * _MANY + "c",
    "index": "let a = b" + "[0]" * _MANY,
    "dots": "let a = b" + ".b" * _MANY,
    "arrows": "arch a { b" + " -> b" * _MANY + " }",
    "statements": "arch a {" + "b\n" * _MANY + "}",
    "elif": "arch a { if b { }" + " elif b { }" * _MANY + " }",
    "empty lines": "\n" * (1 << 20),
    "comments": "#\n" * (1 << 19),
    "holes": 'arch a { "' + "{b}" * _MANY + '" = c }',
    "strings": 'let a = ["' + '{b}", "' * 10_000 + '"]',
}
_BROKEN = {
    "a number": "let a = " + "1" * (1 << 20),
    "an exponent": "let a = 1e" + "9" * 1000,
    "a scaled exponent": "let a = 1e999999999K",
    "quotes": '"' * ((1 << 20) + 1),
    "question marks": "?" * (1 << 20),
    "closing braces": "}" * _MANY,
    "open calls": "arch a {\n" + "f(\n" * 40 + "}\n" * 40,
    "marks that reorder": "\u202e" * (1 << 20),
    "missing commas": "arch a { f(" + "1 " * 30_000 + ") }",
    "bad numbers": "let a = [" + "1e999, " * 10_000 + "]",
    "braces in brackets": "let a = (" + "{}" * 40_000 + ")",
    "bytes": bytes(range(256)).decode("latin-1") * 4096,
}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        *((text, {"A401", "A014"}) for text in _DEEP.values()),
        *((text, {"A402"}) for text in _LARGE.values()),
        *((text, None) for text in _BROKEN.values()),
    ],
    ids=[*_DEEP, *_LARGE, *_BROKEN],
)
def test_an_answer_comes_soon(text: str, codes: set[str] | None) -> None:
    parse(Source("warm.arch", "arch a { }"))
    start = time.process_time()
    found = parse(Source("hostile.arch", text)).diagnostics
    assert time.process_time() - start < _SECONDS
    assert 1 <= len(found) <= 20
    if codes is not None:
        assert {one.code for one in found} <= codes


_DEEPEST = {
    "operators": f"let a = {'-' * (MAX_OPERATORS - 5)}b",
    "sum": f"let a = {'1 + ' * (MAX_DEPTH - 5)}1",
    "lists": "let a = " + "[" * MAX_BRACKETS + "]" * MAX_BRACKETS,
    "calls": "let a = " + "f(" * MAX_BRACKETS + "1" + ")" * MAX_BRACKETS,
    "braces": "arch a { " + "seq { " * (MAX_BRACKETS - 1) + "}" * MAX_BRACKETS,
    "sums in braces": ("arch a { " + "seq { " * 40 + f"let a = {'1 + ' * 30}1" + "}" * 41),
    "string in braces": ("arch a { " + "seq { " * 40 + '"{' + "1 + " * 28 + '1}" = b' + "}" * 41),
}


@pytest.mark.parametrize("text", _DEEPEST.values(), ids=_DEEPEST)
def test_the_deepest_tree_may_be_walked(text: str) -> None:
    parsed = parse(Source("deep.arch", text))
    assert parsed.diagnostics == ()
    tree = parsed.tree
    assert parse(Source("deep.arch", format(tree))).tree == tree
    assert hash(tree) == hash(copy.deepcopy(tree))
    assert pickle.loads(pickle.dumps(tree)) == tree
    assert repr(tree).startswith("File(")


def test_a_long_disjunction_is_flat() -> None:
    text = "let a = " + " or ".join(f"b == {i}" for i in range(1000))
    (let,) = parse(Source("long.arch", text)).tree.items
    assert isinstance(let, t.Let)
    assert isinstance(let.value, t.Logic)
    assert len(let.value.operands) == 1000
