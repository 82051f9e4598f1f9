"""Shipped specs against torchvision: the same keys and shapes, weights and outputs, to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import archgen
from archgen.resources import root
from tests.specs.chosen import representatives
from tests.specs.references import LARGE, TORCHVISION, TRAINED
from tests.specs.torchvision_models import reference
from tests.sweeps import cases

pytestmark = pytest.mark.torch
Record = Callable[[str, object], None]
# Auxiliary outputs by torchvision's names for them.
HEADS = {"aux_logits": "AuxLogits", "aux_logits1": "aux1", "aux_logits2": "aux2"}


def test_every_classifier_of_torchvision_is_here() -> None:
    """But Swin v2 and MaxViT."""
    theirs = torchvision.models.list_models(module=torchvision.models)
    assert sorted(TORCHVISION) == sorted(
        name for name in theirs if not name.startswith(("swin_v2", "maxvit"))
    )


# Of networks made of the same blocks one: keys, shapes, settings and work are those of all, below.
OUTPUTS = [name for name in representatives() if name in TORCHVISION]


@cases("name", TORCHVISION, sample=OUTPUTS, of="classifiers of torchvision, equal to the bit")
def test_equals_torchvision(name: str, record_property: Record) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    theirs = reference(name)
    stir_statistics(theirs)
    wake(theirs)
    ours = archgen.build(name, device="meta")

    assert shapes(ours) == shapes(theirs)
    if any(_unsaved(ours)):
        ours = archgen.build(name)
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    sizes = archgen.load(name).input
    x = torch.randn(1 if name in LARGE else 2, *sizes)
    with torch.inference_mode():
        expected = theirs.eval()(x)
        assert expected.abs().max() > 0
        assert torch.equal(ours.eval()(x), expected)
    record_property("result", f"keys, shapes, outputs to the bit at {' x '.join(map(str, sizes))}")


def _unsaved(model: nn.Module) -> Iterator[str]:
    """Buffers that no checkpoint brings: they have numbers only in a model that is made so."""
    kept = model.state_dict()
    yield from (name for name, _ in model.named_buffers() if name not in kept)


@pytest.mark.parametrize("name", TRAINED)
def test_trains_as_torchvision(name: str, record_property: Record) -> None:
    """Outputs (auxiliary ones too), gradients and statistics after a step of training.

    In float64, for gradients of branches are added up in another order than torchvision's.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    theirs = without_dropout(reference(name)).double().train()
    wake(theirs)
    ours = without_dropout(archgen.build(name)).double().train()
    ours.load_state_dict(theirs.state_dict())
    size = TRAINED[name]
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
    kept = ours.state_dict()
    assert all(torch.equal(kept[key], buffer) for key, buffer in buffers.items())
    heads = f" ({len(mine) - 1} auxiliary too)" if len(mine) > 1 else ""
    record_property("result", f"outputs to the bit{heads}, gradients within 1e-6, statistics")


@pytest.mark.parametrize("width", [0.35, 0.75, 1.4])
def test_other_widths_equal_torchvision(width: float) -> None:
    with torch.device("meta"):
        mobilenet = torchvision.models.mobilenet_v2(width_mult=width, num_classes=10)
        mnasnet = torchvision.models.MNASNet(width, num_classes=10)
    family = root("specs") / "mnasnet.arch"
    for name, theirs in [("mobilenet_v2", mobilenet), (f"{family}:mnasnet", mnasnet)]:
        network = archgen.load(name, width=width, classes=10)
        assert shapes(archgen.build(network, device="meta")) == shapes(theirs)


@pytest.mark.parametrize("name", TORCHVISION)
def test_keys_shapes_and_work_are_torchvisions(name: str) -> None:
    network = archgen.load(name)
    with torch.device("meta"):
        model = reference(name).eval()
        x = torch.empty(1, *network.input)
    with FlopCounterMode(display=False) as counter:
        model(x)
    ours = archgen.build(network, device="meta")
    assert shapes(ours) == shapes(model)
    assert settings(ours) == settings(model)
    assert 2 * network.macs == counter.get_total_flops()
    assert network.params == sum(weight.numel() for weight in model.parameters())


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


def settings(model: nn.Module) -> dict[str, str]:
    """Strides, paddings, epsilons and the like of each convolution, batch norm and linear layer."""
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
    return {path: repr(each) for path, each in model.named_modules() if type(each) in kinds}


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
