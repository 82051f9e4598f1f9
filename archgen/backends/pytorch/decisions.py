"""`if`, `for` and merges, walked with all lanes at once.

A decision that all lanes take alike is not printed. A loop is printed as a loop where its
passes are alike, else pass after pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archgen.backends.pytorch import algebra, statements
from archgen.backends.pytorch.algebra import Expr
from archgen.backends.pytorch.lanes import Lane, Unrollable, after_all, agree
from archgen.backends.pytorch.plan import (
    Branch,
    Choice,
    For,
    If,
    Item,
    Let,
    Loop,
    Merge,
    One,
    Value,
)
from archgen.backends.pytorch.walk import Walk
from archgen.network import Chosen, Looped, Merged, Ref, Silent, Step
from archgen.syntax import tree

Lanes = Sequence[Lane]
Steps = Sequence[Step]
FEW = 4  # passes that are written one after the other in a block


# --- if -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Side:
    """A side of an `if` that some lanes take."""

    condition: Expr | None
    body: tree.Body | None
    lanes: list[Lane]
    steps: list[Chosen]


def sides_of(walk: Walk, lanes: Lanes, statement: tree.If, steps: Steps) -> list[Side]:
    """The sides that are taken, in order, with conditions that choose them; the last has none."""
    chosen = [step for step in steps if isinstance(step, Chosen)]
    last = len(statement.arms)
    numbers = [last if step.arm is None else step.arm for step in chosen]
    for arm in statement.arms[: max(numbers) + 1]:
        walk.settle(arm.condition, lanes)
    sides = []
    for number in sorted(set(numbers)):
        here = [at for at, taken in enumerate(numbers) if taken == number]
        arm = statement.arms[number] if number < last else None
        condition = None if arm is None else walk.deduce(arm.condition, lanes)
        body = arm.body if arm else statement.otherwise
        sides.append(Side(condition, body, [lanes[at] for at in here], [chosen[at] for at in here]))
    sides[-1].condition = None
    if not _chooses(walk, sides):
        agree(lanes, numbers)
    return sides


def _chooses(walk: Walk, sides: Sequence[Side]) -> bool:
    """Whether the conditions send each lane to its side."""
    for at, side in enumerate(sides[:-1]):
        later = [lane for other in sides[at + 1 :] for lane in other.lanes]
        if not walk.holds(side.condition, side.lanes, [True] * len(side.lanes)):
            return False
        if not walk.holds(side.condition, later, [False] * len(later)):
            return False
    return True


def choose(walk: Walk, lanes: Lanes, statement: tree.If, steps: Steps) -> None:
    """One side for all: its statements. Else an `if` of the class."""
    sides = sides_of(walk, lanes, statement, steps)
    start, ends = dict(walk.counts), []
    item = If([])
    for side in sides:
        walk.counts = dict(start)
        target: list[Item] = walk.items if len(sides) == 1 else []
        with walk.into(target):
            _run_side(walk, side)
        item.arms.append((side.condition, target))
        ends.append(walk.counts)
    walk.counts = longest(walk, start, ends, statement)
    _set_current(lanes, [step.after for step in steps if isinstance(step, Chosen)])
    if len(sides) > 1:
        walk.items.append(item)
        walk.choices.append((item, _arms(sides)))


def _run_side(walk: Walk, side: Side) -> None:
    if side.body is not None:
        inner = [step.steps for step in side.steps]
        statements.run(walk, side.lanes, side.body.statements, inner)


def _arms(sides: Sequence[Side]) -> dict[tuple[int, tuple[int, ...]], int]:
    return {lane.key: at for at, side in enumerate(sides) for lane in side.lanes}


def longest(
    walk: Walk, start: dict[str, Expr], ends: list[dict[str, Expr]], statement: tree.If
) -> dict[str, Expr]:
    """Numbers of nameless layers go on from the longest side, taken or not.

    Sides that no lane takes are counted in the text; where that is not enough (a loop in
    them), the next name says the number itself.
    """
    bodies = [arm.body for arm in statement.arms]
    bodies += [statement.otherwise] if statement.otherwise else []
    counts = dict(start)
    for body in bodies:
        own: dict[str, int] = {}
        count_nameless(body.statements, own)
        for stem, more in own.items():
            ends.append({**start, stem: _plus(start.get(stem), tree.Number(more))})
    for end in ends:
        for stem, number in end.items():
            counts[stem] = _larger(counts.get(stem), number)
    return counts


def _larger(left: Expr | None, right: Expr) -> Expr:
    if left is None:
        return right
    match algebra.difference(right, left):
        case tree.Number(value) if value <= 0:
            return left
        case _:
            return right


def _plus(left: Expr | None, right: Expr) -> Expr:
    return right if left is None else algebra.total([left, right])


def count_nameless(body: Sequence[tree.Statement], counts: dict[str, int]) -> None:
    """Add the nameless layers that a text numbers; loops are left out."""
    for statement in body:
        match statement:
            case tree.Chain(links):
                _count_links(links, counts)
            case tree.Named(places, chain) if len(places) > 1 or _is_merge(chain):
                _count_links(chain.links, counts)
            case tree.If(arms, otherwise):
                sides = [arm.body for arm in arms] + ([otherwise] if otherwise else [])
                most: dict[str, int] = {}
                for side in sides:
                    own: dict[str, int] = {}
                    count_nameless(side.statements, own)
                    most |= {stem: max(n, most.get(stem, 0)) for stem, n in own.items()}
                for stem, number in most.items():
                    counts[stem] = counts.get(stem, 0) + number
            case _:
                pass


def _is_merge(chain: tree.Chain) -> bool:
    return isinstance(chain.links[-1], tree.Merge) or isinstance(chain.links[0], tree.Reuse)


def _count_links(links: Sequence[tree.Link], counts: dict[str, int]) -> None:
    for link in links:
        match link:
            case tree.Call(function=name) if name.parts[0] not in {"input", "param", "init"}:
                stem = "layer" if name.parts == ("stage",) else name.parts[-1]
                counts[stem] = counts.get(stem, 0) + 1
            case tree.Seq():
                counts["seq"] = counts.get("seq", 0) + 1
            case tree.Merge(body=body) | tree.Group(body=body):
                count_nameless(body.statements, counts)
            case _:
                pass


def _set_current(lanes: Lanes, refs: Sequence[Ref]) -> None:
    for lane, ref in zip(lanes, refs, strict=True):
        lane.current = ref


# --- for ----------------------------------------------------------------------------------------


def loop(walk: Walk, lanes: Lanes, statement: tree.For, steps: Steps) -> None:
    """A loop of the class where calls differ in the number of passes, or there are many."""
    looped = [step for step in steps if isinstance(step, Looped)]
    walk.settle(statement.iterable, lanes)
    if not is_rolled(walk, looped) or not _rolled(walk, lanes, statement, looped):
        agree(lanes, [len(step.passes) for step in looped])
        for at in range(len(looped[0].passes)):
            with walk.braces():
                _bind_pass(walk, lanes, statement, looped, at)
                inner = [step.passes[at][1] for step in looped]
                statements.run(walk, lanes, statement.body.statements, inner)
    _set_current(lanes, [step.after for step in looped])


def is_rolled(walk: Walk, steps: Sequence[Looped]) -> bool:
    counts = {len(step.passes) for step in steps}
    if counts == {0} or walk.unrolled:
        return False
    return len(counts) > 1 or (max(counts) > FEW and not walk.contained)


def _bind_pass(
    walk: Walk, lanes: Lanes, statement: tree.For, steps: Sequence[Looped], at: int
) -> None:
    """The loop's names in one pass that is written down by itself."""
    iterable = walk.deduce(statement.iterable, lanes)
    for number, name in enumerate(statement.names):
        values = [step.passes[at][0][number] for step in steps]
        expr = None
        if iterable is not None:
            expr = algebra.fold(tree.Index(iterable, tree.Number(at)))
            if len(statement.names) > 1:
                expr = algebra.fold(tree.Index(expr, tree.Number(number)))
        plain = all(map(algebra.is_plain, values))
        if plain and all(algebra.same(value, values[0]) for value in values):
            expr = algebra.constant(values[0])
        statements.bind_name(walk, lanes, name, expr, values)


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
    def count(self) -> Expr:
        """The number of passes as an expression."""
        return passes_of(self.iterable)


