"""Chapter "Statements": each form of the table, and what it makes."""

from __future__ import annotations

import pytest

import archgen
from archgen.network import CallNode, LayerNode
from tests.language.ask import arch, fault, faults, keys, paths, result, sizes

TWO = "block two(out) { a = conv(out, 1); b = conv(2 * out, 1); output a, b }\n"


# --- layers and chains ----------------------------------------------------------------------------


def test_a_layer_is_applied_to_the_current_value() -> None:
    assert sizes(arch("conv(8, 3)", "conv(4, 1)")) == {
        "conv1.weight": (8, 3, 3, 3),
        "conv2.weight": (4, 8, 1, 1),
    }


def test_a_chain_is_the_same_one_after_the_other() -> None:
    assert sizes(arch("conv(8, 3) -> conv(4, 1)")) == sizes(arch("conv(8, 3)", "conv(4, 1)"))


def test_a_named_layer_is_a_submodule_and_its_value() -> None:
    text = arch("stem = conv(8, 3)", "sigmoid", "mul { identity; from stem }")
    assert paths(text) == ["stem", "sigmoid1"]


def test_a_named_chain_is_an_nn_sequential() -> None:
    assert paths(arch("stem = conv(8, 3) -> bn -> relu")) == [
        "stem",
        "stem.0",
        "stem.1",
        "stem.2",
    ]


def test_a_named_seq_is_the_same_with_if_and_for_in_it() -> None:
    text = arch("s = seq { if channels == 3 { relu }; for i in range(2) { tanh }; gelu }")
    assert paths(text) == ["s", "s.0", "s.1", "s.2", "s.3"]


def test_named_braces_are_a_submodule_with_a_body_of_its_own() -> None:
    text = arch("relu", "head = { relu; global_avgpool -> flatten; fc = linear(10) }")
    assert paths(text) == [
        "relu1", "head", "head.relu1", "head.global_avgpool1", "head.flatten1", "head.fc",
    ]  # fmt: skip


def test_a_named_merge_read_or_identity_makes_no_submodule() -> None:
    text = arch(
        "a = add { conv(8, 1); conv(8, 1) }", "b = from a", "c = identity", "add { from b; from c }"
    )
    assert paths(text) == ["conv1", "conv2"]


def test_identity_spends_no_submodule_in_a_body() -> None:
    assert paths(arch("identity -> relu")) == ["relu1"]


def test_a_group_opens_no_submodule() -> None:
    assert paths(arch("relu -> { relu; tanh } -> relu", "{ relu }")) == [
        "relu1", "relu2", "tanh1", "relu3", "relu4",
    ]  # fmt: skip


# --- module lists, quoted names -------------------------------------------------------------------


def test_an_indexed_name_is_a_child_of_a_module_list() -> None:
    text = arch("for i in range(3) { convs[i] = conv(4, 1) }")
    assert paths(text) == ["convs.0", "convs.1", "convs.2"]


def test_from_an_indexed_name_is_its_value_and_from_the_list_all_of_them() -> None:
    text = arch(
        "for i in range(3) { convs[i] = conv(2 ** i, 1) }",
        "concat { for c in from convs { from c } }",
        "concat { identity; from convs[0]; from convs[2 - 1] }",
    )
    assert result(text) == (1 + 2 + 4 + 1 + 2, 32, 32)


def test_indices_nest() -> None:
    text = arch(
        "for i in range(2) { for j in range(2) { m[i][j] = conv(4, 1) } }",
        "add { from m[0][1]; from m[1][0]; for x in from m[0] { from x }; identity }",
    )
    assert paths(text) == ["m.0.0", "m.0.1", "m.1.0", "m.1.1"]


def test_a_module_list_may_leave_numbers_out() -> None:
    assert paths(arch("a[0] = relu", "a[1] = identity", "a[2] = relu")) == ["a.0", "a.2"]
    assert paths(arch("a[1] = relu", "b[0][1] = relu")) == ["a.1", "b.0.1"]
    assert faults(arch("a[0] = relu", "a[200] = relu")) == [("A125", 4, 12)]
    assert faults(arch("a[-1] = relu")) == [("A109", 3, 3)]


