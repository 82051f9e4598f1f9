"""Formatting: the result parses to the same tree and formats to itself, and comments survive."""

from __future__ import annotations

import pytest
from hypothesis import given

from archgen.syntax import tree as t
from archgen.syntax.format import format, format_expression, format_statement
from archgen.syntax.parse import Parsed, parse, parse_expression
from archgen.text import Source
from tests import strategies
from tests.sweeps import examples


def _parse(text: str) -> Parsed:
    parsed = parse(Source("test.arch", text))
    assert parsed.diagnostics == (), text
    return parsed


@examples(sample=60, full=5_000, of="random files, formatted and parsed again")
@given(strategies.written_files)
def test_a_formatted_tree_parses_to_itself(written: strategies.Written) -> None:
    parsed = _parse(written.text)
    assert parsed.tree == written.tree
    assert format(parsed.tree) == written.text


@examples(sample=100, full=10_000, of="random expressions, formatted and parsed again")
@given(strategies.written_expressions)
def test_a_formatted_expression_parses_to_itself(written: strategies.Written) -> None:
    assert parse_expression(written.text) == written.tree


@pytest.mark.parametrize(
    "text",
    [
        "(a + b) * c",
        "a - (b - c)",
        "(a ** b) ** c",
        "a ** b ** c",
        "(-a) ** 2",
        "-a ** -b",
        "not (a and b) or c",
        "(a or b) or c",
        "(a if b else c) if d else e if f else g",
        "[(x if a else b) for x in (c if d else e) if (f if g else h)]",
        "(a < b) == c",
        "a < b <= c",
        "(from x)[0]",
        "from x[0]",
        "f(from x + 1, k=from y)",
        "f()",
        "xs[1:]",
        "xs[:-1][0]",
        "4.1G + 1_000 + 1e-5",
        '"a{{b}}{c + 1}"',
        '"""say "a" """',
    ],
)
def test_canonical_expressions_stay(text: str) -> None:
    formatted = format_expression(parse_expression(text))
    assert parse_expression(formatted) == parse_expression(text)
    assert len(formatted) <= len(text)


def test_parentheses_that_change_nothing_go() -> None:
    assert format_expression(parse_expression("((a * b) + (c)) == (d)")) == "a * b + c == d"


@pytest.mark.parametrize(
    ("value", "text"),
    [(25557032, "25_557_032"), (1000, "1000"), (1e-5, "1e-5"), (0.1, "0.1"), (1e16, "1e16")],
)
def test_numbers_without_a_source(value: float, text: str) -> None:
    assert format_expression(t.Number(value)) == text


def test_a_number_that_was_replaced_loses_its_old_spelling() -> None:
    number = parse_expression("4.1G")
    assert format_expression(t.Number(7, span=number.span)) == "7"


def test_a_statement() -> None:
    chain = t.Chain((t.Call(t.Name(("conv",)), (t.Argument(None, t.Number(64)),)),))
    assert format_statement(t.Named((t.Place("stem"),), chain)) == "stem = conv(64)"


def _formatted(text: str) -> str:
    parsed = _parse(text)
    result = format(parsed.tree, parsed.comments)
    again = _parse(result)
    assert again.tree == parsed.tree
    assert [one.text for one in again.comments] == [one.text for one in parsed.comments]
    assert format(again.tree, again.comments) == result
    return result


def test_layout_and_comments() -> None:
    text = """
# header

use residual   # why
let n = 3
# about the block
block a(x,  # the width
    y = 3) { # first line
  "Doc."


  # lead
  conv(64,
    3) -> bn # behind

  # before the merge

  add { relu  # first
     identity ; from skip }
  if x { a } else { b; c }  # end
  # last
}
arch b = a(1) {"doc"}
# tail
"""
    assert (
        _formatted(text)
        == """\
# header

use residual  # why

let n = 3
# about the block
block a(
  x,  # the width
  y=3,
) {  # first line
  "Doc."

  # lead
  conv(64, 3) -> bn  # behind

  # before the merge

  add {
    relu  # first
    identity
    from skip
  }
  if x { a } else { b; c }  # end
  # last
}

arch b = a(1) { "doc" }

# tail
"""
    )


