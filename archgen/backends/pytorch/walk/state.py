"""The state of a walk over one definition with all its lanes, and what every statement needs.

Deduces an expression from the text, and prints it only if it is right in every lane. What the
statements of the language do is in `statements`, `calls` and `decisions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr, Opaque
from archgen.backends.pytorch.plan.ir import Aux, Child, Item, Made, Param, Value
from archgen.backends.pytorch.plan.names import LOCALS, Names, is_letter, plain
from archgen.backends.pytorch.walk import phis
from archgen.backends.pytorch.walk.expressions import Expressions
from archgen.backends.pytorch.walk.lanes import Lane, Lanes, Steps, Unrollable, agree
from archgen.backends.pytorch.walk.scope import Classes, Escaped, Scope
from archgen.layers.base import AUTO
from archgen.network import Ref
from archgen.resolve.lookup import CONSTANTS
from archgen.shapes import Batch, Shape
from archgen.syntax import tree


@dataclass(frozen=True, slots=True)
class Statements:
    """How the language is walked: the functions of `statements`, which stands above this."""

    run: Callable[[Walk, Lanes, Sequence[tree.Statement], Sequence[Steps]], None]
    run_statement: Callable[[Walk, Lanes, tree.Statement, Steps], None]
    run_links: Callable[[Walk, Lanes, Sequence[tree.Link], Sequence[Steps]], None]


class Walk(Expressions):
    """One attempt to walk a definition with these lanes. Raises `Split` if they are too unlike."""

    def __init__(
        self, classes: Classes, statements: Statements, scope: Scope, lanes: list[Lane]
    ) -> None:
        super().__init__(classes, scope, lanes)
        self.file = classes.file
        self.statements = statements
        self.items: list[Item] = []
        self.counts: dict[str, Expr] = {}
        self.params: dict[str, Param] = {}
        self.lets: dict[str, Expr] = {}
        self.locals = Names(LOCALS)
        self.looped: set[str] = set()  # locals that a loop binds
        self.contained = False
        self.unrolled = False
        self.decides = False  # in a merge with numbers: which branches it has is decided
        self.probing = False  # a pass is walked for what it counts, names do not matter
        self.declared = 0
        # Locals that hold the channels from pass to pass, and how many loops assign each.
        self.running: dict[str, int] = {}
        self.inputs: list[tuple[str, Value]] = []
        self.outputs: list[tuple[str, Value]] = []
        self.aux: list[Aux] = []
        self.made: dict[tuple[int, int, str], tuple[Child | None, Made]] = {}

    # --- places -----------------------------------------------------------------------------

    @contextmanager
    def braces(self, lanes: Sequence[Lane]) -> Iterator[None]:
        """A `let` holds until the end of the braces."""
        names, values = self.scope.names, [lane.names for lane in lanes]
        self.scope.names = dict(names)
        try:
            yield
        finally:
            self.scope.names = names
            for lane, known in zip(lanes, values, strict=True):
                lane.names = known

    @contextmanager
    def asking(self, conditions: Sequence[Expr | None]) -> Iterator[None]:
        """The arm of the last condition: none of those before holds."""
        before = self.asked
        *others, own = conditions
        self.asked = before | {each: False for each in others if each is not None}
        if own is not None:
            self.asked[own] = True
        try:
            yield
        finally:
            self.asked = before

    @contextmanager
    def deciding(self, decides: bool) -> Iterator[None]:
        """In the branches of a merge: whether the class has these branches and no others."""
        before, self.decides = self.decides, decides
        try:
            yield
        finally:
            self.decides = before

    @contextmanager
    def into(self, items: list[Item]) -> Iterator[list[Item]]:
        """What is made goes into `items`."""
        before, self.items = self.items, items
        try:
            yield items
        finally:
            self.items = before

    @contextmanager
    def containing(self) -> Iterator[None]:
        """In a container: its children are known by their place, and not counted."""
        before, self.contained = self.contained, True
        counts, self.counts = self.counts, {}
        try:
            yield
        finally:
            self.contained, self.counts = before, counts

    @contextmanager
    def probe(self) -> Iterator[None]:
        """What is walked is thrown away: only counts and channels are wanted."""
        before, self.probing = self.probing, True
        names, lets, running = list(self.locals), dict(self.lets), dict(self.running)
        choices = len(self.choices)
        try:
            with self.into([]):
                yield
        finally:
            self.probing, self.lets, self.running = before, lets, running
            self.locals = Names([*names, *self.params])
            del self.choices[choices:]

    @contextmanager
    def within(self, scope: Scope) -> Iterator[None]:
        """The text of a synonym."""
        before, self.scope = self.scope, scope
        try:
            yield
        finally:
            self.scope = before

    # --- statements -------------------------------------------------------------------------

    def run(self, lanes: Lanes, body: Sequence[tree.Statement], steps: Sequence[Steps]) -> None:
        """The statements of a pair of braces; `steps` says for each lane what became of them."""
        self.statements.run(self, lanes, body, steps)

    def run_statement(self, lanes: Lanes, statement: tree.Statement, steps: Steps) -> None:
        self.statements.run_statement(self, lanes, statement, steps)

    def run_links(self, lanes: Lanes, links: Sequence[tree.Link], steps: Sequence[Steps]) -> None:
        self.statements.run_links(self, lanes, links, steps)

    def count(self, own: str) -> Expr:
        """The number of the next nameless layer of a stem."""
        before = self.counts.get(own, tree.Number(0))
        self.counts[own] = algebra.total([before, tree.Number(1)])
        return self.counts[own]

    # --- expressions ------------------------------------------------------------------------

    def deduce(self, expr: Expr, lanes: Sequence[Lane]) -> Expr | None:
        """The author's expression in the names of the class; None where that cannot be."""
        try:
            found = algebra.substitute(expr, lambda name: self._meaning(name, lanes))
        except Opaque:
            self.decide(expr, lanes)
            return None
        return self.computed(self.fold(self.close(found), lanes))

    def _meaning(self, name: str, lanes: Sequence[Lane]) -> Expr:
        names = self.scope.names
        if name in names:
            meaning = names[name]
        elif name == "channels":
            meaning = self.channels(lanes)
        else:
            known = CONSTANTS.get(name, AUTO)
            meaning = algebra.constant(self.scope.definition.scope.get(name, known))
        if meaning is None:
            raise Opaque
        return meaning

    def decide(self, expr: Expr, lanes: Lanes) -> None:
        """What an expression of the author's says is decided here."""
        for name in algebra.names_in(expr):
            if name in self.scope.names:
                self.fix_by(self.scope.names[name])
            elif name == "channels":
                value = self.join(lanes, [lane.current for lane in lanes])
                known = value.channels is not None
                self.fix(self.depends_on(value.channels) if known else self.sizes_depend_on(value))
            elif name.rpartition(".")[2] in {"channels", "shape"}:  # of any value
                for value in lanes[0].values.values():
                    self.fix(self.shape_depends_on(value))

    def number(
        self, expr: Expr | None, lanes: Sequence[Lane], values: Sequence[object], hint: str
    ) -> Expr:
        """An expression that is worth these values: the one deduced, a constant, or a new
        parameter called `hint`."""
        expr = expr if expr is None else self.assuming(self.closing(expr, lanes), lanes)
        if expr is not None and self.holds(expr, lanes, values):
            return self.short(self.plainer(expr, lanes, values), lanes, values, hint)
        if expr is not None:
            self.fix_by(expr)
        if not all(map(algebra.is_plain, values)):
            raise AssertionError(f"{hint}: {values!r} is no constant")
        if all(algebra.same(value, values[0]) for value in values):
            return algebra.constant(values[0])
        return self.extra(hint, lanes, values)

    def extra(self, hint: str, lanes: Sequence[Lane], values: Sequence[object]) -> Expr:
        """A parameter for a number that nothing in the block's text says."""
        if any(type(value) is not type(values[0]) or value is None for value in values):
            agree(lanes, [repr(value) for value in values])
        by_root: dict[int, object] = {}
        for lane, value in zip(lanes, values, strict=True):
            if not algebra.same(by_root.setdefault(id(lane.root), value), value):
                raise Unrollable
        agree(self.lanes, [id(lane.root) in by_root for lane in self.lanes])
        for name, param in self.params.items():
            if param.kind == "extra" and param.source == hint and param.is_worth(by_root):
                return tree.Name((name,))
        name = self.locals.claim(hint)
        self.params[name] = Param(name, "extra", by_root, source=hint)
        self.learn(name, by_root, lanes)
        return tree.Name((name,))

    def learn(self, name: str, by_root: dict[int, object], lanes: Sequence[Lane]) -> None:
        """Let every lane know a parameter's value."""
        for lane in (*self.lanes, *lanes):
            if id(lane.root) in by_root:
                lane.env.maps[-1][name] = algebra.as_items(by_root[id(lane.root)])

    def loop_name(self, name: str) -> str:
        """A name for what a loop counts or goes over, in the constructor and in `forward`."""
        name = plain(name)
        hides = is_letter(name) and not self.contained  # a container is made, not run
        made = self.locals.claim_underscored(f"{name}_" if hides else name)
        self.looped.add(made)
        return made

    def short(self, expr: Expr, lanes: Sequence[Lane], values: Sequence[object], hint: str) -> Expr:
        """The expression, or a local for it where it is long: texts must not grow without end."""
        if algebra.size(expr) <= algebra.LARGEST or isinstance(expr, tree.ListOf):
            return expr
        for name, known in self.lets.items():
            if known == expr and self._still_holds(name, expr, lanes):
                return tree.Name((name,))
        return self.local(hint, expr, lanes, values=values)

    def _still_holds(self, name: str, expr: Expr, lanes: Sequence[Lane]) -> bool:
        """Whether a local is worth its expression here: a running variable may have changed."""
        if any(name not in lane.env for lane in lanes):
            return False
        return self.holds(expr, lanes, [lane.env[name] for lane in lanes])

    def local(
        self,
        hint: str,
        expr: Expr,
        lanes: Sequence[Lane],
        *,
        values: Sequence[object],
        own: bool = False,
        table: bool = False,
    ) -> Expr:
        """A local of the constructor for an expression; names need none, nor do constants but
        for the author's lists (`table`). `own`: no number is put behind the name."""
        listed = table and isinstance(expr, tree.ListOf) and len(expr.items) > 1
        constant = algebra.is_constant(expr)
        if (constant and not listed) or isinstance(expr, tree.Name):
            return expr
        name = self.locals.claim_underscored(hint) if own else self.locals.claim(hint)
        for lane, value in zip(lanes, values, strict=True):
            lane.env[name] = algebra.as_items(value)
        self.lets[name] = expr
        if self.tables.keys() >= set(algebra.names_in(expr)):
            self.tables[name] = self.value_of(expr, self.tables)
        self.items.append(self.assign_local(name, expr))
        return tree.Name((name,))

    # --- values -----------------------------------------------------------------------------

    def channels(self, lanes: Sequence[Lane]) -> Expr | None:
        """The channels of the current value."""
        return self.join(lanes, [lane.current for lane in lanes]).channels

    def known_channels(self, value: Value, lanes: Sequence[Lane], refs: Sequence[Ref]) -> Expr:
        """The channels of a value, by a new parameter if nothing else says them."""
        sizes = [lane.shape(ref).channels for lane, ref in zip(lanes, refs, strict=True)]
        if value.channels is None:
            self.fix(value.sizes_on)
        value.channels = self.number(value.channels, lanes, sizes, "features")
        return value.channels

    def value(
        self,
        lanes: Sequence[Lane],
        refs: Sequence[Ref],
        candidates: Sequence[Expr | None],
        *,
        fresh: bool = True,
        sizes_on: Iterable[str] = (),
        shape_on: Iterable[str] = (),
    ) -> Value:
        """A new value: its channels are the first candidate that is right in every lane, or are
        known by the names that the shape depends on (`shape_on`)."""
        value = Value(self._right(lanes, refs, candidates), fresh, sizes_on=set(sizes_on))
        if value.channels is None:
            value.sizes_on.update(shape_on)
        shapes = [lane.shape(ref) for lane, ref in zip(lanes, refs, strict=True)]
        value.shape = str(shapes[0]) if len(set(map(str, shapes))) == 1 else ""
        value.batch, value.axes = self.form(lanes, shapes)
        self.assign(lanes, refs, value)
        return value

    def form(self, lanes: Sequence[Lane], shapes: Sequence[Shape]) -> tuple[Batch, int | None]:
        """Whether a value has a batch, and if not how many axes it has, in all lanes."""
        if all(shape.batch == "all" for shape in shapes):
            return "all", None
        agree(lanes, [(shape.batch, shape.rank) for shape in shapes])
        return shapes[0].batch, shapes[0].rank

    def _right(
        self, lanes: Sequence[Lane], refs: Sequence[Ref], candidates: Sequence[Expr | None]
    ) -> Expr | None:
        sizes = [lane.shape(ref).channels for lane, ref in zip(lanes, refs, strict=True)]
        for candidate in candidates:
            if candidate is None:
                continue
            expr = self.assuming(self.closing(candidate, lanes), lanes)
            if self.holds(expr, lanes, sizes):
                return self.short(self.plainer(expr, lanes, sizes), lanes, sizes, "features")
        return None

    def assign(self, lanes: Sequence[Lane], refs: Sequence[Ref], value: Value) -> None:
        for lane, ref in zip(lanes, refs, strict=True):
            lane.values[ref] = value

    def join(self, lanes: Sequence[Lane], refs: Sequence[Ref]) -> Value:
        """The one value that these are in all lanes; made of both sides after an `if`."""
        pairs = list(zip(lanes, refs, strict=True))
        if any(ref not in lane.values for lane, ref in pairs):
            raise Escaped
        values = [lane.values[ref] for lane, ref in pairs]
        joined = phis.joined(self, list(lanes), values)
        if joined is None:
            agree(lanes, [id(value) for value in values])
            raise AssertionError("lanes agree")
        return joined
