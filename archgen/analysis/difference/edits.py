"""Changes of bodies -> edits of the text: one line of a block is one edit, wherever it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archgen.analysis.difference.changes import Change, changes
from archgen.analysis.difference.matching import BodyMatch, Part
from archgen.analysis.difference.model import MOST_PATHS, Argument, Edit, Place
from archgen.analysis.difference.sites import Sites, joined, sites
from archgen.analysis.spelling import spell_node
from archgen.network import Network
from archgen.text import Span

Edits = tuple[Edit, ...]


def edits(old: Network, new: Network, match: BodyMatch) -> tuple[Edits, Edits]:
    """The edits, and what follows from them, each in the order of the new network."""
    groups: dict[object, _Group] = {}
    for pair, places in sites(match).items():
        for change in changes(pair):
            group = groups.setdefault(_key(change, pair), _Group(change, pair))
            group.add(change, places)
    root = _of_inputs(old, new)
    return (*root, *(group.edit() for group in groups.values())), ()


def _of_inputs(old: Network, new: Network) -> Iterator[Edit]:
    """The inputs of the networks: their names and shapes."""
    before, after = _inputs(old), _inputs(new)
    if before != after:
        argument = Argument("input", before, after)
        one, other = (Place("", each.span, each.name) for each in (old, new))
        yield Edit("changed", "input", one, other, (argument,), ("",))


def _inputs(network: Network) -> str:
    body = network.body
    pairs = zip(body.input_names, body.inputs, strict=True)
    return ", ".join(f"{name} {body.values[ref]}".strip() for name, ref in pairs)


def _key(change: Change, match: BodyMatch) -> object:
    """Equal for changes that are one edit of the text."""
    spans = (_span(change.old), _span(change.new))
    if spans == (None, None):
        return change.kind, change.aspect, id(match)
    return change.kind, change.aspect, *map(_key_of_span, spans)


def _span(part: Part | None) -> Span | None:
    return part.unit.node.span if part else None


def _key_of_span(span: Span | None) -> object:
    return span and (id(span.source), span.start, span.end)


@dataclass(slots=True, eq=False)
class _Group:
    """Changes that are one edit."""

    first: Change
    match: BodyMatch
    old_count: int = 0
    new_count: int = 0
    arguments: dict[str, Argument] = field(default_factory=dict)
    paths: dict[str, None] = field(default_factory=dict)
    old_path: str = ""

    def add(self, change: Change, places: Sites) -> None:
        """One more place of the edit."""
        if not self.paths and change.old:
            self.old_path = _path(change.old, places.paths[0][0])
        self.old_count += _count(change.old) * places.count
        self.new_count += _count(change.new) * places.count
        shown = change.new or change.old
        for prefixes in places.paths[: MOST_PATHS - len(self.paths)]:
            prefix = prefixes[1] if change.new or not change.old else prefixes[0]
            self.paths[_path(shown, prefix)] = None
        for argument in change.arguments:
            self._take(argument)

    def _take(self, argument: Argument) -> None:
        known = self.arguments.setdefault(argument.name, argument)
        if (known.before, known.after) != (argument.before, argument.after):
            varying = Argument(known.name, known.before, known.after, varies=True)
            self.arguments[argument.name] = varying

    def edit(self) -> Edit:
        paths = tuple(self.paths)
        old = self._place(self.first.old, self.old_path, self.old_count)
        new = self._place(self.first.new, paths[0] if paths else "", self.new_count)
        if old is None and new is None:
            old, new = _whole(self.match, paths[0])
        arguments = tuple(self.arguments.values())
        return Edit(self.first.kind, self.first.aspect, old, new, arguments, paths)

    def _place(self, part: Part | None, path: str, count: int) -> Place | None:
        if part is None:
            return None
        return Place(path, part.unit.node.span, spell_node(part.unit.node), count)


def _whole(match: BodyMatch, path: str) -> tuple[Place, Place]:
    """The two sides of an edit of the bodies themselves."""
    return (
        Place(path, _where(match, "old"), _what(match, "old")),
        Place(path, _where(match, "new"), _what(match, "new")),
    )


def _where(match: BodyMatch, side: str) -> Span:
    body = match.old.body if side == "old" else match.new.body
    if body.definition:
        return body.definition.span
    return body.nodes[0].span


def _what(match: BodyMatch, side: str) -> str:
    body = match.old.body if side == "old" else match.new.body
    return body.definition.name if body.definition else "seq"


def _count(part: Part | None) -> int:
    return part.count if part else 1


def _path(part: Part | None, prefix: str) -> str:
    if part is None:
        return prefix.removesuffix(".")
    return joined(prefix, part.unit.node, part.unit.named(part.start, part.count))
