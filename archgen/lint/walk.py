"""Every distinct body of a network once, judged node by node; and the comments on the way to it.

A repeat costs nothing: bodies are shared, and one that was judged under the same comments is not
judged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archgen.diagnostics import Diagnostic, Frame
from archgen.lint import habits, layers, wiring
from archgen.lint.reach import Reach
from archgen.lint.suppressions import Mark, Suppressions
from archgen.network import Body, CallNode, Definition, LayerNode, MergeNode, Network

Marks = frozenset[Mark]


class Walk:
    """One network. Aliases on the way to it are calls too."""

    def __init__(self, suppressions: Suppressions) -> None:
        self._suppressions = suppressions
        self._seen: set[tuple[int, Marks]] = set()
        self._trail: list[Frame] = []

    def run(self, network: Network, definition: Definition) -> list[Diagnostic]:
        """Every warning that no comment silences, with the calls that led to it."""
        self._reach = Reach(network)
        *aliases, arch = _way_to_arch(definition)
        self._trail += [Frame(alias.name, alias.span) for alias in aliases]
        marks = frozenset[Mark]().union(*map(self._enter, (*aliases, arch)))
        return list(self._body(network.body, marks, "", trained=False))

    def _enter(self, definition: Definition) -> Marks:
        """The comments at the head of a definition, whose text is judged from here on."""
        self._suppressions.judged.add(definition)
        return self._suppressions.at(definition.span)

    def _body(self, body: Body, marks: Marks, path: str, *, trained: bool) -> Iterator[Diagnostic]:
        key = (id(body), marks)
        if key in self._seen:
            return
        self._seen.add(key)
        for node in body.nodes:
            yield from self._node(body, node, marks, path, trained=trained)
        for aux in body.aux:
            yield from self._node(body, aux.node, marks, path, trained=True)

    def _node(
        self, body: Body, node: object, marks: Marks, path: str, *, trained: bool
    ) -> Iterator[Diagnostic]:
        match node:
            case LayerNode():
                found = [*layers.check(self._reach, body, node, trained=trained)]
                found += wiring.check_layer(self._reach, body, node)
                found += habits.check_layer(body, node)
                yield from self._heard(found, marks)
            case MergeNode():
                yield from self._heard(wiring.check_merge(self._reach, body, node), marks)
            case CallNode():
                inner = node.body
                name = f"{path}{node.name}"
                definition = inner.definition
                around = marks | self._suppressions.at(node.span)
                called = definition is not None and definition.kind != "implicit"
                if definition is not None and called:
                    around |= self._enter(definition)
                    self._trail.append(Frame(f"{definition.name}, {name}", node.span))
                yield from self._body(inner, around, f"{name}.", trained=trained)
                if called:
                    self._trail.pop()

    def _heard(self, found: Iterable[Diagnostic], marks: Marks) -> Iterator[Diagnostic]:
        for item in found:
            if not self._suppressions.silence(item, marks):
                yield item.within(*reversed(self._trail))


def _way_to_arch(definition: Definition) -> Iterator[Definition]:
    """An alias, the alias that it stands for, and so on to the arch; an arch alone."""
    while definition.kind == "alias":
        yield definition
        definition = definition.target
    yield definition
