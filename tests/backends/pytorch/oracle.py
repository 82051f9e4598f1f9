"""What the tests of generated source share: its networks, its models, and their confirmation."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from archgen.analysis.weights import state
from archgen.backends.pytorch import class_name, render
from archgen.network import Network
from tests.interpreter import interpret, tensors


def namespace_of(network: Network) -> dict[str, Any]:
    """What a network's file defines."""
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(render(network), "generated.py", "exec"), namespace)
    return namespace


def model_of(network: Network) -> nn.Module:
    model = namespace_of(network)[class_name(network)]()
    assert isinstance(model, nn.Module)
    return model


def inputs_of(network: Network, batch: int = 2) -> list[Tensor]:
    body = network.body
    return [torch.randn(batch, *body.values[ref].sizes) for ref in body.inputs]


def confirm(network: Network) -> nn.Module:
    """The generated model computes what the network says: keys, values, gradients."""
    torch.manual_seed(0)
    model = model_of(network)
    assert set(model.state_dict()) == {entry.key for entry in state(network)}
    twin = copy.deepcopy(model)
    inputs = inputs_of(network)
    for training in (False, True):
        model.train(training)
        twin.train(training)
        _same_run(network, model, twin, [x.clone().requires_grad_() for x in inputs])
    return model


def _same_run(network: Network, model: nn.Module, twin: nn.Module, inputs: list[Tensor]) -> None:
    others = [x.detach().clone().requires_grad_() for x in inputs]
    torch.manual_seed(1)
    found = tensors(model(*(x * 1 for x in inputs)))
    torch.manual_seed(1)
    wanted = interpret(network, twin, [x * 1 for x in others])
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert torch.equal(one, other)
    if not found[0].requires_grad:
        return
    torch.stack([x.sum() for x in found]).sum().backward()
    torch.stack([x.sum() for x in wanted]).sum().backward()
    for one, other in zip(inputs, others, strict=True):
        assert (one.grad is None) == (other.grad is None)
        assert one.grad is None or other.grad is None or torch.allclose(one.grad, other.grad)
