"""Parameters and multiply-adds of every shipped network are what PyTorch itself counts."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import archgen

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("name", [name for name, _ in archgen.shipped()])
def test_figures_are_what_torch_counts(name: str) -> None:
    network = archgen.load(name)
    model = archgen.build(network, device="meta").eval()
    with FlopCounterMode(display=False) as counter:
        output = model(torch.empty(1, *network.input, device="meta"))

    outputs = (output,) if isinstance(output, torch.Tensor) else output
    assert [each.shape[1:] for each in outputs] == [each.sizes for each in network.figures.outputs]
    assert network.params == sum(weight.numel() for weight in model.parameters())
    assert 2 * network.macs == counter.get_total_flops()
