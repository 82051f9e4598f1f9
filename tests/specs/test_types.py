"""Layers of a built model are of torch's own types, for all that asks for the exact type."""

from __future__ import annotations

import copy
import os
from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import prepare_fx
from torch.fx.experimental.optimization import fuse

import archgen
from tests.specs.chosen import representatives
from tests.specs.torchvision_models import reference

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

NETWORKS = [
    "resnet18",
    "mobilenet_v2",
    "densenet121",
    "googlenet",
    "efficientnet_b0",
    "shufflenet_v2_x1_0",
]
every_network = pytest.mark.parametrize("name", NETWORKS)
ALL = [name for name, _ in archgen.shipped()]
SOME = ALL if os.environ.get("ARCHGEN_ALL") else representatives(most_modules=1_000)
# What torch has under another layout only: channels first, features last, one argument.
OWN = {"LayerNorm2d", "BatchNormLast", "Attention"}


def leaves(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if not list(module.children())]


def is_torchs(kind: type) -> bool:
    return kind.__module__.startswith("torch.")


@pytest.mark.parametrize("name", SOME)
def test_no_leaf_is_of_a_subclass_of_torchs(name: str) -> None:
    for leaf in leaves(archgen.build(name, device="meta")):
        kind = type(leaf)
        bases = [base for base in kind.__mro__[1:] if is_torchs(base) and base is not nn.Module]
        assert is_torchs(kind) or not bases or kind.__name__ in OWN, kind


def test_with_and_without_init() -> None:
    text = """
arch with_init { input(3, 8, 8); init(conv.weight, zeros); conv(4, 3) -> bn -> relu }
arch without { input(3, 8, 8); conv(4, 3) -> bn -> relu }
"""
    for arch in ("with_init", "without"):
        model = archgen.build(archgen.loads(text, arch))
        assert [type(layer) for layer in model.children()] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
        fused = fuse(model.eval())
        assert not any(isinstance(layer, nn.BatchNorm2d) for layer in fused.modules())


# --- what asks for the type -----------------------------------------------------------------------


def kinds(model: nn.Module) -> Counter[type]:
    """How many modules of each type that has numbers: the names of its layers may differ."""
    return Counter(type(leaf) for leaf in leaves(model) if leaf.state_dict())


@every_network
def test_types_are_those_of_torchvision(name: str) -> None:
    assert kinds(archgen.build(name, device="meta")) == kinds(theirs(name))


@every_network
def test_fusing_leaves_the_same_batch_norms(name: str) -> None:
    ours, other = (fuse(model.eval()) for model in (archgen.build(name), theirs(name)))
    assert norms(ours) == norms(other)


@every_network
def test_quantisation_fuses_as_many(name: str) -> None:
    assert fused(archgen.build(name)) == fused(theirs(name))


@every_network
def test_a_counter_by_type_counts_all(name: str) -> None:
    model = archgen.build(name).eval()
    macs = count(model)
    assert macs == count(theirs(name).eval())
    assert macs == archgen.load(name).macs


@every_network
def test_ptflops_counts_all(name: str) -> None:
    """What torchvision calls as a function and archgen makes a module of is left out."""
    counter = pytest.importorskip("ptflops").get_model_complexity_info
    options: dict[str, Any] = {
        "as_strings": False,
        "print_per_layer_stat": False,
        "backend": "pytorch",
    }
    options |= {"backend_specific_config": {"count_functional": False}}
    options |= {"ignore_modules": [nn.ReLU, nn.ReLU6, nn.AdaptiveAvgPool2d]}

    def counted(model: nn.Module) -> tuple[int, int]:
        macs, params = counter(model.eval(), (3, 224, 224), **options)
        return macs, params

    assert counted(archgen.build(name)) == counted(theirs(name))


def theirs(name: str) -> nn.Module:
    return reference(name)


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def fused(model: nn.Module) -> Counter[str]:
    """The modules that FX quantisation fuses, by their kind."""
    mapping = get_default_qconfig_mapping("fbgemm")
    ready = prepare_fx(copy.deepcopy(model).eval(), mapping, torch.randn(1, 3, 224, 224))
    names = (type(module).__name__ for module in ready.modules())
    return Counter(each for each in names if each.startswith(("ConvReLU", "ConvBn", "LinearReLU")))


def count(model: nn.Module) -> int:
    """Multiply-adds of what is exactly a convolution or a linear layer."""
    total = 0

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        weight = module.weight
        assert isinstance(weight, Tensor)
        total += output[0].numel() * weight[0].numel()

    for module in model.modules():
        if type(module) is nn.Conv2d or type(module) is nn.Linear:
            module.register_forward_hook(add)
    with torch.no_grad():
        model(torch.randn(1, 3, 224, 224))
    return total
