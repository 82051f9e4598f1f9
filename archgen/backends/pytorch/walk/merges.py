"""`add`, `mul`, `concat`: branches that are always there, or hang on decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Constant, For, Gather, Give, If, Item, Merge, Value
from archgen.backends.pytorch.plan.regions import expressions, given, gives, inner
from archgen.backends.pytorch.walk import phis
from archgen.backends.pytorch.walk.decisions import arms_of, longest, set_current, sides_of
from archgen.backends.pytorch.walk.lanes import Lane, Lanes, Steps, Unrollable, agree
from archgen.backends.pytorch.walk.loops import (
    Rolled,
    after_passes,
    attempt,
    bind_pass,
    is_rolled,
    numbered,
    open_loop,
    passes_of,
    product,
)
from archgen.backends.pytorch.walk.state import Walk
from archgen.network import Chosen, Grouped, Looped, Merged, Ref, Silent
from archgen.network import Constant as Number
from archgen.syntax import tree
from archgen.syntax.nameless import stem


def merge(walk: Walk, lanes: Lanes, link: tree.Merge, steps: Steps) -> None:
    """`add`, `mul`, `concat`: the branches, then one value of them."""
    merged = [step for step in steps if isinstance(step, Merged)]
    base = [step.before for step in merged]
    with walk.braces(lanes), walk.deciding(any(step.node.numbers for step in merged)):
        inner = [step.steps for step in merged]
        region = _branches(walk, lanes, link.body.statements, inner, base)
    refs = [step.node.outputs[0] for step in merged]
    ranks = [lane.shape(ref).rank for lane, ref in zip(lanes, refs, strict=True)]
    agree(lanes, [(step.node.axis, rank) for step, rank in zip(merged, ranks, strict=True)])
    axis, rank = merged[0].node.axis, ranks[0]
    covers = all(map(_covers, lanes, merged))
    if not any(gives(item) and not isinstance(item, Give) for item in region):
        operands = list(given(region))
        walk.items += [item for item in region if not isinstance(item, Give)]
        if len(operands) == 1:
            walk.assign(lanes, refs, operands[0])
            return
        output = walk.value(
            lanes,
            refs,
            _merged_channels(link, merged, lanes, operands),
            sizes_on=_union(value.sizes_on for value in operands),
            shape_on=_union(map(walk.shape_depends_on, operands)),
        )
        walk.items.append(Merge(link.kind, output, axis, rank, operands, covers))
        return
    results = list(given(region))
    along = link.kind == "concat" and axis == lanes[0].shape(refs[0]).axis
    candidates = [_sum_of(region)] if along else [value.channels for value in results]
    decided = _union(map(walk.depends_on, _decisions(region)))
    sizes_on = _union(value.sizes_on for value in results) | decided
    shape_on = _union(map(walk.shape_depends_on, results)) | decided
    output = walk.value(lanes, refs, candidates, sizes_on=sizes_on, shape_on=shape_on)
    walk.items.append(Gather(link.kind, output, axis, rank, region, covers))


def _covers(lane: Lane, step: Merged) -> bool:
    """Whether the first operand has the shape of the merge, for inputs of other sizes too.

    A size of 1 counts against it: where the input is larger, it may be what is broadcast.
    """
    first, whole = lane.shape(step.node.inputs[0]), lane.shape(step.node.outputs[0])
    return (first.sizes, first.batch) == (whole.sizes, whole.batch) and 1 not in first.sizes


def branches_alone(walk: Walk, lanes: Lanes, link: tree.Merge, steps: Steps) -> None:
    """What is left of the branches of a merge that is left out."""
    base = [lane.current for lane in lanes]
    inner = [step.steps for step in steps if isinstance(step, Grouped)]
    with walk.braces(lanes):
        for at, statement in enumerate(link.body.statements):
            set_current(lanes, base)
            walk.run_statement(lanes, statement, [each[at] for each in inner])
    set_current(lanes, base)


def _union(sets: Iterable[set[str]]) -> set[str]:
    return set().union(*sets)


def _decisions(region: Sequence[Item]) -> Iterator[Expr]:
    """The expressions that say which operands there are."""
    for item in filter(gives, region):
        yield from expressions(item)
        for each in inner(item):
            yield from _decisions(each)


def _sum_of(region: Sequence[Item]) -> Expr | None:
    """The channels of a concat of operands: loops count, what hangs on a decision does not."""
    parts: list[Expr] = []
    for item in filter(gives, region):
        match item:
            case Give(value=Value(channels=channels)) if channels is not None:
                parts.append(channels)
            case For(iterable=iterable, items=items):
                each = _sum_of(items)
                if each is None:
                    return None
                parts.append(product(passes_of(iterable), each))
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
) -> list[Item]:
    """The branches that the statements are, in order."""
    found: list[Item] = []
    for at, statement in enumerate(body):
        set_current(lanes, base)
        here = [each[at] for each in steps]
        agree(lanes, [isinstance(step, Number) for step in here])
        match statement:
            case tree.Scalar() | tree.Chain() if isinstance(here[0], Number):
                found += _number(walk, lanes, statement, here)
            case tree.If():
                found += _choice(walk, lanes, statement, here, base)
            case tree.For():
                found += _loop(walk, lanes, statement, here, base)
            case tree.Chain() | tree.Named() if not isinstance(here[0], Silent):
                found += _one(walk, lanes, [statement], [[step] for step in here])
            case _:
                walk.run_statement(lanes, statement, here)
    set_current(lanes, base)
    return found


def _number(
    walk: Walk, lanes: Lanes, statement: tree.Scalar | tree.Chain, steps: Steps
) -> list[Item]:
    """A branch that is a number."""
    expr: Expr
    if isinstance(statement, tree.Scalar):
        expr = statement.value
    else:
        (call,) = statement.links
        assert isinstance(call, tree.Call)
        expr = call.function
        walk.count(stem(call))
    values = [step.value for step in steps if isinstance(step, Number)]
    output = Value()
    made = walk.number(walk.deduce(expr, lanes), lanes, values, "number")
    return [Constant(made, output), Give(output)]


def _one(
    walk: Walk, lanes: Lanes, body: Sequence[tree.Statement], steps: Sequence[Steps]
) -> list[Item]:
    with walk.into([]) as items:
        for at, statement in enumerate(body):
            walk.run_statement(lanes, statement, [each[at] for each in steps])
    return [*items, Give(walk.join(lanes, [lane.current for lane in lanes]))]


def _side(
    walk: Walk,
    lanes: Lanes,
    body: tree.Body | None,
    steps: Sequence[Steps],
    base: Sequence[Ref],
) -> list[Item]:
    """A side of an `if`, or a pass of a `for`: one branch, unless it only holds another."""
    set_current(lanes, base)
    if body is None:
        return []
    with walk.braces(lanes):
        match body.statements:
            case (tree.If() | tree.For(),):
                return _branches(walk, lanes, body.statements, steps, base)
            case (tree.Scalar() | tree.Chain(),) if any(isinstance(s[0], Number) for s in steps):
                return _branches(walk, lanes, body.statements, steps, base)
            case _ if any(_makes_branch(statement) for statement in body.statements):
                return _one(walk, lanes, body.statements, steps)
            case _:
                return []


def _makes_branch(statement: tree.Statement) -> bool:
    return isinstance(statement, tree.Chain | tree.Named | tree.If | tree.For)


def _choice(
    walk: Walk, lanes: Lanes, statement: tree.If, steps: Steps, base: Sequence[Ref]
) -> list[Item]:
    """The branches of an `if`; where each side is one branch, one value made in either way."""
    if walk.decides:  # each class has its numbers as they stand
        for arm in statement.arms:
            walk.decide(arm.condition, lanes)
        agree(lanes, [step.arm for step in steps if isinstance(step, Chosen)])
    sides = sides_of(walk, lanes, statement, steps)
    refs = {lane.key: ref for lane, ref in zip(lanes, base, strict=True)}
    start, ends = dict(walk.counts), []
    arms: list[tuple[Expr | None, list[Item]]] = []
    for at, side in enumerate(sides):
        walk.counts = dict(start)
        inner = [step.steps for step in side.steps]
        own = [refs[lane.key] for lane in side.lanes]
        with walk.asking([each.condition for each in sides[: at + 1]]):
            arms.append((side.condition, _side(walk, side.lanes, side.body, inner, own)))
        ends.append(walk.counts)
    walk.counts = longest(walk, start, ends, statement)
    if len(sides) == 1:
        return arms[0][1]
    if not any(items for _, items in arms):
        return []
    if all(_is_one(items) for _, items in arms):
        item = If([(condition, items[:-1]) for condition, items in arms])
        phis.close(walk, item, lanes, arms_of(sides))
        return [item, Give(walk.join(lanes, [lane.current for lane in lanes]))]
    choice = If(arms)
    phis.close(walk, choice, lanes, arms_of(sides))
    return [choice]


def _is_one(region: Sequence[Item]) -> bool:
    """Whether a region is one operand, whatever happens."""
    operands = list(filter(gives, region))
    return len(operands) == 1 and isinstance(operands[0], Give)


def _loop(
    walk: Walk, lanes: Lanes, statement: tree.For, steps: Steps, base: Sequence[Ref]
) -> list[Item]:
    """The branches of a `for`: a loop of the class, or one after the other."""
    looped = [step for step in steps if isinstance(step, Looped)]
    if walk.open_parameters:
        walk.decide(statement.iterable, lanes)
    if is_rolled(walk, looped) and not walk.decides:
        rolled = _rolled_branches(walk, lanes, statement, looped)
        if rolled is not None:
            return [rolled]
    walk.decide(statement.iterable, lanes)
    agree(lanes, [len(step.passes) for step in looped])
    found: list[Item] = []
    for at in range(len(looped[0].passes)):
        with walk.braces(lanes):
            bind_pass(walk, lanes, statement, looped, at)
            inner = [step.passes[at][1] for step in looped]
            found += _side(walk, lanes, statement.body, inner, base)
    return found


def _rolled_branches(
    walk: Walk, lanes: Lanes, statement: tree.For, steps: Sequence[Looped]
) -> For | None:
    with attempt(walk):
        with walk.braces(lanes):
            rolled = open_loop(walk, lanes, statement, steps)
            if rolled is not None:
                made = _roll_branches(rolled)
                walk.locals.release({rolled.index, *rolled.names})
                return made
        raise Unrollable
    return None


def _roll_branches(rolled: Rolled) -> For:
    """Walk the passes once to see what they number, then for good."""
    walk, start = rolled.walk, dict(rolled.walk.counts)
    with walk.probe():
        _branch_passes(rolled)
    taken = numbered(walk, start)
    walk.counts = after_passes(start, taken, tree.Name((rolled.index,)))
    branches = _branch_passes(rolled)
    walk.counts = after_passes(start, taken, rolled.count)
    return For(rolled.targets, rolled.index, rolled.iterable, branches)


def _branch_passes(rolled: Rolled) -> list[Item]:
    inner, steps = rolled.passes(from_base=True)
    base = [lane.current for lane in inner]
    return _side(rolled.walk, inner, rolled.statement.body, steps, base)
