"""Network -> JSON: the data model for other tools. `docs/ir.schema.json` describes it.

Bodies stand in a list, each once, callees before callers; a call refers to one by its place.
The same network gives the same text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import assert_never

from archgen.analysis.figures import Figures, figures
from archgen.analysis.numerals import plain
from archgen.layers.base import Auto, Layer
from archgen.layers.extern import Extern
from archgen.network import (
    AuxValue,
    Body,
    CallNode,
    Definition,
    Initialiser,
    LayerNode,
    MergeNode,
    Network,
    Node,
    ParamNode,
)
from archgen.resolve.values import LayerValue, Several, TensorValue
from archgen.shapes import Shape
from archgen.traversal import bodies

VERSION = 2
_WIDTH = 100

Data = dict[str, object]


def render(network: Network) -> str:
    """The network as JSON text, one node a line, ending in a newline."""
    return _pretty(data(network), "") + "\n"


def data(network: Network) -> Data:
    """The same as plain dictionaries, lists, strings and numbers."""
    tables = _Tables()
    for body in bodies(network.body):
        tables.add(body)
    return {
        "version": VERSION,
        "name": network.name,
        "doc": network.doc,
        "spec": network.spec,
        "digest": network.digest,
        "parameters": tables.arguments(network.parameters),
        "features": list(network.asked),
        "figures": _figures(figures(network)),
        "definitions": tables.definitions,
        "bodies": tables.bodies,
        "body": len(tables.bodies) - 1,
    }


class _Tables:
    """The definitions and bodies met so far, with their places."""

    def __init__(self) -> None:
        self.definitions: list[Data] = []
        self.bodies: list[Data] = []
        self._definition_ids: dict[Definition, int] = {}
        self._places: dict[Body, int] = {}

    def add(self, body: Body) -> None:
        """Give a body the next place; its callees have theirs."""
        self._places[body] = len(self.bodies)
        self.bodies.append(self._body(body))

    def definition(self, definition: Definition) -> int:
        if definition not in self._definition_ids:
            parent = self.definition(definition.parent) if definition.parent else None
            self.definitions.append(_definition(definition, parent))
            self._definition_ids[definition] = len(self.definitions) - 1
        return self._definition_ids[definition]

    def arguments(self, arguments: Mapping[str, object]) -> Data:
        return {name: self._value(value) for name, value in arguments.items()}

    def _body(self, body: Body) -> Data:
        inputs = zip(body.input_names, body.inputs, strict=True)
        return {
            "kind": body.kind,
            "definition": body.definition and self.definition(body.definition),
            "arguments": self.arguments(body.arguments),
            "inputs": [{"name": name, "value": ref} for name, ref in inputs],
            "outputs": [{"name": output.name, "value": output.value} for output in body.outputs],
            "listed": body.listed,
            "named": body.named,
            "values": [_shape(shape) for shape in body.values],
            "nodes": [self._node(body, node) for node in body.nodes],
            "aux": [self._head(body, aux) for aux in body.aux],
            "names": dict(body.names),
            "init": [
                {"path": path, **_initialiser(initialiser)} for path, initialiser in body.path_init
            ],
        }

    def _head(self, body: Body, aux: AuxValue) -> Data:
        return {"name": aux.name, "node": self._node(body, aux.node)}

    def _node(self, body: Body, node: Node) -> Data:
        wires: Data = {"inputs": list(node.inputs), "outputs": list(node.outputs)}
        match node:
            case LayerNode():
                return {"kind": "layer", "name": node.name, **_layer_node(body, node), **wires}
            case CallNode():
                call = {"body": self._places[node.body], "count": node.count, "reused": node.reused}
                return {"kind": "call", "name": node.name, **call, **wires}
            case MergeNode(kind="concat"):
                return {"kind": "concat", "axis": node.axis, **wires}
            case MergeNode():
                numbers = [{"at": at, "value": value} for at, value in node.numbers]
                return {"kind": node.kind, **({"numbers": numbers} if numbers else {}), **wires}
            case ParamNode():
                init = node.init and _initialiser(node.init)
                sizes = list(node.sizes)
                tensor = {"kind": node.word, "name": node.name, "sizes": sizes, "init": init}
                return {**tensor, **_tensor(node), **wires}
            case _:
                assert_never(node)

    def _value(self, value: object) -> object:
        match value:
            case LayerValue(target=Definition() as target):
                given = self.arguments(dict(value.arguments))
                return {"block": self.definition(target), "arguments": given}
            case LayerValue():
                return {"layer": value.name, "arguments": self.arguments(dict(value.arguments))}
            case TensorValue():
                return {"value": value.ref}
            case Several():
                return {"values": {name: tensor.ref for name, tensor in value.fields}}
            case tuple():
                return [self._value(item) for item in value]
            case _:
                return _plain(value)


def _definition(definition: Definition, parent: int | None) -> Data:
    return {
        "name": definition.name,
        "kind": definition.kind,
        "doc": definition.doc,
        "parameters": [parameter.name for parameter in definition.parameters],
        "file": PurePath(definition.span.source.path).name,
        "line": definition.span.line,
        "parent": parent,
    }


def _layer_node(body: Body, node: LayerNode) -> Data:
    layer, x = node.layer, body.shape_in(node)
    return {
        "layer": layer.keyword,
        "arguments": _fields(layer),
        "weights": _sizes(layer.weights(x)),
        "buffers": _sizes(layer.buffers(x)),
        "init": {weight: _initialiser(initialiser) for weight, initialiser in node.init},
        "reused": node.reused,
        **({"module": layer.declaration.target} if isinstance(layer, Extern) else {}),
    }


def _tensor(node: ParamNode) -> Data:
    """What a tensor of the body has beside its sizes, where it is not as usual."""
    said: Data = {} if node.values is None else {"values": node.values.text}
    if not node.persistent:
        said["persistent"] = False
    if node.word == "param" and not node.trainable:
        said["trainable"] = False
    return said


def _fields(layer: Layer) -> Data:
    return {name: _plain(getattr(layer, name)) for name in type(layer).model_fields}


def _sizes(tensors: Mapping[str, Iterable[int]]) -> Data:
    return {name: list(sizes) for name, sizes in tensors.items()}


def _initialiser(initialiser: Initialiser) -> Data:
    arguments = {name: _plain(value) for name, value in initialiser.arguments}
    return {"function": initialiser.name, "arguments": arguments}


def _shape(shape: Shape) -> Data:
    known: Data = {"sizes": list(shape.sizes), "axis": shape.axis}
    if shape.batch != "all":
        known["batch"] = shape.batch
    if shape.kind != "float":
        known["of"] = shape.kind
    return known


def _plain(value: object) -> object:
    """A value that JSON has, or has words for."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Auto():
            return "auto"
        case Shape():
            return _shape(value)
        case tuple():
            return [_plain(item) for item in value]
        case _:
            raise AssertionError(value)


def _figures(known: Figures) -> Data:
    return {
        "params": known.params,
        "buffers": known.buffers,
        "macs": known.macs,
        "activations": known.activations,
        "depth": known.depth,
        "outputs": [_shape(shape) for shape in known.outputs],
        "reduction": [plain(ratio) for ratio in known.reduction],
        "receptive_field": list(known.receptive_field),
        "flops": known.flops,
    }


def _pretty(value: object, indent: str) -> str:
    """JSON with what is short on one line, and each node on one line."""
    text = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + len(text) <= _WIDTH or _is_node(value):
        return text
    inner = indent + " "
    if isinstance(value, list):
        rows = [_pretty(item, inner) for item in value]
        return f"[\n{inner}" + f",\n{inner}".join(rows) + f"\n{indent}]"
    fields = [f"{json.dumps(key)}: {_pretty(item, inner)}" for key, item in value.items()]
    return f"{{\n{inner}" + f",\n{inner}".join(fields) + f"\n{indent}}}"


def _is_node(value: dict[str, object] | list[object]) -> bool:
    return isinstance(value, dict) and "outputs" in value and "values" not in value
