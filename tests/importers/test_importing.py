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
from tests.importers.networks import NETWORKS  # noqa: E402

OURS = [
    modules.SmallResNet,
    modules.Gated,
    modules.UNet,
    modules.Listed,
    modules.Scaled,
    modules.Twice,
    modules.Chunks,
    modules.Headed,
    modules.ListedUNet,
    modules.PairedUNet,
    modules.Resolutions,
    modules.Siamese,
    modules.Pyramid,
    modules.Detector,
    modules.Keywords,
    modules.Recurrent,
    modules.Repeating,
    modules.Ordered,
    modules.Counted,
    modules.WithoutWeights,
    modules.Registered,
    modules.Tokens,
]
REFUSED = {
    "Unused": "forgotten",
    "Deciding": "`gt`",
    "Untracked": "track_running_stats=False",
    "Attending": "`matmul`",
    "Batched": "over the batch",
    "Sized": "another size",
    "Row": "nn.Sequential",
    "Tied": "`second.weight`, which is also `first.weight`",
    "Discarding": "the result of `wasted`, which nothing reads",
    "Choosing": "`heads.a` of a container that is never called",
    "Noisy": "the output in evaluation differs",
}
TEXTS = {  # what a person writes for a part of a module
    "ListedUNet": "ups[0] = up(32, skip=from downs[2])",
    "PairedUNet": "up2 = from down2.pool -> up(16, skip=from down2.conv)",
    "Resolutions": "stage2[1] = from stage2[0].out1 -> exchange(xs1=from stage2[0].out2)",
    "Siamese": "concat { encoder = from left -> encoder; from right -> reuse encoder }",
    "Pyramid": "add { lateral[0] = from layer1 -> conv(8, 1, bias=true); upsample(scale=2) }",
    "Detector": "output boxes, classes",
    "Keywords": "param([1, input.channels, 1, 1], init=zeros)",
    "Recurrent": "add { reuse cell; identity }",
    "Counted": "block step(out, count, stride=1) = stage(residual, out, n=count, stride=stride)",
    "WithoutWeights": "add { conv = conv(out, 3, stride=stride, bias=true); shortcut_a(out",
    "Registered": "concat { from l2_norm; from deep }",
    "Tokens": "attention = attention(4)",
    "Ordered": "conv0 = conv(8, 3, padding=0, bias=true)",
}
# A network that tells most of its family, each.
FEW = [
    *("resnet18", "mobilenet_v3_small", "densenet121", "shufflenet_v2_x0_5", "efficientnet_b0"),
    *("regnet_y_400mf", "resnet18 with FPN"),
]
HEADED = {"googlenet", "inception_v3"}  # the keys of heads are the last of a spec


@cases("name", NETWORKS, sample=FEW, of="networks of torchvision, imported")
def test_networks_of_torchvision(name: str) -> None:
    """The same keys in the same order, outputs and gradients, which `from_module` proves; in not
    many more lines than a person needed."""
    network = NETWORKS[name]
    sizes = (3, network.size, network.size)
    imported = archgen.from_module(network.model(), sizes, name=name.split()[0])
    assert imported.proof.same_order or name in HEADED
    path = dict(archgen.shipped()).get(name)
    if path is not None:
        assert len(imported.text.splitlines()) <= 1.5 * len(path.read_text().splitlines())


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
def test_modules_as_people_write_them(cls: Any) -> None:
    channels = 4 if cls in (modules.Listed, modules.Chunks) else 3
    sizes = [(1, 32, 32)] * 2 if cls is modules.Siamese else (channels, 32, 32)
    imported = archgen.from_module(cls(), sizes)
    assert archgen.loads(imported.text).params == sum(p.numel() for p in cls().parameters())
    assert imported.proof.same_order or cls is modules.Headed
    assert TEXTS.get(cls.__name__, "") in imported.text


def test_blocks_of_one_class_are_told_apart_by_a_number_of_it() -> None:
    model = NETWORKS["shufflenet_v2_x0_5"].model()
    text = archgen.from_module(model, (3, 64, 64)).text
    assert "seq { inverted_residual_stride2; for _ in range(3) { inverted_residual_stride1" in text


def test_a_resnet_is_the_text_that_a_person_writes() -> None:
    imported = archgen.from_module(NETWORKS["resnet50"].model(), (3, 64, 64), name="resnet50")
    shipped = archgen.load("resnet50", input=(3, 64, 64))
    assert len(imported.text.splitlines()) <= 16
    assert imported.text.startswith("use residual\n")
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
