"""What differs in one pair of bodies, node by node, whatever the reason.

Complete: two bodies for which nothing is found here, nor in the bodies that they call, are equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from archgen.analysis.difference.matching import BodyMatch, Matched, Part
from archgen.analysis.difference.meaning import effective, key_of
from archgen.analysis.difference.model import Argument, Aspect, Kind
from archgen.analysis.difference.sources import Wiring, spelled
from archgen.analysis.difference.units import INPUT, Unit
from archgen.analysis.spelling import spell_node, spell_value
from archgen.layers.initialisers import Initialiser
from archgen.network import Body, CallNode, LayerNode, MergeNode, ParamNode


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One thing that differs. old, new: the repeats of a unit on that side; both None where it is
    about the bodies themselves."""

    kind: Kind
    aspect: Aspect
    old: Part | None
    new: Part | None
    arguments: tuple[Argument, ...] = ()


def changes(match: BodyMatch) -> list[Change]:
    """What differs between two bodies, in the order of the new one; not what differs inside the
    bodies that they call."""
    if match.same:
        return []
    return [*_exchanged(list(_of_units(match))), *_of_bodies(match)]


def _exchanged(found: list[Change]) -> Iterator[Change]:
    """What is gone and what is new under the same name is one change of one place; a layer that
    is the same stands elsewhere now."""
    gone = {_named(each): each for each in found if each.kind == "removed"}
    joined = {
        _named(each): change
        for each in found
        if each.kind == "added" and (change := _joined(gone.get(_named(each)), each))
    }
    for each in found:
        if each.kind == "added":
            yield joined.get(_named(each), each)
        elif each.kind != "removed" or _named(each) not in joined:
            yield each


def _joined(gone: Change | None, new: Change) -> Change | None:
    if not gone or not gone.old or not new.new or not _named(new):
        return None
    before, after = gone.old.unit.node, new.new.unit.node
    one, other = spell_node(before), spell_node(after)
    if one != other:
        argument = Argument("layer", one, other)
        return Change("changed", new.aspect, gone.old, new.new, (argument,))
    layers = isinstance(before, LayerNode) and isinstance(after, LayerNode)
    return Change("moved", new.aspect, gone.old, new.new) if layers else None


def _named(change: Change) -> str:
    part = change.new or change.old
    return part.unit.named(part.start, part.count) if part and part.unit.name else ""


def _of_units(match: BodyMatch) -> Iterator[Change]:
    """What is gone stands where it was: before its old follower."""
    wiring = Wiring(match)
    waiting = list(match.removed)
    old_places = {id(unit): at for at, unit in enumerate((*match.old.units, *match.old.heads))}
    items: list[Matched | Part] = [*match.matched, *match.added]
    new_places = {id(unit): at for at, unit in enumerate((*match.new.units, *match.new.heads))}
    items.sort(key=lambda item: new_places[id(_unit(item))])
    for item in items:
        if isinstance(item, Part):
            yield Change("added", _aspect(item.unit), None, item)
            continue
        while waiting and not item.moved:
            if old_places[id(waiting[0].unit)] >= old_places[id(item.old)]:
                break
            yield _removed(waiting.pop(0))
        yield from _of_pair(item, match, wiring)
    yield from map(_removed, waiting)


def _unit(item: Matched | Part) -> Unit:
    return item.unit if isinstance(item, Part) else item.new


def _removed(part: Part) -> Change:
    return Change("removed", _aspect(part.unit), part, None)


def _aspect(unit: Unit) -> Aspect:
    return "layer" if unit.head is None else "head"


# --- units that are on both sides -----------------------------------------------------------------


def _of_pair(each: Matched, match: BodyMatch, wiring: Wiring) -> Iterator[Change]:
    old, new = Part(each.old, 0, each.count), Part(each.new, 0, each.count)
    aspect = _aspect(each.new)
    if each.moved:
        yield Change("moved", aspect, old, new)
    if names := tuple(_names(each)):
        yield Change("renamed", aspect, old, new, names)
    if arguments := tuple(_arguments(each)):
        yield Change("changed", aspect, old, new, arguments)
    if started := tuple(_inits(each)):
        yield Change("changed", "init", old, new, started)
    if reads := tuple(_reads(each, match, wiring)):
        yield Change("changed", "wiring", old, new, reads)


def _names(each: Matched) -> Iterator[Argument]:
    """Its name; what is used again is called as where it is made."""
    if each.old.name != each.new.name and not (each.old.reused and each.new.reused):
        one, other = (unit.named(0, each.count) for unit in (each.old, each.new))
        yield Argument("name", one, other)
    if each.old.head != each.new.head:
        yield Argument("head", each.old.head, each.new.head)


def _arguments(each: Matched) -> Iterator[Argument]:
    match each.old.node, each.new.node:
        case LayerNode() as old, LayerNode() as new:
            yield from _of_layers(old, each.old.body, new, each.new.body)
        case CallNode() as old, CallNode() as new:
            assert each.inner
            if not each.inner.same:
                yield from _of_stages(each.inner)
                yield from _of_calls(old.body, new.body)
        case MergeNode() as old, MergeNode() as new:
            yield from _argument("axis", old.axis, new.axis)
            yield from _argument("numbers", old.numbers, new.numbers)
        case ParamNode() as old, ParamNode() as new:
            for name in ("word", "sizes", "trainable", "persistent"):
                yield from _argument(name, getattr(old, name), getattr(new, name))
            texts = (each.values and each.values.text for each in (old, new))
            yield from _argument("values", *texts)
        case _:
            raise AssertionError(each)


