"""Chapter "Values as arguments": `from x` in expressions, and who sees which value."""

from __future__ import annotations

import pytest

import archgen
from tests.language.ask import arch, fault, faults, keys, paths, result, sizes

DOUBLE = "block double_conv(out) { conv(out, 3) -> bn -> relu; conv(out, 3) -> bn -> relu }\n"
UP = (
    DOUBLE
    + """
block up(out, skip) {
  up = conv_transpose(out, 2, stride=2, bias=true)
  concat { from skip; identity }
  conv = double_conv(out)
}
"""
)


def test_the_example_of_a_unet() -> None:
    text = UP + arch(
        "for i in range(2) {",
        "  down[i] = double_conv(8 * 2 ** i)",
        "  maxpool(2, stride=2)",
        "}",
        "double_conv(32)",
        "for j in range(2) {",
        "  let i = 1 - j",
        "  up[j] = up(8 * 2 ** i, skip=from down[i])",
        "}",
    )
    assert result(text) == (8, 32, 32)
    assert "up.0.up.bias" in keys(text)
    assert sizes(text)["up.0.conv.conv1.weight"] == (16, 32, 3, 3)


def test_the_example_of_a_channel_split() -> None:
    text = "block unit(out) { conv(out, 3) }\n" + arch(
        "conv(8, 1)",
        "a, b = split(2)",
        "concat { from a; { from b; unit(4) } }",
        "channel_shuffle(2)",
    )
    assert result(text) == (8, 32, 32)


def test_the_example_of_two_inputs() -> None:
    text = """
block encoder(out) { conv(out, 3) -> global_avgpool -> flatten }
arch siamese {
  left = input(1, 105, 105); right = input(1, 105, 105)
  a = from left -> encoder(128)
  b = from right -> reuse a
  concat { from a; from b }
  linear(1)
}
"""
    net = archgen.loads(text)
    assert net.input == {"left": (1, 105, 105), "right": (1, 105, 105)}
    assert keys(text) == ["a.conv1.weight", "linear1.weight", "linear1.bias"]


def test_the_example_of_a_layer_scale() -> None:
    text = arch(
        "mul { block = seq { conv(channels, 7, groups=channels) }; "
        "layer_scale = param([channels, 1, 1], init=constant(1e-6)) }"
    )
    assert keys(text) == ["layer_scale", "block.0.weight"]


def test_the_example_of_a_class_token() -> None:
    text = arch(
        "let dim = 16",
        "conv(dim, 8, stride=8) -> flatten(start=1) -> permute([1, 0])",
        "concat(axis=0) { class_token = param([1, 1, dim], init=zeros); identity }",
    )
    assert result(text) == (17, 16)
    assert sizes(text)["class_token"] == (1, 1, 16)


def test_channels_and_shape_of_a_value_are_numbers() -> None:
    text = "block b(skip) { conv(skip.channels * skip.shape[1], 1); add { from skip; identity } }\n"
    found = fault(text + arch("maxpool(8)", "b(from input)", size="2, 16, 16"))
    assert [label.text for label in found.labels[1:]] == ["2 x 16 x 16", "32 x 2 x 2"]


def test_a_value_may_stand_in_a_list() -> None:
    text = "block join(xs) { concat { for x in xs { from x -> conv(2, 1) } } }\n" + arch(
        "a = conv(4, 1)", "b = conv(5, 1)", "join([from a, from b, from input])"
    )
    assert sizes(text)["join1.conv3.weight"] == (2, 3, 1, 1)


def test_a_list_of_values_may_be_read_by_index_and_as_a_whole() -> None:
    text = "block join(xs) { concat { for x in xs { from x }; from xs[0] } }\n" + arch(
        "for i in range(2) { a[i] = conv(4, 1) }", "join(from a)"
    )
    assert result(text) == (12, 32, 32)


def test_a_value_may_be_the_rival_of_a_default() -> None:
    text = "block b(skip=none) { relu; if skip != none { add { from skip; identity } } }\n"
    assert paths(text + arch("tanh -> b")) == ["tanh1", "b1", "b1.relu1"]
    assert result(text + arch("tanh -> b(from input)")) == (3, 32, 32)


