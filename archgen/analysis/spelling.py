"""Layers and calls as one would write them in a spec: what rows and boxes are called."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.diagnostics import Fault
from archgen.layers.base import Layer
from archgen.network import Body, CallNode, Definition, LayerNode, MergeNode, Node, ParamNode
from archgen.resolve.expressions import evaluate
from archgen.resolve.values import (
    Environment,
    Items,
    Several,
    TensorValue,
    Unknown,
    identity_key,
    show,
)
from archgen.shapes import Shape
from archgen.syntax import tree


def spell_node(node: Node) -> str:
    """`conv(64, 7, stride=2)`, `bottleneck(256)`, `bottleneck(256, stride=2) x 3`, `add`."""
    match node:
        case LayerNode():
            return spell_layer(node.layer)
        case CallNode():
            return spell_body(node.body)
        case MergeNode():
            return " ".join([node.kind, *(show(number) for _, number in node.numbers)])
        case ParamNode():
            return f"{node.word}({list(node.sizes)})"


def spell_layer(layer: Layer) -> str:
    """`conv(64, 7, stride=2)`: what is required by place, the rest by name where it is given."""
    return _call(layer.keyword, list(_layer_arguments(layer)))


def given(layer: Layer) -> Iterator[tuple[str, str]]:
    """Each argument with its value as one would write it, defaults too."""
    for name in type(layer).model_fields:
        value = getattr(layer, name)
        if not isinstance(value, Shape):
            yield name, spell_value(value)


def spell_body(body: Body) -> str:
    """`bottleneck(512, stride=2)`, `conv(64, 1) -> bn`, `bottleneck x 3`, `dense_layer x 6`."""
    if body.definition is None:
        return _spell_container(body)
    if body.definition.kind == "implicit":
        return "{ ... }"
    return _call(body.definition.name, list(_block_arguments(body, body.definition)))


def _call(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(arguments)})" if arguments else name


def _layer_arguments(layer: Layer) -> Iterator[str]:
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        if isinstance(value, Shape):
            continue  # of a value of the network
        if field.is_required():
            yield spell_value(value)
        elif name == layer.open_field:
            yield from (f"{each}={spell_value(of)}" for each, of in value)
        elif value != field.default:
            yield f"{name}={spell_value(value)}"


def _block_arguments(body: Body, definition: Definition) -> Iterator[str]:
    """The first parameter without its name, if it has no default; values of the network not."""
    for place, parameter in enumerate(definition.parameters):
        value = body.arguments[parameter.name]
        if isinstance(value, TensorValue | Several):
            continue
        if parameter.default is None and place == 0:
            yield spell_value(value)
        elif not _is_default(parameter.default, value, body, definition):
            yield f"{parameter.name}={spell_value(value)}"


def _is_default(
    default: tree.Expr | None, value: object, body: Body, definition: Definition
) -> bool:
    """Whether a parameter has the value that its default would have given it."""
    if default is None:
        return False

    def entered(_: object) -> object:
        return body.values[body.inputs[0]]

    env = Environment(body.arguments, definition.scope, entered, entered)  # type: ignore[arg-type]
    try:
        return identity_key(evaluate(default, env)) == identity_key(value)
    except (Fault, Unknown):
        return False


def spell_value(value: object) -> str:
    """A value as one would write it in a spec."""
    if isinstance(value, tuple) and not isinstance(value, Items):
        return "[" + ", ".join(map(spell_value, value)) + "]"
    return show(value)


def _spell_container(body: Body) -> str:
    """Few children are written out, many of one kind counted."""
    if len(body.nodes) <= 3 and all(isinstance(node, LayerNode) for node in body.nodes):
        return " -> ".join(map(spell_node, body.nodes))
    counts: dict[str, int] = {}
    for node in body.nodes:
        name, count = _kind(node)
        counts[name] = counts.get(name, 0) + count
    if len(counts) > 2:
        return f"seq of {sum(counts.values())}"
    return ", ".join(f"{name} x {count}" if count > 1 else name for name, count in counts.items())


def _kind(node: Node) -> tuple[str, int]:
    """What a child of a container is, and how many it stands for."""
    match node:
        case LayerNode():
            return node.layer.keyword, 1
        case CallNode():
            definition = node.body.definition
            named = definition is not None and definition.kind != "implicit"
            return (definition.name if definition and named else "seq"), node.count
        case MergeNode() | ParamNode():
            raise AssertionError("an nn.Sequential holds modules only")
