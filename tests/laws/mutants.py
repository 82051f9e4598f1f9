"""Shipped specs with one thing changed: a number or an argument, or a part left out or swapped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import archgen
from archgen.diagnostics import Diagnostic
from archgen.network import Body, CallNode, Definition
from archgen.resolve import modules
from archgen.resolve.program import Program
from archgen.resources import root
from archgen.syntax import tree
from archgen.syntax.parse import Parsed, parse
from archgen.text import Source, Span


@dataclass(frozen=True)
class Mutant:
    """A file's tree with one change; `span` is its place, `owner` the definition that holds it."""

    path: Path
    owner: str
    what: str
    tree: tree.File
    span: Span

    def __str__(self) -> str:
        return f"{self.path.name}:{self.span.line}: `{self.span.text}` {self.what}"

    def is_named_by(self, diagnostic: Diagnostic) -> bool:
        """Whether the changed line is among the places that a diagnostic shows."""
        places = [item.span for item in (*diagnostic.labels, *diagnostic.trail)]
        return any(
            _located(each.source.path) == self.path and self._lies_in(each) for each in places
        )

    def _lies_in(self, span: Span) -> bool:
        return span.line <= self.span.line <= span.source.line_column(span.end)[0]


@dataclass(frozen=True)
class Verdict:
    network: archgen.Network | None
    diagnostics: tuple[Diagnostic, ...]


def files() -> list[Path]:
    return sorted(root("specs").rglob("*.arch"))


Change = tuple[object, str]
Mutate = Callable[[tree.Node], Iterator[Change]]


def mutants(path: Path) -> Iterator[Mutant]:
    """Every change of every number and call in a file, promises and documentation aside."""
    return _mutants(path, _other_value)


def rebuilt(path: Path) -> Iterator[Mutant]:
    """Every part left out or swapped with the one before it, every condition turned round."""
    return _mutants(path, _other_structure)


def _mutants(path: Path, mutate: Mutate) -> Iterator[Mutant]:
    file = _parsed(path).tree
    for index, item in enumerate(file.items):
        if not isinstance(item, tree.Use | tree.Let):
            for changed, what, span in _changes(item, mutate):
                items = (*file.items[:index], changed, *file.items[index + 1 :])
                yield Mutant(path, item.name, what, replace(file, items=items), span)


def _changes(node: object, mutate: Mutate) -> Iterator[tuple[object, str, Span]]:
    """A syntax tree with one change at it or below it, in every way."""
    if isinstance(node, tree.Expect | tree.Doc):
        return
    if isinstance(node, tuple):
        for index, part in enumerate(node):
            for changed, what, span in _changes(part, mutate):
                yield (*node[:index], changed, *node[index + 1 :]), what, span
    elif isinstance(node, tree.Node):
        for changed, what in mutate(node):
            yield changed, what, node.span
        for field in fields(node):
            for changed, what, span in _changes(getattr(node, field.name), mutate):
                yield replace(node, **{field.name: changed}), what, span


def _other_value(node: tree.Node) -> Iterator[Change]:
    match node:
        case tree.Number(value=value):
            for other in (value + 1, value - 1, value * 2, 0):
                if other != value and other >= 0:
                    yield replace(node, value=other), f"is {other}"
        case tree.Apply() | tree.Call() | tree.Stage() | tree.Input() | tree.Param() | tree.Init():
            for arguments, what in _rearranged(node.arguments):
                yield replace(node, arguments=arguments), what


def _other_structure(node: tree.Node) -> Iterator[Change]:
    match node:
        case tree.Boolean():
            yield replace(node, value=not node.value), "is the other"
        case tree.Compare():
            yield tree.Unary("not", node, span=node.span), "is turned round"
        case tree.Chain():
            for links, what in _left_out_or_swapped(node.links):
                yield replace(node, links=links), what
        case tree.Body():
            for statements, what in _left_out_or_swapped(node.statements):
                yield replace(node, statements=statements), what
        case tree.ListOf():
            for items, what in _left_out_or_swapped(node.items):
                yield replace(node, items=items), what


def _left_out_or_swapped(parts: tuple[tree.Node, ...]) -> Iterator[tuple[object, str]]:
    for at, part in enumerate(parts):
        if len(parts) > 1:
            yield parts[:at] + parts[at + 1 :], f"without part {at}"
        if at:
            swapped = (*parts[: at - 1], part, parts[at - 1], *parts[at + 1 :])
            yield swapped, f"with {at - 1} and {at} swapped"


def _rearranged(
    arguments: tuple[tree.Argument, ...],
) -> Iterator[tuple[tuple[tree.Argument, ...], str]]:
    for at, argument in enumerate(arguments):
        yield arguments[:at] + arguments[at + 1 :], f"without argument {at}"
        if at and argument.name is None:
            swapped = (argument, arguments[at - 1])
            yield (
                (*arguments[: at - 1], *swapped, *arguments[at + 1 :]),
                f"with {at - 1} and {at} swapped",
            )


# --- asking the checker ---------------------------------------------------------------------------


def judge(mutant: Mutant) -> Verdict | None:
    """What the checker says of the smallest network that uses the changed definition; None if
    no shipped network does."""
    if mutant.owner not in users().get(mutant.path, {}):
        return None
    path, name = users()[mutant.path][mutant.owner]
    program = _program(path, {mutant.path: mutant.tree})
    network = program.network(name)
    if network is None or program.sink.failed:
        return Verdict(None, tuple(program.sink))
    known = {field.name: getattr(network, field.name) for field in fields(network)}
    return Verdict(archgen.Network(**known), ())


def _program(path: Path, changed: Mapping[Path, tree.File]) -> Program:
    def parse_changed(source: Source) -> Parsed:
        found = _parsed_text(source.path)
        if (file := changed.get(_located(source.path))) is not None:
            return replace(found, tree=file)
        return found

    original, modules.parse = modules.parse, parse_changed
    try:
        program = Program.read(path)
    finally:
        modules.parse = original
    assert program is not None
    return program


def _located(shown: str) -> Path:
    """The file of a shipped library or spec, however it is shown."""
    return root("specs") / shown.partition("specs/")[2]


@cache
def _parsed_text(shown: str) -> Parsed:
    path = _located(shown)
    return parse(Source(shown, path.read_text(encoding="utf-8")))


def _parsed(path: Path) -> Parsed:
    return _parsed_text("specs/" + path.relative_to(root("specs")).as_posix())


@cache
def users() -> dict[Path, dict[str, tuple[Path, str]]]:
    """For each definition of each file the smallest shipped network that uses it."""
    found: dict[Path, dict[str, tuple[Path, str]]] = {}
    networks = [(archgen.load(name), name, path) for name, path in archgen.shipped()]
    for network, name, path in sorted(networks, key=lambda item: len(set(_bodies(item[0].body)))):
        found.setdefault(path, {}).setdefault(name, (path, name))
        for body in _bodies(network.body):
            if isinstance(definition := body.definition, Definition):
                owner = _located(definition.span.source.path)
                found.setdefault(owner, {}).setdefault(definition.name, (path, name))
    return found


def _bodies(body: Body) -> Iterator[Body]:
    seen: set[int] = set()
    pending = [body]
    while pending:
        each = pending.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += [node.body for node in each.nodes if isinstance(node, CallNode)]
