"""`for`: a loop of the class where its passes are alike, else pass after pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Carry, For, Item, Value
from archgen.backends.pytorch.plan.names import Names
from archgen.backends.pytorch.walk import constants
from archgen.backends.pytorch.walk.decisions import set_current
from archgen.backends.pytorch.walk.lanes import (
    Lane,
    Lanes,
    Split,
    Steps,
    Unrollable,
    after_all,
    agree,
    has_heads,
)
from archgen.backends.pytorch.walk.lists import check_appends
from archgen.backends.pytorch.walk.state import Walk
from archgen.network import Looped, Ref, Step
from archgen.syntax import tree

FEW = 4  # passes that are written one after the other in a block
FEW_CHILDREN = 2  # and in an `nn.Sequential`, whose children are known by their place
_ZERO: Expr = tree.Number(0)


def loop(walk: Walk, lanes: Lanes, statement: tree.For, steps: Steps) -> None:
    """A loop of the class where calls differ in the number of passes, or there are many."""
    looped = [step for step in steps if isinstance(step, Looped)]
    if walk.open_parameters:
        walk.decide(statement.iterable, lanes)
    nested = bool(lanes[0].position)
    if not is_rolled(walk, looped, nested=nested) or not _rolled(walk, lanes, statement, looped):
        walk.decide(statement.iterable, lanes)
        agree(lanes, [len(step.passes) for step in looped])
        for at in range(len(looped[0].passes)):
            with walk.braces(lanes):
                bind_pass(walk, lanes, statement, looped, at)
                inner = [step.passes[at][1] for step in looped]
                walk.run(lanes, statement.body.statements, inner)
    set_current(lanes, [step.after for step in looped])


def is_rolled(walk: Walk, steps: Sequence[Looped], *, nested: bool = False) -> bool:
    """Whether to try a loop: `nested` in another, whose passes are one text already."""
    counts = {len(step.passes) for step in steps}
    if counts == {0} or walk.unrolled:
        return False
    few = FEW
    if walk.contained:
        few = 1 if nested else FEW_CHILDREN
    return len(counts) > 1 or max(counts) > few


def bind_pass(
    walk: Walk, lanes: Lanes, statement: tree.For, steps: Sequence[Looped], at: int
) -> None:
    """The loop's names in one pass that is written down by itself."""
    iterable = walk.deduce(statement.iterable, lanes)
    for number, (place, name) in enumerate(tree.paths(statement.targets)):
        values = [step.passes[at][0][number] for step in steps]
        expr = None if iterable is None else constants.part(iterable, (at, *place))
        plain = all(map(algebra.is_plain, values))
        if plain and all(algebra.same(value, values[0]) for value in values):
            expr = algebra.constant(values[0])
        constants.bind_name(walk, lanes, name, expr, values)


@dataclass(slots=True)
class Rolled:
    """A loop that is tried as a loop: a lane for each pass of each call."""

    walk: Walk
    lanes: Lanes
    statement: tree.For
    steps: Sequence[Looped]
    names: list[str]
    index: str
    iterable: Expr

    def passes(self, *, from_base: bool) -> tuple[list[Lane], list[Sequence[Step]]]:
        """A lane for each pass, and what its statements became."""
        inner: list[Lane] = []
        steps: list[Sequence[Step]] = []
        self.walk.spend(sum(len(step.passes) for step in self.steps))
        for lane, step in zip(self.lanes, self.steps, strict=True):
            current = step.before
            for at, (values, body) in enumerate(step.passes):
                inner.append(self._pass(lane, at, values, step.before if from_base else current))
                steps.append(body)
                current = after_all(body, current)
        return inner, steps

    def _pass(self, lane: Lane, at: int, values: Sequence[object], current: Ref) -> Lane:
        own = dict(zip(self.statement.names, values, strict=True))
        inner = lane.in_pass(at, own, current)
        inner.env[self.index] = at
        for name, value in zip(self.names, values, strict=True):
            if algebra.is_plain(value):
                inner.env[name] = algebra.as_items(value)
        return inner

    @property
    def targets(self) -> tuple[tree.Target, ...]:
        """The names in the class, unpacked as the author does."""
        return tree.renamed(self.statement.targets, iter(self.names))

    @property
    def count(self) -> Expr:
        """The number of passes as an expression."""
        return passes_of(self.iterable)


def passes_of(iterable: Expr) -> Expr:
    """The length of what a loop goes over."""
    match iterable:
        case tree.Apply(tree.Name(("range",)), (tree.Argument(None, stop),)):
            return stop
        case tree.Apply(tree.Name(("enumerate" | "zip",)), (tree.Argument(None, first), *_)):
            return passes_of(first)
        case _:
            return algebra.fold(tree.Apply(tree.Name(("len",)), (tree.Argument(None, iterable),)))


