"""A network's weights as its nodes say them, one by one: what a fresh model is compared with."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from archgen.layers.initialisers import Initialiser, torch_call
from archgen.network import Body, CallNode, Formula, LayerNode, MergeNode, ParamNode
from archgen.resolve.positions import numbers_of
from tests.layers.torch_modules import build


class Said(nn.Module):
    """A stand-in for a network: the weights that its nodes say, one by one, and no wiring."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.weights = weights_of(body)

    def named_parameters(self, *_: object, **__: object) -> Iterator[tuple[str, nn.Parameter]]:
        return ((key, nn.Parameter(weight)) for key, weight in self.weights.items())


def weights_of(body: Body) -> dict[str, Tensor]:
    """The weights below a body by key. A path of `init` speaks last."""
    found: dict[str, Tensor] = {}
    for node in (*body.nodes, *(aux.node for aux in body.aux)):
        match node:
            case LayerNode(reused=False):
                found |= prefixed(node.name, of_layer(body, node))
            case ParamNode(word="buffer"):
                pass  # no parameter
            case ParamNode(values=Formula() as values):
                found[node.name] = torch.tensor(numbers_of(values))
            case ParamNode():
                zeros = torch.zeros(node.sizes)
                found[node.name] = zeros if node.init is None else filled(node.init, node.sizes)
            case CallNode(reused=False, count=1):
                found |= prefixed(node.name, weights_of(node.body))
            case CallNode(reused=False):
                for number in range(node.count):
                    found |= prefixed(str(int(node.name) + number), weights_of(node.body))
            case MergeNode() | LayerNode() | CallNode():
                pass
    for path, init in body.path_init:
        found[path] = filled(init, found[path].shape)
    return found


def of_layer(body: Body, node: LayerNode) -> dict[str, Tensor]:
    """A layer's weights: torch's own, but for those that have an initialiser."""
    x = body.shape_in(node)
    if not node.layer.weights(x):
        return {}
    own = {key: weight.detach() for key, weight in build(node.layer.module(x)).named_parameters()}
    rules = dict(node.init)
    return {
        key: filled(rules[key], weight.shape) if key in rules else weight
        for key, weight in own.items()
    }


def filled(init: Initialiser, sizes: tuple[int, ...]) -> Tensor:
    """A fresh tensor, filled by `torch.nn.init`."""
    weight = torch.empty(sizes)
    eval(torch_call(init, "weight"), {"nn": nn, "weight": weight})
    return weight


def prefixed(name: str, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{name}.{key}": weight for key, weight in weights.items()}
