"""Networks on a shipped trunk against torchvision's trunk and plain PyTorch, in float64."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.feature_extraction import create_feature_extractor

import archgen
from tests.specs.test_by_hand import stir_statistics

pytestmark = pytest.mark.torch

UNET = """
use arch resnet34
block up(out, skip) {
  upsample(like=from skip)
  concat { identity; from skip }
  conv(out, 3) -> bn -> relu
}
arch net(classes=3) {
  input(3, 72, 100)
  encoder = resnet34
  from encoder.layer4
  up4 = up(64, skip=from encoder.layer3)
  up3 = up(64, skip=from encoder.layer2)
  up2 = up(32, skip=from encoder.layer1)
  up1 = up(16, skip=from encoder.relu1)
  head = conv(classes, 1, bias=true)
}
"""

FPN = """
use arch resnet50
arch net(out=32) {
  input(3, 96, 64)
  body = resnet50
  for i in range(4) { inner[i] = from "body.layer{i + 1}" -> conv(out, 1, bias=true) }
  p3 = from inner[3]
  for k in range(3) {
    "p{2 - k}" = add {
      from inner[2 - k]
      from "p{3 - k}" -> upsample(like=from inner[2 - k])
    }
  }
  output p0, p1, p2, p3
}
"""

SIAMESE = """
use arch resnet18
arch net {
  left = input(3, 64, 96)
  right = input(3, 48, 48)
  a = from left -> resnet18
  b = from right -> reuse a
  fa = from a.layer3 -> global_avgpool
  fb = from b.layer3 -> global_avgpool
  concat { from fa; from fb }
  flatten
  score = linear(1)
}
"""


class Unet(nn.Module):
    def __init__(self, encoder: nn.Module, ours: nn.Module) -> None:
        super().__init__()
        nodes = {"relu": "relu1", **{f"layer{i}": f"layer{i}" for i in range(1, 5)}}
        self.encoder = create_feature_extractor(encoder, nodes)
        self.ours = ours

    def forward(self, x: Tensor) -> Tensor:
        maps = self.encoder(x)
        x = maps["layer4"]
        for i, skip in ((4, "layer3"), (3, "layer2"), (2, "layer1"), (1, "relu1")):
            up = getattr(self.ours, f"up{i}")
            x = interpolate(x, size=maps[skip].shape[2:])
            x = torch.relu(up.bn1(up.conv1(torch.cat([x, maps[skip]], 1))))
        return self.ours.head(x)  # type: ignore[operator, no-any-return]


class Fpn(nn.Module):
    def __init__(self, encoder: nn.Module, ours: nn.Module) -> None:
        super().__init__()
        self.encoder = create_feature_extractor(encoder, [f"layer{i}" for i in range(1, 5)])
        self.inner = ours.inner

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = [conv(x) for conv, x in zip(self.inner, self.encoder(x).values(), strict=True)]
        for k in (2, 1, 0):
            maps[k] = maps[k] + interpolate(maps[k + 1], size=maps[k].shape[2:])
        return tuple(maps)


class Siamese(nn.Module):
    def __init__(self, encoder: nn.Module, ours: nn.Module) -> None:
        super().__init__()
        self.encoder = create_feature_extractor(encoder, ["layer3"])
        self.score = ours.score

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        both = [self.encoder(x)["layer3"].mean((2, 3)) for x in (left, right)]
        return self.score(torch.cat(both, 1))  # type: ignore[no-any-return]


CASES = {
    "unet": (UNET, "resnet34", "encoder", Unet, [(3, 72, 100)]),
    "fpn": (FPN, "resnet50", "body", Fpn, [(3, 96, 64)]),
    "siamese": (SIAMESE, "resnet18", "a", Siamese, [(3, 64, 96), (3, 48, 48)]),
}


@pytest.mark.parametrize("name", CASES)
def test_on_a_shipped_trunk(name: str) -> None:
    text, trunk, prefix, make, sizes = CASES[name]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(trunk, weights=None).double()
    stir_statistics(theirs)
    network = archgen.loads(text)
    ours = archgen.build(network).double()

    checkpoint = {f"{prefix}.{key}": value for key, value in theirs.state_dict().items()}
    loaded = ours.load_state_dict(checkpoint, strict=False)
    assert not [key for key in loaded.missing_keys if key.startswith(f"{prefix}.")]
    assert {key.split(".")[1] for key in loaded.unexpected_keys} <= {"fc", "layer4"}
    assert f"{prefix}.fc.weight" in loaded.unexpected_keys

    expected = make(theirs, ours).eval()
    ours.eval()
    inputs = [torch.randn(2, *each, dtype=torch.float64) for each in sizes]
    with torch.no_grad():
        got, want = ours(*inputs), expected(*inputs)
    got, want = ((each,) if isinstance(each, Tensor) else tuple(each) for each in (got, want))
    for mine, other in zip(got, want, strict=True):
        assert other.abs().max() > 0
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-10)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        ours(*(each[:1] for each in inputs))
    assert counter.get_total_flops() == 2 * network.macs
    assert sum(each.numel() for each in ours.parameters()) == network.params
