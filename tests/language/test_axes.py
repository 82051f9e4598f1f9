"""Chapter "Axes": the batch is never named, and every value knows which axis holds its features."""

from __future__ import annotations

import pytest

import archgen
from archgen.shapes import Shape
from tests.language.ask import arch, fault, faults, paths, result, sizes

TOKENS = "permute([1, 2, 0])"  # an image's features become its last axis


def last(*lines: str, size: str = "3, 8, 8") -> Shape:
    """The value that a network ends with, with the axis of its features."""
    body = archgen.loads(arch(*lines, size=size)).body
    return body.values[body.outputs[0].value]


# --- axes count from 0 after the batch ------------------------------------------------------------


def test_axes_count_from_0_after_the_batch() -> None:
    assert result(arch("permute([2, 0, 1])", size="3, 8, 16")) == (16, 3, 8)
    assert result(arch("flatten(start=1)", size="3, 8, 16")) == (3, 128)
    assert result(arch("concat(axis=1) { identity; identity }", size="3, 8, 16")) == (3, 16, 16)
    assert result(arch("mean(2)", size="3, 8, 16")) == (3, 8)
    assert faults(arch("softmax(axis=3)", size="3, 8, 16"))[0][0] == "A201"
    assert result(arch("conv(shape[2], 1)", size="3, 8, 16")) == (16, 8, 16)


# --- which axis holds the features ----------------------------------------------------------------


def test_features_are_first_for_images_and_signals() -> None:
    assert last("relu").axis == 0
    assert last("relu", size="3, 64").axis == 0


def test_an_input_of_tokens_says_so() -> None:
    assert result(arch("linear(5)", size="16, 8, axis=1")) == (16, 5)
    assert faults(arch("linear(5)", size="16, 8")) == [("A201", 3, 3)]


def test_permute_carries_the_features_along() -> None:
    assert last(TOKENS) == Shape((8, 8, 3), 2)
    assert last(TOKENS, "permute([2, 0, 1])") == Shape((3, 8, 8), 0)
    assert last("permute([1, 0, 2])") == Shape((8, 3, 8), 1)


def test_flatten_and_reshape_keep_them_first_if_they_were_first() -> None:
    assert last("flatten(start=1)") == Shape((3, 64), 0)
    assert last("reshape([3, 16, 4])") == Shape((3, 16, 4), 0)


def test_flatten_and_reshape_keep_them_last_if_they_were_last() -> None:
    assert last(TOKENS, "reshape([64, 3])") == Shape((64, 3), 1)
    assert last(TOKENS, "flatten").axis == 0
    assert last(TOKENS, "flatten") == Shape((192,), 0)


def test_a_vector_has_one_axis_which_is_first_and_last() -> None:
    assert result(arch("flatten -> bn -> linear(4) -> layer_norm -> bn", size="3, 8, 8")) == (4,)


def test_channels_is_the_size_of_the_features() -> None:
    assert result(arch(TOKENS, "linear(2 * channels)", size="3, 8, 8")) == (8, 8, 6)
    assert result(
        arch("permute([1, 0, 2])", "mean(2) -> permute([1, 0])", "conv(channels, 1)")
    ) == (3, 32)


# --- who needs them where -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    ["conv(4, 1)", "conv_transpose(4, 2)", "maxpool(2)", "avgpool(2)", "global_avgpool",
     "adaptive_avgpool(2)", "layer_norm2d", "group_norm(1)", "instance_norm", "lrn(3)", "l2_norm"],
)  # fmt: skip
def test_convolutions_and_pools_need_them_first(layer: str) -> None:
    found = fault(arch(TOKENS, "relu", layer))
    assert (found.code, found.span.line) == ("A201", 5)
    assert "permute([2, 0, 1])" in (found.help or "")
    assert "permute([2, 0, 1])" not in (fault(arch(TOKENS, layer)).help or "")  # just done


@pytest.mark.parametrize("layer", ["linear(4)", "layer_norm"])
def test_linear_and_layer_norm_need_them_last(layer: str) -> None:
    found = fault(arch(layer))
    assert (found.code, found.span.line) == ("A201", 3)
    assert "flatten" in (found.help or "")
    assert "permute([1, 2, 0])" in (found.help or "")


def test_bn_follows_them() -> None:
    text = arch(TOKENS, "bn -> linear(6) -> bn", size="3, 8, 8")
    assert result(text) == (8, 8, 6)
    assert sizes(text)["bn1.running_mean"] == (3,)
    assert sizes(text)["bn2.weight"] == (6,)
    between = fault(arch("permute([1, 0, 2]) -> relu -> bn"))
    assert (between.code, between.help) == ("A201", "put `permute([1, 0, 2])` before it")


def test_concat_and_split_follow_them() -> None:
    text = arch(TOKENS, "a, b, c = split(3)", "concat { from c; from b; from a; from a }")
    assert result(text) == (32, 32, 4)


def test_branches_with_features_on_different_axes_do_not_merge() -> None:
    text = arch("add { identity; permute([2, 1, 0]) }", size="8, 8, 8")
    assert faults(text) == [("A203", 3, 3)]


