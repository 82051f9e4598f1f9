"""Paths as people write them: `layer2.0.conv1`, and any repeat of a folded call."""

from __future__ import annotations

from archgen.network import Body, CallNode, MergeNode, Network, Node
from archgen.passes.places import call_number
from archgen.resolve.arguments import suggest


def locate(network: Network, path: str) -> str | None:
    """The path under which the network holds a node; a repeat is held by its first name."""
    return _locate(network.body, path)


def find(network: Network, path: str) -> Node | None:
    """The node that a path names, or that holds the weight of that key."""
    return _find(network.body, path)


def hint(network: Network, path: str) -> str:
    """What to say of a path that is not there: one like it, or those that begin as it does."""
    body, start = network.body, ""
    while (node := _first(body, path.removeprefix(start))) and isinstance(node, CallNode):
        body, start = node.body, f"{start}{_name(node, path.removeprefix(start))}."
    known = [start + node.name for node in body.nodes if not isinstance(node, MergeNode)]
    return suggest(path, known) or f"there is {', '.join(known[:8])}"


def node_at(body: Body, path: str) -> Node | None:
    """The node of a path; of one that goes on inside a layer or past all names, the last on it."""
    found = None
    while node := _first(body, path):
        found = node
        if not isinstance(node, CallNode):
            break
        body, path = node.body, path.removeprefix(_name(node, path) or "").removeprefix(".")
    return found


def _locate(body: Body, path: str) -> str | None:
    node = _first(body, path)
    if node is None or isinstance(node, MergeNode):
        return None
    name = _name(node, path)
    if name == path:
        return node.name
    inside = (
        _locate(node.body, path.removeprefix(f"{name}.")) if isinstance(node, CallNode) else None
    )
    return inside and f"{node.name}.{inside}"


def _find(body: Body, path: str) -> Node | None:
    node = _first(body, path)
    if not isinstance(node, CallNode) or path == (name := _name(node, path)):
        return node
    return _find(node.body, path.removeprefix(f"{name}."))


def _first(body: Body, path: str) -> Node | None:
    """The node that a path leads to or through."""
    return next((node for node in body.all_nodes if _name(node, path)), None)


def _name(node: Node, path: str) -> str | None:
    """The beginning of a path that names this node (a child of a list has a name with a dot)."""
    if isinstance(node, MergeNode):
        return None
    if isinstance(node, CallNode) and node.count > 1:
        head = path.partition(".")[0]
        return head if call_number(node, head) is not None else None
    return node.name if path == node.name or path.startswith(f"{node.name}.") else None
