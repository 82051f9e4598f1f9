"""Shipped specs against torchvision: the same keys and shapes, weights and outputs, to the bit."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archgen

pytestmark = pytest.mark.torch

NAMES = [
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "wide_resnet50_2",
    "wide_resnet101_2",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
]


@pytest.mark.parametrize("name", NAMES)
def test_equals_torchvision(name: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(name, weights=None)
    stir_statistics(theirs)
    ours = archgen.build(name, seed=1)

    assert shapes(ours) == shapes(theirs)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        expected = theirs.eval()(x)
        assert expected.abs().max() > 0
        assert torch.equal(ours.eval()(x), expected)


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d", "densenet121"])
def test_trains_as_torchvision(name: str) -> None:
    torch.set_num_threads(1)
    theirs = torchvision.models.get_model(name, weights=None).train()
    ours = archgen.build(name).train()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 64, 64)
    for model in (ours, theirs):
        model(x).square().mean().backward()

    expected = dict(theirs.named_parameters())
    for key, weight in ours.named_parameters():
        torch.testing.assert_close(weight.grad, expected[key].grad, rtol=1e-4, atol=1e-6)
    assert torch.equal(ours(x), theirs(x))


@pytest.mark.parametrize("name", NAMES)
def test_multiply_adds_are_what_torch_counts(name: str) -> None:
    with torch.device("meta"):
        model = torchvision.models.get_model(name, weights=None).eval()
        x = torch.empty(1, 3, 224, 224)
    with FlopCounterMode(display=False) as counter:
        model(x)
    network = archgen.load(name)
    assert 2 * network.macs == counter.get_total_flops()
    assert network.params == sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_weights_start_as_in_torchvision(name: str) -> None:
    """Spreads of convolutions agree within sampling error; constants are equal."""
    theirs = dict(torchvision.models.get_model(name, weights=None).named_parameters())
    for key, weight in archgen.build(name, seed=0).named_parameters():
        if weight.numel() > 10_000:
            torch.testing.assert_close(weight.std(), theirs[key].std(), rtol=0.05, atol=0)
        elif theirs[key].std() == 0:
            assert torch.equal(weight, theirs[key])


def shapes(model: nn.Module) -> dict[str, torch.Size]:
    return {key: tensor.shape for key, tensor in model.state_dict().items()}


def stir_statistics(model: nn.Module) -> None:
    """Give every batch norm weights and statistics of its own."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
