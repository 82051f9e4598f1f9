"""Chapter "Branches": what a branch of a merge is, and what merging does to shapes."""

from __future__ import annotations

import pytest

import archgen
from archgen.network import MergeNode
from tests.language.ask import arch, fault, faults, paths, result

IMAGE = "8, 16, 16"


def branches(*lines: str, size: str = IMAGE, **parameters: object) -> int:
    """How many branches the one merge of a network has."""
    head = f"net({', '.join(parameters)})"
    net = archgen.loads(arch(*lines, size=size, head=head), **parameters)
    (merge,) = [node for node in net.body.nodes if isinstance(node, MergeNode)]
    return len(merge.inputs)


def test_every_statement_is_a_branch_and_all_start_from_the_current_value() -> None:
    text = arch("concat { conv(4, 1); conv(5, 1) -> conv(6, 1); identity }", size=IMAGE)
    assert result(text) == (4 + 6 + 8, 16, 16)


def test_braces_make_one_branch_of_several_statements() -> None:
    assert result(arch("concat { { conv(4, 1); conv(5, 1) }; identity }", size=IMAGE)) == (
        13,
        16,
        16,
    )


def test_named_branches() -> None:
    text = arch("concat { a = conv(4, 1); b = conv(5, 1) }", "add { from b; conv(5, 1) }")
    assert paths(text) == ["a", "b", "conv1"]


def test_the_taken_side_of_an_if_is_one_branch() -> None:
    lines = ("concat { identity; if n > 0 { relu; relu } else { tanh } }",)
    assert branches(*lines, n=1) == 2
    assert branches(*lines, n=0) == 2


def test_a_side_that_is_not_taken_or_holds_nothing_is_no_branch() -> None:
    assert branches("concat { identity; if n > 0 { relu } }", n=0) == 1
    assert branches("concat { identity; if n > 0 { } else { relu } }", n=1) == 1
    assert branches("concat { identity; if n > 0 { let a = 1 } }", n=1) == 1


def test_each_pass_of_a_for_is_one_branch() -> None:
    assert branches("concat { for i in range(3) { conv(4, 1); relu } }") == 3


def test_a_pass_that_holds_nothing_is_no_branch() -> None:
    assert branches("concat { identity; for i in range(3) { } }") == 1


def test_a_side_or_pass_that_holds_only_another_if_or_for_is_looked_into() -> None:
    assert branches("concat { for i in range(2) { for j in range(3) { relu } } }") == 6
    assert branches("concat { for i in range(3) { if i > 0 { relu } } }") == 2
    assert branches("concat { if n > 0 { for i in range(3) { relu } } }", n=1) == 3


def test_a_side_that_holds_more_is_not_looked_into() -> None:
    assert branches("concat { for i in range(2) { relu; for j in range(3) { relu } } }") == 2


def test_one_branch_is_allowed_and_none_is_an_error() -> None:
    assert branches("add { relu }") == 1
    assert faults(arch("add { }")) == [("A203", 3, 3)]
    assert faults(arch("relu -> concat { if channels == 1 { relu } }")) == [("A203", 3, 11)]


def test_a_list_of_values_is_read_item_by_item() -> None:
    some = "for i in range(3) { x[i] = conv(4, 1) }"
    text = arch(some, "concat { for y in from x { from y }; from input }")
    assert result(text) == (15, 32, 32)
    found = fault(arch(some, "concat { from x; from input }"))
    assert (found.code, found.span.line, found.span.column) == ("A115", 4, 12)
    assert "for x in from xs" in (found.help or "")


@pytest.mark.parametrize("merge", ["add", "mul"])
def test_add_and_mul_broadcast_sizes_of_1(merge: str) -> None:
    assert result(arch(f"{merge} {{ identity; global_avgpool }}", size=IMAGE)) == (8, 16, 16)
    assert result(arch(f"{merge} {{ global_avgpool; conv(1, 1) }}", size=IMAGE)) == (8, 16, 16)


def test_concat_does_not_broadcast() -> None:
    assert faults(arch("concat { identity; global_avgpool }", size=IMAGE)) == [("A203", 3, 3)]


def test_concat_joins_the_channels_or_a_given_axis() -> None:
    assert result(arch("concat { identity; identity }", size=IMAGE)) == (16, 16, 16)
    assert result(arch("concat(axis=1) { identity; identity }", size=IMAGE)) == (8, 32, 16)
    assert result(arch("concat(2) { identity; identity }", size=IMAGE)) == (8, 16, 32)
    assert faults(arch("concat(axis=3) { identity; identity }", size=IMAGE)) == [("A203", 3, 3)]
    assert faults(arch("add(axis=1) { identity; identity }", size=IMAGE)) == [("A106", 3, 7)]


def test_branches_that_disagree_are_shown_with_their_shapes() -> None:
    text = arch("add {", "  conv(4, 1, stride=2) -> bn", "  identity", "}", size=IMAGE)
    found = fault(text)
    assert (found.code, found.span.line, found.span.column) == ("A203", 3, 3)
    assert [(each.span.line, each.text) for each in found.labels[1:]] == [
        (4, "4 x 8 x 8"),
        (5, "8 x 16 x 16"),
    ]
    assert found.help


def test_branches_with_different_ranks_are_an_error() -> None:
    assert faults(arch("add { identity; flatten }", size=IMAGE)) == [("A203", 3, 3)]


def test_a_merge_in_a_merge() -> None:
    text = arch("add { mul { identity; sigmoid }; { relu; concat { identity } } }", size=IMAGE)
    assert paths(text) == ["sigmoid1", "relu1"]


def test_what_is_no_branch_is_refused() -> None:
    assert faults(arch("a = relu", "add { identity; output a }"))[0][0] == "A123"


def test_let_and_init_in_a_merge_are_no_branches() -> None:
    assert branches("concat { let n = 4; conv(n, 1); init(conv.weight, zeros); relu }") == 2


def test_a_let_in_a_merge_holds_in_its_braces() -> None:
    assert faults(arch("add { let n = 3; conv(n, 1) }", "conv(n, 1)")) == [("A101", 4, 8)]


def test_numbers_of_names_go_on_through_branches() -> None:
    assert paths(arch("add { relu; { relu; relu } }", "relu")) == [
        "relu1", "relu2", "relu3", "relu4",
    ]  # fmt: skip


def test_the_example_of_an_inverted_residual() -> None:
    text = (
        "block ir(hidden, out, stride=1) {\n"
        + """
add {
  conv = seq { conv(hidden, 1) -> bn; conv(out, 3) -> bn }
  if stride == 1 and channels == out { identity }
}
}
"""
    )
    assert paths(text + arch("ir(16, 3)"))[1:] == [
        "ir1.conv", "ir1.conv.0", "ir1.conv.1", "ir1.conv.2", "ir1.conv.3",
    ]  # fmt: skip
    assert result(text + arch("ir(16, 4)")) == (4, 32, 32)


def test_the_example_of_dilated_branches() -> None:
    text = arch("concat { for r in [12, 24, 36] { conv(256, 3, dilation=r) -> bn -> relu } }")
    assert result(text) == (768, 32, 32)