def _of_layers(old: LayerNode, before: Body, new: LayerNode, after: Body) -> Iterator[Argument]:
    if old.layer.keyword != new.layer.keyword:
        yield Argument("layer", spell_node(old), spell_node(new))
        return
    one = effective(old.layer, before.shape_in(old))
    other = effective(new.layer, after.shape_in(new))
    for name in dict.fromkeys((*one, *other)):
        yield from _argument(name, one.get(name), other.get(name))


def _of_stages(inner: BodyMatch) -> Iterator[Argument]:
    """How often a stage repeats its block; and the block, where it is another one altogether."""
    rows = (inner.old, inner.new)
    if not all(row.body.kind == "stage" for row in rows):
        return
    yield from _argument("n", *(sum(unit.count for unit in row.units) for row in rows))
    if not inner.matched:
        one, other = (spell_node(row.units[0].node) for row in rows)
        yield Argument("block", one, other)


def _of_calls(old: Body, new: Body) -> Iterator[Argument]:
    """The arguments by name, those of blocks with different parameters too."""
    for name in dict.fromkeys((*old.arguments, *new.arguments)):
        before, after = old.arguments.get(name, _ABSENT), new.arguments.get(name, _ABSENT)
        if before is _ABSENT or after is _ABSENT:
            continue
        one, other = spell_value(before), spell_value(after)
        if one != other:
            yield Argument(name, one, other)


_ABSENT = object()


def _argument(name: str, before: object, after: object) -> Iterator[Argument]:
    if key_of(before) != key_of(after):
        yield Argument(name, spell_value(before), spell_value(after))


def _inits(each: Matched) -> Iterator[Argument]:
    one, other = _starts(each.old), _starts(each.new)
    for name in dict.fromkeys((*one, *other)):
        before, after = one.get(name), other.get(name)
        if before != after:
            label = f"init {name}".rstrip()
            yield Argument(label, _spelled(before), _spelled(after))


def _starts(unit: Unit) -> Mapping[str, Initialiser | None]:
    match unit.node:
        case LayerNode():
            return dict(unit.node.init)
        case ParamNode():
            return {"": unit.node.init}
        case CallNode() | MergeNode():
            return {}
        case _:
            assert_never(unit.node)


def _spelled(init: Initialiser | None) -> str | None:
    if init is None:
        return None
    arguments = ", ".join(f"{name}={spell_value(value)}" for name, value in init.arguments)
    return f"{init.name}({arguments})" if arguments else init.name


def _reads(each: Matched, match: BodyMatch, wiring: Wiring) -> Iterator[Argument]:
    if each.old.reused != each.new.reused:
        names = [unit.name if unit.reused else None for unit in (each.old, each.new)]
        yield Argument("reuse", names[0], names[1])
    elif each.old.reused and wiring.other_maker(each):
        yield Argument("reuse", each.old.name, each.new.name)
    if wiring.differs(each):
        old, new = spelled(each.old.inputs, match.old), spelled(each.new.inputs, match.new)
        yield Argument("from", old, new)


# --- the bodies themselves ------------------------------------------------------------------------


def _of_bodies(match: BodyMatch) -> Iterator[Change]:
    old, new = match.old.body, match.new.body
    if found := tuple(_results(match)):
        yield Change("changed", "output", None, None, found)
    if named := tuple(_values(match)):
        yield Change("changed", "value", None, None, named)
    heads = [", ".join(unit.head or "" for unit in row.heads) for row in (match.old, match.new)]
    if heads[0] != heads[1] and sorted(heads[0].split(", ")) == sorted(heads[1].split(", ")):
        yield Change("changed", "head", None, None, (Argument("heads", heads[0], heads[1]),))
    if starts := tuple(_path_inits(old, new)):
        yield Change("changed", "init", None, None, starts)


def _results(match: BodyMatch) -> Iterator[Argument]:
    old, new = match.old.body, match.new.body
    if len(old.inputs) != len(new.inputs):
        yield Argument("inputs", str(len(old.inputs)), str(len(new.inputs)))
    before, after = _output_names(old), _output_names(new)
    if before != after:
        yield Argument("output", before, after)
    elif Wiring(match).outputs_differ():
        one, other = spelled(match.old.outputs, match.old), spelled(match.new.outputs, match.new)
        yield Argument("output", one, other)


def _values(match: BodyMatch) -> Iterator[Argument]:
    """Names of values that others read; not those of a value that is gone or new as a whole."""
    kept = set(match.partner.values()) | {INPUT}
    there = {*match.partner, INPUT}
    back = match.partner | {INPUT: INPUT}
    before = [(name, source) for name, source in match.old.values if source[0] in kept]
    after = [(name, (back[at], out)) for name, (at, out) in match.new.values if at in there]
    for source in dict.fromkeys(source for _, source in (*before, *after)):
        old = [name for name, at in before if at == source and (name, at) not in after]
        new = [name for name, at in after if at == source and (name, at) not in before]
        if old or new:
            label = f"value {(old or new)[0]}"
            yield Argument(label, ", ".join(old) or None, ", ".join(new) or None)


def _output_names(body: Body) -> str:
    names = ", ".join(output.name for output in body.outputs)
    return f"list of {len(body.outputs)}" if body.listed else names


def _path_inits(old: Body, new: Body) -> Iterator[Argument]:
    one, other = dict(old.path_init), dict(new.path_init)
    for path in dict.fromkeys((*one, *other)):
        before, after = one.get(path), other.get(path)
        if before != after:
            yield Argument(f"init {path}", _spelled(before), _spelled(after))