def test_long_lines_break_before_arrows_and_in_brackets() -> None:
    steps = " -> ".join(["conv(512, 3, stride=2)"] * 5)
    names = ", ".join(f"parameter_number_{i}=1" for i in range(6))
    result = _formatted(f"block a({names}) {{ {steps} }}")
    assert max(map(len, result.splitlines())) <= 100
    assert "\n    -> conv(512, 3, stride=2)\n" in result
    assert "\n  parameter_number_5=1,\n)" in result


def test_documentation_is_indented_with_its_body() -> None:
    result = _formatted('block a {\n      """One.\n\n         Two.\n      """\n}')
    assert result == 'block a {\n  """One.\n\n  Two."""\n}\n'


def test_a_body_keeps_its_lines() -> None:
    text = "block a {\n  add { b; c }\n  add {\n    b\n    c\n  }\n}\n"
    assert _formatted(text) == text


def test_comments_in_brackets_stay_beside_their_items() -> None:
    text = """\
let rows = [  # kernel, channels
  # early
  [3, 16],  # 112 x 112
  [3, 24],

  # late
  [5, 40]
  # to be continued
]

block a(
  out,
  # Between them.
  act=relu,
) {
  conv(
    out,  # wide
    3,
  )
    -> bn
  add(
    # a merge
    a=1,
  ) { b; c }
}
"""
    assert _formatted(text) == text.replace("[5, 40]\n", "[5, 40],\n")


def test_comments_in_a_chain_stay_beside_their_steps() -> None:
    assert (
        _formatted("""\
block a {
  x = conv(8, 3) ->  # wide
    bn
    # the third
    -> relu  # behind
  conv(1) -> add { b; c }  # merged
  -> bn -> relu
}
""")
        == """\
block a {
  x = conv(8, 3)  # wide
    -> bn
    # the third
    -> relu  # behind
  conv(1) -> add { b; c }  # merged
    -> bn
    -> relu
}
"""
    )


def test_a_comment_before_else_is_about_that_side() -> None:
    assert (
        _formatted("block a {\n  if x {\n    b\n  }\n  # otherwise\n  else { c }\n}\n")
        == "block a {\n  if x {\n    b\n  } else {\n    # otherwise\n    c\n  }\n}\n"
    )


def test_a_comment_in_no_brackets_moves_above() -> None:
    assert (
        _formatted("let a = [(1  # one\n + 2), 3]\n") == "let a = [\n  # one\n  1 + 2,\n  3,\n]\n"
    )


def test_a_list_that_begins_on_a_new_line_keeps_its_rows() -> None:
    assert _formatted("let a = [\n  [1, 2],\n  [3, 4]]\n") == (
        "let a = [\n  [1, 2],\n  [3, 4],\n]\n"
    )
    assert _formatted("let a = [[1, 2],\n  [3, 4]]\n") == "let a = [[1, 2], [3, 4]]\n"
    assert _formatted("let a = f(\n  1, [\n 2])\n") == ("let a = f(\n  1,\n  [\n    2,\n  ],\n)\n")
    one_line = format_expression(parse_expression("[\n  1,\n  2,\n]"))
    assert one_line == "[1, 2]"


def test_a_string_over_lines_does_not_hide_what_is_long_behind_it() -> None:
    items = ", ".join(["input_number"] * 8)
    text = _formatted(f'block a {{\n  if x == """1\n2""" {{ b([{items}], 1) }}\n}}\n')
    assert max(map(len, text.splitlines())) <= 100


def test_a_long_comprehension_breaks_between_its_parts() -> None:
    length = "channels_of_the_block_before + " * 2
    text = f"let a = [{length}i for i in range(24) if i % 2 == 0]\n"
    assert _formatted(text) == (
        f"let a = [\n  {length}i\n  for i in range(24)\n  if i % 2 == 0\n]\n"
    )
