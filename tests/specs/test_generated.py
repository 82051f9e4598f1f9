"""The generated `forward` of every shipped network computes what its resolved network says.

The oracle walks the network's nodes with the model's own layers, each on a copy of its input:
what it cannot share with the generated source is the wiring, and the safety of in-place layers.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import archgen
from tests.interpreter import interpret
from tests.specs.chosen import EVERY, load_small, representatives
from tests.sweeps import cases

pytestmark = pytest.mark.torch


@cases("name", EVERY, sample=representatives(), of="shipped networks, run beside an interpreter")
def test_forward_is_the_network(name: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = load_small(name)
    model = archgen.build(network).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # small, so that 1202 layers stay finite
            nn.init.uniform_(module.weight, 0.1, 0.4)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
    x = torch.randn(1, *network.input)

    with torch.inference_mode():
        expected = interpret(network, model, [x])
        assert all(value.isfinite().all() for value in expected)
        result = model(x)
        results = (result,) if isinstance(result, Tensor) else result
        assert len(results) == len(expected)
        assert all(map(torch.equal, results, expected))
