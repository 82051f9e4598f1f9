"""Generated classes compute what the network says: node by node, to the last bit."""

from __future__ import annotations

import pytest
import torch

from tests.backends.pytorch.oracle import confirm, model_of
from tests.backends.pytorch.specs import TRAPS, network_of, shipped
from tests.interpreter import tensors

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", TRAPS)
def test_source_computes_what_the_network_says(name: str) -> None:
    confirm(network_of(TRAPS[name]))


def test_a_helper_that_starts_otherwise_does_not_hide_the_helper() -> None:
    model = model_of(network_of(TRAPS["names_of_helpers"]))
    state = model.state_dict()
    assert state["plain.weight"].tolist() == [1] * 5
    assert state["started.weight"].tolist() == [0.5] * 5


@pytest.mark.parametrize("name", ["edge4", "loopsplit", "phi", "unet", "optional", "gated", "aux"])
def test_compiles_and_exports_as_one_graph(name: str) -> None:
    network = network_of(TRAPS[name])
    model = confirm(network).eval()
    inputs = tuple(torch.randn(2, *network.body.values[ref].sizes) for ref in network.body.inputs)
    wanted = tensors(model(*inputs))
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    exported = torch.export.export(model, inputs).module()
    for made in (compiled, exported):
        for one, other in zip(tensors(made(*inputs)), wanted, strict=True):
            assert torch.allclose(one, other, atol=1e-5)


@pytest.mark.sweep(of="shipped networks, compiled and exported as one graph")
@pytest.mark.parametrize(
    ("spec", "sizes"),
    [
        ("resnet50", (3, 64, 64)),
        pytest.param("resnext.arch:resnext50_32x4d_a", (3, 64, 64), marks=pytest.mark.prove),
        pytest.param("preact.arch:preact_resnet50", (3, 64, 64), marks=pytest.mark.prove),
        ("identity_mappings.arch:resnet110_exclusive_gating", (3, 32, 32)),
        ("densenet_cifar.arch:densenet40_k12", (3, 32, 32)),
    ],
)
def test_shipped_networks_do_too(spec: str, sizes: tuple[int, ...]) -> None:
    spec = spec if ":" in spec else f"{spec}.arch"
    network = shipped(spec)
    model = confirm(network)
    assert sum(p.numel() for p in model.parameters()) == network.params
    assert model.eval()(torch.zeros(1, *sizes)).shape[0] == 1
