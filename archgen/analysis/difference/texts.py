"""What the text says of each node, with `let`s put in: has it changed, or only what it comes to?

`conv(width, 3)` with another `width` is the same text when `width` is a parameter: what changed is
the call that gives it. Where `width` is a `let` of the body, its text is part of this one. Equal
numbers are equal texts, so that `let b = a + a; let c = b + b; ...` does not grow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from archgen.interning import Interner
from archgen.layers.base import Layer
from archgen.network import Body, CallNode, Definition
from archgen.resolve.values import identity_key
from archgen.syntax import tree
from archgen.text import Span

_UNSAID = ("span", "keyword", "name_span")  # fields of the tree that are not what it says
Known = Mapping[str, int]  # the texts of the names of a body


@dataclass(frozen=True, slots=True)
class Said:
    """What is said where a node is made.

    text: of the link. name: what stands before `=`, 0 for nothing. context: the `if`s and `for`s
    around it, 0 for none. statements: those it stands in, the outermost first. link: as written.
    """

    text: int
    name: int
    context: int
    statements: tuple[Span, ...]
    link: tree.Link | tree.Chain


class Texts:
    """The texts of both networks' definitions."""

    def __init__(self) -> None:
        self._interner = Interner()
        self._interner.number(None)  # 0: nothing is said
        self._said: dict[object, Said] = {}
        self._wholes: dict[int, int] = {}
        self._occurring: dict[int, Counter[tuple[int, int]]] = {}
        self._inits: dict[int, set[int]] = {}
        self._kept: list[Definition] = []  # so that no other gets the id of one

    def said(self, span: Span) -> Said | None:
        """What is said at the place of a node."""
        return self._said.get(_place(span))

    def whole(self, definition: Definition) -> int:
        """The text of a definition, without its name and its promises."""
        self._read(definition)
        return self._wholes[id(definition)]

    def occurring(self, definition: Definition) -> Counter[tuple[int, int]]:
        """How often it says which text in which context."""
        self._read(definition)
        return self._occurring[id(definition)]

    def inits(self, definition: Definition) -> set[int]:
        """The texts of its `init` statements."""
        self._read(definition)
        return self._inits[id(definition)]

    def default(self, parameter: tree.Parameter, definition: Definition) -> int:
        """The text of a parameter's default."""
        known = {each.name: self.number("parameter", each.name) for each in definition.parameters}
        expr = parameter.default
        return 0 if expr is None else _Reader(self, definition).expr(expr, known)

    def number(self, *key: Hashable) -> int:
        return self._interner.number(key)

    def keep(self, span: Span, said: Said) -> None:
        self._said[_place(span)] = said

    def _read(self, definition: Definition) -> None:
        if id(definition) in self._wholes:
            return
        self._kept.append(definition)
        reader = _Reader(self, definition)
        known = {each.name: self.number("parameter", each.name) for each in definition.parameters}
        defaults = tuple(
            (each.name, 0 if each.default is None else reader.expr(each.default, known))
            for each in definition.parameters
        )
        body = reader.body(definition.body.statements, known, 0, ())
        self._wholes[id(definition)] = self.number("definition", defaults, body)
        self._occurring[id(definition)] = reader.occurring
        self._inits[id(definition)] = reader.inits


def owners(body: Body, owner: Definition | None = None) -> Iterator[tuple[Body, Definition]]:
    """Every body with the definition whose text it is made from."""
    waiting: list[tuple[Body, Definition | None]] = [(body, owner)]
    seen: set[Body] = set()
    while waiting:
        body, owner = waiting.pop()
        if body in seen:
            continue
        seen.add(body)
        here = body.definition or owner
        while here and here.parent:
            here = here.parent
        assert here
        yield body, here
        waiting += [(node.body, here) for node in body.all_nodes if isinstance(node, CallNode)]


def _place(span: Span) -> object:
    return id(span.source), span.start, span.end