def test_a_list_and_a_submodule_of_one_name() -> None:
    assert faults(arch("a = relu", "a[0] = relu"))[0][0] == "A103"


def test_indexed_values_need_not_be_submodules() -> None:
    text = arch(
        "x[0] = identity", "x[1] = add { relu; tanh }", "add { for y in from x { from y } }"
    )
    assert result(text) == (3, 32, 32)


def test_a_quoted_name_may_interpolate_expressions() -> None:
    text = arch('for i in range(2) { "layer{i + 1}" = conv(4, 1) }', 'from "layer{3 - 1}" -> relu')
    assert paths(text) == ["layer1", "layer2", "relu1"]


def test_inside_seq_a_quoted_name_may_hold_what_no_identifier_can() -> None:
    assert paths(arch('s = seq { "block1-0" = relu; "0 x" = relu }'))[1:] == ["s.block1-0", "s.0 x"]
    assert faults(arch('s = seq { "block1.0" = relu }')) == [("A104", 3, 13)]
    assert faults(arch('"block1-0" = relu')) == [("A104", 3, 3)]


# --- unpacking ------------------------------------------------------------------------------------


def test_unpacking_split() -> None:
    text = arch(
        "conv(8, 1)",
        "a, b = split([6, channels - 6])",
        "from a -> conv(1, 1)",
        "add {",
        "from b -> conv(1, 1)",
        "identity }",
    )
    assert sizes(text) == {
        "conv1.weight": (8, 3, 1, 1),
        "conv2.weight": (1, 6, 1, 1),
        "conv3.weight": (1, 2, 1, 1),
    }


def test_unpacking_a_block_with_several_outputs() -> None:
    text = TWO + arch("x, y = two(4)", "concat { from x; from y }")
    assert result(text) == (12, 32, 32)
    assert paths(text) == ["two1", "two1.a", "two1.b"]


def test_unpacking_another_number_is_an_error() -> None:
    assert faults(arch("conv(4, 1)", "a, b, c = split(2)")) == [("A116", 4, 3)]
    assert faults(arch("a, b = relu")) == [("A116", 3, 3)]


def test_after_several_values_the_next_statement_must_say_from() -> None:
    assert faults(arch("conv(4, 1)", "a, b = split(2)", "relu"))[0] == ("A115", 5, 3)


# --- from -----------------------------------------------------------------------------------------


def test_from_reads_output_b_of_the_block_called_a() -> None:
    text = TWO + arch("t = two(4)", "concat { from t.b; from t.a }")
    assert result(text) == (12, 32, 32)


def test_from_an_item_of_what_gives_several_values() -> None:
    text = arch("conv(8, 1)", "s = split([2, 6])", "from s[1] -> conv(1, 1)")
    assert faults(text) == [("A114", 4, 7)]  # s[0] is read by nothing
    text = arch("conv(8, 1)", "s = split([2, 6])", "concat { from s[1]; from s[0] }")
    assert result(text) == (8, 32, 32)


def test_from_input_is_the_value_that_entered_this_body() -> None:
    text = "block b { relu; concat { identity; from input } }\n" + arch("conv(4, 1) -> b")
    assert result(text) == (8, 32, 32)


def test_from_a_parameter() -> None:
    text = "block b(skip) { concat { from skip; identity } }\n" + arch(
        "conv(4, 1)", "b(from input)"
    )
    assert result(text) == (7, 32, 32)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (arch("from x -> relu"), "A113"),
        (arch("from x -> relu", "x = relu"), "A113"),
        (TWO + arch("t = two(4)", "from t.c -> relu"), "A113"),
        (arch("r[0] = relu", "from r[1] -> relu"), "A113"),
        (arch("from relu -> relu"), "A113"),
        (arch("let a = 1", "from a -> relu"), "A113"),
    ],
)
def test_from_what_does_not_exist_yet_is_an_error(text: str, code: str) -> None:
    assert code in {found for found, _, _ in faults(text)}


def test_a_name_defined_twice_in_one_body_is_an_error() -> None:
    assert faults(arch("a = relu", "a = tanh")) == [("A103", 4, 3)]


def test_a_name_defined_twice_in_a_loop_is_an_error() -> None:
    found = fault(arch("for i in range(2) { a = relu }"))
    assert (found.code, found.span.line, found.span.column) == ("A103", 3, 23)
    assert found.help == "in a loop: number it, `names[i] = ...`"


