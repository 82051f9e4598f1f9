"""What a drawing of a difference says of each node of the new network, and what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from archgen.analysis.difference import Difference
from archgen.analysis.difference.changes import Change, changes
from archgen.analysis.difference.matching import BodyMatch
from archgen.analysis.difference.units import Unit
from archgen.backends.drawing.caption import caption
from archgen.backends.drawing.diagram import Mark
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode


@dataclass(frozen=True, slots=True)
class Marked:
    """A node that is new or another than before. detail: `stride 1 → 2`."""

    mark: Mark
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """nodes: those of the new network that changed. gone: what the old one had behind a node, or
    at the beginning of a body, as a picture calls it."""

    nodes: Mapping[Node, Marked] = field(default_factory=dict)
    gone: Mapping[Node | Body, Sequence[str]] = field(default_factory=dict)

    def of(self, nodes: Sequence[Node]) -> Marked | None:
        """The mark of nodes that are drawn as one: of the first that has any."""
        return next((self.nodes[node] for node in nodes if node in self.nodes), None)

    def behind(self, places: Sequence[Node | Body]) -> tuple[str, ...]:
        """What is gone behind nodes that are drawn as one."""
        return tuple(dict.fromkeys(each for place in places for each in self.gone.get(place, ())))


def marks(found: Difference) -> Marks:
    """Mark what a difference names; names alone are not marked."""
    nodes: dict[Node, Marked] = {}
    gone: dict[Node | Body, list[str]] = {}
    for match in _matches(found.match, set()):
        for change in changes(match):
            if change.new:
                _mark(nodes, change)
            elif change.old:
                known = gone.setdefault(_before(change.old.unit, match), [])
                known.append(_caption(change.old.unit))
        for each in match.matched:
            if each.inner is not None and not each.inner.same:
                nodes.setdefault(each.new.node, Marked("changed"))
    return Marks(nodes, gone)


def _matches(match: BodyMatch, seen: set[BodyMatch]) -> Iterator[BodyMatch]:
    if match in seen or match.same:
        return
    seen.add(match)
    yield match
    for each in match.matched:
        if each.inner is not None:
            yield from _matches(each.inner, seen)


def _mark(nodes: dict[Node, Marked], change: Change) -> None:
    if change.kind == "renamed" or change.new is None:
        return
    unit, part = change.new.unit, change.new
    total = getattr(unit.node, "count", 1)
    if change.kind == "added" and part.count < total:
        known = nodes.get(unit.node)
        more = part.count + (_number(known) if known else 0)
        marked = Marked("added") if more == total else Marked("changed", f"{more} of {total} new")
        nodes[unit.node] = marked
        return
    if change.kind == "added":
        nodes.update((node, Marked("added")) for node in _made_in_place(unit.node))
        return
    shown = [each for each in change.arguments if each.name != "layer" and each.before]
    detail = ", ".join(f"{each.name} {each.before} → {each.after or 'none'}" for each in shown)
    if change.kind == "moved":
        detail = "moved"
    nodes[unit.node] = Marked("changed", detail)


def _made_in_place(node: Node) -> Iterator[Node]:
    """A node, and what is in a chain or `seq`, which a picture opens. Bodies of blocks are shared
    with other calls, which are not new."""
    yield node
    if isinstance(node, CallNode) and node.body.definition is None:
        for inner in node.body.nodes:
            yield from _made_in_place(inner)


def _number(marked: Marked) -> int:
    first = marked.detail.partition(" ")[0]
    return int(first) if first.isdecimal() else 0


def _before(unit: Unit, match: BodyMatch) -> Node | Body:
    """Behind which node of the new body something that is gone stood."""
    back = {old: new for new, old in match.partner.items()}
    places = {id(each): at for at, each in enumerate(match.old.units)}
    at = places.get(id(unit), -1)
    while at >= 0 and unit.inputs and (at == places[id(unit)] or at not in back):
        inputs = match.old.units[at].inputs
        at = inputs[0][0] if inputs else -1
    return match.new.units[back[at]].node if at in back else match.new.body


def _caption(unit: Unit) -> str:
    match unit.node:
        case LayerNode():
            return caption(unit.node.layer, unit.body.shape_in(unit.node))
        case MergeNode():
            return unit.node.kind
        case ParamNode():
            return f"parameter {unit.node.name}"
        case _:
            definition = unit.node.body.definition
            named = definition is not None and definition.kind != "implicit"
            return definition.name if definition and named else unit.name
