"""Figures against what PyTorch does: hooks, its own counters, gradients, `state_dict`."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import archgen
from archgen.analysis.figures import figures
from archgen.analysis.weights import state
from tests import networks

pytestmark = pytest.mark.torch

NETWORKS = [*networks.PECULIAR, "resnet50", "densenet121", "resnext50_32x4d_a", "preact_resnet110"]


def loaded(name: str) -> archgen.Network:
    text = networks.PECULIAR.get(name)
    return archgen.loads(text) if text else archgen.load(name)


def examples(network: archgen.Network) -> list[Tensor]:
    body = network.body
    return [torch.empty(1, *body.values[ref].sizes, device="meta") for ref in body.inputs]


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_and_work(name: str) -> None:
    network = loaded(name)
    model = archgen.build(network, device="meta").eval()
    with FlopCounterMode(display=False) as counter:
        model(*examples(network))
    known = figures(network)
    assert known.params == sum(weight.numel() for weight in model.parameters())
    assert known.buffers == sum(buffer.numel() for buffer in model.buffers())
    assert known.flops == counter.get_total_flops()


@pytest.mark.parametrize("name", NETWORKS)
def test_activations(name: str) -> None:
    network = loaded(name)
    model = archgen.build(network, device="meta").eval()
    counted = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            module.register_forward_hook(lambda _, __, output: counted.append(output.numel()))
    model(*examples(network))
    assert figures(network).activations == sum(counted)


@pytest.mark.parametrize("name", NETWORKS)
def test_state_is_the_state_dict_in_order(name: str) -> None:
    network = loaded(name)
    model = archgen.build(network, device="meta")
    entries = list(state(network))
    assert [(entry.key, entry.sizes) for entry in entries] == [
        (key, tuple(tensor.shape)) for key, tensor in model.state_dict().items()
    ]
    parameters = {key for key, _ in model.named_parameters()}
    assert {entry.key for entry in entries if entry.kind == "parameter"} == parameters


windows = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.booleans())


@settings(max_examples=40, deadline=None)
@given(st.lists(windows, min_size=1, max_size=4))
def test_receptive_field_is_where_the_gradient_comes_from(
    layers: list[tuple[int, int, int, bool]],
) -> None:
    """One place of the output, all weights positive: the inputs with a gradient are the field."""
    spec, modules = [], []
    for kernel, stride, dilation, pooled in layers:
        if pooled:
            spec.append(f"avgpool({kernel}, stride={stride}, padding=0)")
            modules.append(nn.AvgPool1d(kernel, stride))
        else:
            spec.append(f"conv(1, {kernel}, stride={stride}, dilation={dilation}, padding=0)")
            modules.append(nn.Conv1d(1, 1, kernel, stride, dilation=dilation, bias=False))
    length = 600
    known = figures(archgen.loads(f"arch line {{ input(1, {length}); {'; '.join(spec)} }}"))
    model = nn.Sequential(*modules).double()
    for weight in model.parameters():
        nn.init.constant_(weight, 1.0)
    x = torch.zeros(1, 1, length, dtype=torch.double, requires_grad=True)
    y = model(x)
    y[0, 0, y.shape[-1] // 2].backward()
    assert x.grad is not None
    seen = x.grad.nonzero()[:, -1]
    assert known.receptive_field == (int(seen.max() - seen.min()) + 1,)
