"""Shipped specs with one thing changed: a number, an argument left out, two arguments swapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def mutants(path: Path) -> Iterator[Mutant]:
    """Every change of every number and call in a file, promises and documentation aside."""
    file = _parsed(path).tree
    for index, item in enumerate(file.items):
        if not isinstance(item, tree.Use | tree.Let):
            for changed, what, span in _changes(item):
                items = (*file.items[:index], changed, *file.items[index + 1 :])
                yield Mutant(path, item.name, what, replace(file, items=items), span)


def _changes(node: object) -> Iterator[tuple[object, str, Span]]:
    """A syntax tree with one change below it, in every way."""
    if isinstance(node, tree.Expect | tree.Doc):
        return
    if isinstance(node, tree.Number):
        for value in (node.value + 1, node.value - 1, node.value * 2, 0):
            if value != node.value and value >= 0:
                yield replace(node, value=value), f"is {value}", node.span
        return
    if isinstance(node, tree.Call | tree.Apply):
        for arguments, what in _rearranged(node.arguments):
            yield replace(node, arguments=arguments), what, node.span
    if isinstance(node, tuple):
        for index, part in enumerate(node):
            for changed, what, span in _changes(part):
                yield (*node[:index], changed, *node[index + 1 :]), what, span
    elif isinstance(node, tree.Node):
        for field in fields(node):
            for changed, what, span in _changes(getattr(node, field.name)):
                yield replace(node, **{field.name: changed}), what, span


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
