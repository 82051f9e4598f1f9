"""Figures by hand, from papers, and from what a repeat must be: so many times one."""

from __future__ import annotations

import time

import pytest

import archgen
from archgen.analysis.figures import Figures, figures
from archgen.analysis.histories import Histories
from archgen.analysis.receptive import ReceptiveFields
from archgen.analysis.views import extent
from tests import networks


def measured(text: str, **parameters: object) -> Figures:
    return figures(archgen.loads(text, **parameters))


def line(body: str) -> Figures:
    return measured(f"arch line {{ input(3, 64, 64); {body} }}")


def test_a_layer_by_hand() -> None:
    known = line("conv(8, 3, stride=2, bias=true) -> bn -> relu")
    assert known.params == 3 * 8 * 9 + 8 + 8 + 8
    assert known.buffers == 8 + 8 + 1
    assert known.macs == 3 * 8 * 9 * 32 * 32
    assert known.flops == 2 * known.macs
    assert known.activations == 8 * 32 * 32
    assert known.depth == 1
    assert [str(shape) for shape in known.outputs] == ["8 x 32 x 32"]
    assert known.reduction == (2, 2)
    assert known.receptive_field == (3, 3)


# --- published ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "depth"),
    [("resnet18", 18), ("resnet50", 50), ("resnet152", 152), ("densenet121", 121)],
)
def test_depth_is_the_number_in_the_name(name: str, depth: int) -> None:
    assert figures(archgen.load(name)).depth == depth


@pytest.mark.parametrize(
    ("name", "field"), [("resnet50_v1", 483), ("resnet101_v1", 1027), ("resnet152_v1", 1507)]
)
def test_receptive_fields_are_those_of_araujo_et_al(name: str, field: int) -> None:
    """ "Computing Receptive Fields of Convolutional Neural Networks" (2019), table 1."""
    known = figures(archgen.load(name))
    assert known.receptive_field == (field, field)
    assert known.reduction == (32, 32)


def test_activations_are_those_of_the_regnet_paper() -> None:
    """Radosavovic et al. 2020, table 4: ResNet-50 has 11.1 M, ResNeXt-50 14.4 M."""
    assert round(figures(archgen.load("resnet50")).activations / 1e6, 1) == 11.1
    assert round(figures(archgen.load("resnext50_32x4d")).activations / 1e6, 1) == 14.4


# --- repeats and shared bodies ------------------------------------------------------------


def test_a_billion_blocks_are_counted_exactly_and_at_once() -> None:
    started = time.perf_counter()
    few, more, long = (measured(networks.LONG, n=n) for n in (1, 2, 10**9))
    assert time.perf_counter() - started < 2
    for name in ("params", "buffers", "macs", "activations", "depth"):
        first, second, last = (getattr(known, name) for known in (few, more, long))
        assert last == first + (10**9 - 1) * (second - first), name
    assert long.depth == 2 * 10**9 + 2


def test_a_body_that_is_called_2_to_the_40_times_is_counted_once() -> None:
    known = measured(networks.TOWER)
    assert known.depth == 2**40
    assert known.params == 2**40 * 4 * 4 * 9
    assert known.receptive_field == (2**41 + 1, 2**41 + 1)


def test_what_is_reused_has_its_weights_once_and_works_twice() -> None:
    known = measured(networks.SIAMESE)
    encoder = (8 * 9 + 8) + (16 * 8 * 9 + 16) + (16 * 16 + 16)
    assert known.params == encoder + 16 + 1
    assert known.macs == 2 * (8 * 9 * 16 * 16 + 16 * 8 * 9 * 8 * 8 + 16 * 16) + 16
    assert known.depth == 4


def test_a_training_head_has_weights_and_no_work() -> None:
    headed = measured(networks.HEADED)
    bare = measured(networks.HEADED.replace("  aux early = head(classes)\n", ""))
    assert headed.params == bare.params + (16 * 8) + (8 * 10 + 10)
    assert (headed.macs, headed.depth, headed.activations) == (
        bare.macs,
        bare.depth,
        bare.activations,
    )
    assert headed.outputs == bare.outputs


# --- paths --------------------------------------------------------------------------------


def test_depth_follows_each_input_of_a_block_by_itself() -> None:
    """The deep value enters by the shallow side of `join`: 3 + 0, not 3 + 2."""
    known = measured(
        """
        block join(side) { add { { conv(3, 1); conv(3, 1) }; from side } }
        arch two {
          input(3, 8, 8)
          deep = seq { conv(3, 1); conv(3, 1); conv(3, 1) }
          from input
          join(side=from deep)
        }
        """
    )
    assert known.depth == 3


def test_a_merge_sees_what_its_widest_branch_sees() -> None:
    known = line("add { conv(3, 3, dilation=4); conv(3, 5); identity } -> conv(3, 3)")
    assert known.receptive_field == (11, 11)
    assert known.depth == 2


