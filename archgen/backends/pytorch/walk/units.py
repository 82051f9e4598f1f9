"""The calls of a network that may share a class: those of one definition, callees first."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.network import Body, CallNode

Unit = tuple[int, int]  # a definition's text, and how deep calls of itself nest in it


def callees(body: Body) -> Iterator[Body]:
    """The calls of definitions that a body makes, in order; what has no class is looked into."""
    for node in body.all_nodes:
        if isinstance(node, CallNode):
            if has_class(node.body):
                yield node.body
            else:
                yield from callees(node.body)


def has_class(body: Body) -> bool:
    """Whether a call is one of a definition: a container made in place is not, nor is a stage,
    nor one that is applied in pieces, since only a plain `nn.Sequential` can be sliced."""
    if body.kind == "sequential":
        return body.definition is not None and len(body.outputs) == 1
    return body.kind != "stage"


def units_of(arch: Body) -> dict[Unit, list[Body]]:
    """The calls of each definition in order of appearance, apart by how deep they nest."""
    order: dict[int, Body] = {}
    _collect(arch, order)
    edges: dict[int, set[int]] = {}
    for body in order.values():
        edges.setdefault(_text(body), set()).update(_text(callee) for callee in callees(body))
    reach = {text: _reached(text, edges) for text in edges}
    depths: dict[int, int] = {}
    units: dict[Unit, list[Body]] = {}
    for body in order.values():
        units.setdefault((_text(body), _depth(body, reach, depths)), []).append(body)
    return units


def _text(body: Body) -> int:
    assert body.definition is not None
    return id(body.definition.body)


def _collect(body: Body, order: dict[int, Body]) -> None:
    for callee in callees(body):
        if id(callee) not in order:
            order[id(callee)] = callee
            _collect(callee, order)


def _reached(text: int, edges: dict[int, set[int]]) -> set[int]:
    found: set[int] = set()
    todo = [text]
    while todo:
        for other in edges.get(todo.pop(), ()):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _depth(body: Body, reach: dict[int, set[int]], known: dict[int, int]) -> int:
    """How many calls nest in this one whose texts call each other in a circle with its own."""
    if id(body) not in known:
        own = _text(body)
        known[id(body)] = max(
            (
                1 + _depth(callee, reach, known)
                for callee in callees(body)
                if own in reach[_text(callee)]
            ),
            default=0,
        )
    return known[id(body)]