# --- the rank chooses the layer -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "kernel", "out"),
    [
        ("2, 64", (4, 2, 3), (4, 32)),
        ("2, 16, 16", (4, 2, 3, 3), (4, 8, 8)),
        ("2, 8, 8, 8", (4, 2, 3, 3, 3), (4, 4, 4, 4)),
    ],
)
def test_the_rank_of_input_chooses_1d_2d_or_3d(
    size: str, kernel: tuple[int, ...], out: tuple[int, ...]
) -> None:
    text = arch("conv(4, 3) -> bn -> maxpool(2)", size=size)
    assert sizes(text)["conv1.weight"] == kernel
    assert result(text) == out


def test_a_vector_has_no_spatial_axes() -> None:
    assert faults(arch("conv(4, 1)", size="3")) == [("A201", 3, 3)]


# --- one number or one for each axis; padding -----------------------------------------------------


def test_a_kernel_is_one_integer_or_one_for_each_axis() -> None:
    made = sizes(arch("conv(4, [3, 1], stride=[2, 1])"))
    assert made["conv1.weight"] == (4, 3, 3, 1)
    assert result(arch("conv(4, [3, 1], stride=[2, 1])")) == (4, 16, 32)
    assert faults(arch("conv(4, [3])")) == [("A201", 3, 11)]


@pytest.mark.parametrize(
    ("layer", "out"),
    [
        ("conv(4, 3)", (4, 32, 32)),  # odd, larger than the stride: half of it
        ("conv(4, 7, stride=2)", (4, 16, 16)),
        ("conv(4, 3, dilation=4)", (4, 32, 32)),
        ("conv(4, 4, stride=4)", (4, 8, 8)),  # not larger than the stride: none
        ("conv(4, 3, stride=3)", (4, 10, 10)),
        ("maxpool(2)", (3, 16, 16)),
        ("maxpool(3, stride=2)", (3, 16, 16)),
        ("avgpool([3, 1], stride=[1, 1])", (3, 32, 32)),
    ],
)
def test_padding_auto(layer: str, out: tuple[int, ...]) -> None:
    assert result(arch(layer)) == out


def test_an_even_kernel_larger_than_the_stride_must_say_its_padding() -> None:
    assert faults(arch("conv(4, 4, stride=2)"))[0][0] == "A205"
    assert faults(arch("maxpool(2, stride=1)"))[0][0] == "A205"
    assert result(arch("conv(4, 4, stride=2, padding=1)")) == (4, 16, 16)


def test_flatten_and_global_avgpool() -> None:
    assert result(arch("global_avgpool")) == (3, 1, 1)
    assert result(arch("global_avgpool -> flatten")) == (3,)
    assert paths(arch("flatten(start=0)")) == ["flatten1"]


# --- which axis they are, said by the author ------------------------------------------------------


def test_features_are_where_they_are_said_to_be() -> None:
    assert last("permute([1, 0], features=1)", size="16, 8, axis=1") == Shape((8, 16), 1)
    assert last("permute([1, 2, 0], features=0)") == Shape((8, 8, 3), 0)
    assert last("reshape([3, 64], features=-1)") == Shape((3, 64), 1)
    assert last("permute([1, 0, 2]) -> reshape([8, 24], features=0)") == Shape((8, 24), 0)
    assert fault(arch("permute([1, 2, 0], features=3)")).code == "A201"


def test_token_mixing_is_three_lines() -> None:
    text = arch("permute([1, 0], features=1)", "linear(16)", "permute([1, 0], features=1)",
                "linear(8)", size="16, 8, axis=1")  # fmt: skip
    assert sizes(text) == {
        "linear1.weight": (16, 16), "linear1.bias": (16,),
        "linear2.weight": (8, 8), "linear2.bias": (8,),
    }  # fmt: skip


def test_a_step_that_left_the_features_elsewhere_is_told_to_say_where_they_are() -> None:
    found = fault(arch("permute([1, 0])", "linear(5)", size="16, 8, axis=1"))
    assert "`permute([1, 0], features=1)`" in (found.help or "")
    assert [edit.replacement for edit in found.fix] == ["permute([1, 0], features=1)"]
    found = fault(arch("reshape([3, 64])", "linear(5)", size="3, 8, 8"))
    assert "`reshape([3, 64], features=1)`" in (found.help or "")


def test_a_negative_axis_counts_from_the_last() -> None:
    assert result(arch("mean([-1, -2])", size="3, 8, 16")) == (3,)
    assert result(arch("concat(axis=-1) { identity; identity }", size="3, 8, 16")) == (3, 8, 32)
    for line in ("mean(-4)", "softmax(-4)", "flatten(-4)", "select(0, -4)", "l2_norm(-4)",
                 "permute([0, 1, -4])", "mean([0, -3])"):  # fmt: skip
        assert fault(arch(line)).code == "A201", line
    assert fault(arch("concat(axis=-4) { identity; identity }")).code == "A203"


def test_an_axis_in_parts() -> None:
    assert result(arch("a, b = split(2, axis=1); mul { from a; from b }")) == (3, 16, 32)
    assert fault(arch("a, b, c = split(3, axis=1); add { from a; from b; from c }")).code == "A202"
    assert result(arch("a, b, c = unbind(0); add { from a; from b; from c }")) == (32, 32)
    assert fault(arch("a = unbind(0)", size="1, 8, 8")).code == "A201"
