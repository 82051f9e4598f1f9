"""How weights start: as in each reference, and as the network itself says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from torch import Tensor, nn
from torchvision.models.detection import fasterrcnn_resnet50_fpn, ssd300_vgg16

import archgen
from tests.specs.chosen import EVERY, representatives
from tests.specs.references import TORCHVISION, TRAINED
from tests.specs.said import Said
from tests.specs.samples import differences, drawn
from tests.specs.torchvision_models import reference
from tests.sweeps import cases

pytestmark = pytest.mark.torch

OTHERS = ["squeezenet1_0", "mobilenet_v3_small", "mnasnet0_5"]
STARTS = [*TRAINED, *OTHERS]
MOST_PARAMS = 50_000_000  # of a network that is made several times
SMALL = [
    name for name in representatives(most_modules=1_000) if archgen.load(name).params <= MOST_PARAMS
]


@cases("name", TORCHVISION, sample=STARTS, of="networks that start as torchvision's do")
def test_weights_start_as_in_torchvision(name: str) -> None:
    assert differences(fresh(name), drawn(lambda: reference(name), seed=100)) == []


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("resnet50_fpn", lambda: faster_rcnn().backbone),
        ("resnet50_fpn_rpn", lambda: nn.ModuleDict(dict(proposals()))),
        ("box_head", lambda: nn.ModuleDict(dict(boxes()))),
        ("ssd300_vgg16", lambda: ssd300_vgg16(weights=None, weights_backbone=None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parts_of_detectors_start_as_in_torchvision(
    name: str, part: Callable[[], nn.Module]
) -> None:
    assert differences(fresh(name), drawn(part, seed=100)) == []


def faster_rcnn() -> nn.Module:
    model: nn.Module = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    return model


def proposals() -> Iterator[tuple[str, nn.Module]]:
    model = faster_rcnn()
    yield "backbone", model.backbone
    yield "rpn", nn.ModuleDict({"head": model.rpn.head})


def boxes() -> Iterator[tuple[str, nn.Module]]:
    heads = faster_rcnn().roi_heads
    yield "box_head", heads.box_head
    yield "box_predictor", heads.box_predictor


def fresh(network: str | archgen.Network) -> dict[str, Tensor]:
    """The weights of fresh models of a network, drawn with several seeds."""
    loaded = archgen.load(network) if isinstance(network, str) else network
    return drawn(lambda: archgen.build(loaded), seed=0)


# --- what the network says ------------------------------------------------------------------------

RULES = """
block unit(out, start=0.5) {
  init(conv.weight, normal(std=0.25))
  add {
    { conv(out, 3); conv = conv(out, 3, bias=true); group_norm(4) }
    identity
  }
  init("conv.bias", constant(start))
}
block plain(out) { conv(out, 3, bias=true) -> bn -> prelu }
arch rules {
  input(8, 16, 16)
  init(conv.weight, kaiming_normal(mode="fan_out", nonlinearity="relu"))
  init(bn.weight, uniform(0.5, 1.5))
  init(linear.weight, trunc_normal(std=0.02))
  init(attention.in_proj_weight, normal(std=0.5))
  first = plain(8)
  { init(conv.weight, xavier_uniform(gain=2)); init(conv.bias, ones); second = plain(8) }
  stage(unit, 8, n=3)
  stage(unit, 8, 0.25, n=2)
  init("layer1.1.conv1.weight", dirac)
  init("layer2.0.conv.weight", zeros)
  mul { identity; scale = param([channels], init=normal(mean=1, std=0.1)) }
  add { identity; shift = param([channels, 1, 1]) }
  init("shift", uniform(-2, -1))
  aux early = global_avgpool -> flatten -> linear(5)
  flatten(start=1) -> permute([1, 0]) -> attention(2) -> mean(0) -> linear(40)
  init("linear1.bias", uniform(2, 3))
}
"""


def test_weights_start_as_every_kind_of_rule_says() -> None:
    network = archgen.loads(RULES)
    assert differences(fresh(network), drawn(lambda: Said(network.body), seed=100)) == []


@cases("name", EVERY, sample=SMALL, of="shipped networks that start as they say")
def test_weights_start_as_the_network_says(name: str) -> None:
    network = archgen.load(name)
    assert differences(fresh(network), drawn(lambda: Said(network.body), seed=100)) == []
