"""A spec is data from strangers: lint ends soon on what would grow without bound."""

from __future__ import annotations

import pytest

from tests.lint.ask import codes

NET = "arch net {{ input(8, 4, 4); {}; expect depth > 0 }}\n"


def doubling(body: str) -> str:
    """Forty blocks that each call the next twice: 2^40 calls of the last."""
    heads = [f"block b{at} {{ {body.format(at + 1)} }}" for at in range(40)]
    return "\n".join([*heads, "block b40 { conv(8, 1) -> relu }", ""])


@pytest.mark.parametrize("body", ["b{0}; b{0}", "add {{ b{0}; b{0} }}", "add {{ b{0}; identity }}"])
def test_shared_bodies_are_not_unfolded(body: str) -> None:
    found = codes(doubling(body) + NET.format("add { b0; identity }"))
    assert ("W002", 41) in found


def test_a_long_way_is_not_searched_again_and_again() -> None:
    tail = "block tail { for i in range(3000) { dropout(0.1) } }\n"
    many = NET.format("for i in range(2000) { conv(8, 1, bias=true); tail -> bn }")
    assert codes(tail + many) == []  # the norm lies too far away to be held against the bias


def test_a_long_line_of_layers_needs_no_recursion() -> None:
    line = "for i in range(3000) { dropout(0.1) }"
    assert codes(NET.format(f"conv(4, 1, bias=true); {line}")) == []  # a head, however far


def test_an_addition_of_many_is_not_compared_pair_by_pair() -> None:
    assert codes(NET.format("add { for i in range(3000) { conv(8, 1) -> bn -> relu } }")) == []