def passes_of(iterable: Expr) -> Expr:
    """The length of what a loop goes over."""
    match iterable:
        case tree.Apply(tree.Name(("range",)), (tree.Argument(None, stop),)):
            return stop
        case _:
            return algebra.fold(tree.Apply(tree.Name(("len",)), (tree.Argument(None, iterable),)))


def open_loop(
    walk: Walk, lanes: Lanes, statement: tree.For, steps: Sequence[Looped]
) -> Rolled | None:
    """Names for a loop in the class, or None where its list cannot be written down."""
    lists = [
        tuple(values if len(values) > 1 else values[0] for values, _ in step.passes)
        for step in steps
    ]
    if not all(map(algebra.is_plain, lists)):
        return None
    iterable = walk.deduce(statement.iterable, lanes)
    if not walk.holds(iterable, lanes, lists):
        iterable = walk.number(None, lanes, lists, "items")
    assert iterable is not None
    names = [walk.locals.claim_underscored(name) for name in statement.names]
    counted = _counts_from_zero(iterable)
    index = names[0] if counted else walk.locals.claim("index")
    for author, name in zip(statement.names, names, strict=True):
        walk.scope.names[author] = tree.Name((name,))
    return Rolled(walk, lanes, statement, steps, names, index, iterable)


def _counts_from_zero(iterable: Expr) -> bool:
    match iterable:
        case tree.Apply(tree.Name(("range",)), (tree.Argument(None, _),)):
            return True
        case _:
            return False


