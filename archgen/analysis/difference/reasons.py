"""Is a change an edit of the text, or does it follow from one elsewhere?

A body is what its text, the arguments of its call, the values that enter it and the initialisers
around it make of it, and nothing else. So a change whose own text is the same on both sides
follows: from an argument of the call, which is a change of its own with a text of its own, or from
values that other nodes make.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from archgen.analysis.difference.changes import Change
from archgen.analysis.difference.matching import BodyMatch, Part
from archgen.analysis.difference.model import Argument
from archgen.analysis.difference.texts import Said, Texts, owners
from archgen.network import Body, CallNode, Definition, LayerNode, Network
from archgen.syntax import tree
from archgen.text import Span


@dataclass(frozen=True, slots=True, eq=False)
class Reason:
    """A change, and whether its text was edited. spans: the edited text of both sides, where it
    is another than that of the node (the default of a parameter)."""

    change: Change
    own: bool
    spans: tuple[Span, Span] | None = None


class Reasons:
    """Finds what the texts of both networks have to do with a change."""

    def __init__(self, old: Network, new: Network) -> None:
        self.texts = Texts()
        self._owners: dict[Body, Definition] = {}
        inits = [self._read(network) for network in (old, new)]
        self._started_anew = inits[0] != inits[1]

    def _read(self, network: Network) -> set[int]:
        """Note whose text every body is; the texts of all initialisers."""
        owned = dict(owners(network.body))
        self._owners |= owned
        return {init for definition in owned.values() for init in self.texts.inits(definition)}

    def of(self, change: Change, match: BodyMatch) -> Iterator[Reason]:
        """The change as one or more, each with its own cause."""
        match change.kind, change.aspect:
            case _, "init":
                yield Reason(change, self._started_anew)
            case (("added" | "removed"), _):
                yield Reason(change, not self._is_chosen(change, match))
            case "renamed", _:
                yield Reason(change, self._differs(change, "name") or _is_enclosed(change))
            case "changed", "layer" | "head" if change.new and change.old:
                yield from self._of_arguments(change)
            case _:
                yield Reason(change, not self._is_same(match))

    def _is_same(self, match: BodyMatch) -> bool:
        """Whether the text that both bodies are made from says the same."""
        old, new = self._owner(match.old.body), self._owner(match.new.body)
        return self.texts.whole(old) == self.texts.whole(new)

    def _owner(self, body: Body) -> Definition:
        return self._owners[body]

    def _is_chosen(self, change: Change, match: BodyMatch) -> bool:
        """Whether the text of what is there on one side only is there on both: an `if` went
        another way, a loop ran longer, a stage repeats more often."""
        if self._is_same(match) or _repeats_otherwise(match):
            return True
        part = change.new or change.old
        said = part and self.texts.said(part.unit.node.span)
        if not said or not said.context:
            return False
        sides = [self._owner(match.old.body), self._owner(match.new.body)]
        before, after = (self.texts.occurring(each)[said.text, said.context] for each in sides)
        return before == after

    def _differs(self, change: Change, what: str) -> bool:
        sides = [self._said(change.old), self._said(change.new)]
        return None in sides or getattr(sides[0], what) != getattr(sides[1], what)

    def _said(self, part: Part | None) -> Said | None:
        return self.texts.said(part.unit.node.span) if part else None

    # --- arguments ----------------------------------------------------------------------------

    def _of_arguments(self, change: Change) -> Iterator[Reason]:
        """The call itself where its text was edited; else defaults that were, and the rest."""
        if self._differs(change, "text"):
            yield Reason(replace(change, arguments=self._written(change)), own=True)
            return
        rest: list[Argument] = []
        for argument in change.arguments:
            spans = self._edited_default(change, argument.name)
            if spans:
                yield Reason(replace(change, arguments=(argument,)), True, spans)
            else:
                rest.append(argument)
        if rest:
            yield Reason(replace(change, arguments=tuple(rest)), own=False)

    def _edited_default(self, change: Change, name: str) -> tuple[Span, Span] | None:
        sides = [_called(change.old), _called(change.new)]
        parameters = [(each, _parameter(each, name)) for each in sides]
        texts = [
            self.texts.default(parameter, definition) if definition and parameter else None
            for definition, parameter in parameters
        ]
        (_, old), (_, new) = parameters
        return (old.span, new.span) if old and new and texts[0] != texts[1] else None

    def _written(self, change: Change) -> tuple[Argument, ...]:
        """Without arguments that are written on neither side: they follow from those that are."""
        given = {"n", "layer", "block", "axis", "sizes"}
        for part in (change.old, change.new):
            said = self._said(part)
            if part and said and isinstance(said.link, tree.Call | tree.Stage):
                given |= set(_given(said.link, _names(part)))
        kept = tuple(argument for argument in change.arguments if argument.name in given)
        return kept or change.arguments


def _is_enclosed(change: Change) -> bool:
    """Whether it got into a chain or braces, or out of them."""
    parts = (change.old, change.new)
    return len({part.unit.within for part in parts if part}) > 1


def _repeats_otherwise(match: BodyMatch) -> bool:
    """Whether it is a stage that repeats more or less often: its `n` says so."""
    kinds = {match.old.body.kind, match.new.body.kind}
    counts = [sum(unit.count for unit in row.units) for row in (match.old, match.new)]
    return kinds == {"stage"} and (counts[0] != counts[1] or not match.matched)


def _called(part: Part | None) -> Definition | None:
    inner = part.unit.inner if part else None
    return inner.definition if inner else None


def _parameter(definition: Definition | None, name: str) -> tree.Parameter | None:
    parameters = definition.parameters if definition else ()
    return next((each for each in parameters if each.name == name), None)


def _names(part: Part) -> tuple[str, ...]:
    """What positional arguments are called."""
    node = part.unit.node
    if isinstance(node, LayerNode):
        return tuple(type(node.layer).model_fields)
    inner = node.body if isinstance(node, CallNode) else None
    if inner and inner.kind == "stage" and isinstance(inner.nodes[0], CallNode):
        inner = inner.nodes[0].body
    definition = inner.definition if inner else None
    return tuple(each.name for each in definition.parameters) if definition else ()


def _given(link: tree.Call | tree.Stage, names: tuple[str, ...]) -> Iterator[str]:
    arguments = link.arguments[1:] if isinstance(link, tree.Stage) else link.arguments
    positional = sum(argument.name is None for argument in arguments)
    yield from names[:positional]
    yield from (argument.name for argument in arguments if argument.name)
