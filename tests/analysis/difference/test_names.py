"""Layers that exchange their places, or only their names: which is which."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.difference import difference


def keys(old: str, new: str, size: int = 8) -> dict[str, str]:
    """The new key of each old one that is carried or reshaped, where it is another."""
    head = f"arch a {{ input({size}, 8, 8)\n"
    found = difference(archgen.loads(f"{head}{old}}}"), archgen.loads(f"{head}{new}}}"))
    pairs = [pair for pair in found.state() if pair.old and pair.new]
    return {
        pair.old.key: pair.new.key
        for pair in pairs
        if pair.old and pair.new and pair.old.key != pair.new.key
    }


FIRST = "first = conv(8, 1)\n"
CONV, DILATED, LARGE, WIDE = "conv(8, 3)", "conv(8, 3, dilation=2)", "conv(8, 5)", "conv(9, 3)"


@pytest.mark.parametrize("other", [CONV, DILATED, LARGE])
def test_a_name_says_what_a_layer_is(other: str) -> None:
    one, two = f"a = {CONV}\n", f"b = {other}\n"
    assert keys(FIRST + one + two, FIRST + two + one) == {}


def test_three_that_turn_round() -> None:
    a, b, c = (f"{name} = {CONV}\n" for name in "abc")
    assert keys(FIRST + a + b + c, FIRST + c + a + b) == {}


def test_what_a_layer_is_says_more_than_its_name() -> None:
    old, new = f"a = {CONV}\nb = {LARGE}\n", f"b = {CONV}\na = {LARGE}\n"
    assert keys(FIRST + old, FIRST + new) == {"a.weight": "b.weight", "b.weight": "a.weight"}


def test_weights_that_fit_say_more_than_a_name() -> None:
    """The first has the 3 channels of the input, whatever it is called."""
    a, b = f"a = {CONV}\n", f"b = {CONV}\n"
    assert keys(a + b, b + a, size=3) == {"a.weight": "b.weight", "b.weight": "a.weight"}


def test_a_head_is_known_by_what_it_is_under_another_name() -> None:
    old, new = (f"{FIRST}aux {name} = flatten -> linear(3)\n" for name in ("head", "side"))
    assert keys(old, new) == {"head.1.weight": "side.1.weight", "head.1.bias": "side.1.bias"}
    assert not difference(
        archgen.loads(f"arch a {{ input(8, 8, 8)\n{old}}}"),
        archgen.loads(f"arch a {{ input(8, 8, 8)\n{new}}}"),
    ).same