def _rolled(walk: Walk, lanes: Lanes, statement: tree.For, steps: Sequence[Looped]) -> bool:
    """Try to make a loop of it; whether that went well."""
    counts, choices, made = dict(walk.counts), len(walk.choices), len(walk.items)
    try:
        with walk.braces():
            rolled = open_loop(walk, lanes, statement, steps)
            if rolled is not None:
                _roll(rolled)
                return True
    except Unrollable:
        pass
    walk.counts = counts
    del walk.choices[choices:], walk.items[made:]
    return False


def _roll(rolled: Rolled) -> None:
    walk, lanes = rolled.walk, rolled.lanes
    before = walk.join(lanes, [step.before for step in rolled.steps])
    name = walk.locals.claim("features")
    left, counts = _probe(rolled, name)
    start, after, running = _closed_form(rolled, before.channels, left, name)
    if running:
        walk.items.append(Let(name, before.channels or tree.Number(0)))
    items, begin, end = _body(rolled, start, counts)
    if running and left is not None:
        items.append(Let(name, left))
    refs = [step.after for step in rolled.steps]
    for lane, step in zip(lanes, rolled.steps, strict=True):
        if running:
            lane.env[name] = lane.shape(step.after).channels
    result = walk.value(lanes, refs, [after], fresh=False)
    walk.items.append(
        For(
            tuple(rolled.names),
            rolled.index,
            rolled.iterable,
            items,
            before,
            begin,
            end,
            result,
        )
    )
    walk.counts = _after_passes(walk.counts, counts, rolled.count)


