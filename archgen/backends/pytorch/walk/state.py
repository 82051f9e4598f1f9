"""The state of a walk over one definition with all its lanes, and what every statement needs.

Deduces an expression from the text, and prints it only if it is right in every lane. What the
statements of the language do is in `statements`, `calls` and `decisions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache

from archgen.backends.pytorch.plan import algebra, kinds
from archgen.backends.pytorch.plan.algebra import Expr, Missing, Opaque
from archgen.backends.pytorch.plan.ir import Aux, Child, If, Item, Made, Param, Value, Worth
from archgen.backends.pytorch.plan.names import LOCALS, Names, is_letter, plain
from archgen.backends.pytorch.walk import binding, phis
from archgen.backends.pytorch.walk.binding import Kept
from archgen.backends.pytorch.walk.lanes import Lane, Lanes, Steps, Unrollable, agree
from archgen.backends.pytorch.walk.phis import Decided, Home
from archgen.backends.pytorch.walk.scope import Classes, Escaped, Scope
from archgen.layers.base import AUTO
from archgen.network import Ref
from archgen.syntax import tree


@dataclass(frozen=True, slots=True)
class Statements:
    """How the language is walked: the functions of `statements`, which stands above this."""

    run: Callable[[Walk, Lanes, Sequence[tree.Statement], Sequence[Steps]], None]
    run_statement: Callable[[Walk, Lanes, tree.Statement, Steps], None]
    run_links: Callable[[Walk, Lanes, Sequence[tree.Link], Sequence[Steps]], None]


class Walk(Kept):
    """One attempt to walk a definition with these lanes. Raises `Split` if they are too unlike."""

    def __init__(
        self, classes: Classes, statements: Statements, scope: Scope, lanes: list[Lane]
    ) -> None:
        super().__init__(classes.close)
        self.classes = classes
        self.file = classes.file
        self.statements = statements
        self.scope = scope
        self.lanes = lanes
        self.items: list[Item] = []
        self.counts: dict[str, Expr] = {}
        self.asked: dict[Expr, bool] = {}  # the conditions of the arms that the walk is in
        self.choices: list[Decided] = []
        self.homes: dict[Value | If, Home] = {}
        self.params: dict[str, Param] = {}
        self.lets: dict[str, Expr] = {}
        self.worth: dict[int, Worth] = {}
        self.tables: dict[str, object] = {}  # locals that are lists of constants
        self.locals = Names(LOCALS)
        self.looped: set[str] = set()  # locals that a loop binds
        self.contained = False
        self.unrolled = False
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

    def spend(self, steps: int) -> None:
        """Count work. Raises `ArchError` beyond the limit on it."""
        self.classes.work.spend(self.scope.definition.span, steps)

    # --- statements -------------------------------------------------------------------------

    def run(self, lanes: Lanes, body: Sequence[tree.Statement], steps: Sequence[Steps]) -> None:
        """The statements of a pair of braces; `steps` says for each lane what became of them."""
        self.statements.run(self, lanes, body, steps)

    def run_statement(self, lanes: Lanes, statement: tree.Statement, steps: Steps) -> None:
        self.statements.run_statement(self, lanes, statement, steps)

    def run_links(self, lanes: Lanes, links: Sequence[tree.Link], steps: Sequence[Steps]) -> None:
        self.statements.run_links(self, lanes, links, steps)

    # --- expressions ------------------------------------------------------------------------

    def deduce(self, expr: Expr, lanes: Sequence[Lane]) -> Expr | None:
        """The author's expression in the names of the class; None where that cannot be."""
        try:
            found = algebra.substitute(expr, lambda name: self._meaning(name, lanes))
        except Opaque:
            self.settle(expr, lanes)
            return None
        return self.computed(self.fold(self.close(found), lanes))

    def kinds_in(self, lanes: Sequence[Lane]) -> kinds.Names:
        """What each name of the class may be, in any call."""

        def kind(name: str) -> kinds.Kinds:
            self.spend(len(self.lanes) + len(lanes))
            found = (lane.env[name] for lane in (*self.lanes, *lanes) if name in lane.env)
            return kinds.union(map(kinds.kinds_of, {id(value): value for value in found}.values()))

        return cache(kind)

    def fold(self, expr: Expr, lanes: Sequence[Lane]) -> Expr:
        """The expression folded, with comparisons decided that the kinds of its names decide."""
        names = self.kinds_in(lanes)
        expr = kinds.settled(expr, names) if kinds.asks_for_kinds(expr) else expr
        return algebra.fold(expr, lambda part: kinds.is_integral(part, names))

    def closing(self, expr: Expr, lanes: Lanes) -> Expr:
        """The expression with closed parameters folded into it."""
        closed = self.close(expr)
        return expr if closed is expr else self.computed(self.fold(closed, lanes))

    def assuming(self, expr: Expr, lanes: Sequence[Lane]) -> Expr:
        """The expression in the arms that the walk is in."""
        if not self.asked:
            return expr
        names = self.kinds_in(lanes)
        return algebra.assuming(expr, self.asked, lambda part: kinds.is_integral(part, names))

    def computed(self, expr: Expr) -> Expr:
        """The expression with what constant lists alone decide computed: `sum(depths) - 1`."""
        return algebra.computed(expr, self.tables, self.classes.work)

    def _meaning(self, name: str, lanes: Sequence[Lane]) -> Expr:
        names = self.scope.names
        if name in names:
            meaning = names[name]
        elif name == "channels":
            meaning = self.channels(lanes)
        else:
            meaning = algebra.constant(self.scope.definition.scope.get(name, AUTO))
        if meaning is None:
            raise Opaque
        return meaning

    def settle(self, expr: Expr, lanes: Sequence[Lane]) -> None:
        """What this expression says is decided here."""
        binding.settle(self, expr, lanes)

    def value_of(self, expr: Expr, names: Mapping[str, object]) -> object:
        """What an expression is worth. Raises `Missing` if it is worth nothing."""
        return algebra.value_of(expr, names, self.classes.work)

    def holds(self, expr: Expr | None, lanes: Sequence[Lane], values: Sequence[object]) -> bool:
        """Whether an expression is worth these values, lane by lane, and in Python too."""
        if expr is None:
            return False
        if kinds.asks_for_kinds(expr) and not kinds.is_same_in_python(expr, self.kinds_in(lanes)):
            return False
        try:
            found = [self.value_of(expr, lane.env) for lane in lanes]
        except Missing:
            return False
        return all(map(algebra.same, found, values))

    def number(
        self, expr: Expr | None, lanes: Sequence[Lane], values: Sequence[object], hint: str
    ) -> Expr:
        """An expression that is worth these values: the one deduced, a constant, or a new
        parameter called `hint`."""
        expr = expr if expr is None else self.assuming(self.closing(expr, lanes), lanes)
        if expr is not None and self.holds(expr, lanes, values):
            return self.short(self.plainer(expr, lanes, values), lanes, hint)
        if expr is not None:
            self.refuse(expr)
        if not all(map(algebra.is_plain, values)):
            raise AssertionError(f"{hint}: {values!r} is no constant")
        if all(algebra.same(value, values[0]) for value in values):
            return algebra.constant(values[0])
        return self.extra(hint, lanes, values)

    def plainer(self, expr: Expr, lanes: Sequence[Lane], values: Sequence[object]) -> Expr:
        """In the arch's own text what is decided is not asked again."""
        if not self.classes.folds(self.scope.definition) or algebra.is_constant(expr):
            return expr
        straight = not any(lane.position for lane in lanes)
        if self.names_behind(expr):  # `fold` asks again, when they may be constants
            names = set(algebra.names_in(expr))
            known = [{name: lane.env[name] for name in names} for lane in lanes]
            here = replace(expr)  # of its own: the same may stand elsewhere, worth something else
            self.worth[id(here)] = Worth(here, list(values), known, straight)
            return here
        return algebra.plainer(
            expr,
            algebra.common(values) if straight else None,
            lambda simpler: self.holds(simpler, lanes, values),
        )

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

    def short(self, expr: Expr, lanes: Sequence[Lane], hint: str) -> Expr:
        """The expression, or a local for it where it is long: texts must not grow without end."""
        if algebra.size(expr) <= algebra.LARGEST or isinstance(expr, tree.ListOf):
            return expr
        for name, known in self.lets.items():
            if known == expr and self._still_holds(name, expr, lanes):
                return tree.Name((name,))
        return self.local(hint, expr, lanes)

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
        for lane in lanes:
            lane.env[name] = self.value_of(expr, lane.env)
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
            self.spoil(value.taint)
        value.channels = self.number(value.channels, lanes, sizes, "features")
        return value.channels

    def value(
        self,
        lanes: Sequence[Lane],
        refs: Sequence[Ref],
        candidates: Sequence[Expr | None],
        *,
        fresh: bool = True,
        taint: Iterable[str] = (),
        behind: Iterable[str] = (),
    ) -> Value:
        """A new value: its channels are the first candidate that is right in every lane, or are
        known by the names `behind` them alone."""
        value = Value(self._right(lanes, refs, candidates), fresh, taint=set(taint))
        if value.channels is None:
            value.taint.update(behind)
        shapes = {str(lane.shape(ref)) for lane, ref in zip(lanes, refs, strict=True)}
        value.shape = shapes.pop() if len(shapes) == 1 else ""
        self.assign(lanes, refs, value)
        return value

    def _right(
        self, lanes: Sequence[Lane], refs: Sequence[Ref], candidates: Sequence[Expr | None]
    ) -> Expr | None:
        sizes = [lane.shape(ref).channels for lane, ref in zip(lanes, refs, strict=True)]
        for candidate in candidates:
            if candidate is None:
                continue
            expr = self.assuming(self.closing(candidate, lanes), lanes)
            if self.holds(expr, lanes, sizes):
                return self.short(self.plainer(expr, lanes, sizes), lanes, "features")
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