def test_a_name_defined_on_two_sides_of_an_if_is_fine() -> None:
    text = arch("if channels == 3 { a = relu } else { a = tanh }", "from a -> gelu")
    assert paths(text) == ["a", "gelu1"]


# --- if, for, let ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "made"), [(1, "relu1"), (2, "tanh1"), (3, "gelu1")])
def test_if_elif_else(n: int, made: str) -> None:
    text = arch("if n == 1 { relu } elif n == 2 { tanh } else { gelu }", head="net(n)")
    assert paths(text, n=n) == [made]


def test_an_if_without_else_may_take_nothing() -> None:
    assert paths(arch("if channels == 1 { relu }", "tanh")) == ["tanh1"]


def test_for_runs_over_a_list() -> None:
    assert result(arch("for c in [4, 8] { conv(c, 1) }")) == (8, 32, 32)


def test_for_unpacks() -> None:
    text = arch("for c, k in [[4, 1], [8, 3]] { conv(c, k) }")
    assert sizes(text)["conv2.weight"] == (8, 4, 3, 3)
    assert faults(arch("for a, b in [[1, 2], [3]] { relu }")) == [("A116", 3, 15)]


def test_for_over_an_empty_list_does_nothing() -> None:
    assert paths(arch("for i in range(0) { relu }", "tanh")) == ["tanh1"]


def test_for_needs_a_list() -> None:
    found = fault(arch("for i in 3 { relu }"))
    assert (found.code, found.span.column) == ("A110", 12)
    assert "range(n)" in (found.help or "")


def test_names_of_a_for_end_with_its_braces() -> None:
    assert faults(arch("for i in range(2) { relu }", "conv(i, 1)")) == [("A101", 4, 8)]


def test_let_holds_until_the_end_of_the_braces() -> None:
    assert result(arch("let n = 4", "{ let n = 5; conv(n, 1) }", "conv(n, 1)")) == (4, 32, 32)
    assert faults(arch("{ let n = 5; relu }", "conv(n, 1)")) == [("A101", 4, 8)]


def test_let_unpacks() -> None:
    assert result(arch("let a, b = [4, 5]", "conv(a, 1) -> conv(b, 1)")) == (5, 32, 32)


def test_let_may_hide_and_use_its_former_meaning() -> None:
    assert result(arch("let n = 4", "let n = 2 * n", "conv(n, 1)")) == (8, 32, 32)


# --- output ---------------------------------------------------------------------------------------


def test_without_output_the_last_value_is_the_result() -> None:
    assert result(arch("conv(4, 1)", "relu")) == (4, 32, 32)


def test_output_names_several_results() -> None:
    text = arch("a = conv(4, 1)", "b = conv(5, 1)", "output a, b")
    assert result(text) == {"a": (4, 32, 32), "b": (5, 32, 32)}


def test_output_of_one_value_that_is_not_the_last() -> None:
    text = arch("a = conv(4, 1)", "aux head = conv(5, 1)", "output a")
    assert result(text) == (4, 32, 32)


def test_output_of_a_list_gives_the_list() -> None:
    net = archgen.loads(arch("for i in range(2) { x[i] = conv(4, 1) }", "output x"))
    assert net.body.listed
    assert [each.value for each in net.body.outputs] == [1, 2]


def test_output_may_stand_in_if_and_for() -> None:
    text = arch("a = conv(4, 1)", "if n > 1 { b = conv(5, 1); output a, b }", head="net(n=2)")
    assert result(text) == {"a": (4, 32, 32), "b": (5, 32, 32)}
    assert result(text, n=1) == (4, 32, 32)


def test_output_reads_quoted_and_indexed_names() -> None:
    text = arch('"p{2}" = conv(4, 1)', "q[0] = conv(5, 1)", 'output "p{1 + 1}", q[0]')
    assert result(text) == {"p2": (4, 32, 32), "q0": (5, 32, 32)}


