"""Networks as plain nested values, repeats written out; and what a difference makes of one.

Written apart from the package: a layer is the PyTorch call that it becomes.
"""

from __future__ import annotations

from typing import Any

from archgen.layers.base import Layer
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, ParamNode
from archgen.shapes import Shape

Plain = dict[str, Any]


def describe(network: Network) -> Plain:
    """Everything that PyTorch could notice: inputs, modules, wiring, weights, how they start; and
    what others name: values of the network, parameters to set."""
    body = network.body
    shapes = [body.values[ref].sizes for ref in body.inputs]
    return {
        "inputs": list(zip(body.input_names, shapes, strict=True)),
        "body": of_body(body),
        "settable": set(network.settable),
    }


def of_body(body: Body) -> Plain:
    values: dict[int, object] = {ref: ("input", place) for place, ref in enumerate(body.inputs)}
    nodes: list[Plain] = []
    for node in body.nodes:
        reads = [values[ref] for ref in node.inputs]
        for name in names(node):
            nodes.append({"name": name, "reads": reads, **of_node(body, node)})
            reads = [(len(nodes) - 1, 0)]
        for place, ref in enumerate(node.outputs):
            values[ref] = (len(nodes) - 1, place)
    heads = [
        {
            "head": aux.name,
            "name": aux.node.name,
            "reads": [values[ref] for ref in aux.node.inputs],
            **of_node(body, aux.node),
        }
        for aux in body.aux
    ]
    named = body.names.items() if body.kind == "arch" else ()
    return {
        "values": {
            name: values[ref]
            for name, ref in named
            if ref in values and name not in body.input_names
        },
        "nodes": nodes,
        "heads": heads,
        "outputs": [(output.name, values[output.value]) for output in body.outputs],
        "listed": body.listed,
        "inputs": len(body.inputs),
        "init": dict(body.path_init),
    }


def names(node: Node) -> list[str]:
    match node:
        case MergeNode():
            return [""]
        case CallNode() if node.count > 1:
            return [str(int(node.name) + place) for place in range(node.count)]
        case _:
            return [node.name]


def of_node(body: Body, node: Node) -> Plain:
    match node:
        case LayerNode():
            x = body.shape_in(node)
            return {
                "is": (node.layer.keyword, *called(node.layer, x)),
                "init": dict(node.init),
                "reused": node.reused,
            }
        case CallNode():
            return {"body": of_body(node.body), "reused": node.reused}
        case MergeNode():
            return {"is": (node.kind, node.axis, node.numbers)}
        case ParamNode():
            kept = node.trainable, node.persistent
            return {"is": (node.word, node.sizes, *kept), "init": {"": node.start}}


def called(layer: Layer, x: Shape) -> tuple[object, ...]:
    """What PyTorch is told of a layer; values of the network are wiring."""
    expression = layer.function(x)
    if expression is not None:
        given = [getattr(layer, name) for name in type(layer).model_fields]
        return expression, repr([value for value in given if not isinstance(value, Shape)])
    call = layer.module(x)
    given = [(item.keyword, repr(item.value)) for item in (*call.arguments, *call.defaulted)]
    return call.target, *sorted(given, key=str)
