"""Chapter "Names that nobody gave": stems, numbers, and what numbers follow."""

from __future__ import annotations

import random
from itertools import product

import pytest

import archgen
from archgen.network import LayerNode
from tests.language.ask import arch, fault, faults, paths


def names(*lines: str, head: str = "net", blocks: str = "", **parameters: object) -> str:
    """The names of the children of a network, in order."""
    found = paths(blocks + arch(*lines, head=head), **parameters)
    return " ".join(path for path in found if "." not in path)


# --- in bodies ------------------------------------------------------------------------------------


def test_a_nameless_layer_is_called_after_its_stem_and_place() -> None:
    assert names("conv(4, 1) -> bn -> relu", "conv(4, 1) -> bn") == "conv1 bn1 relu1 conv2 bn2"


def test_each_stem_counts_for_itself() -> None:
    assert names("relu -> tanh -> relu -> tanh") == "relu1 tanh1 relu2 tanh2"


CHAINS = {
    "relu": True,
    "relu -> tanh": True,
    "relu -> reuse c": True,
    "from input -> relu": True,
    "seq { relu }": True,
    "{ relu }": True,
    "param([3, 1, 1])": True,
    "reuse c": False,
    "reuse c -> relu": False,
    "from input -> reuse c -> relu": False,
    "from input": False,
    "identity": False,
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_that_makes_no_submodule_may_have_a_name_that_modules_have(chain: str) -> None:
    """`forward` is a method of every module."""
    lines = ("c = conv(3, 3)", f"forward = {chain}", "add { from forward; from c }")
    if CHAINS[chain]:
        assert fault(arch(*lines)).code == "A104"
    else:
        assert "forward" not in names(*lines)


def test_the_stem_of_a_block_is_its_own_name() -> None:
    blocks = "block unit { relu }\n"
    assert names("unit -> unit", blocks=blocks) == "unit1 unit2"


def test_the_stem_of_a_block_of_another_file_is_its_name_alone() -> None:
    text = "use residual as r\n" + arch("r.basic(3) -> r.basic(3)")
    assert [path for path in paths(text) if "." not in path] == ["basic1", "basic2"]


def test_the_stem_of_an_applied_parameter_is_the_parameter() -> None:
    text = "block b(act, norm=bn) { act -> norm -> act }\n" + arch("b(relu)")
    assert paths(text)[1:] == ["b1.act1", "b1.norm1", "b1.act2"]


def test_the_stem_of_a_constant_layer_is_the_constant() -> None:
    assert names("let act = relu", "act -> relu -> act") == "act1 relu1 act2"


def test_the_stem_of_stage_is_layer_and_of_seq_is_seq() -> None:
    blocks = "block unit { relu }\n"
    lines = ("stage(unit, n=2)", "seq { relu }", "stage(unit)", "seq { relu } -> seq { relu }")
    assert names(*lines, blocks=blocks) == "layer1 seq1 layer2 seq2 seq3"


def test_a_named_layer_spends_no_number() -> None:
    assert names("relu", "a = relu", "relu") == "relu1 a relu2"


def test_a_named_merge_or_group_of_branches_stands_in_the_body() -> None:
    assert names("relu", "a = add { relu; relu }", "relu") == "relu1 relu2 relu3 relu4"


def test_groups_stand_in_the_body() -> None:
    assert names("relu", "{ relu; relu }", "relu") == "relu1 relu2 relu3 relu4"


def test_named_braces_number_their_own() -> None:
    assert paths(arch("relu", "a = { relu; relu }", "relu")) == [
        "relu1", "a", "a.relu1", "a.relu2", "relu2",
    ]  # fmt: skip


def test_unpacked_and_auxiliary_layers_count() -> None:
    assert (
        names("conv(4, 1)", "a, b = split(2)", "from a -> conv(2, 1)", "add { identity; from b }")
        == "conv1 split1 conv2"
    )


def test_identity_spends_a_number_though_it_is_no_submodule() -> None:
    blocks = "block b(act) { act -> relu -> act }\n"
    assert paths(blocks + arch("b(identity)", "b(tanh)")) == [
        "b1", "b1.relu1", "b2", "b2.act1", "b2.relu1", "b2.act2",
    ]  # fmt: skip


def test_a_layer_that_is_none_is_no_link_and_its_number_stays_its_own() -> None:
    blocks = "block b(act=none, other=tanh) { act -> other -> act(); relu }\n"
    assert paths(blocks + arch("b")) == ["b1", "b1.other1", "b1.relu1"]


# --- if -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "made"),
    [(1, "relu1 relu2 relu3 tanh2"), (2, "relu1 tanh1 relu3 tanh2"), (3, "relu3 tanh2")],
)
def test_after_an_if_numbers_go_on_from_its_longest_side(n: int, made: str) -> None:
    lines = ("if n == 1 { relu -> relu } elif n == 2 { relu; tanh }", "relu", "tanh")
    assert names(*lines, head="net(n)", n=n) == made