def _probe(rolled: Rolled, name: str) -> tuple[Expr | None, dict[str, int]]:
    """What one pass makes of the channels it is given, called `name`; and how many nameless
    layers of each stem it numbers."""
    walk = rolled.walk
    start = dict(walk.counts)
    with walk.probe():
        inner, _ = _walk_pass(rolled, tree.Name((name,)), name)
    left = walk.join(inner, [lane.current for lane in inner]).channels
    taken = {
        stem: _constant(algebra.difference(number, start.get(stem, tree.Number(0))))
        for stem, number in walk.counts.items()
    }
    walk.counts = start
    return left, taken


def _constant(expr: Expr) -> int:
    if isinstance(expr, tree.Number) and isinstance(expr.value, int):
        return expr.value
    raise Unrollable


def _closed_form(
    rolled: Rolled, before: Expr | None, left: Expr | None, name: str
) -> tuple[Expr | None, Expr | None, bool]:
    """The channels in pass i and after all passes, and whether a running variable is needed."""
    if before is None or left is None:
        return None, None, False
    variable: Expr = tree.Name((name,))
    if left == variable:
        return before, before, False
    step = algebra.difference(left, variable)
    bound = {name, rolled.index, *rolled.names}
    if not bound.intersection(algebra.names_in(step)):
        index: Expr = tree.Name((rolled.index,))
        grown = [algebra.total([before, _product(by, step)]) for by in (index, rolled.count)]
        return grown[0], grown[1], False
    return variable, variable, True


def _product(times: Expr, step: Expr) -> Expr:
    return algebra.fold(tree.Binary("*", times, step))


def _walk_pass(rolled: Rolled, channels: Expr | None, name: str = "") -> tuple[list[Lane], Value]:
    """Walk the body once for all passes; its start has these channels."""
    walk = rolled.walk
    inner, steps = rolled.passes(from_base=False)
    begin = Value(channels)
    for lane in inner:
        if name:
            lane.env[name] = lane.shape(lane.current).channels
        lane.values[lane.current] = begin
    statements.run(walk, inner, rolled.statement.body.statements, steps)
    return inner, begin


def _body(
    rolled: Rolled, start: Expr | None, taken: dict[str, int]
) -> tuple[list[Item], Value, Value]:
    """The items of a pass, the value it begins with and the one it leaves."""
    walk = rolled.walk
    index: Expr = tree.Name((rolled.index,))
    before = dict(walk.counts)
    for stem, number in taken.items():
        grown = _product(index, tree.Number(number))
        walk.counts[stem] = algebra.total([grown, before.get(stem, tree.Number(0))])
    running = start.text if isinstance(start, tree.Name) else ""
    with walk.into([]) as items:
        inner, begin = _walk_pass(rolled, start, running)
        end = walk.join(inner, [lane.current for lane in inner])
    walk.counts = before
    return items, begin, end


def _after_passes(counts: dict[str, Expr], taken: dict[str, int], passes: Expr) -> dict[str, Expr]:
    """The numbers of nameless layers after a loop."""
    after = dict(counts)
    for stem, number in taken.items():
        grown = _product(passes, tree.Number(number))
        after[stem] = algebra.total([grown, counts.get(stem, tree.Number(0))])
    return after


# --- merges -------------------------------------------------------------------------------------


def merge(walk: Walk, lanes: Lanes, link: tree.Merge, steps: Steps) -> None:
    """`add`, `mul`, `concat`: the branches, then one value of them."""
    merged = [step for step in steps if isinstance(step, Merged)]
    base = [step.before for step in merged]
    with walk.braces():
        inner = [step.steps for step in merged]
        branches = _branches(walk, lanes, link.body.statements, inner, base)
    agree(lanes, [step.node.axis for step in merged])
    refs = [step.node.outputs[0] for step in merged]
    axis, rank = merged[0].node.axis, lanes[0].shape(refs[0]).rank
    plain = [branch for branch in branches if isinstance(branch, One)]
    if len(plain) == len(branches):
        for branch in plain:
            walk.items += branch.items
        operands = [branch.value for branch in plain]
        if len(operands) == 1:
            walk.assign(lanes, refs, operands[0])
            return
        output = walk.value(lanes, refs, _merged_channels(link, merged, lanes, operands))
        walk.items.append(Merge(link.kind, output, axis, rank, operands))
        return
    along = link.kind == "concat" and axis == lanes[0].shape(refs[0]).axis
    candidates = [_sum_of(branches)] if along else list(_branch_channels(branches))
    output = walk.value(lanes, refs, candidates)
    walk.items.append(Merge(link.kind, output, axis, rank, [], branches))


