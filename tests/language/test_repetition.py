"""Chapter "Repetition": `stage`, and loops for what differs from call to call."""

from __future__ import annotations

import pytest

import archgen
from archgen.network import CallNode
from tests.language.ask import arch, fault, faults, keys, paths, result, sizes

UNIT = "block unit(out, stride=1, groups=1) { conv(out, 3, stride=stride, groups=groups) }\n"


def test_the_example_of_the_card() -> None:
    text = "use residual\n" + arch("stage(bottleneck, 256, n=3, stride=2, groups=32)")
    made = sizes(text)
    assert result(text) == (256, 16, 16)
    assert made["layer1.0.conv2.weight"] == (64, 2, 3, 3)  # inside out // 4, in 32 groups
    assert [key for key in made if key.startswith("layer1.2.conv")] == [
        "layer1.2.conv1.weight",
        "layer1.2.conv2.weight",
        "layer1.2.conv3.weight",
    ]


def test_a_stage_is_n_calls_in_an_nn_sequential() -> None:
    assert paths(UNIT + arch("s = stage(unit, 4, n=3)")) == [
        "s",
        "s.0",
        "s.0.conv1",
        "s.1",
        "s.1.conv1",
    ]  # fmt: skip (a repeat of equal calls is met once)
    assert keys(UNIT + arch("s = stage(unit, 4, n=3)")) == [f"s.{i}.conv1.weight" for i in range(3)]


def test_the_first_call_gets_the_stride_and_the_others_1() -> None:
    assert result(UNIT + arch("stage(unit, 4, n=3, stride=2)")) == (4, 16, 16)


def test_n_is_1_without_a_word() -> None:
    assert keys(UNIT + arch("stage(unit, 4)")) == ["layer1.0.conv1.weight"]


def test_all_else_goes_to_every_call() -> None:
    made = sizes(UNIT + arch("stage(unit, 4, groups=2, n=2)", size="4, 8, 8"))
    assert set(made.values()) == {(4, 2, 3, 3)}


def test_a_stage_of_layers() -> None:
    assert result(arch("stage(conv, 4, 3, stride=2, n=2)")) == (4, 16, 16)


def test_a_stage_of_a_block_that_brings_arguments() -> None:
    assert result(UNIT + arch("stage(unit(8), n=2, stride=2)")) == (8, 16, 16)


def test_a_stage_of_a_block_that_is_a_parameter() -> None:
    text = UNIT + "block trunk(what) { stage(what, 4, n=2) }\n" + arch("trunk(unit)")
    assert keys(text) == [f"trunk1.layer1.{i}.conv1.weight" for i in range(2)]


def test_a_stride_without_such_a_parameter_is_an_error() -> None:
    text = "block b(out) { conv(out, 1) }\n" + arch("stage(b, 4, stride=%d)")
    assert faults(text % 2) == [("A120", 4, 15)]
    assert faults(text % 1) == [("A120", 4, 15)]


def test_a_block_with_a_parameter_n_is_an_error() -> None:
    assert faults("block b(n=1) { relu }\n" + arch("stage(b)")) == [("A120", 4, 3)]


def test_a_stride_that_the_block_brings_is_an_error() -> None:
    assert faults(UNIT + arch("stage(unit(4, stride=2), n=2)")) == [("A120", 4, 9)]


def test_how_often_is_said_by_name() -> None:
    """What the call of the block gives, the stage does not give again."""
    assert faults(arch("stage(conv(16, 3), 3)")) == [("A108", 3, 22)]
    assert faults(arch("stage(conv(16, 3), out=8)")) == [("A108", 3, 22)]
    assert faults(arch("stage(conv(kernel=3), 16, 5)")) == [("A108", 3, 29)]
    assert result(arch("stage(conv(kernel=3), 16, n=2)")) == (16, 32, 32)
    text = "block trunk(what=conv(16, 3)) { stage(what, 8) }\n" + arch("trunk")
    assert result(text) == (8, 32, 32)


@pytest.mark.parametrize("n", ["0", "-1", "2.0", "true", '"3"', "none"])
def test_n_is_an_integer_of_at_least_1(n: str) -> None:
    assert faults(UNIT + arch(f"stage(unit, 4, n={n})")) == [("A109", 4, 18)]


def test_what_is_repeated_must_be_a_layer_or_block() -> None:
    assert faults(arch("stage(3, n=2)")) == [("A120", 3, 9)]
    assert faults(arch("stage()")) == [("A120", 3, 3)]


def test_a_stage_is_no_value_but_a_block_may_be_a_stage() -> None:
    assert faults(UNIT + arch("let s = stage(unit, 4)")) == [("A112", 4, 11)]
    text = UNIT + "block twice(out) = stage(unit, out, n=2)\n" + arch("twice(4)", "t = twice(5)")
    assert keys(text)[::2] == ["twice1.0.conv1.weight", "t.0.conv1.weight"]


def test_equal_calls_are_one_node_with_a_count() -> None:
    net = archgen.loads(UNIT + arch("stage(unit, 4, n=10 ** 9, stride=2)"))
    (stage,) = net.body.nodes
    assert isinstance(stage, CallNode)
    assert [(node.name, node.count) for node in stage.body.nodes if isinstance(node, CallNode)] == [
        ("0", 1),
        ("1", 10**9 - 1),
    ]
    assert net.params == 4 * 3 * 9 + (10**9 - 1) * 4 * 4 * 9


def test_calls_whose_input_changes_are_told_apart() -> None:
    text = "block grow { conv(channels + 2, 1) }\n" + arch("stage(grow, n=3)")
    assert list(sizes(text).values()) == [(5, 3, 1, 1), (7, 5, 1, 1), (9, 7, 1, 1)]


def test_what_differs_otherwise_is_written_as_a_loop() -> None:
    text = UNIT + arch(
        "blocks = seq { for i in range(3) { unit(4 * (i + 1), stride=2 if i == 0 else 1) } }"
    )
    assert list(sizes(text).values()) == [(4, 3, 3, 3), (8, 4, 3, 3), (12, 8, 3, 3)]
    assert result(text) == (12, 16, 16)


def test_the_example_with_drop_rates() -> None:
    text = """
block mbconv(out, stride=1, drop=0.0) { conv(out, 3, stride=stride) -> bn -> dropout(drop) }
block stages(out, n, stride, rate=0.2, first=0, total=4) {
  blocks = seq {
    for i in range(n) {
      mbconv(out, stride=stride if i == 0 else 1, drop=rate * (first + i) / total)
    }
  }
}
"""
    assert result(text + arch("stages(8, 3, 2)")) == (8, 16, 16)


def test_a_fault_in_a_stage_says_which_call() -> None:
    text = "block half { expect channels > 3; conv(channels // 2, 1) }\n"
    found = fault(text + arch("conv(16, 1)", "blocks = stage(half, n=4)"))
    assert found.code == "A302"
    assert [frame.text for frame in found.trail] == ["stage blocks, half, call 4 of 4"]