@pytest.mark.parametrize("deep", [True, False])
def test_the_longest_side_of_nested_ifs(deep: bool) -> None:
    lines = ("if deep { if true { relu } else { relu; relu; relu } }", "relu")
    assert names(*lines, head="net(deep)", deep=deep) == ("relu1 relu4" if deep else "relu4")


def test_loops_count_in_sides_that_are_not_taken() -> None:
    assert names("if false { for i in range(3) { relu } }", "relu") == "relu4"
    assert names("if false { for a, b in [[1, 2], [3, 4]] { relu } }", "relu") == "relu3"


def test_an_inner_loop_may_depend_on_an_outer_one() -> None:
    assert names("if false { for i in range(3) { for j in range(i) { relu } } }", "relu") == "relu4"


def test_constants_of_a_side_that_is_not_taken_are_known_to_its_loops() -> None:
    assert names("if false { let n = 2; for i in range(n) { relu } }", "relu") == "relu3"


def test_a_loop_in_a_side_that_is_not_taken_must_be_countable() -> None:
    found = fault(arch("if false { for i in range(channels) { relu } }", "relu"))
    assert (found.code, found.span.line, found.span.column) == ("A121", 3, 23)
    assert names("if false { for i in range(channels) { a[i] = relu } }", "relu") == "relu1"


def test_a_loop_that_no_such_call_could_run_takes_no_number() -> None:
    text = "block b(xs=none) { if xs != none { for x in xs { conv(x, 1) } }; conv(4, 1) }\n"
    assert paths(text + arch("b", "b([5, 6])")) == [
        "b1", "b1.conv1", "b2", "b2.conv1", "b2.conv2", "b2.conv3",
    ]  # fmt: skip


def test_names_and_merges_in_sides_that_are_not_taken() -> None:
    lines = ("if false { a = relu; b = relu -> relu; c = add { relu; { relu } } }", "relu")
    assert names(*lines) == "relu3"


def test_an_if_in_a_merge_counts_as_any_other() -> None:
    lines = ("add { identity; if n > 1 { relu; relu } else { tanh } }", "relu", "tanh")
    assert names(*lines, head="net(n)", n=1) == "tanh1 relu3 tanh2"
    assert names(*lines, head="net(n)", n=2) == "relu1 relu2 relu3 tanh2"


def test_a_stem_that_both_sides_have_counts_once() -> None:
    lines = ("if n > 1 { relu } else { relu }", "relu")
    assert names(*lines, head="net(n)", n=1) == names(*lines, head="net(n)", n=2) == "relu1 relu2"


# --- for ------------------------------------------------------------------------------------------


def test_each_pass_of_a_for_counts() -> None:
    assert names("for i in range(3) { relu }", "relu") == "relu1 relu2 relu3 relu4"


def test_passes_that_take_different_sides() -> None:
    lines = ("for i in range(3) { if i == 1 { relu; relu } else { tanh } }", "relu", "tanh")
    assert names(*lines) == "tanh1 relu3 relu4 tanh3 relu7 tanh4"


def test_a_loop_that_does_not_run_takes_no_number() -> None:
    assert names("for i in range(0) { relu }", "relu") == "relu1"


# --- names that are taken -------------------------------------------------------------------------


def test_a_name_that_is_taken_is_an_error_with_a_hint() -> None:
    found = fault(arch("relu1 = tanh", "relu"))
    assert (found.code, found.span.line, found.span.column) == ("A103", 4, 3)
    assert found.help == "name it: `... = relu`"


def test_a_name_that_a_nameless_layer_has_is_an_error() -> None:
    assert faults(arch("relu", "relu1 = tanh")) == [("A103", 4, 3)]


def test_a_nameless_layer_in_a_loop_has_no_hidden_name() -> None:
    assert faults(arch("relu -> relu", "from relu1 -> tanh"))[0] == ("A113", 4, 8)


# --- in seq and named chains ----------------------------------------------------------------------


def test_in_seq_every_layer_takes_the_next_number() -> None:
    assert paths(arch("s = seq { relu; tanh -> relu; seq { gelu } }")) == [
        "s", "s.0", "s.1", "s.2", "s.3", "s.3.0",
    ]  # fmt: skip


def test_in_seq_a_named_child_keeps_its_name_and_counts() -> None:
    assert paths(arch("s = seq { relu; a = tanh; relu; b = relu -> tanh; relu }")) == [
        "s", "s.0", "s.a", "s.2", "s.b", "s.b.0", "s.b.1", "s.4",
    ]  # fmt: skip