class _Reader:
    """Walks the text of one definition, sides that no call takes too."""

    def __init__(self, texts: Texts, definition: Definition) -> None:
        self.texts = texts
        self.scope = definition.scope
        self.occurring: Counter[tuple[int, int]] = Counter()
        self.inits: set[int] = set()

    # --- statements ---------------------------------------------------------------------------

    def body(
        self,
        statements: Sequence[tree.Statement],
        known: Known,
        context: int,
        around: tuple[Span, ...],
    ) -> int:
        """The text of statements, in order; `known` are the names from outside."""
        names = dict(known)
        texts = [
            self.statement(each, names, context, (*around, each.span))
            for each in statements
            if not isinstance(each, tree.Expect | tree.Sizes | tree.Doc)
        ]
        return self.texts.number("body", *texts)

    def statement(
        self,
        statement: tree.Statement,
        names: dict[str, int],
        context: int,
        around: tuple[Span, ...],
    ) -> int:
        number = self.texts.number
        match statement:
            case tree.Let():
                value = self.expr(statement.value, names)
                for place, name in tree.paths(statement.targets):
                    names[name] = number("part", place, value)
                return number("let")
            case tree.Chain():
                return self.chain(statement, names, context, around)
            case tree.Named():
                return self.named(statement, names, context, around)
            case tree.Aux():
                inner = number("aux", context)
                return number(inner, self.named(statement.named, names, inner, around))
            case tree.If():
                return self.choice(statement, names, context, around)
            case tree.For():
                items = self.expr(statement.iterable, names)
                inner = number("for", items, context)
                bound = {
                    name: number("each", at, items) for at, name in tree.paths(statement.targets)
                }
                body = self.body(statement.body.statements, {**names, **bound}, inner, around)
                return number(inner, body)
            case tree.Init():
                text = number("init", self._arguments(statement.arguments, names))
                self.inits.add(text)
                self.occurring[text, context] += 1
                return text
            case tree.Scalar():
                return number("scalar", self.expr(statement.value, names))
            case tree.Output():
                return number("output", *(self.expr(place, names) for place in statement.places))
            case _:
                return 0

    def choice(
        self, statement: tree.If, names: Known, context: int, around: tuple[Span, ...]
    ) -> int:
        asked: list[int] = []
        sides: list[int] = []
        for arm in statement.arms:
            asked.append(self.expr(arm.condition, names))
            inner = self.texts.number("if", context, *asked)
            sides.append(self.body(arm.body.statements, names, inner, around))
        if statement.otherwise:
            inner = self.texts.number("else", context, *asked)
            sides.append(self.body(statement.otherwise.statements, names, inner, around))
        return self.texts.number("if", *asked, *sides)

    def named(self, named: tree.Named, names: Known, context: int, around: tuple[Span, ...]) -> int:
        name = self.texts.number("name", *(self.expr(place, names) for place in named.places))
        links = named.chain.links
        if len(links) > 1:
            self._keep(named.chain, named.chain.span, names, name, context, around)
        inner = [
            self.link(link, names, name if len(links) == 1 else 0, context, around)
            for link in links
        ]
        return self.texts.number(name, *inner)

    def chain(self, chain: tree.Chain, names: Known, context: int, around: tuple[Span, ...]) -> int:
        links = (self.link(link, names, 0, context, around) for link in chain.links)
        return self.texts.number("chain", *links)

    # --- links --------------------------------------------------------------------------------

    def link(
        self, link: tree.Link, names: Known, name: int, context: int, around: tuple[Span, ...]
    ) -> int:
        own = self._keep(link, link.span, names, name, context, around)
        if isinstance(link, tree.Merge | tree.Seq | tree.Group):
            inner = self.body(link.body.statements, names, context, (*around, link.span))
            return self.texts.number(own, inner)
        return own

    def _keep(
        self,
        link: tree.Link | tree.Chain,
        span: Span,
        names: Known,
        name: int,
        context: int,
        around: tuple[Span, ...],
    ) -> int:
        text = self._own(link, names)
        self.occurring[text, context] += 1
        self.texts.keep(span, Said(text, name, context, around, link))
        return text

    def _own(self, link: tree.Link | tree.Chain, names: Known) -> int:
        """The text of a link itself, without what stands in its braces."""
        match link:
            case tree.Call():
                own = self._applied("call", link.function, link.arguments, names)
                if link.indices:
                    return self.texts.number(own, *(self.expr(i, names) for i in link.indices))
                return own
            case tree.Stage() | tree.Input() | tree.Param():
                return self.texts.number(
                    type(link).__name__, self._arguments(link.arguments, names)
                )
            case tree.Merge():
                arguments = self._arguments(link.arguments, names)
                return self.texts.number(link.kind, arguments)
            case tree.From():
                return self.texts.number("From", self.expr(link.place, names))
            case tree.Reuse():
                given = (self._arguments(link.arguments, names),) if link.arguments else ()
                return self.texts.number("Reuse", self.expr(link.place, names), *given)
            case _:
                return self.texts.number(type(link).__name__)

    # --- expressions --------------------------------------------------------------------------

    def expr(self, expr: object, names: Known) -> int:
        match expr:
            case tree.Name():
                return self._name(expr, names)
            case tree.Apply():
                return self._applied("apply", expr.function, expr.arguments, names)
            case tree.Comprehension():
                items = self.expr(expr.iterable, names)
                bound = {
                    name: self.texts.number("each", place, items)
                    for place, name in tree.paths(expr.targets)
                }
                inner = {**names, **bound}
                element = self.expr(expr.element, inner)
                return self.texts.number("list", items, element, self.expr(expr.condition, inner))
            case tree.Node():
                parts = (getattr(expr, each.name) for each in fields(expr) if _is_said(each.name))
                return self.texts.number(type(expr).__name__, *(self.expr(p, names) for p in parts))
            case tuple():
                return self.texts.number("tuple", *(self.expr(item, names) for item in expr))
            case _:
                return self.texts.number(type(expr).__name__, expr)

    def _applied(
        self, kind: str, function: tree.Name, given: Sequence[tree.Argument], names: Known
    ) -> int:
        return self.texts.number(kind, self._name(function, names), self._arguments(given, names))

    def _arguments(self, given: Sequence[tree.Argument], names: Known) -> int:
        """In the order of their names: it does not count."""
        pairs = [(item.name or "", self.expr(item.value, names)) for item in given]
        return self.texts.number("arguments", *sorted(pairs, key=lambda pair: pair[0]))

    def _name(self, name: tree.Name, names: Known) -> int:
        """A name by what it stands for: blocks are alike, whatever they are called."""
        first, *rest = name.parts
        if first in names:
            return self.texts.number("of", names[first], *rest) if rest else names[first]
        meaning = self.scope.get(name.text)
        if isinstance(meaning, Definition):
            return self.texts.number("block")
        if meaning is None or (isinstance(meaning, type) and issubclass(meaning, Layer)):
            return self.texts.number("word", name.text)
        return self.texts.number("constant", identity_key(meaning))


def _is_said(field: str) -> bool:
    return field not in _UNSAID
