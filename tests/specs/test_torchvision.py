"""Shipped specs against torchvision: the same keys and shapes, weights and outputs, to the bit."""

from __future__ import annotations

import unittest.mock
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.regnet import BlockParams

import archgen
from archgen.resources import root

pytestmark = pytest.mark.torch
widths = BlockParams.from_init_params

NAMES = [
    "alexnet",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "squeezenet1_0",
    "squeezenet1_1",
    "googlenet",
    "inception_v3",
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
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5",
    "shufflenet_v2_x2_0",
    "mnasnet0_5",
    "mnasnet0_75",
    "mnasnet1_0",
    "mnasnet1_3",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_v2_s",
    "regnet_x_400mf",
    "regnet_x_800mf",
    "regnet_x_1_6gf",
    "regnet_x_3_2gf",
    "regnet_x_8gf",
    "regnet_y_400mf",
    "regnet_y_800mf",
    "regnet_y_1_6gf",
    "regnet_y_3_2gf",
    "regnet_y_8gf",
    "convnext_tiny",
    "convnext_small",
    "vit_b_16",
    "vit_b_32",
]
# Too large to be run in every test; they share every line with a smaller one but their numbers.
LARGE = [
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_v2_m",
    "efficientnet_v2_l",
    "regnet_x_16gf",
    "regnet_x_32gf",
    "regnet_y_16gf",
    "regnet_y_32gf",
    "regnet_y_128gf",
    "convnext_base",
    "convnext_large",
    "vit_l_16",
    "vit_l_32",
    "vit_h_14",
]
# One of each kind of unit, and the size of the images that it is trained on here.
TRAINED = {
    "alexnet": 64,
    "vgg11_bn": 64,
    "squeezenet1_1": 64,
    "googlenet": 64,
    "inception_v3": 299,  # its auxiliary head takes no other size
    "resnet18": 64,
    "resnet50": 64,
    "resnext50_32x4d": 64,
    "densenet121": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_large": 64,
    "shufflenet_v2_x1_0": 64,
    "mnasnet1_0": 64,
    "efficientnet_b0": 64,
    "efficientnet_v2_s": 64,
    "regnet_x_400mf": 64,
    "regnet_y_400mf": 64,
    "convnext_tiny": 64,
    "vit_b_32": 224,  # has a place for each token
}
STARTS = [*TRAINED, "vgg11", "squeezenet1_0", "mobilenet_v3_small", "mnasnet0_5"]
OPTIONS: dict[str, dict[str, Any]] = {  # silence a warning about the default
    "googlenet": {"init_weights": True},
    "inception_v3": {"init_weights": True},
}
# Auxiliary outputs by torchvision's names for them.
HEADS = {"aux_logits": "AuxLogits", "aux_logits1": "aux1", "aux_logits2": "aux2"}


@pytest.mark.parametrize("name", NAMES)
def test_equals_torchvision(name: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    theirs = reference(name)
    stir_statistics(theirs)
    wake(theirs)
    ours = archgen.build(name, seed=1)

    assert shapes(ours) == shapes(theirs)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(2, *archgen.load(name).input)
    with torch.inference_mode():
        expected = theirs.eval()(x)
        assert expected.abs().max() > 0
        assert torch.equal(ours.eval()(x), expected)


@pytest.mark.parametrize("name", LARGE)
def test_has_the_weights_of_torchvision(name: str) -> None:
    with torch.device("meta"):
        theirs = reference(name)
    ours = archgen.build(name, device="meta")

    assert shapes(ours) == shapes(theirs)
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)


@pytest.mark.parametrize(("name", "size"), list(TRAINED.items()))
def test_trains_as_torchvision(name: str, size: int) -> None:
    """Outputs (auxiliary ones too), gradients and statistics after a step of training.

    In float64, for gradients of branches are added up in another order than torchvision's.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    theirs = without_dropout(reference(name)).double().train()
    wake(theirs)
    ours = without_dropout(archgen.build(name)).double().train()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, size, size, dtype=torch.float64)
    torch.manual_seed(1)  # for stochastic depth
    mine = named_outputs(ours(x))
    torch.manual_seed(1)
    expected = named_outputs(theirs(x))
    assert mine.keys() == expected.keys()
    assert all(torch.equal(mine[key], expected[key]) for key in mine)

    for outputs in (mine, expected):
        torch.stack([value.square().mean() for value in outputs.values()]).sum().backward()
    gradients = {key: weight.grad for key, weight in theirs.named_parameters()}
    for key, weight in ours.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[key], rtol=1e-6, atol=1e-9)
    buffers = dict(theirs.named_buffers())
    assert all(torch.equal(buffer, buffers[key]) for key, buffer in ours.named_buffers())


@pytest.mark.parametrize("width", [0.35, 0.75, 1.4])
def test_other_widths_equal_torchvision(width: float) -> None:
    with torch.device("meta"):
        mobilenet = torchvision.models.mobilenet_v2(width_mult=width, num_classes=10)
        mnasnet = torchvision.models.MNASNet(width, num_classes=10)
    family = root("specs") / "mnasnet.arch"
    for name, theirs in [("mobilenet_v2", mobilenet), (f"{family}:mnasnet", mnasnet)]:
        network = archgen.load(name, width=width, classes=10)
        assert shapes(archgen.build(network, device="meta")) == shapes(theirs)


@pytest.mark.parametrize("name", NAMES + LARGE)
def test_multiply_adds_are_what_torch_counts(name: str) -> None:
    network = archgen.load(name)
    with torch.device("meta"):
        model = reference(name).eval()
        x = torch.empty(1, *network.input)
    with FlopCounterMode(display=False) as counter:
        model(x)
    assert 2 * network.macs == counter.get_total_flops()
    assert network.params == sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize("name", STARTS)
def test_weights_start_as_in_torchvision(name: str) -> None:
    """Means and spreads agree within six deviations of a sample of their size; constants are
    equal."""
    torch.manual_seed(1)
    theirs = dict(reference(name).named_parameters())
    for key, weight in archgen.build(name, seed=0).named_parameters():
        expected = theirs[key].detach()
        spread = expected.std(correction=0).item()
        if spread == 0:
            assert torch.equal(weight, expected), key
        else:
            error = spread / weight.numel() ** 0.5
            assert weight.mean().item() == pytest.approx(
                expected.mean().item(), abs=6 * 2**0.5 * error
            ), key
            assert weight.std(correction=0).item() == pytest.approx(spread, abs=6 * error), key


def reference(name: str) -> nn.Module:
    """torchvision's network, freshly initialised."""
    with unittest.mock.patch.object(BlockParams, "from_init_params", widths_on_cpu):
        return made(name)


def made(name: str) -> nn.Module:
    model: nn.Module = torchvision.models.get_model(name, weights=None, **OPTIONS.get(name, {}))
    return model


def widths_on_cpu(**sizes: Any) -> BlockParams:
    """RegNet computes its widths with tensors, which must have values on the meta device too."""
    with torch.device("cpu"):
        return widths(**sizes)


def without_dropout(model: nn.Module) -> nn.Module:
    """Switch dropout off: heads for training draw their numbers later than torchvision's."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def named_outputs(outputs: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
    """The values of a result by name; the first is the network's own, however it is called."""
    if isinstance(outputs, Tensor):
        return {"": outputs}
    names = ["", *outputs._fields[1:]]  # type: ignore[attr-defined]
    return {HEADS.get(name, name): value for name, value in zip(names, outputs, strict=True)}


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


def wake(model: nn.Module) -> None:
    """Fill linear layers that start with zeros and would hide what comes before them."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.normal_(module.weight, std=0.02)
