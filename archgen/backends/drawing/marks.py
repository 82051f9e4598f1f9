"""What a drawing of a difference says of each node of the new network, and what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from archgen.analysis.difference import Difference
from archgen.analysis.difference.changes import Change, changes
from archgen.analysis.difference.matching import BodyMatch
from archgen.analysis.difference.units import Unit
from archgen.backends.drawing.caption import caption
from archgen.backends.drawing.diagram import Mark
from archgen.network import Body, LayerNode, MergeNode, Node, ParamNode


@dataclass(frozen=True, slots=True)
class Marked:
    """A node that is new or another than before. detail: `stride 1 → 2`.

    whole: it is so with all that is inside: a new block, or one that moved or reads another value.
    """

    mark: Mark
    detail: str = ""
    whole: bool = False

    def within(self, first: bool) -> Marked | None:
        """What it says of the parts of a call that is drawn as its parts."""
        return replace(self, detail=self.detail if first else "") if self.whole else None


@dataclass(frozen=True, slots=True)
class Marks:
    """nodes: those of the new network that changed. gone: what the old one had behind a node, or
    at the beginning of a body, as a picture calls it."""

    nodes: Mapping[Node, Marked] = field(default_factory=dict)
    gone: Mapping[Node | Body, Sequence[str]] = field(default_factory=dict)

    def of(self, nodes: Sequence[Node]) -> Marked | None:
        """The mark of nodes that are drawn as one: of the first that has any."""
        return next((self.nodes[node] for node in nodes if node in self.nodes), None)

    def inside(self, nodes: Sequence[Node], above: Marked | None) -> Marked | None:
        """The mark of nodes in a call that has the mark `above`: what is inside of a new block is
        new, though the same body stands elsewhere too, where it was compared."""
        return above if is_new(above) else self.of(nodes) or above

    def behind(self, places: Sequence[Node | Body]) -> tuple[str, ...]:
        """What is gone behind nodes that are drawn as one."""
        return tuple(dict.fromkeys(each for place in places for each in self.gone.get(place, ())))


def is_new(marked: Marked | None) -> bool:
    return marked is not None and marked.mark == "added"


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
                known.append(caption_of(change.old.unit))
        for each in match.matched:
            if each.inner is not None and _tells(each.inner):
                nodes.setdefault(each.new.node, Marked("changed"))
    return Marks(nodes, gone)


def _tells(match: BodyMatch) -> bool:
    """Whether something inside bears a mark: names alone do not."""
    inner = _matches(match, set())
    return any(change.kind != "renamed" for each in inner for change in changes(each))


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
    known = nodes.get(unit.node)
    if change.kind == "added":
        more = part.count + (_number(known) if known else 0)
        whole = Marked("added", whole=True)
        nodes[unit.node] = whole if more == total else Marked("changed", f"{more} of {total} new")
        return
    shown = [each for each in change.arguments if each.name != "layer" and each.before]
    detail = ", ".join(f"{each.name} {each.before} → {each.after or 'none'}" for each in shown)
    if change.kind == "moved":
        detail = "moved"
    elsewhere = change.kind == "moved" or change.aspect == "wiring"
    details = dict.fromkeys((known.detail if known else "", detail))
    nodes[unit.node] = Marked(
        "changed",
        ", ".join(filter(None, details)),
        whole=elsewhere or (known is not None and known.whole),
    )


def _number(marked: Marked) -> int:
    first = marked.detail.partition(" ")[0]
    return int(first) if first.isdecimal() else 0


def _before(unit: Unit, match: BodyMatch) -> Node | Body:
    """Behind which node of the new body something that is gone stood: the last that is still
    there of those that it was made from."""
    back = {old: new for new, old in match.partner.items()}
    at = _source(unit)
    while at >= 0 and at not in back:
        at = _source(match.old.units[at])
    return match.new.units[back[at]].node if at in back else match.new.body


def _source(unit: Unit) -> int:
    """The unit that makes the main input of another; -1 for what enters the body, or none."""
    return unit.inputs[0][0] if unit.inputs else -1


def caption_of(unit: Unit) -> str:
    """What a picture calls something that is gone."""
    match unit.node:
        case LayerNode():
            return caption(unit.node.layer, unit.body.shape_in(unit.node))
        case MergeNode():
            return unit.node.kind
        case ParamNode():
            return f"{'parameter' if unit.node.word == 'param' else 'buffer'} {unit.node.name}"
        case _:
            definition = unit.node.body.definition
            named = definition is not None and definition.kind != "implicit"
            return definition.name if definition and named else unit.name