@pytest.mark.parametrize("name", ["class", "_a", "count", "index"])
def test_a_result_cannot_be_called_what_no_field_of_a_named_tuple_can(name: str) -> None:
    text = arch(f"{name} = identity", "b = relu", f"output {name}, b")
    assert faults(text)[0] == ("A104", 5, 10)
    assert result(arch(f"{name} = identity", "b = relu", "add { from b; identity }")) == (3, 32, 32)


def test_results_have_different_names() -> None:
    text = TWO + arch("t = two(4)", "a = from t.a -> relu", "output a, t.a")
    assert faults(text) == [("A103", 2, 6)]
    assert faults(arch("relu", 'aux "output" = flatten')) == [("A103", 1, 6)]


def test_two_outputs_in_one_body_are_an_error() -> None:
    assert faults(arch("a = relu", "b = tanh", "output a", "output b"))[0][0] == "A124"


@pytest.mark.parametrize("n", [2, 3, 5])
def test_in_a_loop_each_pass_adds_its_outputs(n: int) -> None:
    loop = f'for i in range({n}) {{ "p{{i}}" = conv(4 + i, 3, stride=2); output "p{{i}}" }}'
    assert result(arch(loop)) == {f"p{i}": (4 + i, 16 >> i, 16 >> i) for i in range(n)}


def test_what_stands_behind_an_output_in_a_loop_goes_on() -> None:
    loop = (
        'for i in range(2) { "c{i}" = conv(4, 3, stride=2); "p{i}" = conv(1, 1)\n'
        '  output "p{i}"; from "c{i}" }'
    )
    assert result(arch(loop)) == {"p0": (1, 16, 16), "p1": (1, 8, 8)}
    assert sizes(arch(loop))["c1.weight"][1] == 4


def test_passes_without_an_output_add_nothing_and_one_output_is_the_result_itself() -> None:
    def chosen(n: int, condition: str) -> str:
        body = f"xs[i] = relu; if {condition} {{ output xs[i] }}"
        return arch(f"for i in range({n}) {{ {body} }}")

    assert result(chosen(4, "i % 2 == 1")) == {"xs1": (3, 32, 32), "xs3": (3, 32, 32)}
    assert result(chosen(4, "i == 3")) == (3, 32, 32)


@pytest.mark.parametrize(
    ("loop", "code"),
    [
        ("for i in range(2) { xs[i] = relu; output xs }", "A115"),
        ("for i in range(2) { xs[i] = relu; output xs[0] }", "A103"),
        ("for i in range(2) { xs[i] = relu; output xs[i] }; output xs[0]", "A124"),
        ('for i in range(2) { "_{i}" = identity; output "_{i}" }', "A104"),
    ],
)
def test_outputs_of_a_loop_that_make_no_tuple(loop: str, code: str) -> None:
    assert code in [found for found, *_ in faults(arch(loop))]


def test_a_seq_puts_nothing_out() -> None:
    assert faults(arch("a = seq { b = conv(8, 3); output b }"))[0][0] == "A117"


# --- aux ------------------------------------------------------------------------------------------


def test_aux_reads_the_current_value_and_leaves_it() -> None:
    text = arch("conv(4, 1)", "aux head = global_avgpool -> flatten -> linear(10)", "conv(5, 1)")
    net = archgen.loads(text)
    assert net.output == (5, 32, 32)
    assert [each.name for each in net.body.aux] == ["head"]
    assert keys(text) == [
        "conv1.weight", "conv2.weight", "head.2.weight", "head.2.bias",
    ]  # fmt: skip


def test_aux_is_not_run_in_evaluation() -> None:
    plain, with_head = arch("conv(4, 1)"), arch("conv(4, 1)", "aux head = conv(9, 3)")
    assert archgen.loads(plain).macs == archgen.loads(with_head).macs
    assert archgen.loads(plain).params < archgen.loads(with_head).params


def test_aux_may_be_a_block() -> None:
    text = "block head(n) { flatten -> linear(n) }\n" + arch("relu", "aux a = head(2)", "tanh")
    assert paths(text) == ["relu1", "tanh1"]
    assert keys(text) == ["a.linear1.weight", "a.linear1.bias"]


# --- expect ---------------------------------------------------------------------------------------


