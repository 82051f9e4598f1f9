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


def fates(old: str, new: str) -> list[str]:
    """What is gone and what is new."""
    head = "arch a { input(8, 8, 8)\n" + FIRST
    found = difference(archgen.loads(f"{head}{old}}}"), archgen.loads(f"{head}{new}}}"))
    left = [
        (pair.old or pair.new, pair.fate) for pair in found.state() if pair.fate in ("gone", "new")
    ]
    return sorted(f"{entry.key} {fate}" for entry, fate in left if entry)


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


@pytest.mark.parametrize("other", [DILATED, LARGE])
@pytest.mark.parametrize("braces", ["{}{}", "add {{ {}{} }}"], ids=["in a row", "branches"])
def test_nameless_layers_that_change_places_take_their_weights_along(
    other: str, braces: str
) -> None:
    one, two = f"{CONV}\n", f"{other}\n"
    found = keys(FIRST + braces.format(one, two), FIRST + braces.format(two, one))
    assert found == {"conv1.weight": "conv2.weight", "conv2.weight": "conv1.weight"}


def test_a_layer_that_went_and_one_that_came_are_two() -> None:
    """Of the same shape, at another place, with another name."""
    middle = f"q = {LARGE}\n"
    assert fates(f"a = {CONV}\n{middle}", f"{middle}z = {CONV}\n") == [
        "a.weight gone",
        "z.weight new",
    ]
    assert keys(FIRST + f"a = {CONV}\n{middle}", FIRST + f"{middle}a = {CONV}\n") == {}


def test_a_rename_that_could_be_of_another_is_none() -> None:
    a, b, c, d = (f"{name} = {CONV}\n" for name in "abcd")
    assert fates(a + b + c, a + d) == ["b.weight gone", "c.weight gone", "d.weight new"]
    assert fates(a + b, a + c + d) == ["b.weight gone", "c.weight new", "d.weight new"]
    assert fates(a + b, b + c) == ["a.weight gone", "c.weight new"]
    assert keys(FIRST + a + b, FIRST + c + d) == {"a.weight": "c.weight", "b.weight": "d.weight"}


def test_an_insertion_between_two_that_changed_places() -> None:
    a, b, x = (f"{name} = {CONV}\n" for name in "abx")
    assert fates(a + b, b + x + a) == ["x.weight new"]


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
