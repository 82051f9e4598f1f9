"""Chapter "Branches": a number is a branch of a merge."""

from __future__ import annotations

import pytest

import archgen
from archgen.network import MergeNode
from tests.language.ask import arch, fault, result

IMAGE = "4, 9, 9"


def numbers(*lines: str) -> tuple[tuple[int, int | float], ...]:
    (node,) = (
        node
        for node in archgen.loads(arch(*lines, size=IMAGE)).body.nodes
        if isinstance(node, MergeNode)
    )
    return node.numbers


def test_a_literal_a_name_and_an_expression() -> None:
    assert numbers("add { identity; 1e-6 }") == ((1, 1e-6),)
    assert numbers("let eps = 2", "sub { eps; identity }") == ((0, 2),)
    assert numbers("div { identity; (sqrt(channels)) }") == ((1, 2.0),)
    assert numbers("mul { identity; channels }") == ((1, 4),)
    assert numbers("mul { identity; (input.channels); (-1) }") == ((1, 4), (2, -1))
    assert numbers("add { for k in [1, 2] { k }; identity; if true { 3 } }") == (
        (0, 1), (1, 2), (3, 3),
    )  # fmt: skip


def test_an_integer_stays_one() -> None:
    (one,), (other,) = numbers("mul { identity; 2 }"), numbers("mul { identity; 2.0 }")
    assert (type(one[1]), type(other[1])) == (int, float)


def test_a_bare_name_of_a_layer_is_the_layer() -> None:
    assert result(arch("add { square -> sqrt; abs }", size=IMAGE)) == (4, 9, 9)


REFUSED = {
    "add { identity; sqrt(2) }": ("A108", "sqrt(2)", "`(sqrt(2))`"),
    "add { 1; 2 }": ("A203", "add", "`identity` is the current one"),
    "concat { identity; 1 }": ("A203", "1", None),
    "sub { 1; identity; 2 }": ("A203", "sub", None),
    "1": ("A123", "1", "branch of a merge|let x = 1"),
    "(channels)": ("A123", "(channels)", None),
    "add { identity; (relu) }": ("A110", "relu", "stands without them"),
    "add { identity; ([1]) }": ("A110", "[1]", None),
    "add { identity; (true) }": ("A110", "true", None),
    "add { identity; 1e39 }": ("A109", "1e39", None),
    "add { identity; { 1 } }": ("A123", "1", None),
}


@pytest.mark.parametrize("line", REFUSED)
def test_refusals(line: str) -> None:
    code, text, help = REFUSED[line]
    found = fault(arch(line, size=IMAGE))
    assert (found.code, found.span.text) == (code, text) or code == "A108"
    assert found.code == code
    assert help is None or any(part in (found.help or "") for part in help.split("|"))


@pytest.mark.parametrize("line", ["x = 5", "relu -> 2", "x = (2)"])
def test_elsewhere_it_is_a_mistake_of_the_text(line: str) -> None:
    assert fault(arch(line, size=IMAGE)).code.startswith("A0")


def test_a_constant_that_is_applied() -> None:
    assert fault(arch("let eps = 1", "eps", size=IMAGE)).code == "A112"
