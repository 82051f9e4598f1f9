"""The generated `forward` of every shipped network computes what its resolved network says.

The oracle walks the network's nodes with the model's own layers, each on a copy of its input:
what it cannot share with the generated source is the wiring, and the safety of in-place layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add, mul

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import archgen
from archgen.network import Body, CallNode, LayerNode, MergeNode, ParamNode
from archgen.shapes import Shape
from tests.backends.pytorch.oracle import along
from tests.specs.chosen import representatives

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("name", representatives())
def test_forward_is_the_network(name: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = load_small(name)
    model = archgen.build(network).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # small, so that 1202 layers stay finite
            nn.init.uniform_(module.weight, 0.1, 0.4)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
    x = torch.randn(1, *network.input)

    with torch.inference_mode():
        expected = run(network.body, model, x)
        assert all(value.isfinite().all() for value in expected)
        result = model(x)
        results = (result,) if isinstance(result, Tensor) else result
        assert len(results) == len(expected)
        assert all(map(torch.equal, results, expected))


def load_small(name: str) -> archgen.Network:
    """The network for a small image: the wiring is the same, and the test faster."""
    channels, *sizes = archgen.load(name).input
    small = [min(size, 64) for size in sizes]
    try:
        return archgen.load(name, input=(channels, *small))
    except archgen.ArchError:  # too small for its pools
        return archgen.load(name)


def run(body: Body, module: nn.Module, *inputs: Tensor) -> list[Tensor]:
    """The values of a body."""
    values = dict(zip(body.inputs, inputs, strict=True))
    for node in body.nodes:
        arguments = [values[ref] for ref in node.inputs]
        match node:
            case MergeNode(kind="concat"):
                batch = max(map(len, arguments))  # a parameter has one for all samples
                whole = [value.expand(batch, *value.shape[1:]) for value in arguments]
                values[node.outputs[0]] = torch.cat(whole, 1 + node.axis)
            case MergeNode():
                behind = body.shape_out(node).rank - 1 - node.axis
                laid = [along(value, behind) for value in arguments]
                values[node.outputs[0]] = reduce(add if node.kind == "add" else mul, laid)
            case LayerNode():
                results = applied(node, body.shape_in(node), module, arguments)
                values.update(zip(node.outputs, results, strict=True))
            case CallNode():
                results = called(node, module, arguments)
                values.update(zip(node.outputs, results, strict=True))
            case ParamNode():
                values[node.outputs[0]] = module.get_parameter(node.name)
    return [values[output.value] for output in body.outputs]


def applied(
    node: LayerNode, shape: Shape, module: nn.Module, arguments: list[Tensor]
) -> Sequence[Tensor]:
    """The outputs of a layer: of the model's module, or of a function that needs none."""
    function = node.layer.function(shape)
    if function is None:
        return [module.get_submodule(node.name)(arguments[0].clone())]
    names = {"torch": torch, "F": functional, "x": arguments[0], "like": arguments[-1]}
    result = eval(function.format(x="x", like="like"), names)
    return result if len(node.outputs) > 1 else [result]


def called(node: CallNode, module: nn.Module, arguments: list[Tensor]) -> list[Tensor]:
    """A submodule with a body, so many times in a row as it is repeated."""
    if node.count == 1:
        return run(node.body, module.get_submodule(node.name), *arguments)
    for at in range(node.count):
        arguments = run(node.body, module.get_submodule(str(int(node.name) + at)), *arguments)
    return arguments
