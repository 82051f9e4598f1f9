"""From modules of PyTorch to specs: exact, or refused with the place."""

from __future__ import annotations

from typing import Any

import pytest

import archgen
from tests.sweeps import cases

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from tests.importers import modules  # noqa: E402

OURS = [
    modules.SmallResNet,
    modules.Gated,
    modules.UNet,
    modules.Listed,
    modules.Scaled,
    modules.Twice,
    modules.Chunks,
    modules.Headed,
]
REFUSED = {
    "Unused": "forgotten",
    "Deciding": "`gt`",
    "Reflected": "padding_mode=reflect",
    "Attending": "`matmul`",
    "Batched": "over the batch",
    "Sized": "another size",
    "Row": "nn.Sequential",
}
SMALL = {  # a network that tells most of its family, at a small size
    "resnet18": 64,
    "mobilenet_v3_small": 64,
    "densenet121": 64,
    "shufflenet_v2_x0_5": 64,
    "efficientnet_b0": 64,
    "regnet_y_400mf": 64,
}
FAMILIES = (
    *("alexnet", "convnext", "densenet", "efficientnet", "googlenet", "inception", "mnasnet"),
    *("mobilenet", "regnet", "resnet", "resnext", "shufflenet", "squeezenet", "vgg"),
    "wide_resnet",
)
CLASSIFIERS = [
    name
    for name in torchvision.models.list_models(module=torchvision.models)
    if name.startswith(FAMILIES)
]


def torchvision_model(name: str) -> Any:
    """A fresh model; GoogLeNet and Inception have their heads, and start at once."""
    slow = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
    return torchvision.models.get_model(name, weights=None, **slow)


@cases("name", CLASSIFIERS, sample=SMALL, of="classifiers of torchvision, imported")
def test_classifiers_of_torchvision(name: str) -> None:
    """The same keys in the same order, outputs and gradients; `from_module` proves it."""
    fixed = name.startswith(("alexnet", "googlenet", "inception", "vgg"))
    size = SMALL.get(name, 299 if name == "inception_v3" else 224 if fixed else 128)
    imported = archgen.from_module(torchvision_model(name), (3, size, size), name=name)
    assert imported.proof.same_order or name in {"googlenet", "inception_v3"}


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
def test_modules_as_people_write_them(cls: Any) -> None:
    channels = 4 if cls in (modules.Listed, modules.Chunks) else 3
    imported = archgen.from_module(cls(), (channels, 32, 32))
    assert archgen.loads(imported.text).params == sum(p.numel() for p in cls().parameters())


def test_a_resnet_is_the_text_that_a_person_writes() -> None:
    imported = archgen.from_module(torchvision_model("resnet50"), (3, 64, 64), name="resnet50")
    shipped = archgen.load("resnet50", input=(3, 64, 64))
    assert len(imported.text.splitlines()) <= 30
    assert "stage(bottleneck, 512, n=4, stride=2)" in imported.text
    assert imported.network.params == shipped.params


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_form_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(archgen.ImportFault) as refused:
        archgen.from_module(getattr(modules, name)(), (3, 16, 16))
    assert REFUSED[name] in str(refused.value)


def test_round_trip_of_a_shipped_network() -> None:
    """The spec of a built model is the network that it was built from, by archgen's own diff."""
    shipped = archgen.load("resnet18", input=(3, 64, 64))
    imported = archgen.from_module(archgen.build(shipped), (3, 64, 64), name="resnet18")
    changes = archgen.diff(shipped, imported.network)
    assert "state_dict: 122 kept" in str(changes)
    assert imported.network.macs == shipped.macs


def test_a_fault_names_module_and_line() -> None:
    class Outer(torch.nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = modules.Attending()

        def forward(self, x: Any) -> Any:
            return self.inner(x)

    with pytest.raises(archgen.ImportFault, match=r"in `inner`\n.*modules\.py:\d+"):
        archgen.from_module(Outer(), (3, 16, 16))


def test_one_size_of_a_network_that_depends_on_it() -> None:
    imported = archgen.from_module(modules.Sized(), (3, 16, 16), fixed=True)
    assert "relu" in imported.text
    assert "maxpool" not in imported.text


def test_the_module_is_left_as_it_is() -> None:
    model = modules.SmallResNet().train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    archgen.from_module(model, (3, 32, 32))
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


def test_a_wrong_spec_is_not_equal() -> None:
    """The proof sees an activation less, where shapes and keys are the same."""
    from archgen.importers.prove import Unequal, prove

    model = modules.SmallResNet()
    text = archgen.from_module(model, (3, 32, 32)).text
    assert text.count("-> relu") == 2
    for changed in (text.replace("-> relu", "", 1), text.replace("-> relu", "-> relu6", 1)):
        with pytest.raises(Unequal):
            prove(model, archgen.build(archgen.loads(changed)), [(3, 32, 32)])
