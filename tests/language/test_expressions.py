"""Chapter "Expressions": Python's, over the values of the language."""

from __future__ import annotations

import math
import random

import pytest

from archgen.diagnostics import Fault
from tests.language.ask import arch, fault, faults, paths, result, sizes, value


def code(expression: str, **constants: object) -> str:
    with pytest.raises(Fault) as caught:
        value(expression, **constants)
    return caught.value.diagnostic.code


@pytest.mark.parametrize(
    "expression",
    [
        "1 + 2 * 3 - 4",
        "7 // 2", "-7 // 2", "7 % 3", "-7 % 3", "7 / 2", "6 / 2", "7.5 // 2", "2 ** 10", "2 ** -1",
        "-2 ** 2", "2 ** 3 ** 2", "(1 + 2) * 3", "--3", "1e3", "0.1 + 0.2",
        "1 < 2", "1 < 2 < 3", "1 < 3 < 2", "3 > 2 >= 2 != 1", "1 == 1.0", "1 < 2 == 2",
        "[1, 2] == [1, 2]", "[1, [2]] != [1, [3]]", '"a" < "b"', '"a" + "b"',
        "5 if 1 > 2 else 6", "[1, 2] + [3]", "[0] * 3", "[1, 2, 3][0]", "[1, 2, 3][-1]",
        "[1, 2, 3][:2]", "[1, 2, 3][1:]", "[1, 2, 3][-2:]", "[1, 2, 3][:]", "[1, 2, 3][5:]",
        "[[1, 2], [3, 4]][1][0]", "len([1, 2, 3])", "len([])", "sum([1, 2, 3])", "sum([])",
        "min(3, 1, 2)", "max([3, 1, 2])", "abs(-3)", "abs(-3.5)",
        "round(0.5)", "round(1.5)", "round(2.5)", "round(-0.5)", "round(2.675, 2)", "round(15, -1)",
        "int(3.9)", "int(-3.9)", "int(64.0)",
        "[x * x for x in range(5) if x % 2 == 0]", "[x for x in [1, 2, 3] if x > 1]",
        "not 1 > 2",
        "[i for i in range(2, 10, 3)]", "[i for i in range(5, 0, -2)]",
    ],
)  # fmt: skip
def test_expressions_are_worth_what_python_says(expression: str) -> None:
    made, expected = value(expression), eval(expression)
    assert made == (tuple(expected) if isinstance(expected, list) else expected)
    if not isinstance(expected, list):
        assert type(made) is type(expected)


def test_arithmetic_is_pythons_on_random_numbers() -> None:
    chosen = random.Random(0)
    for _ in range(300):
        left, right = (
            chosen.choice([chosen.randint(-50, 50), chosen.uniform(-9, 9)]) for _ in "ab"
        )
        op = chosen.choice(["+", "-", "*", "/", "//", "%"])
        text = f"({left!r}) {op} ({right!r})".replace("e-", "e-")
        if right:
            assert value(text) == eval(text), text


def test_and_or_not() -> None:
    assert value("true and 1 < 2") is True
    assert value("false or not true") is False
    assert value("true and true or false and true") is True
    assert value("not true == false") is True


def test_and_and_or_stop_when_it_is_decided() -> None:
    assert value("false and 1 // 0 == 1") is False
    assert value("true or 1 // 0 == 1") is True


def test_what_an_if_else_does_not_take_is_not_computed() -> None:
    assert value("1 if true else 1 // 0") == 1
    assert value("xs[0] if len(xs) > 0 else 7", xs=value("[]")) == 7


def test_a_chained_comparison_stops_at_the_first_that_fails() -> None:
    assert value("2 < 1 < 1 // 0") is False


def test_comprehensions_unpack_and_nest() -> None:
    assert value("[a * b for a, b in [[1, 2], [3, 4]]]") == (2, 12)
    assert value("[[j for j in range(i)] for i in range(3)]") == ((), (0,), (0, 1))


def test_zip_and_enumerate_give_lists() -> None:
    assert value("zip([1, 2], [3, 4])") == ((1, 3), (2, 4))
    assert value("enumerate([5, 6])") == ((0, 5), (1, 6))
    assert value("enumerate([5, 6], 1)") == ((1, 5), (2, 6))
    assert code("zip([1, 2], [3])") == "A111"


