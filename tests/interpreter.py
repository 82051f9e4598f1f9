"""A second opinion on generated source: a network's nodes, run one by one with a model's weights.

It reads the network alone: which module stands at which path, what flows into it. What it cannot
share with the source is the wiring and the safety of in-place layers: each works on a copy here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import add, mul, sub, truediv

import torch
from torch import Tensor, nn
from torch.nn import functional

from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, ParamNode
from archgen.shapes import Shape

Values = dict[int, Tensor]

_OPERATIONS = {
    "add": add,
    "mul": mul,
    "sub": sub,
    "div": truediv,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}


def interpret(network: Network, model: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The results of a network for these inputs, those of training heads in training."""
    body = network.body
    scope = {**type(model).forward.__globals__, "torch": torch, "F": functional}  # type: ignore[attr-defined]
    values = _values(body, model, inputs, scope)
    results = [values[output.value] for output in body.outputs]
    if model.training:
        results += _heads(body, model, values, scope)
    return results


def tensors(result: object) -> list[Tensor]:
    """The tensors of a result: one, a tuple, a list; a head that did not run is none."""
    if isinstance(result, Tensor):
        return [result]
    if result is None:
        return []
    assert isinstance(result, list | tuple)
    return [tensor for item in result for tensor in tensors(item)]


def _values(
    body: Body, module: nn.Module, inputs: Sequence[Tensor], scope: dict[str, object]
) -> Values:
    values = dict(zip(body.inputs, inputs, strict=True))
    for node in body.nodes:
        results = _node(node, body, module, values, scope)
        values.update(zip(node.outputs, results, strict=True))
    return values


def _heads(
    body: Body, module: nn.Module, values: Values, scope: dict[str, object]
) -> Iterator[Tensor]:
    """The training heads of a body, then those of the blocks that it calls."""
    for aux in body.aux:
        yield _node(aux.node, body, module, values, scope)[0]
    for node in body.nodes:
        if isinstance(node, CallNode) and node.body.heads:
            inner = module.get_submodule(node.name)
            read = [values[ref] for ref in node.inputs]
            yield from _heads(node.body, inner, _values(node.body, inner, read, scope), scope)


def _node(
    node: Node, body: Body, module: nn.Module, values: Values, scope: dict[str, object]
) -> Sequence[Tensor]:
    read = [values[ref] for ref in node.inputs]
    match node:
        case LayerNode():
            return _layer(node, body, module, [each.clone() for each in read], scope)
        case CallNode():
            inside = _batches(node.body, node.body.inputs)
            given = zip(_batches(body, node.inputs), inside, strict=True)
            read = _lifted(read, [own != asked for own, asked in given])
            for name in node.names():
                inner = _values(node.body, module.get_submodule(name), read, scope)
                read = [inner[output.value] for output in node.body.outputs]
            return read
        case MergeNode():
            return [_merged(node, body, read)]
        case ParamNode():
            return [getattr(module, node.name)]


def _layer(
    node: LayerNode, body: Body, module: nn.Module, read: list[Tensor], scope: dict[str, object]
) -> Sequence[Tensor]:
    """The outputs of a layer: of the model's module, or of a function that needs none."""
    read = _lifted(read, node.layer.lifts(body.shape_in(node)))
    function = node.layer.function(body.shape_in(node))
    if function is None:
        return tensors(module.get_submodule(node.name)(*read))
    known = {**scope, "read": read}
    names = [f"read[{at}]" for at in range(len(read))]
    result = eval(function.format(*names, x=names[0], like=names[-1]), known)
    return [result] if isinstance(result, Tensor) else result


def _lifted(read: list[Tensor], lifts: Sequence[bool]) -> list[Tensor]:
    """Values without a batch, with an axis of 1 in its place where that is asked."""
    return [x.unsqueeze(0) if lift else x for x, lift in zip(read, lifts, strict=True)]


def _batches(body: Body, refs: Sequence[int]) -> list[str]:
    return [body.values[ref].batch for ref in refs]


def _merged(node: MergeNode, body: Body, read: list[Tensor]) -> Tensor:
    shape = body.shape_out(node)
    given = [body.values[ref] for ref in node.inputs]
    if node.kind == "concat":
        lead = 0 if shape.batch == "none" else 1
        batch = max(map(len, read))  # what has none is the same for all samples
        whole = [x.expand(batch, *[-1] * shape.rank) if shape.batch == "all" else x for x in read]
        if shape.batch == "one":
            whole = _lifted(read, [each.batch == "none" for each in given])
        return torch.cat(whole, lead + node.axis)
    laid = [_along(x, each, shape) for x, each in zip(read, given, strict=True)]
    for at, number in node.numbers:
        laid = [*laid[:at], read[-1].new_tensor(number), *laid[at:]]
    return reduce(_OPERATIONS[node.kind], laid)


def _along(x: Tensor, own: Shape, whole: Shape) -> Tensor:
    """A vector without a batch along the features, other values aligned to the right."""
    if own.batch == "all" or own.rank >= whole.rank:
        return x
    if own.rank == 1:
        return x.reshape(-1, *[1] * (whole.rank - 1 - whole.axis))
    return x.reshape(own.sizes)
