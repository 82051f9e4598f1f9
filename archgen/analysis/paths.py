"""Paths as people write them: `layer2.0.conv1`, and any repeat of a folded call."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.cutting.places import call_number
from archgen.network import Body, CallNode, MergeNode, Network, Node
from archgen.resolve.arguments import suggest

Stop = tuple[Node, str, str]  # a node on a path, its name there, and what is left of the path


def locate(network: Network, path: str) -> str | None:
    """The path under which the network holds a node; a repeat is held by its first name."""
    stops = list(_stops(network.body, path))
    if not stops or stops[-1][2]:
        return None
    return ".".join(node.name for node, _, _ in stops if not isinstance(node, MergeNode))


def find(network: Network, path: str) -> Node | None:
    """The node that a path names, or that holds the weight of that key."""
    *_, (node, _, rest) = [(None, "", ""), *_stops(network.body, path)]
    return None if rest and isinstance(node, CallNode) else node


def node_at(body: Body, path: str) -> Node | None:
    """The node of a path; of one that goes on inside a layer or past all names, the last on it."""
    stops = list(_stops(body, path))
    return stops[-1][0] if stops else None


def hint(network: Network, path: str) -> str:
    """What to say of a path that is not there: one like it, or those that begin as it does."""
    body, start = network.body, ""
    for node, name, _ in _stops(network.body, path):
        if isinstance(node, CallNode):
            body, start = node.body, f"{start}{name}."
    known = [start + node.name for node in body.nodes if not isinstance(node, MergeNode)]
    return suggest(path, known) or f"there is {', '.join(known[:8])}"


def _stops(body: Body, path: str) -> Iterator[Stop]:
    """The nodes that a path leads to or through."""
    while stop := next(filter(None, (_stop(node, path) for node in body.all_nodes)), None):
        yield stop
        node, _, path = stop
        if not isinstance(node, CallNode):
            return
        body = node.body


def _stop(node: Node, path: str) -> Stop | None:
    """The node, if the beginning of the path names it (a child of a list has a name with a dot)."""
    if isinstance(node, MergeNode):
        return None
    name = node.name
    if isinstance(node, CallNode) and node.count > 1:
        name = path.partition(".")[0]
        if call_number(node, name) is None:
            return None
    if f"{path}.".startswith(f"{name}."):
        return node, name, path.removeprefix(name).removeprefix(".")
    return None