def _branch_channels(branches: Sequence[Branch]) -> Iterator[Expr | None]:
    """Channels that a merge of these branches may have: any one's."""
    for branch in branches:
        match branch:
            case One(value=value):
                yield value.channels
            case Choice(arms=arms):
                for _, inner in arms:
                    yield from _branch_channels(inner)
            case Loop(branches=inner):
                yield from _branch_channels(inner)


def _sum_of(branches: Sequence[Branch]) -> Expr | None:
    """The channels of a concat of branches: loops count, what hangs on a decision does not."""
    parts: list[Expr] = []
    for branch in branches:
        match branch:
            case One(value=Value(channels=channels)) if channels is not None:
                parts.append(channels)
            case Loop(iterable=iterable, branches=inner):
                each = _sum_of(inner)
                if each is None:
                    return None
                parts.append(_product(passes_of(iterable), each))
            case _:
                return None
    return algebra.total(parts)


def _merged_channels(
    link: tree.Merge, steps: Sequence[Merged], lanes: Lanes, operands: Sequence[Value]
) -> list[Expr | None]:
    """Candidates for the channels of a merge: the sum of a concat along them, else any's."""
    channels = [operand.channels for operand in operands]
    node, lane = steps[0].node, lanes[0]
    if link.kind == "concat" and node.axis == lane.shape(node.outputs[0]).axis:
        known = [expr for expr in channels if expr is not None]
        return [algebra.total(known)] if len(known) == len(channels) else [None]
    return channels


def _branches(
    walk: Walk,
    lanes: Lanes,
    body: Sequence[tree.Statement],
    steps: Sequence[Steps],
    base: Sequence[Ref],
) -> list[Branch]:
    """The branches that the statements are, in order."""
    found: list[Branch] = []
    for at, statement in enumerate(body):
        _set_current(lanes, base)
        here = [each[at] for each in steps]
        match statement:
            case tree.If():
                found += _choice(walk, lanes, statement, here, base)
            case tree.For():
                found += _loop(walk, lanes, statement, here, base)
            case tree.Chain() | tree.Named() if not isinstance(here[0], Silent):
                found.append(_one(walk, lanes, [statement], [[step] for step in here]))
            case _:
                statements.run_statement(walk, lanes, statement, here)
    _set_current(lanes, base)
    return found


def _one(walk: Walk, lanes: Lanes, body: Sequence[tree.Statement], steps: Sequence[Steps]) -> One:
    with walk.into([]) as items:
        for at, statement in enumerate(body):
            statements.run_statement(walk, lanes, statement, [each[at] for each in steps])
    return One(items, walk.join(lanes, [lane.current for lane in lanes]))


def _side(
    walk: Walk,
    lanes: Lanes,
    body: tree.Body | None,
    steps: Sequence[Steps],
    base: Sequence[Ref],
) -> list[Branch]:
    """A side of an `if`, or a pass of a `for`: one branch, unless it only holds another."""
    _set_current(lanes, base)
    if body is None:
        return []
    with walk.braces():
        match body.statements:
            case (tree.If() | tree.For(),):
                return _branches(walk, lanes, body.statements, steps, base)
            case _ if any(_makes_branch(statement) for statement in body.statements):
                return [_one(walk, lanes, body.statements, steps)]
            case _:
                return []


def _makes_branch(statement: tree.Statement) -> bool:
    return isinstance(statement, tree.Chain | tree.Named | tree.If | tree.For)