def _iterable(walk: Walk, lanes: Lanes, expr: Expr) -> Expr | None:
    """What a loop goes over, as the author wrote it: `enumerate` and `zip` are not computed."""
    match expr:
        case tree.Apply(tree.Name(("enumerate" | "zip",)), arguments):
            parts = [walk.deduce(argument.value, lanes) for argument in arguments]
            given = [part for part in parts if part is not None]
            if len(given) < len(parts):
                return None
            return tree.Apply(expr.function, tuple(tree.Argument(None, part) for part in given))
        case _:
            return walk.deduce(expr, lanes)


def open_loop(
    walk: Walk, lanes: Lanes, statement: tree.For, steps: Sequence[Looped]
) -> Rolled | None:
    """Names for a loop in the class, or None where its list cannot be written down.

    Raises `Unrollable` where it fills a list of submodules otherwise than in order.
    """
    check_appends(lanes, statement)
    if has_heads(lanes, steps):
        raise Unrollable
    lists = [
        tuple(_packed(statement.targets, values) for values, _ in step.passes) for step in steps
    ]
    if not all(map(algebra.is_plain, lists)):
        return None
    iterable = _iterable(walk, lanes, statement.iterable)
    if not walk.holds(iterable, lanes, lists):
        walk.decide(statement.iterable, lanes)
        iterable = walk.number(None, lanes, lists, "items")
    assert iterable is not None
    names = [walk.loop_name(name) for name in statement.names]
    counted = _counts_from_zero(iterable, statement.targets)
    index = names[0] if counted else walk.loop_name("index")
    for author, name in zip(statement.names, names, strict=True):
        walk.scope.names[author] = tree.Name((name,))
    return Rolled(walk, lanes, statement, steps, names, index, iterable)


def _packed(targets: tuple[tree.Target, ...], values: Sequence[object]) -> object:
    """The values of the names of a loop as the item that they are parts of."""
    given = iter(values)

    def pack(target: tree.Target) -> object:
        return next(given) if isinstance(target, str) else tuple(map(pack, target))

    return pack(targets[0] if len(targets) == 1 else targets)


def _counts_from_zero(iterable: Expr, targets: tuple[tree.Target, ...]) -> bool:
    """Whether the first name of a loop is the number of its pass."""
    if not isinstance(targets[0], str):
        return False
    match iterable:
        case tree.Apply(tree.Name(("range" | "enumerate" as function,)), (tree.Argument(None, _),)):
            return function == "range" or len(targets) > 1
        case _:
            return False


@contextmanager
def attempt(walk: Walk) -> Iterator[None]:
    """Try to make a loop; what was tried leaves nothing where its passes are too unlike."""
    counts, choices, made = dict(walk.counts), len(walk.choices), len(walk.items)
    running, names = dict(walk.running), list(walk.locals)
    try:
        yield
    except Unrollable:
        walk.counts, walk.running = counts, running
        walk.locals = Names([*names, *walk.params])
        del walk.choices[choices:], walk.items[made:]


def _rolled(walk: Walk, lanes: Lanes, statement: tree.For, steps: Sequence[Looped]) -> bool:
    """Try to make a loop of it; whether that went well."""
    with attempt(walk):
        try:
            with walk.braces(lanes):
                rolled = open_loop(walk, lanes, statement, steps)
                if rolled is not None:
                    _roll(rolled)
                    walk.locals.release({rolled.index, *rolled.names})
                    return True
        except Split as split:
            if len({len(step.passes) for step in steps}) > 1:
                raise
            raise Unrollable from split
        raise Unrollable
    return False


def _roll(rolled: Rolled) -> None:
    walk, lanes = rolled.walk, rolled.lanes
    before = walk.join(lanes, [step.before for step in rolled.steps])
    name = _running_name(walk, before)
    variable: Expr = tree.Name((name,))
    left, counts, moved = _probe(rolled, name, before.sizes_on)
    start, after, running = _closed_form(rolled, before.channels, left.channels, name, moved=moved)
    if running:
        walk.running[name] = walk.running.get(name, 0) + 1
    if running and left.channels is not None:
        walk.assigned.setdefault(name, []).append(left.channels)
    if running and before.channels != variable:
        walk.items.append(walk.assign_local(name, before.channels or tree.Number(0)))
    if walk.probing:  # what stands in the loop is thrown away
        items, begin, end = list[Item](), before, left
    else:
        items, begin, end = _body(rolled, start, counts, before.sizes_on | left.sizes_on)
    if running and end.channels not in {None, variable}:
        items.append(walk.assign_local(name, end.channels))
    refs = [step.after for step in rolled.steps]
    for lane, step in zip(lanes, rolled.steps, strict=True):
        if running:
            lane.env[name] = lane.shape(step.after).channels
    decided = walk.depends_on(rolled.iterable)
    sizes_on = before.sizes_on | begin.sizes_on | end.sizes_on | decided
    shape_on = walk.shape_depends_on(before) | walk.shape_depends_on(end) | decided
    result = walk.value(lanes, refs, [after], fresh=False, sizes_on=sizes_on, shape_on=shape_on)
    walk.items.append(
        For(
            rolled.targets,
            rolled.index,
            rolled.iterable,
            items,
            Carry(before, begin, end, result),
        )
    )
    walk.counts = after_passes(walk.counts, counts, rolled.count)