def test_a_value_may_be_chosen() -> None:
    text = "block b(skip) { add { from skip; identity } }\n" + arch(
        "a = relu", "b(from a if channels == 3 else from input)"
    )
    assert result(text) == (3, 32, 32)


def test_a_layer_may_take_a_value() -> None:
    text = arch("conv(4, 3, stride=2) -> upsample(like=from input)")
    assert result(text) == (4, 32, 32)


def test_a_submodule_sees_constants_but_no_values_of_the_body_around_it() -> None:
    assert result(arch("let n = 5", "s = { conv(n, 1) }")) == (5, 32, 32)
    assert faults(arch("a = relu", "s = { from a -> tanh }")) == [("A113", 4, 14)]
    assert faults("block b { from a -> relu }\n" + arch("a = relu", "b"))[0] == ("A113", 1, 16)


def test_input_inside_a_submodule_is_its_own_input() -> None:
    text = arch("conv(4, 1)", "s = { relu; concat { from input; identity } }")
    assert result(text) == (8, 32, 32)


def test_a_leading_from_stays_outside_the_name() -> None:
    text = arch("c5 = conv(8, 1)", "p5 = from c5 -> conv(256, 1)")
    assert keys(text) == ["c5.weight", "p5.weight"]


def test_a_leading_from_stays_outside_a_named_chain() -> None:
    text = arch("c5 = conv(8, 1)", "p5 = from c5 -> conv(4, 1) -> bn")
    assert paths(text) == ["c5", "p5", "p5.0", "p5.1"]


def test_a_from_after_an_if_needs_the_name_on_every_side() -> None:
    found = fault(arch("if channels == 3 { a = relu }", "from a -> tanh"))
    assert (found.code, found.span.line, found.span.column) == ("A113", 4, 8)
    assert found.help == "define it on the other side too: `a = identity`"


def test_a_from_inside_the_same_side_is_fine() -> None:
    assert paths(arch("if channels == 3 { a = relu; from a -> tanh }")) == ["a", "tanh1"]


def test_names_in_sides_that_no_call_takes_are_checked_too() -> None:
    text = arch("if false { conv(widht, 1) -> rleu; from nowhere; conv(4, 1, strid=2) }", "relu")
    assert faults(text) == [("A101", 3, 19), ("A102", 3, 32), ("A113", 3, 43), ("A106", 3, 63)]


def test_names_in_blocks_that_nothing_calls_are_checked_too() -> None:
    assert faults("block b { rleu }\n" + arch("relu")) == [("A102", 1, 11)]


def test_a_value_that_nothing_reads_is_an_error() -> None:
    assert faults(arch("a = relu", "from input -> tanh")) == [("A114", 3, 7)]
    assert faults(arch("a = relu", "b = from input -> tanh")) == [("A114", 3, 7)]


def test_a_chunk_that_nothing_reads_is_an_error() -> None:
    text = arch("conv(4, 1)", "a, b = split(2)", "from a -> relu")
    assert faults(text) == [("A114", 4, 10)]


def test_an_output_of_a_block_may_be_left_unread() -> None:
    text = "block two { a = relu; b = tanh; output a, b }\n" + arch("t = two", "from t.a -> gelu")
    assert result(text) == (3, 32, 32)


ASIDE = "block aside(v) { from v -> conv(8, 3) }\n"
SIZED = "block sized(v) { conv(8, 1) -> upsample(like=from v) }\n"
PAIRED = "block paired(v) { a = conv(8, 1); b = aside(from v); output a, b }\n"
HELPED = "block helped(v) { aux side = aside(from v); from input -> tanh }\n"


