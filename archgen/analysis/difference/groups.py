"""Changes that are one edit: of one place in the text, wherever in the networks it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from archgen.analysis.difference.changes import Change
from archgen.analysis.difference.matching import BodyMatch, Part
from archgen.analysis.difference.model import MOST_PATHS, Argument, Edit, Place
from archgen.analysis.difference.reasons import Reason
from archgen.analysis.difference.sites import Sites, joined, ranges
from archgen.analysis.difference.texts import Texts
from archgen.analysis.difference.units import Row
from archgen.analysis.spelling import spell_node
from archgen.network import Body
from archgen.text import Span


class Statements:
    """Which statements of a body are new or gone as a whole: their nodes are one edit."""

    def __init__(self, match: BodyMatch, texts: Texts, found: Sequence[Change]) -> None:
        self.texts = texts
        self._sides = (
            self._whole(match.old, [each.old for each in found if not each.new]),
            self._whole(match.new, [each.new for each in found if not each.old]),
        )

    def _whole(self, row: Row, parts: Sequence[Part | None]) -> set[object]:
        units = [unit.node.span for unit in row.units]
        edited = [part.unit.node.span for part in parts if part]
        all_of, some_of = self._counted(units), self._counted(edited)
        return {key for key, count in some_of.items() if count == all_of[key]}

    def _counted(self, spans: Sequence[Span]) -> Counter[object]:
        said = (self.texts.said(span) for span in spans)
        return Counter(_key(each) for item in said if item for each in item.statements)

    def of(self, change: Change) -> Span | None:
        """The largest statement that is new or gone with this node."""
        part = change.new or change.old
        whole = self._sides[1 if change.new else 0]
        said = self.texts.said(part.unit.node.span) if part else None
        statements = said.statements if said else ()
        return next((span for span in statements if _key(span) in whole), None)


def key_of(reason: Reason, match: BodyMatch, statements: Statements) -> object:
    """Equal for changes that are one edit of the text."""
    change = reason.change
    start = (change.kind, change.aspect)
    if change.aspect == "init":
        return *start, tuple((each.name, each.before, each.after) for each in change.arguments)
    if reason.spans:
        return *start, *map(_key, reason.spans)
    if change.old is None and change.new is None:
        return *start, id(match)
    if change.kind in {"added", "removed"} and (span := statements.of(change)):
        return *start, _key(span)
    return *start, *map(_key, (_span(change.old), _span(change.new)))


def _span(part: Part | None) -> Span | None:
    return part.unit.node.span if part else None


def _key(span: Span | None) -> object:
    return span and (id(span.source), span.start, span.end)


@dataclass(slots=True, eq=False)
class _Side:
    """The nodes of an edit on one side."""

    parts: dict[object, Part] = field(default_factory=dict)  # the first of each place in the text
    at: dict[object, dict[str, None]] = field(default_factory=dict)  # the paths of each
    count: int = 0

    def add(self, part: Part, prefixes: Sequence[str], count: int) -> None:
        place = _key(part.unit.node.span)
        self.parts.setdefault(place, part)
        self.count += part.count * count
        name = part.unit.named(part.start, part.count)
        known = self.at.setdefault(place, {})
        for prefix in prefixes[: MOST_PATHS - len(known)]:
            known[joined(prefix, part.unit.node, name)] = None

    @property
    def paths(self) -> list[str]:
        found = [path for known in self.at.values() for path in ranges(known)]
        return list(dict.fromkeys(found))[:MOST_PATHS]

    def place(self, span: Span | None, what: str | None) -> Place | None:
        if not self.parts:
            return None
        spans = [part.unit.node.span for part in self.parts.values()]
        shown = span or spans[0].to(max(spans, key=lambda each: each.end))
        return Place(next(iter(self.paths), ""), shown, what or self._what(), self.count)

    def _what(self) -> str:
        """The nodes in a row: `conv(64, 3) -> bn -> relu`."""
        nodes = [part.unit.node for part in self.parts.values()]
        return " -> ".join(map(spell_node, nodes))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one change says of an argument, and where."""

    argument: Argument
    paths: tuple[str, ...]


class Group:
    """Changes that are one edit."""

    def __init__(self, reason: Reason, match: BodyMatch) -> None:
        self.reason = reason
        self.match = match
        self.old, self.new = _Side(), _Side()
        self.arguments: dict[str, list[_Seen]] = {}
        self.changes = 0
        self.prefixes: dict[str, None] = {}

    def add(self, change: Change, places: Sites) -> None:
        """One more change, at all its places."""
        if change.old:
            self.old.add(change.old, [old for old, _ in places.paths], places.count)
        if change.new:
            self.new.add(change.new, [new for _, new in places.paths], places.count)
        self.prefixes |= {new.removesuffix("."): None for _, new in places.paths}
        self.changes += 1
        part = change.new or change.old
        prefixes = [new for _, new in places.paths]
        paths = tuple(
            joined(prefix, part.unit.node, part.unit.named(part.start, part.count))
            for prefix in prefixes
            if part
        )
        for argument in change.arguments:
            self.arguments.setdefault(argument.name, []).append(_Seen(argument, paths))

    def _argument(self, seen: Sequence[_Seen]) -> Argument:
        """What the changes say of one argument, as the first of them does."""
        first = seen[0].argument
        alike = [each for each in seen if each.argument == first]
        if len(alike) == self.changes:
            return first
        paths = dict.fromkeys(path for each in alike for path in each.paths)
        return replace(first, varies=True, paths=tuple(ranges(paths))[:MOST_PATHS])

    def _called(self, part: Part | None) -> str | None:
        """What an edit is about, if not its nodes in a row: a block, or the first node."""
        if part is None or self.reason.change.kind in {"added", "removed"}:
            return None
        inner = part.unit.inner
        if self.reason.spans and inner and inner.definition:
            return inner.definition.name
        return spell_node(part.unit.node)

    def edit(self) -> Edit:
        change, spans = self.reason.change, self.reason.spans or (None, None)
        old = self.old.place(spans[0], self._called(change.old))
        new = self.new.place(spans[1], self._called(change.new))
        paths = tuple(self.new.paths or self.old.paths)
        if old is None and new is None:
            paths = tuple(ranges(self.prefixes))[:MOST_PATHS]
            old, new = (
                Place(paths[0], _where(body), _called(body))
                for body in (self.match.old.body, self.match.new.body)
            )
        told = change.kind not in {"added", "removed"}
        arguments = tuple(map(self._argument, self.arguments.values())) if told else ()
        return Edit(change.kind, change.aspect, old, new, arguments, paths)


def _where(body: Body) -> Span:
    return body.definition.span if body.definition else body.nodes[0].span


def _called(body: Body) -> str:
    return body.definition.name if body.definition else "seq"