def test_expect_in_a_block_is_a_condition_on_its_parameters_and_input() -> None:
    text = "block b(groups) { expect channels % groups == 0; relu }\n"
    assert paths(text + arch("conv(4, 1) -> b(2)")) == ["conv1", "b1", "b1.relu1"]
    found = fault(text + arch("b(2)"))
    assert (found.code, found.span.line, found.span.column) == ("A302", 1, 19)
    assert "groups is 2" in found.labels[0].text


# --- param ----------------------------------------------------------------------------------------


def test_param_is_a_value_that_is_learned_and_its_key_is_its_name() -> None:
    text = arch("mul { conv(4, 1); scale = param([4, 1, 1], init=constant(1e-6)) }")
    assert sizes(text) == {"scale": (4, 1, 1), "conv1.weight": (4, 3, 1, 1)}


def test_param_with_one_axis_lies_along_the_features() -> None:
    scaled = "mul { identity; scale = param([channels], init=ones) }"
    assert result(arch(scaled, size="3, 8, 16")) == (3, 8, 16)
    assert result(arch("permute([1, 2, 0])", scaled, size="3, 8, 16")) == (8, 16, 3)
    assert faults(arch("add { identity; shift = param([8]) }", size="3, 8, 16")) == [("A203", 3, 3)]
    assert faults(arch("concat { identity; more = param([3]) }", size="3, 8, 16"))[0][0] == "A203"


@pytest.mark.parametrize(
    "lines",
    [
        ["p = param([3, 1, 1])", "from p -> conv(4, 1)"],
        ["p = param([3, 32, 32])", "add { from input; upsample(like=from p) }"],
        ["p = param([3, 1, 1])", "add { from p; from p }"],
        ["p = param([3, 1, 1])"],
        ["identity", "p = param([3, 1, 1])", "add { from input; from p }", "output p"],
        ["p = param([3, 1, 1])", "aux head = relu", "from input"],
    ],
)
def test_what_has_no_batch_is_no_result(lines: list[str]) -> None:
    text = arch(*lines)
    assert "A201" in [code for code, _, _ in faults(text)]


def test_param_needs_a_name() -> None:
    assert faults(arch("add { identity; param([3, 1, 1]) }"))[0] == ("A121", 3, 19)


# --- reuse ----------------------------------------------------------------------------------------


def test_reuse_applies_a_submodule_again_with_the_same_weights() -> None:
    text = arch("c = conv(3, 3)", "reuse c -> relu", "reuse relu1")
    assert keys(text) == ["c.weight"]
    nodes = archgen.loads(text).body.nodes
    assert [node.reused for node in nodes if isinstance(node, LayerNode)] == [
        False, True, False, True,
    ]  # fmt: skip


def test_reuse_of_a_block_a_chain_and_an_item() -> None:
    text = "block b { conv(3, 3) }\n" + arch(
        "x = b", "reuse x", "s = relu -> bn", "reuse s", "l[0] = bn", "reuse l[0]"
    )
    assert keys(text) == [
        "x.conv1.weight", "s.1.weight", "s.1.bias", "l.0.weight", "l.0.bias",
    ]  # fmt: skip
    nodes = archgen.loads(text).body.nodes
    assert [node.reused for node in nodes if isinstance(node, CallNode)] == [False, True] * 2


def test_reuse_at_another_size_is_fine() -> None:
    assert result(arch("c = conv(3, 3, stride=2)", "reuse c")) == (3, 8, 8)


def test_reuse_with_other_channels_is_an_error() -> None:
    assert faults(arch("c = conv(4, 3)", "reuse c")) == [("A118", 4, 3)]
    block = "block b { mul { identity; p = param([channels, 1, 1]) } }\n"
    text = arch("x = b", "conv(8, 1)", "reuse x")
    assert faults(block + text) == [("A118", 6, 3)]
    assert not faults(block + text.replace("8, 1", "3, 1"))


def test_reuse_of_what_is_no_submodule_is_an_error() -> None:
    assert faults(arch("c = from input", "reuse c")) == [("A118", 4, 9)]
    assert faults(arch("reuse c", "c = relu"))[0] == ("A118", 3, 9)


def test_reuse_in_a_chain_and_under_a_name() -> None:
    text = arch("a = conv(3, 1)", "b = from input -> reuse a", "add { from a; from b }")
    assert keys(text) == ["a.weight"]