def _running_name(walk: Walk, before: Value) -> str:
    """A local for channels that change from pass to pass: in a container, where there is but one
    value at a time, the one that a loop around it has."""
    known = before.channels
    if walk.contained and isinstance(known, tree.Name) and known.text in walk.running:
        return known.text
    return walk.locals.claim("channels")


def _probe(rolled: Rolled, name: str, sizes_on: set[str]) -> tuple[Value, dict[str, int], bool]:
    """What one pass makes of a value with channels called `name`; how many nameless layers of
    each stem it numbers; and whether a loop inside it assigns to `name`."""
    walk = rolled.walk
    start = dict(walk.counts)
    with walk.probe():
        walk.running[name] = 0
        inner, _ = _walk_pass(rolled, tree.Name((name,)), sizes_on, name)
        moved = walk.running[name] > 0
        left = walk.join(inner, [lane.current for lane in inner])
    taken = {} if walk.contained else numbered(walk, start)
    walk.counts = start
    return left, taken, moved


def numbered(walk: Walk, start: dict[str, Expr]) -> dict[str, int]:
    """How many nameless layers of each stem were numbered since. Raises `Unrollable` if that is
    no constant."""
    taken: dict[str, int] = {}
    for stem, number in walk.counts.items():
        match algebra.fold(walk.close(algebra.difference(number, start.get(stem, _ZERO)))):
            case tree.Number(int(value)):
                taken[stem] = value
            case _:
                raise Unrollable
    return taken


def _closed_form(
    rolled: Rolled, before: Expr | None, left: Expr | None, name: str, *, moved: bool
) -> tuple[Expr | None, Expr | None, bool]:
    """The channels in pass i and after all passes, and whether a running variable is needed."""
    if before is None or left is None:
        return None, None, False
    variable: Expr = tree.Name((name,))
    if moved:
        return variable, variable, True
    if left == variable or (left == before and not _of_one_pass(rolled, left, name)):
        return before, before, False
    step = algebra.difference(left, variable)
    if not _of_one_pass(rolled, step, name):
        index: Expr = tree.Name((rolled.index,))
        grown = [algebra.total([before, product(by, step)]) for by in (index, rolled.count)]
        return grown[0], grown[1], False
    return variable, variable, True


def _of_one_pass(rolled: Rolled, expr: Expr, name: str) -> bool:
    """Whether an expression reads what only one pass knows."""
    bound = {name, rolled.index, *rolled.names}
    return any(each in bound or each not in rolled.lanes[0].env for each in algebra.names_in(expr))


def product(times: Expr, step: Expr) -> Expr:
    if algebra.is_constant(step):
        times, step = step, times
    return algebra.fold(tree.Binary("*", times, step))


def _walk_pass(
    rolled: Rolled, channels: Expr | None, sizes_on: set[str], name: str = ""
) -> tuple[list[Lane], Value]:
    """Walk the body once for all passes; its start has these channels."""
    walk = rolled.walk
    inner, steps = rolled.passes(from_base=False)
    begin = Value(channels, sizes_on=set(sizes_on))
    for lane in inner:
        if name:
            lane.env[name] = lane.shape(lane.current).channels
        lane.values[lane.current] = begin
    walk.run(inner, rolled.statement.body.statements, steps)
    return inner, begin


def _body(
    rolled: Rolled, start: Expr | None, taken: dict[str, int], sizes_on: set[str]
) -> tuple[list[Item], Value, Value]:
    """The items of a pass, the value it begins with and the one it leaves."""
    walk = rolled.walk
    before = walk.counts
    walk.counts = after_passes(before, taken, tree.Name((rolled.index,)))
    running = start.text if isinstance(start, tree.Name) else ""
    with walk.into([]) as items:
        inner, begin = _walk_pass(rolled, start, sizes_on, running)
        end = walk.join(inner, [lane.current for lane in inner])
    walk.counts = before
    return items, begin, end


def after_passes(counts: dict[str, Expr], taken: dict[str, int], passes: Expr) -> dict[str, Expr]:
    """The numbers of nameless layers after a loop."""
    after = dict(counts)
    for stem, number in taken.items():
        grown = product(passes, tree.Number(number))
        after[stem] = algebra.total([grown, counts.get(stem, _ZERO)])
    return after
