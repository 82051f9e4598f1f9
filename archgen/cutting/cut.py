"""A body -> one that gives some of the values inside it, and makes nothing else.

What keeps its name keeps its keys. A value inside a submodule becomes a further output of that;
an `nn.Sequential` with several outputs gives them in the order of its children.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import replace

from archgen.cutting.places import Spot, maker
from archgen.cutting.trim import trimmed
from archgen.cutting.weights import weight_sizes
from archgen.network import Applied, Body, CallNode, Initialiser, LayerNode, Node, OutputValue, Ref
from archgen.shapes import Shape

RESERVED_FIELDS = frozenset({"count", "index"})  # methods of every tuple


def field_name(name: str) -> str:
    """The field of a feature: `layer3`, `features_4` for `features.4`, `ups_0` for `ups[0]`."""
    field = re.sub(r"\W+", "_", name.replace("]", ""), flags=re.ASCII)
    if field.startswith("_"):
        return f"f{field}"
    return f"{field}_" if keyword.iskeyword(field) or field in RESERVED_FIELDS else field


def cut(body: Body, spots: Sequence[Spot]) -> tuple[Body, list[Ref]]:
    """A body with what these values need alone, its outputs not yet set; and the values in it."""
    body, spots = _apart(body, spots)
    body = _with_heads(body, [spot.node for spot in spots])
    values = list(body.values)
    refs = {spot: spot.value for spot in spots if spot.inner is None}
    needed = set(refs.values())
    kept: dict[int, Node] = {}
    first_uses = _first_uses(body)
    starts: list[tuple[str, Initialiser]] = []
    inside: dict[int, list[Spot]] = {}
    for spot in spots:
        if spot.inner is not None:
            inside.setdefault(id(spot.node), []).append(spot)
    for node in reversed(body.nodes):
        if id(node) in inside:
            tapped = _tapped(node, inside[id(node)], needed, values, refs)
            kept[id(node)] = _in_place(tapped, starts)
        elif needed.intersection(node.outputs):
            heads = isinstance(node, CallNode) and node.body.heads
            kept[id(node)] = _tapped(node, (), needed, values, refs) if heads else node
        else:
            continue
        needed.update(node.inputs)
        needed.update(first_uses.get(getattr(node, "name", ""), ()))
    body = replace(trimmed(body, kept), values=tuple(values), aux=(), heads=())
    init = tuple(each for each in (*starts, *body.path_init) if _has_weight(body, each[0]))
    return replace(body, path_init=init), [refs[spot] for spot in spots]


def _first_uses(body: Body) -> dict[str, tuple[Ref, ...]]:
    """What makes each submodule that is used again: that stays, though nothing may read it."""
    nodes = [node for node in body.nodes if isinstance(node, LayerNode | CallNode)]
    again = {node.name for node in nodes if node.reused}
    return {node.name: node.outputs for node in nodes if node.name in again and not node.reused}


def _has_weight(body: Body, path: str) -> bool:
    return weight_sizes(body.nodes, body.values, path) is not None


def _with_heads(body: Body, asked: Sequence[Node | None]) -> Body:
    """The body with those training heads that are asked for among what it always runs."""
    wanted = set(map(id, asked))
    heads = [aux.node for aux in body.aux if id(aux.node) in wanted]
    if not heads:
        return body
    nodes = sorted([*body.nodes, *heads], key=lambda node: node.outputs)
    return replace(body, nodes=tuple(nodes))


# --- features inside a call -----------------------------------------------------------------------


def _tapped(
    node: Node,
    inside: Sequence[Spot],
    needed: set[Ref],
    values: list[Shape],
    refs: dict[Spot, Ref],
) -> CallNode:
    """A call that gives the features inside it, and of its own results those that are needed.

    New values are added to `values`, and each feature's to `refs`.
    """
    assert isinstance(node, CallNode)
    own = [pair for pair in zip(node.body.outputs, node.outputs, strict=True) if pair[1] in needed]
    spots = [spot.inner for spot in inside if spot.inner]
    body, places = opened(node.body, [output for output, _ in own], spots)
    outputs = [-1] * len(body.outputs)
    for (_, ref), at in zip(own, places, strict=False):
        outputs[at] = ref
    for spot, at in zip(inside, places[len(own) :], strict=True):
        if outputs[at] < 0:
            values.append(body.values[body.outputs[at].value])
            outputs[at] = len(values) - 1
        refs[spot] = outputs[at]
    return replace(node, body=body, outputs=tuple(outputs))


def opened(
    callee: Body, own: Sequence[OutputValue], inside: Sequence[Spot]
) -> tuple[Body, list[int]]:
    """A body that gives these of its results and these values inside it, and what they need alone.

    Which of its outputs each of them is, the results first.
    """
    body, made = cut(callee, [*(_result(callee, output) for output in own), *inside])
    found: dict[Ref, str] = {}
    for output, value in zip(own, made, strict=False):
        found[value] = output.name or "output"
    for spot, value in zip(inside, made[len(own) :], strict=True):
        if value not in found:
            found[value] = _free(field_name(spot.name), [*found.values()])
    refs = list(found)
    if callee.kind in {"sequential", "stage"}:
        order = {id(each): at for at, each in enumerate(body.nodes)}
        refs.sort(key=lambda ref: order[id(maker(body, ref))])
    names = [found[ref] for ref in refs] if len(refs) > 1 else [""]
    outputs = tuple(map(OutputValue, names, refs))
    return replace(body, outputs=outputs, listed=False), [refs.index(value) for value in made]


def _in_place(node: CallNode, starts: list[tuple[str, Initialiser]]) -> CallNode:
    """A container that gives several values is written where it stands, and has no constructor
    that could say how its weights start: what it says is added to `starts`."""
    if node.body.kind not in {"sequential", "stage"}:
        return node
    starts += [(f"{node.name}.{path}", init) for path, init in node.body.path_init]
    return replace(node, body=replace(node.body, path_init=()))


def _result(body: Body, output: OutputValue) -> Spot:
    """A result of a body as what must stay in it."""
    node = maker(body, output.value)
    return Spot(output.name, node, output.value, getattr(node, "count", 1) - 1)


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name


# --- repeats --------------------------------------------------------------------------------------


def _apart(body: Body, spots: Sequence[Spot]) -> tuple[Body, list[Spot]]:
    """A stage whose repeats end where a feature is made; and the spots in it."""
    if body.kind != "stage" or all(_ends(spot) for spot in spots):
        return body, list(spots)
    values = list(body.values)
    nodes: list[LayerNode | CallNode] = []
    moved: dict[tuple[int, int], Node] = {}
    for node in body.nodes:
        assert isinstance(node, LayerNode | CallNode)
        last = getattr(node, "count", 1) - 1
        ends = {spot.offset for spot in spots if spot.node is node} | {last}
        if len(ends) > 1 and not nodes:
            ends.add(0)  # a stage's first call has arguments of its own
        start, before = 0, node.inputs[0]
        for end in sorted(ends):
            if end < last:
                values.append(values[node.outputs[0]])
            after = len(values) - 1 if end < last else node.outputs[0]
            piece = _piece(node, start, end, before, after)
            moved[id(node), end] = piece
            nodes.append(piece)
            start, before = end + 1, after
    steps = tuple(Applied(node, node.inputs[0], node.outputs[0]) for node in nodes)
    made = [moved[id(spot.node), spot.offset] for spot in spots]
    spots = [
        replace(spot, node=node, value=node.outputs[0], offset=0)
        for spot, node in zip(spots, made, strict=True)
    ]
    return replace(body, nodes=tuple(nodes), values=tuple(values), steps=steps), spots


def _ends(spot: Spot) -> bool:
    """Whether a spot is the last call of its node."""
    return spot.offset == getattr(spot.node, "count", 1) - 1


def _piece(
    node: LayerNode | CallNode, start: int, end: int, before: Ref, after: Ref
) -> LayerNode | CallNode:
    """The calls from `start` to `end` of a repeat."""
    if isinstance(node, LayerNode):
        return node
    name = str(int(node.name) + start)
    return replace(node, name=name, inputs=(before,), outputs=(after,), count=end - start + 1)