def test_in_seq_a_quoted_number_may_be_a_name() -> None:
    assert paths(arch('s = seq { "3" = relu; tanh }'))[1:] == ["s.3", "s.1"]
    assert faults(arch('s = seq { relu; "2" = relu; tanh }'))[0][0] == "A103"


def test_in_seq_groups_if_and_for_are_transparent_and_numbers_follow_what_is_taken() -> None:
    lines = (
        "s = seq { { relu; relu }; if n > 1 { relu; relu }; for i in range(n) { relu }; tanh }",
    )
    text = arch(*lines, head="net(n)")
    assert paths(text, n=1)[1:] == ["s.0", "s.1", "s.2", "s.3"]
    assert paths(text, n=2)[1:] == [f"s.{i}" for i in range(7)]


def test_in_seq_a_merge_or_from_is_an_error_with_a_hint() -> None:
    for inside in ("add { identity; relu }", "from input", "if true { concat { relu } }"):
        found = fault(arch(f"s = seq {{ {inside} }}"))
        assert found.code == "A117"
        assert "make it a block" in (found.help or "")


def test_in_a_named_chain_a_merge_or_from_is_an_error() -> None:
    assert faults(arch("s = relu -> add { identity; relu }")) == [("A117", 3, 15)]
    assert faults(arch("a = relu", "s = relu -> from a")) == [("A117", 4, 15)]


def test_in_a_named_chain_groups_are_transparent() -> None:
    assert paths(arch("s = relu -> { tanh; relu } -> tanh")) == [
        "s", "s.0", "s.1", "s.2", "s.3",
    ]  # fmt: skip


def test_in_seq_identity_is_a_child() -> None:
    assert paths(arch("s = seq { identity; relu }")) == ["s", "s.0", "s.1"]


def test_in_seq_a_layer_that_is_none_takes_no_number() -> None:
    text = "block cna(act=none) = seq { conv(4, 1); act; bn }\n" + arch("cna", "cna(relu)")
    assert paths(text) == [
        "cna1", "cna1.0", "cna1.1", "cna2", "cna2.0", "cna2.1", "cna2.2",
    ]  # fmt: skip


def test_an_empty_seq_is_an_empty_nn_sequential() -> None:
    text = "block b(act=none) { s = seq { act } }\n" + arch("b")
    assert paths(text) == ["b1", "b1.s"]


def test_a_stage_in_seq_takes_one_number() -> None:
    text = "block u { relu }\n" + arch("s = seq { stage(u, n=1); tanh }")
    assert paths(text) == ["s", "s.0", "s.0.0", "s.0.0.relu1", "s.1"]


def test_nothing_but_a_sequential_lives_in_a_sequential() -> None:
    assert faults(arch("s = seq { p = param([3, 1, 1]) }")) == [("A117", 3, 17)]
    assert faults(arch("s = seq { a[0] = relu }")) == [("A117", 3, 13)]
    assert faults(arch("s = seq { a = relu; reuse a }")) == [("A117", 3, 23)]
    assert faults(arch("s = seq { aux a = relu }"))[0][0] == "A123"


# --- the law --------------------------------------------------------------------------------------


def random_body(chosen: random.Random, depth: int = 3) -> str:
    """Statements with nameless layers in groups, merges and sides that parameters decide."""
    lines = []
    for _ in range(chosen.randint(1, 3)):
        inner = random_body(chosen, depth - 1) if depth else "relu"
        other = random_body(chosen, depth - 1) if depth else "tanh"
        lines.append(
            chosen.choice(
                [
                    "relu",
                    "tanh -> relu",
                    "{ " + inner + " }",
                    "add { identity; { " + inner + " } }",
                    f"if {chosen.choice('abc')} {{ {inner} }} else {{ {other} }}",
                    f"if {chosen.choice('abc')} {{ {inner} }} elif a {{ {other} }}",
                    "for i in range(2) { relu -> tanh }",
                ]
            )
        )
    return "; ".join(lines)


@pytest.mark.parametrize("seed", range(40))
def test_a_layer_has_one_name_whichever_sides_are_taken(seed: int) -> None:
    text = arch(random_body(random.Random(seed)), head="net(a, b, c)")
    known: dict[tuple[int, int], str] = {}
    for a, b, c in product([False, True], repeat=3):
        times: dict[int, int] = {}
        for node in archgen.loads(text, a=a, b=b, c=c).body.nodes:
            if isinstance(node, LayerNode):
                times[node.span.start] = times.get(node.span.start, 0) + 1
                place = (node.span.start, times[node.span.start])
                assert known.setdefault(place, node.name) == node.name
