"""What a model's `state_dict` holds, known without making the model: keys, shapes, kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from archgen.layers.base import StateKind
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, ParamNode
from archgen.shapes import Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of a `state_dict`."""

    key: str
    sizes: tuple[int, ...]
    kind: StateKind
    numbers: Kind = "float"


def state(network: Network) -> Iterator[Entry]:
    """Every entry in the order of the modules; repeats are written out as they are asked for."""
    return of_body(network.body, "")


def of_body(body: Body, prefix: str) -> Iterator[Entry]:
    """The entries of a module with this body, below a prefix that ends in a dot or is empty."""
    for node in members(body):
        yield from _of_node(body, node, prefix)


def _of_node(body: Body, node: Node, prefix: str) -> Iterator[Entry]:
    match node:
        case LayerNode():
            yield from of_layer(body, node, f"{prefix}{node.name}.")
        case CallNode():
            for name in node.names():
                yield from of_body(node.body, f"{prefix}{name}.")
        case ParamNode():
            yield from of_tensor(body, node, prefix)
        case MergeNode():
            pass
        case _:
            assert_never(node)


def of_tensor(body: Body, node: ParamNode, prefix: str) -> Iterator[Entry]:
    """The entry of a tensor of the body itself, if it has one."""
    if node.persistent:
        is_buffer = node.word == "buffer"
        numbers = body.values[node.outputs[0]].kind
        yield Entry(prefix + node.name, node.sizes, "buffer" if is_buffer else "parameter", numbers)


def of_layer(body: Body, node: LayerNode, prefix: str) -> Iterator[Entry]:
    """The entries of one layer, below its own path and a dot."""
    x = body.shape_in(node)
    for name, sizes, kind in node.layer.state(x):
        yield Entry(prefix + name, sizes, kind)


def members(body: Body) -> list[Node]:
    """What may have weights of its own, as a module registers it: parameters, children, heads.

    The children of an `nn.ModuleList` (`ups.0`) stand where its first child does, by number.
    """
    places: dict[str, int] = {}
    members = [node for node in body.all_nodes if not _made_before(node)]
    for node in members:
        places.setdefault(_list_of(node), len(places))
    order = lambda node: (_rank(node), places[_list_of(node)], _numbers(node))  # noqa: E731
    return sorted(members, key=order)


def _made_before(node: Node) -> bool:
    return isinstance(node, MergeNode) or (not isinstance(node, ParamNode) and node.reused)


def _rank(node: Node) -> int:
    """A module has its parameters first, then its buffers, then its children."""
    return ("param", "buffer").index(node.word) if isinstance(node, ParamNode) else 2


def _list_of(node: Node) -> str:
    return "" if isinstance(node, MergeNode) else node.name.partition(".")[0]


def _numbers(node: Node) -> list[int]:
    """Its place in an `nn.ModuleList`, and in those within; none for any other submodule."""
    return [] if isinstance(node, MergeNode) else [int(at) for at in node.name.split(".")[1:]]