def test_range_takes_a_step_and_counts_down() -> None:
    assert value("range(4)") == (0, 1, 2, 3)
    assert value("range(4, 0, -2)") == (4, 2)
    assert value("range(-1)") == ()


@pytest.mark.parametrize("function", ["log", "log2", "sqrt", "floor", "ceil"])
@pytest.mark.parametrize("x", [0.3, 1, 2.5, 10])
def test_functions_of_numbers(function: str, x: float) -> None:
    assert value(f"{function}({x})") == getattr(math, function)(x)


def torchvision_make_divisible(v: float, divisor: int) -> int:
    """MobileNet's rounding: to the nearest multiple, never down by more than a tenth."""
    rounded = max(divisor, int(v + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * v else rounded


def test_divisible_is_the_rounding_of_mobilenet() -> None:
    assert value("divisible(30)") == 32
    assert value("divisible(16 * 0.75)") == 16
    assert value("divisible(37, by=4)") == 36
    assert value("divisible(37, 4)") == 36
    for v in range(1, 400):
        for by in (1, 4, 8, 16):
            expected = torchvision_make_divisible(v * 0.35, by)
            assert value(f"divisible({v} * 0.35, by={by})") == expected


def test_a_float_is_not_taken_where_an_integer_is_asked() -> None:
    found = fault(arch("conv(64.0, 1)"))
    assert (found.code, found.span.column) == ("A109", 8)
    assert "int(64.0)" in (found.help or "")
    assert fault(arch("let a = [4, 5]", "conv(a[1.0], 1)")).code == "A109"
    assert value("8 / 2") == 4.0
    assert fault(arch("conv(8 / 2, 1)")).code == "A109"
    assert result(arch("conv(int(8 / 2), 1)")) == (4, 32, 32)


def test_a_boolean_is_no_number() -> None:
    assert code("true + 1") == "A110"
    assert value("true == 1") is False
    assert fault(arch("conv(true, 1)")).code == "A109"


def test_booleans_are_asked_where_a_boolean_is_asked() -> None:
    assert fault(arch("conv(4, 1, bias=1)")).code == "A109"


def test_conditions_take_numbers_strings_lists_and_none_as_python_does() -> None:
    assert value("1 if [] else 2") == 2
    assert value('1 if "a" else 2') == 1
    assert value("1 if none else 2") == 2
    assert value("1 if 0 else 2") == 2


def test_layers_are_compared_with_equals_and_are_no_condition() -> None:
    assert value("act == relu", act=value("relu")) is True
    assert value("act != none", act=value("relu")) is True
    assert value("leaky_relu(0.1) == leaky_relu(0.2)") is False
    assert code("1 if relu else 2") == "A110"


def test_auto_is_a_value_that_a_block_can_hand_on() -> None:
    text = "block b(padding=auto) { conv(4, 3, padding=padding); if padding == auto { relu } }\n"
    assert paths(text + arch("b", "b(0)"))[1:] == ["b1.conv1", "b1.relu1", "b2", "b2.conv1"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 // 0", "A111"), ("1 / 0", "A111"), ("1 % 0", "A111"), ("0 ** -1", "A111"),
        ("sqrt(-1)", "A111"), ("log(0)", "A111"), ("(-8) ** 0.5", "A111"),
        ("[1][1]", "A111"), ("[1][-2]", "A111"), ("[][0]", "A111"),
        ("nothing", "A101"), ("nothing(1)", "A101"),
        ('"a" + 1', "A110"), ("[1] + 1", "A110"), ("-relu", "A110"), ("1 < none", "A110"),
        ('1 < "a"', "A110"), ("[1] < [2]", "A110"), ("3[0]", "A110"), ("sum(1)", "A110"),
        ("len(3)", "A110"), ("range(2.0)", "A110"), ("divisible(3, by=0)", "A111"),
        ("round()", "A108"), ("max(by=3)", "A108"), ("len([1], [2])", "A108"), ("min()", "A108"),
        ("max([])", "A111"), ("range(1, 2, 0)", "A111"),
        ("[a for a, b in [[1, 2, 3]]]", "A116"),
        ("2 ** 63", "A403"), ("9 ** 9 ** 9", "A403"), ("10.0 ** 400", "A403"),
    ],
)  # fmt: skip
def test_what_has_no_value_has_a_code(expression: str, expected: str) -> None:
    assert code(expression) == expected


def test_integers_are_those_of_64_bits() -> None:
    assert value("2 ** 62 + (2 ** 62 - 1)") == 2**63 - 1
    assert code("2 ** 62 + 2 ** 62") == "A403"


# --- channels, shape, input -----------------------------------------------------------------------


def test_channels_and_shape_are_of_the_current_value_where_they_stand() -> None:
    text = arch("conv(2 * channels, 1)", "conv(2 * channels, 1)", "conv(shape[1], 1)")
    assert [size[0] for size in sizes(text).values()] == [6, 12, 32]


def test_input_channels_and_shape_are_of_what_entered_the_body() -> None:
    text = "block b { conv(9, 1); conv(input.channels * input.shape[2], 1) }\n"
    assert sizes(text + arch("conv(2, 1, stride=2) -> b"))["b1.conv2.weight"] == (32, 9, 1, 1)


def test_in_a_seq_input_is_still_what_entered_the_body() -> None:
    text = arch("conv(8, 1)", "s = seq { conv(4, 1); conv(input.channels, 1) }")
    assert result(text) == (3, 32, 32)


def test_arguments_are_computed_where_they_are_written() -> None:
    text = "block b(out) { conv(7, 1); conv(out, 1) }\n" + arch("conv(4, 1) -> b(2 * channels)")
    assert result(text) == (8, 32, 32)


def test_arguments_of_a_layer_value_are_computed_where_they_are_written() -> None:
    text = "block b(last) { conv(7, 1) -> last }\n" + arch("b(conv(channels, 1))")
    assert result(text) == (3, 32, 32)


def test_channels_in_a_chain_are_those_before_each_link() -> None:
    assert result(arch("conv(4, 1) -> conv(2 * channels, 1) -> conv(channels + 1, 1)"))[0] == 9


# --- layers as values -----------------------------------------------------------------------------


def test_a_layer_is_a_value() -> None:
    text = "block b(act=relu, norm=bn(eps=0.001)) { norm -> act }\n"
    assert result(text + arch("b", "b(leaky_relu(0.1))", "b(norm=layer_norm2d)")) == (3, 32, 32)


def test_arguments_that_a_layer_brings_hold_unless_the_call_gives_them_again() -> None:
    text = "block b(f) { f; f(stride=1); f(out=5, stride=1) }\n" + arch("b(conv(4, 3, stride=2))")
    assert result(text) == (5, 16, 16)
    assert [size[0] for size in sizes(text).values()] == [4, 4, 5]


def test_what_a_layer_lacks_is_asked_for_when_it_is_applied() -> None:
    text = "block b(f) { f(8) }\n" + arch("b(conv(kernel=3))")
    assert result(text) == (8, 32, 32)
    found = fault("block b(f) { f }\n" + arch("b(conv(8))"))
    assert (found.code, found.span.line, found.span.column) == ("A107", 1, 14)


def test_a_block_is_a_value_too_and_brings_arguments() -> None:
    text = "block unit(out, k=1) { conv(out, k) }\nblock b(f) { f(8) }\n" + arch("b(unit(k=3))")
    assert sizes(text) == {"b1.f1.conv1.weight": (8, 3, 3, 3)}


def test_layers_stand_in_lists() -> None:
    assert paths(arch("for act in [relu, tanh, leaky_relu(0.1)] { act }")) == [
        "act1", "act2", "act3",
    ]  # fmt: skip


def test_what_is_no_layer_cannot_be_applied() -> None:
    assert faults("block b(f) { f }\n" + arch("b(3)")) == [("A112", 1, 14)]
    assert faults(arch("let f = 3", "f")) == [("A112", 4, 3)]
    assert code("x(3)", x=3) == "A112"


def test_a_parameter_that_hides_a_layer_is_called_otherwise() -> None:
    found = fault(arch("dropout(dropout)", head="net(dropout=0.5)"))
    assert found.code == "A112"
    assert found.help == "it hides the layer `dropout` here; call it otherwise"