def _choice(
    walk: Walk, lanes: Lanes, statement: tree.If, steps: Steps, base: Sequence[Ref]
) -> list[Branch]:
    """The branches of an `if`; where each side is one branch, one value made in either way."""
    sides = sides_of(walk, lanes, statement, steps)
    refs = {lane.key: ref for lane, ref in zip(lanes, base, strict=True)}
    start, ends = dict(walk.counts), []
    arms: list[tuple[Expr | None, list[Branch]]] = []
    for side in sides:
        walk.counts = dict(start)
        inner = [step.steps for step in side.steps]
        own = [refs[lane.key] for lane in side.lanes]
        arms.append((side.condition, _side(walk, side.lanes, side.body, inner, own)))
        ends.append(walk.counts)
    walk.counts = longest(walk, start, ends, statement)
    if len(sides) == 1:
        return arms[0][1]
    if not any(branches for _, branches in arms):
        return []
    if all(len(branches) == 1 and isinstance(branches[0], One) for _, branches in arms):
        return [_either(walk, lanes, sides, arms)]
    return [Choice(arms)]


def _either(
    walk: Walk,
    lanes: Lanes,
    sides: Sequence[Side],
    arms: Sequence[tuple[Expr | None, list[Branch]]],
) -> One:
    """One branch whose value either side makes."""
    item = If([])
    for condition, branches in arms:
        (branch,) = branches
        assert isinstance(branch, One)
        item.arms.append((condition, branch.items))
    walk.choices.append((item, _arms(sides)))
    return One([item], walk.join(lanes, [lane.current for lane in lanes]))


def _loop(
    walk: Walk, lanes: Lanes, statement: tree.For, steps: Steps, base: Sequence[Ref]
) -> list[Branch]:
    """The branches of a `for`: a loop of the class, or one after the other."""
    looped = [step for step in steps if isinstance(step, Looped)]
    walk.settle(statement.iterable, lanes)
    if is_rolled(walk, looped):
        rolled = _rolled_branches(walk, lanes, statement, looped)
        if rolled is not None:
            return [rolled]
    agree(lanes, [len(step.passes) for step in looped])
    found: list[Branch] = []
    for at in range(len(looped[0].passes)):
        with walk.braces():
            _bind_pass(walk, lanes, statement, looped, at)
            inner = [step.passes[at][1] for step in looped]
            found += _side(walk, lanes, statement.body, inner, base)
    return found


def _rolled_branches(
    walk: Walk, lanes: Lanes, statement: tree.For, steps: Sequence[Looped]
) -> Loop | None:
    counts, choices = dict(walk.counts), len(walk.choices)
    try:
        with walk.braces():
            rolled = open_loop(walk, lanes, statement, steps)
            if rolled is not None:
                return _roll_branches(rolled)
    except Unrollable:
        pass
    walk.counts = counts
    del walk.choices[choices:]
    return None


def _roll_branches(rolled: Rolled) -> Loop:
    """Walk the passes once to see what they number, then for good."""
    walk, start = rolled.walk, dict(rolled.walk.counts)
    with walk.probe():
        _branch_passes(rolled)
    zero: Expr = tree.Number(0)
    taken = {
        stem: _constant(algebra.difference(number, start.get(stem, zero)))
        for stem, number in walk.counts.items()
    }
    index: Expr = tree.Name((rolled.index,))
    walk.counts = {
        stem: algebra.total([_product(index, tree.Number(taken[stem])), start.get(stem, zero)])
        for stem in taken
    }
    branches = _branch_passes(rolled)
    walk.counts = _after_passes(start, taken, rolled.count)
    return Loop(tuple(rolled.names), rolled.index, rolled.iterable, branches)


def _branch_passes(rolled: Rolled) -> list[Branch]:
    inner, steps = rolled.passes(from_base=True)
    base = [lane.current for lane in inner]
    return _side(rolled.walk, inner, rolled.statement.body, steps, base)