@pytest.mark.parametrize(
    ("blocks", "statements", "place"),
    [
        (ASIDE, ["a = relu", "conv(7, 3)", "aside(from a)"], (5, 3)),
        (ASIDE, ["a = relu", "conv(7, 3)", "b = aside(from a)", "reuse b"], (6, 7)),
        (ASIDE, ["a = relu", "for i in range(2) { conv(7, 3) }", "aside(from a)"], (5, 23)),
        (ASIDE, ["a = relu", "if true { conv(7, 3) -> bn }", "aside(from a)"], (5, 27)),
        (
            ASIDE,
            ["a = relu", "add { identity; { conv(3, 3); aside(from a) -> conv(3, 1) } }"],
            (5, 21),
        ),
        (ASIDE, ["a = relu", "stage(conv, 7, 3, n=2)", "aside(from a)"], (5, 3)),
        (ASIDE, ["a = relu", "aux h = conv(7, 3)", "tanh", "aside(from a)"], (6, 3)),
        (SIZED, ["a = conv(7, 3)", "from input -> tanh", "sized(from a)"], (4, 7)),
        (ASIDE + PAIRED, ["a = conv(7, 3)", "p = paired(from a)", "from p.b"], None),
        (ASIDE + PAIRED, ["a = conv(7, 3)", "tanh", "p = paired(from a)", "from p.b"], (6, 3)),
        (
            ASIDE + PAIRED,
            ["a = conv(7, 3)", "from input", "p = paired(from a)", "from p.a"],
            (5, 7),
        ),
        (ASIDE + HELPED, ["a = conv(7, 3)", "from input", "helped(from a)"], None),
    ],
)
def test_a_value_that_a_call_makes_nothing_of_is_read_by_nothing(
    blocks: str, statements: list[str], place: tuple[int, int] | None
) -> None:
    assert faults(blocks + arch(*statements)) == ([] if place is None else [("A114", *place)])


def test_an_input_that_nothing_reads_is_an_error() -> None:
    text = "arch net {\n  a = input(3)\n  b = input(3)\n  from a -> relu\n}\n"
    assert faults(text) == [("A114", 3, 3)]


def test_a_chunk_that_does_not_divide_is_an_error() -> None:
    assert faults(arch("conv(5, 1)", "a, b = split(2)", "add { from a; from b }"))[0][1:] == (4, 16)


def test_a_value_is_no_number() -> None:
    assert faults(arch("a = relu", "conv(a, 1)")) == [("A101", 4, 8)]
    assert faults("block b(skip) { conv(skip, 1) }\n" + arch("b(from input)"))[0][0] == "A109"


# --- where a value cannot go ----------------------------------------------------------------------

JOINED = "block joined(out, other) { concat { from other; identity }; conv(out, 1) }\n"
LISTED = "block listed(v) { from v[0] -> conv(4, 3) }\n"


@pytest.mark.parametrize(
    "line",
    [
        "stage(joined, 8, other=from a, n=2)",
        "b = relu -> joined(8, from a)",
        "b = from a -> relu -> listed([from a, from input])",
    ],
)
def test_a_sequential_hands_on_one_value(line: str) -> None:
    text = JOINED + LISTED + arch("a = conv(4, 3)", line)
    assert [code for code, _, _ in faults(text)] == ["A117"]


def test_a_parameter_that_is_a_value_is_not_handed_into_a_sequential() -> None:
    text = JOINED + "block b(v) { seq { joined(8, v) } }\n" + arch("a = conv(4, 3)", "b(from a)")
    assert [code for code, _, _ in faults(text)] == ["A117"]


def test_a_layer_value_brings_no_value() -> None:
    text = JOINED + "block b(f) { relu -> f(8) }\n"
    assert faults(text + arch("a = conv(4, 3)", "b(joined(other=from a))"))[0][0] == "A109"


def test_items_of_a_list_need_not_all_be_read() -> None:
    text = (
        LISTED
        + "block h(v) { a = from v[0] -> listed(v); from v[0]; b = listed(v); output a, b }\n"
    )
    made = ["a = relu", "b = conv(4, 3)", "h = h([from a, from b])"]
    assert faults(text + arch(*made, "concat { from h.a; from h.b; from b }")) == []
    assert faults(text + arch(*made, "concat { from h.a; from h.b }")) == [("A114", 6, 7)]
