"""A second opinion on generated source: the resolved network, run node by node.

The interpreter reads the network alone: which module stands at which path, what flows into it.
Weights are those of the generated model; nothing works in place here.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import archgen
from archgen.backends.pytorch import class_name, render
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, ParamNode
from archgen.resolve.program import Program


def network_of(text: str, name: str | None = None, **parameters: object) -> Network:
    """The network of a spec's text; the shipped blocks may be used."""
    program = Program.of(text, "spec.arch", Path("specs"))
    network = program.network(name, parameters)
    assert network is not None, [item.message for item in program.sink]
    return network


def namespace_of(network: Network) -> dict[str, Any]:
    """What a network's file defines."""
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(render(network), "generated.py", "exec"), namespace)
    return namespace


def model_of(network: Network) -> nn.Module:
    model = namespace_of(network)[class_name(network)]()
    assert isinstance(model, nn.Module)
    return model


def shipped(spec: str) -> archgen.Network:
    return archgen.load(f"specs/{spec}")


class Interpreter:
    """Runs a network over the modules of a model of it."""

    def __init__(self, network: Network, model: nn.Module) -> None:
        self.network = network
        self.namespace = {**namespace_of(network), "torch": torch, "F": F}
        self.model = without_inplace(model)

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        return self.body(self.network.body, "", list(inputs))

    def heads(self, *inputs: Tensor) -> list[Tensor]:
        """What the auxiliary heads give."""
        body = self.network.body
        values = self.values(body, "", list(inputs))
        return [self.node(body, "", aux.node, values)[0] for aux in body.aux]

    def body(self, body: Body, prefix: str, inputs: list[Tensor]) -> list[Tensor]:
        values = self.values(body, prefix, inputs)
        return [values[output.value] for output in body.outputs]

    def values(self, body: Body, prefix: str, inputs: list[Tensor]) -> dict[int, Tensor]:
        values = dict(zip(body.inputs, inputs, strict=True))
        for node in body.nodes:
            outputs = self.node(body, prefix, node, values)
            values.update(zip(node.outputs, outputs, strict=True))
        return values

    def node(
        self, body: Body, prefix: str, node: object, values: dict[int, Tensor]
    ) -> list[Tensor]:
        match node:
            case LayerNode():
                return self.layer(body, prefix, node, [values[ref] for ref in node.inputs])
            case CallNode():
                return self.call(prefix, node, [values[ref] for ref in node.inputs])
            case ParamNode():
                return [self.model.get_parameter(prefix + node.name)]
            case MergeNode():
                return [merge(body, node, [values[ref] for ref in node.inputs])]
            case _:
                raise AssertionError(node)

    def layer(self, body: Body, prefix: str, node: LayerNode, inputs: list[Tensor]) -> list[Tensor]:
        function = node.layer.function(body.shape_in(node))
        if function is None:
            return [self.model.get_submodule(prefix + node.name)(*inputs)]
        scope = {**self.namespace, "x": inputs[0], "like": inputs[-1]}
        result = eval(function.format(x="x", like="like"), scope)
        return [result] if isinstance(result, Tensor) else list(result)

    def call(self, prefix: str, node: CallNode, inputs: list[Tensor]) -> list[Tensor]:
        if node.count == 1:
            return self.body(node.body, f"{prefix}{node.name}.", inputs)
        for number in range(node.count):
            name = str(int(node.name) + number)
            inputs = self.body(node.body, f"{prefix}{name}.", inputs)
        return inputs


def merge(body: Body, node: MergeNode, inputs: list[Tensor]) -> Tensor:
    if node.kind == "concat":
        rank = len(body.shape_out(node).sizes)
        batch = max(x.shape[0] for x in inputs if x.dim() == rank + 1)
        parts = [
            x if x.shape[0] == batch and x.dim() == rank + 1 else x.expand(batch, *[-1] * rank)
            for x in inputs
        ]
        return torch.cat(parts, dim=node.axis + 1)
    shape = body.shape_out(node)
    result, *others = (along(x, shape.rank - 1 - node.axis) for x in inputs)
    for each in others:
        result = result + each if node.kind == "add" else result * each
    return result


def along(x: Tensor, behind: int) -> Tensor:
    """A learned vector along the features, which have so many axes behind them."""
    return x.reshape(-1, *[1] * behind) if x.dim() == 1 else x


def without_inplace(model: nn.Module) -> nn.Module:
    """A copy with the same weights in which nothing works in place."""
    made = copy.deepcopy(model)
    for module in made.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    return made


def keys_of(body: Body, prefix: str = "") -> set[str]:
    """The `state_dict` keys that a network's nodes say."""
    keys: set[str] = set()
    for node in [*body.nodes, *(aux.node for aux in body.aux)]:
        match node:
            case LayerNode():
                shape = body.shape_in(node)
                names = [*node.layer.weights(shape), *node.layer.buffers(shape)]
                keys |= {f"{prefix}{node.name}.{name}" for name in names}
            case ParamNode():
                keys.add(prefix + node.name)
            case CallNode():
                for number in range(node.count):
                    name = node.name if node.count == 1 else str(int(node.name) + number)
                    keys |= keys_of(node.body, f"{prefix}{name}.")
            case MergeNode():
                pass
    return keys


def inputs_of(network: Network, batch: int = 2) -> list[Tensor]:
    body = network.body
    return [torch.randn(batch, *body.values[ref].sizes) for ref in body.inputs]


def tensors(result: object) -> list[Tensor]:
    """What a model gave, as a list."""
    if isinstance(result, Tensor):
        return [result]
    assert isinstance(result, tuple | list)
    return list(result)


def confirm(network: Network) -> nn.Module:
    """The generated model computes what the network says: keys, values, gradients."""
    torch.manual_seed(0)
    model = model_of(network)
    assert set(model.state_dict()) == keys_of(network.body)
    interpreter = Interpreter(network, model)
    inputs = inputs_of(network)
    for training in (False, True):
        model.train(training)
        interpreter.model.train(training)
        _same_run(model, interpreter, [x.clone().requires_grad_() for x in inputs])
    return model


def _same_run(model: nn.Module, interpreter: Interpreter, inputs: list[Tensor]) -> None:
    others = [x.detach().clone().requires_grad_() for x in inputs]
    torch.manual_seed(1)
    found = tensors(model(*(x * 1 for x in inputs)))
    torch.manual_seed(1)
    wanted = interpreter(*(x * 1 for x in others))
    heads = bool(interpreter.network.body.aux) and model.training
    if heads:
        wanted += interpreter.heads(*(x * 1 for x in others))
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
