"""The first convolution for other channels of the input, as the arithmetic says."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import archgen
from archgen.checkpoint.plan import Channels

pytestmark = pytest.mark.torch

NET = """
block unit(out) { conv(out, 3, bias=true) -> bn -> relu }
arch net(classes=5) {
  input(3, 16, 16)
  stem = { stage(unit, 8, n=2) }
  global_avgpool -> flatten
  fc = linear(classes)
}
"""
KEY = "stem.layer1.0.conv1.weight"


def networks(old: int, new: int) -> tuple[archgen.Network, archgen.Network]:
    return tuple(archgen.loads(NET, input=(n, 16, 16)) for n in (old, new))  # type: ignore[return-value]


def models(old: int, new: int, how: Channels) -> tuple[Any, Any]:
    """A model in double precision, and the one that its weights were computed for."""
    before, after = networks(old, new)
    first = archgen.build(before, dtype="float64", seed=1).eval()
    result = archgen.transfer(before, after, first.state_dict(), input_channels=how)
    assert result.combined == [KEY]
    assert [result.added, result.reshaped, result.dropped] == [[], [], []]
    second = archgen.build(after, dtype="float64").eval()
    second.load_state_dict(result.state, strict=True)
    return first, second


def test_a_sum_is_for_grey_images() -> None:
    colour, grey = models(3, 1, "sum")
    x = torch.randn(2, 1, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(grey(x), colour(x.expand(2, 3, 16, 16)))


@pytest.mark.parametrize("new", [1, 2, 3, 4, 7])
def test_a_mean_does_not_tell_channels_apart(new: int) -> None:
    if new == 3:
        return
    colour, other = models(3, new, "mean")
    x = torch.randn(2, new, 16, 16, dtype=torch.float64)
    same = x.sum(1, keepdim=True) / 3
    torch.testing.assert_close(other(x), colour(same.expand(2, 3, 16, 16)))


def test_repeated_channels_are_those_of_the_old_in_turn() -> None:
    colour, five = models(3, 5, "repeat")
    x = torch.randn(2, 5, 16, 16, dtype=torch.float64)
    folded = x[:, :3].clone()
    folded[:, :2] += x[:, 3:]
    torch.testing.assert_close(five(x), colour(folded))


@pytest.mark.parametrize("how", ["sum", "mean", "repeat"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_the_dtype_stays(how: Channels, dtype: str) -> None:
    before, after = networks(3, 4)
    state = archgen.build(before, dtype=dtype).state_dict()
    made = archgen.transfer(before, after, state, input_channels=how).state[KEY]
    assert made.dtype == getattr(torch, dtype)
    assert made.is_contiguous()
    assert made.shape == (8, 4, 3, 3)


def test_it_is_said_where_it_can_be_done() -> None:
    before, after = networks(3, 4)
    with pytest.raises(archgen.ArchError) as refused:
        archgen.transfer(before, after, archgen.build(before).state_dict())
    help = refused.value.diagnostics[0].help or ""
    assert f"--input-channels sum|mean|repeat computes {KEY} from 3 input channels to 4" in help


@pytest.mark.parametrize(
    "text",
    [
        "input({}, 8, 8); conv(12, 3, groups={})",  # each channel has weights of its own
        "input({}, 8, 8); bn -> conv(8, 3)",  # the norm has another size, too
        "input({}, 8, 8); conv_transpose(8, 2)",
        "input({}); linear(4)",
    ],
)
def test_other_layers_are_not_computed(text: str) -> None:
    before, after = (archgen.loads("arch net {" + text.replace("{}", n) + "}") for n in "36")
    state = archgen.build(before).state_dict()
    result = archgen.transfer(before, after, state, allow_new=True)
    assert not result.combined
    if "bn" not in text:
        with pytest.raises(ValueError, match="no convolution"):
            archgen.transfer(before, after, state, allow_new=True, input_channels="sum")


def test_nothing_is_computed_where_nothing_changed() -> None:
    before, _ = networks(3, 4)
    state = archgen.build(before).state_dict()
    with pytest.raises(ValueError, match="no convolution"):
        archgen.transfer(before, before, state, input_channels="sum")


def test_every_convolution_that_reads_the_input() -> None:
    text = (
        "arch net { input(3, 8, 8); a = conv(4, 3)\n"
        "b = from input -> conv(4, 5)\nadd { from a; from b } }"
    )
    before, after = (archgen.loads(text.replace("(3, 8", f"({n}, 8")) for n in (3, 1))
    state = archgen.build(before).state_dict()
    result = archgen.transfer(before, after, state, input_channels="sum")
    assert result.combined == ["a.weight", "b.weight"]
    assert "computed" in str(result)