def test_resampling_brings_places_nearer() -> None:
    """After a reduction by two and an enlargement by two, a 3x3 sees 3 places of the input."""
    known = line("conv(8, 2, stride=2); upsample(scale=2); conv(8, 3)")
    assert known.reduction == (1, 1)
    assert known.receptive_field == (4, 4)


SQUEEZED = "mul { identity; { global_avgpool; conv(8, 1); sigmoid } }"


def test_behind_a_global_layer_everything_is_seen() -> None:
    plain, squeezed = line("conv(8, 3, stride=2)"), line(f"conv(8, 3, stride=2); {SQUEEZED}")
    assert plain.receptive_field == (3, 3)
    assert squeezed.receptive_field == ("all", "all")
    assert plain.reduction == squeezed.reduction


def test_what_no_layer_reads_is_not_seen() -> None:
    """The last window of stride 4 ends at row 62 of 0 to 63."""
    assert line(f"conv(8, 3, stride=4); {SQUEEZED}").receptive_field == (63, 63)


CASES = {
    "conv(1, 7) -> conv(1, 3, stride=2) -> conv(1, 3)": 13,
    "conv(1, 7); reshape([1, 32, 2, 32, 2]); permute([0, 2, 4, 1, 3]); reshape([4, 32, 32]); "
    "conv(4, 3)": 12,
    "conv(1, 3, stride=2); conv(1, 3); upsample(2); conv(1, 3)": 9,
    'conv(1, 3, stride=2); conv(1, 3); upsample(2, mode="bilinear"); conv(1, 3)': 11,
    "conv(1, 3, stride=2); conv(1, 3); conv_transpose(1, 4, stride=2, padding=1); conv(1, 3)": 11,
    "conv(1, 3, stride=2); conv_transpose(1, 2, stride=2); conv(1, 3)": 5,
    "conv(1, 3, dilation=4); conv(1, 3, stride=2); conv(1, 3, dilation=2)": 19,
    "c = conv(1, 3); conv(1, 3, stride=2); conv(1, 3, stride=2); upsample(4); "
    "add { identity; from c }; conv(1, 3)": 13,
    "maxpool(3, stride=2, ceil_mode=true) -> conv(4, 3)": 7,
}


@pytest.mark.parametrize("body", CASES)
def test_receptive_fields_through_all_that_resamples(body: str) -> None:
    """As gradients show them."""
    known = measured(f"arch line {{ input(1, 64, 64); {body} }}")
    assert set(known.receptive_field) == {CASES[body]}


def test_where_a_figure_cannot_be_said_it_is_not_guessed() -> None:
    """Rows of three are not rows of two."""
    known = measured(
        "arch line { input(1, 12, 12); reshape([1, 8, 18]); conv(1, 3); reshape([1, 12, 12]) }"
    )
    assert "unknown" in known.receptive_field


@pytest.mark.parametrize("merge", ["add", "concat"])
@pytest.mark.parametrize("other", ["identity", "conv(1, 3)"])
def test_what_is_not_known_of_one_branch_is_not_known_of_both(merge: str, other: str) -> None:
    unknown = "{ reshape([1, 8, 18]); conv(1, 3); reshape([1, 12, 12]) }"
    for branches in ((unknown, other), (other, unknown)):
        text = f"arch line {{ input(1, 12, 12); {merge} {{ {'; '.join(branches)} }} }}"
        assert measured(text).receptive_field == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("end", "field"),
    [
        ("from p -> relu", 3),
        ("from q -> relu", 5),
        ("add { from p; from r }", 3),
        ("add { from p; from q }", 5),
        ("add { from q; from p }", 5),
    ],
)
def test_channels_that_were_shuffled_see_what_they_saw(end: str, field: int) -> None:
    """Two see 3 places, two see 5; shuffled, they come in turn, and a chunk is one of them."""
    body = archgen.loads(
        "arch line { input(1, 32, 32); concat { conv(2, 3); conv(2, 5) }; channel_shuffle(2); "
        f"p, q, r, s = split(4); seen = {end}; output seen, p, q, r, s }}",
    ).body
    ref = body.names["seen"]
    assert ReceptiveFields(body).of_value([], ref) == (field, field)
    seen = Histories(body).of_value([], ref)
    assert [extent(seen[0, axis], body.values[ref], 32) for axis in (1, 2)] == [field, field]


def test_axes_may_differ() -> None:
    known = line("conv(8, [3, 1], stride=[2, 1])")
    assert known.reduction == (2, 1)
    assert known.receptive_field == (3, 1)


def test_vectors_have_no_field() -> None:
    known = measured("arch dense { input(16); linear(8) -> relu; linear(4) }")
    assert (known.depth, known.reduction, known.receptive_field) == (2, (), ())
