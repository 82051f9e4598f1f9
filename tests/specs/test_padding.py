"""`padding="same"` is TensorFlow's, `padding_mode=` torch's: one model at several sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import archgen  # noqa: E402
from archgen.analysis.sizes.legal import sizes_of  # noqa: E402
from archgen.layers import LAYERS  # noqa: E402
from tests.language.ask import arch, fault  # noqa: E402
from tests.laws.judge import Judge  # noqa: E402

pytestmark = pytest.mark.torch
SIZES = [(16, 19), (15, 16), (7, 30)]


def same(x: Tensor, kernel: int, stride: int, dilation: int = 1, fill: float = 0.0) -> Tensor:
    """TensorFlow's rule ("Neural Network", Notes on padding), axis by axis."""
    for axis in range(2, x.dim()):
        n = x.shape[axis]
        reach = (kernel - 1) * dilation + 1
        total = max(reach - stride, 0) if n % stride == 0 else max(reach - n % stride, 0)
        before, after = list(x.shape), list(x.shape)
        before[axis], after[axis] = total // 2, total - total // 2
        x = torch.cat([x.new_full(before, fill), x, x.new_full(after, fill)], axis)
    return x


NETWORK = """
arch net {
  input(3, 16, 19)
  stem = conv(8, 3, stride=2, padding="same")
  maxpool(3, stride=2, padding="same")
  body = conv(8, 2, padding="same") -> conv(8, 3, dilation=2, padding="same")
  avgpool(2, stride=2, padding="same", count_include_pad=false)
  head = conv(4, 5, stride=3, padding="same")
  avgpool(2, padding="same", stride=1)
}
"""


def plain(x: Tensor, weights: Sequence[Tensor]) -> Tensor:
    stem, one, two, head = weights
    x = F.conv2d(same(x, 3, 2), stem, stride=2)
    x = F.max_pool2d(same(x, 3, 2, fill=-torch.inf), 3, 2)
    x = F.conv2d(same(x, 2, 1), one)
    x = F.conv2d(same(x, 3, 1, 2), two, dilation=2)
    ones = torch.ones_like(x[:1, :1])
    x = F.avg_pool2d(same(x, 2, 2), 2, 2) / F.avg_pool2d(same(ones, 2, 2), 2, 2)
    x = F.conv2d(same(x, 5, 3), head, stride=3)
    return F.avg_pool2d(same(x, 2, 1), 2, 1)


def test_one_model_at_three_sizes() -> None:
    network = archgen.loads(NETWORK)
    judge = Judge(network)
    judge.all()
    model = judge.model.eval()
    sizes = sizes_of(network)
    for size in SIZES:
        x = torch.randn(2, 3, *size, dtype=torch.float64)
        with torch.no_grad():
            y = model(x)
        torch.testing.assert_close(y, plain(x, list(model.parameters())))
        assert sizes.accept(size)
        assert sizes.outputs(size) == (tuple(y.shape[1:]),)


def test_keys_are_those_of_other_convolutions() -> None:
    keys = [*archgen.build(archgen.loads(NETWORK)).state_dict()]
    assert keys == ["stem.weight", "body.0.weight", "body.1.weight", "head.weight"]


def test_an_odd_kernel_in_steps_of_one_is_torchs_own() -> None:
    network = archgen.loads(arch('conv(8, 3, padding="same")', size="3, 9, 9"))
    assert type(archgen.build(network).conv1) is nn.Conv2d


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize(("size", "lines"), [("3, 9", "3"), ("3, 9, 11", "[3, 5]")])
def test_modes(mode: str, size: str, lines: str) -> None:
    line = f'conv(4, {lines}, stride=2, padding_mode="{mode}")'
    judge = Judge(archgen.loads(arch(line, size=size)))
    judge.all()
    (x,) = judge.inputs()
    (weight,) = judge.model.parameters()
    pads = [side for k in reversed(weight.shape[2:]) for side in (k // 2, k // 2)]
    function: Callable[..., Tensor] = F.conv1d if x.dim() == 3 else F.conv2d
    with torch.no_grad():
        expected = function(F.pad(x, pads, mode=mode), weight, stride=2)
        torch.testing.assert_close(judge.model(x), expected)


def test_refusals() -> None:
    assert fault(arch('conv(4, 5, padding_mode="reflect")', size="3, 2, 9")).code == "A201"
    found = fault(arch('conv(4, 3, stride=2, padding="same", padding_mode="reflect")', size="3, 9"))
    assert (found.code, found.span.text) == ("A205", 'padding_mode="reflect"')
    found = fault(arch('maxpool(2, padding="same", ceil_mode=true)', size="3, 9"))
    assert (found.code, found.span.text) == ("A205", "ceil_mode=true")


def test_layers_that_take_it_are_those_above() -> None:
    """A layer that could be told `same` and pads both sides alike computes another network."""
    fields = {name: cls.model_fields.get("padding") for name, cls in LAYERS.items()}
    told = {name for name, field in fields.items() if field and "same" in str(field.annotation)}
    assert told == {"conv", "maxpool", "avgpool"}


def test_a_weight_that_is_a_value_is_not_padded_so() -> None:
    text = """arch net {
  input(4, 16, 16)
  let w = param([8, 4, 3, 3])
  conv_with(from w, stride=2, padding="same")
}
"""
    with pytest.raises(archgen.ArchError, match="must be"):
        archgen.loads(text)
