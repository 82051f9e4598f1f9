"""Chapter "Expressions": `max`, `abs`, `sqrt` are functions where called, layers where applied."""

from __future__ import annotations

from tests.language.ask import arch, fault, result

IMAGE = "4, 9, 9"


def test_a_function_in_an_expression_and_a_layer_in_a_statement() -> None:
    assert result(arch("conv(max(2, 3), 1)", "max(0)", size=IMAGE)) == (9, 9)
    assert result(arch("conv(int(sqrt(9)), 1)", "square -> sqrt", size=IMAGE)) == (3, 9, 9)
    assert result(arch("let low = min([4, 2])", "slice(low) -> min([0, 1])", size=IMAGE)) == (9,)


def test_a_layer_of_such_a_name_is_a_value() -> None:
    block = "block u(act=abs) { conv(4, 1) -> act }\n"
    assert result(block + arch("u -> u(act=exp) -> u(act=relu)", size=IMAGE)) == (4, 9, 9)


def test_a_block_of_such_a_name_is_no_function() -> None:
    block = "block sqrt(out) { conv(out, 1) }\nblock u(make) { make }\n"
    assert result(block + arch("u(sqrt(5))", size=IMAGE)) == (5, 9, 9)


def test_what_is_left_of_nothing() -> None:
    found = fault(arch("slice(4)", size=IMAGE))
    assert (found.code, found.span.text) == ("A202", "4")
    assert "nothing is left of 4 channels" in found.message
    found = fault(arch("slice(1, 1, axis=1)", size=IMAGE))
    assert "places on axis 1" in found.message


def test_bounds_beyond_the_ends_are_the_ends_as_in_python() -> None:
    assert result(arch("slice(-9, 9)", size=IMAGE)) == (4, 9, 9)
    assert result(arch("slice(2, 100, 3, axis=2)", size=IMAGE)) == (4, 9, 3)


def test_a_variance_of_one_value() -> None:
    found = fault(arch("conv(1, 1)", "var(0)", size=IMAGE))
    assert found.code == "A201"
    assert "correction=0" in (found.help or "")


def test_an_expression_in_a_sequence() -> None:
    assert fault(arch("a = conv(4, 1) -> exp", size=IMAGE)).code == "A117"
