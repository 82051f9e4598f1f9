"""Backbones of shipped networks against torchvision's own ways to cut a network, to the bit."""

from __future__ import annotations

import pickle

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.feature_extraction import create_feature_extractor

import archgen
from archgen.cutting.cut import field_name

pytestmark = pytest.mark.torch

SIZES = (3, 64, 96)  # not those of the specs
CASES = {
    "resnet18": ["layer1", "layer2.0", "layer3", "layer4"],
    "vgg11_bn": ["features.1", "features.3", "features.14"],  # a norm before an activation
    "densenet121": ["features.denseblock1", "features.transition2", "features.denseblock3"],
    "mobilenet_v3_small": ["features.1", "features.3", "features.8"],
    "efficientnet_b0": ["features.2", "features.3", "features.5"],
    "squeezenet1_1": ["features.4", "features.7", "features.12"],
    "shufflenet_v2_x0_5": ["stage2", "stage3.1", "conv5"],
    "mnasnet0_5": ["layers.8", "layers.10"],
    "regnet_y_400mf": ["trunk_output.block1", "trunk_output.block3"],
    "convnext_tiny": ["features.1", "features.3"],
}


def theirs(name: str) -> nn.Module:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return calmed(getattr(torchvision.models, name)(weights=None))


def calmed(model: nn.Module) -> nn.Module:
    """In evaluation, with statistics of batch norms that are not those of a fresh model.

    Nothing works in place: torchvision's extractor returns what a later activation has overwritten.
    """
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model.eval()


def ours(name: str, features: list[str], weights: dict[str, Tensor]) -> nn.Module:
    model = archgen.build(name, features=features, input=SIZES).eval()
    left_over = model.load_state_dict(weights, strict=False)
    assert not left_over.missing_keys
    return model


@pytest.mark.parametrize("name", CASES)
def test_features_are_those_of_torchvision(name: str) -> None:
    whole = theirs(name)
    features = CASES[name]
    model = ours(name, features, whole.state_dict())
    cut = create_feature_extractor(whole, {feature: feature for feature in features})
    x = torch.randn(2, *SIZES)
    with torch.inference_mode():
        found, wanted = model(x), cut(x)
    assert found._fields == tuple(map(field_name, features))
    for feature, value in zip(features, found, strict=True):
        assert torch.equal(value, wanted[feature])


def test_the_weights_are_those_that_torchvision_keeps() -> None:
    whole = theirs("resnet18")
    cut = IntermediateLayerGetter(whole, {"layer2": "a", "layer3": "b"})
    model = ours("resnet18", ["layer2", "layer3"], cut.state_dict())
    assert model.state_dict().keys() == cut.state_dict().keys()
    x = torch.randn(2, *SIZES)
    with torch.inference_mode():
        for value, wanted in zip(model(x), cut(x).values(), strict=True):
            assert torch.equal(value, wanted)


@pytest.mark.parametrize(
    ("name", "features"),
    [("vgg11", ["features.0", "features.3", "features.12"]), ("resnet18", ["bn1", "layer2.0"])],
)
def test_pieces_of_containers_in_one_graph(name: str, features: list[str]) -> None:
    """Compiled, exported, pickled, in training: the same values, and a gradient."""
    network = archgen.load(name, features=features, input=(3, 32, 32))
    model = archgen.build(network, seed=0).eval()
    x = torch.randn(2, 3, 32, 32)
    wanted = model(x)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    exported = torch.export.export(model, (x,)).module()
    for made in (compiled, exported, pickle.loads(pickle.dumps(model))):
        for value, other in zip(made(x), wanted, strict=True):
            assert torch.allclose(value, other, atol=1e-5)
    assert [tuple(value.shape[1:]) for value in wanted] == list(network.output.values())
    sum(value.sum() for value in model.train()(x)).backward()
    assert all(weight.grad is not None for weight in model.parameters())


@pytest.mark.parametrize(
    "name", ["resnet18", "lenet5", "vit_b_32", "shufflenet_v1", "mobilenet_v2"]
)
@pytest.mark.parametrize("change", [(0, 5), (7, -3)])
def test_other_sizes_are_what_torch_then_does(name: str, change: tuple[int, int]) -> None:
    channels, height, width = archgen.load(name).input
    sizes = (channels + 1, height // 2 + change[0] + 32, width // 2 + change[1] + 32)
    network = archgen.load(name, input=sizes)
    model = archgen.build(network).eval()
    with torch.inference_mode():
        result = model(torch.randn(1, *sizes))
    assert tuple(result.shape[1:]) == network.output
    assert sum(weight.numel() for weight in model.parameters()) == network.params


CONTAINERS = """
block unit(n) = seq { init("1.weight", zeros); conv(n, 3) -> bn; conv(n, 3) -> bn }
arch net {
  input(3, 8, 8)
  first = unit(4)
  part = { body = seq { conv(8, 3) -> bn; conv(8, 3) -> bn }; init("body.1.weight", zeros) }
  unit(4)
  last = unit(4)
  init("last.3.weight", zeros)
}
"""
QUIET = {"first.1.weight", "part.body.1.weight", "unit1.1.weight", "last.1.weight", "last.3.weight"}


@pytest.mark.parametrize(
    "names",
    [
        ["first.1", "last"],
        ["first.0", "first.2", "part.body.1", "last"],
        ["unit1.1", "unit1", "last.1", "last.3"],
        ["first", "part", "last"],
    ],
)
def test_a_start_by_path_is_heard_in_a_container_that_is_cut(names: list[str]) -> None:
    model = archgen.build(archgen.loads(CONTAINERS, features=names))
    norms = {key: value for key, value in model.named_parameters() if key.endswith("weight")}
    quiet = {key for key, value in norms.items() if not value.any()}
    assert quiet == QUIET.intersection(norms)
