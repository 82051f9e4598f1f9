"""Statements and links, walked with all lanes at once: what each adds to the class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Aux,
    Child,
    Learned,
    Let,
)
from archgen.backends.pytorch.walk import constants, decisions, loops, merges
from archgen.backends.pytorch.walk.containers import made_of_chain, place
from archgen.backends.pytorch.walk.lanes import Lanes, Steps, after, agree
from archgen.backends.pytorch.walk.state import Statements, Walk
from archgen.network import (
    Applied,
    Chained,
    Constant,
    Grouped,
    NamedStep,
    ParamNode,
    Passed,
    Silent,
    Step,
)
from archgen.resolve.implicit import free_names
from archgen.syntax import tree
from archgen.syntax.nameless import stem


@dataclass(frozen=True, slots=True)
class Given:
    """A name that the author gave, as an expression (`"layer{i}"`, `ups[0]`)."""

    name: Expr


def run(
    walk: Walk, lanes: Lanes, statements: Sequence[tree.Statement], steps: Sequence[Steps]
) -> None:
    """The statements of a pair of braces; `steps` says for each lane what became of them."""
    with walk.braces(lanes):
        for at, statement in enumerate(statements):
            run_statement(walk, lanes, statement, [each[at] for each in steps])


def run_statement(walk: Walk, lanes: Lanes, statement: tree.Statement, steps: Steps) -> None:
    walk.spend(len(lanes))
    agree(lanes, [isinstance(step, Silent) for step in steps])
    if isinstance(steps[0], Silent | Constant):  # it made nothing, or a pass left that out
        if isinstance(statement, tree.Init):
            decide_text(walk, statement, lanes)
        return
    match statement:
        case tree.Chain(links):
            run_links(walk, lanes, links, [_links(step) for step in steps])
        case tree.Named():
            run_named(walk, lanes, statement, steps)
        case tree.If():
            decisions.choose(walk, lanes, statement, steps)
        case tree.For():
            loops.loop(walk, lanes, statement, steps)
        case tree.Let(value=tree.Apply() as value) if isinstance(steps[0], NamedStep):
            name = Given(tree.Template((statement.names[0],)))
            tensors = _applied([step.chain for step in steps if isinstance(step, NamedStep)])
            _learn(walk, lanes, value.arguments, tensors, name)
            _remember_names(lanes, steps)
        case tree.Let():
            constants.run_let(walk, lanes, statement, steps)
        case tree.Aux():
            run_aux(walk, lanes, statement, steps)
        case (
            tree.Init() | tree.Output() | tree.Expect() | tree.Sizes() | tree.Doc() | tree.Scalar()
        ):
            pass
        case _:
            assert_never(statement)


def run_links(walk: Walk, lanes: Lanes, links: Sequence[tree.Link], steps: Sequence[Steps]) -> None:
    for at, link in enumerate(links):
        run_link(walk, lanes, link, [each[at] for each in steps])


def run_link(
    walk: Walk, lanes: Lanes, link: tree.Link, steps: Steps, name: Given | None = None
) -> None:
    """One link, under the name given or one by its place."""
    kinds = [type(step).__name__ for step in steps]
    agree(lanes, kinds, {Passed.__name__: f"no_{name_of(link)}"})
    match link:
        case tree.Input():
            decide_text(walk, link.arguments, lanes)
            _declare_input(walk, lanes)
            return
        case _ if isinstance(steps[0], Silent):
            return
        case tree.Param():
            _learn(walk, lanes, link.arguments, _applied(steps), name)
        case tree.Call() if _is_tensor(steps[0]):
            _learn(walk, lanes, link.arguments, _applied(steps), name)
        case tree.Call() if isinstance(steps[0], Passed):
            if name is None and not walk.contained:
                walk.count(stem(link))
        case tree.Call() | tree.Stage() | tree.Seq():
            _apply(walk, lanes, tree.Chain((link,)), steps, name, stem(link))
        case tree.Group() if name is not None:
            _apply(walk, lanes, tree.Chain((link,)), steps, name, "")
        case tree.Group():
            inner = [step.steps for step in steps if isinstance(step, Grouped)]
            run(walk, lanes, link.body.statements, inner)
        case tree.Merge() if isinstance(steps[0], Grouped):
            merges.branches_alone(walk, lanes, link, steps)
            return
        case tree.Merge():
            merges.merge(walk, lanes, link, steps)
        case tree.Reuse():
            _reuse(walk, lanes, _applied(steps))
        case tree.From():
            pass
        case _:
            assert_never(link)
    advance(lanes, steps)


def name_of(link: tree.Link) -> str:
    return link.function.parts[-1] if isinstance(link, tree.Call) else ""


def advance(lanes: Lanes, steps: Steps) -> None:
    """The current value of each lane is the one after its step."""
    for lane, step in zip(lanes, steps, strict=True):
        lane.current = after(step, lane.current)


def _declare_input(walk: Walk, lanes: Lanes) -> None:
    for lane in lanes:
        lane.current = lane.root.inputs[min(walk.declared, len(lane.root.inputs) - 1)]
    walk.declared += 1


def _links(step: Step) -> Steps:
    match step:
        case Chained(links=links):
            return links
        case _:
            raise AssertionError(step)


def _applied(steps: Steps) -> list[Applied]:
    return [step for step in steps if isinstance(step, Applied)]


def decide_text(walk: Walk, node: object, lanes: Lanes) -> None:
    """What every expression in a text says is decided here: that of an initialiser."""
    for _, name in free_names(node):
        walk.decide(name, lanes)


# --- names --------------------------------------------------------------------------------------


def run_named(walk: Walk, lanes: Lanes, named: tree.Named, steps: Steps) -> None:
    chains = [step.chain for step in steps if isinstance(step, NamedStep)]
    links = named.chain.links
    if len(named.places) > 1:
        run_links(walk, lanes, links, [_links(chain) for chain in chains])
    else:
        _run_one_name(walk, lanes, named.places[0], named.chain, chains)
    _remember_names(lanes, steps)


def _run_one_name(
    walk: Walk, lanes: Lanes, place: tree.Place, chain: tree.Chain, steps: Steps
) -> None:
    links = chain.links
    if isinstance(links[0], tree.From):
        if len(links) == 1:
            advance(lanes, steps)
            return
        advance(lanes, [_links(step)[0] for step in steps])
        steps = [_links(step)[1] for step in steps]
        links = links[1:]
    if len(links) > 1 and isinstance(links[0], tree.Reuse):
        run_links(walk, lanes, links, [_links(step) for step in steps])
        return
    name = Given(_place_name(place))
    if len(links) > 1:
        _apply(walk, lanes, tree.Chain(links), steps, name, "")
        advance(lanes, steps)
    else:
        run_link(walk, lanes, links[0], steps, name)


def _place_name(place: tree.Place) -> Expr:
    """`"layer{i}"`, `ups[i]` as a text: `layer0`, `ups.0`."""
    parts: list[str | Expr] = [place.name] if isinstance(place.name, str) else [*place.name.parts]
    for index in place.indices:
        parts += [".", index]
    return tree.Template(tuple(parts))


def _remember_names(lanes: Lanes, steps: Steps) -> None:
    for lane, step in zip(lanes, steps, strict=True):
        assert isinstance(step, NamedStep)
        for name, ref in zip(step.names, step.values, strict=False):
            value = lane.values.get(ref)
            if value is not None and not value.name and name.isidentifier():
                value.name = name


def _child_name(
    walk: Walk, lanes: Lanes, names: Sequence[str], given: Given | None, own: str
) -> Expr:
    """The name of a submodule as an expression that is right in every lane."""
    if given is not None:
        if "." in names[0] and not lanes[0].position:
            agree(lanes, list(names))  # an item of a list, which is written at one place
            return tree.String(names[0])
        deduced = walk.deduce(given.name, lanes)
    elif walk.contained:
        return tree.String("")
    else:
        deduced = algebra.fold(tree.Template((own, walk.close(walk.count(own)))))
    if deduced is not None and walk.holds(deduced, lanes, names):
        return deduced
    walk.fix_by(deduced)
    if walk.probing:
        return tree.String(names[0])
    agree(lanes, list(names))
    if given is None:
        walk.counts[own] = tree.Number(int(names[0][len(own) :]))
    return tree.String(names[0])


# --- modules ------------------------------------------------------------------------------------


def _apply(
    walk: Walk,
    lanes: Lanes,
    chain: tree.Chain,
    steps: Steps,
    name: Given | None,
    own: str,
) -> None:
    """What the right side of `name = chain` is, applied to the current value."""
    nodes = [step.node for step in _applied(steps)]
    child_name = _child_name(walk, lanes, [node.name for node in nodes], name, own)
    made = made_of_chain(walk, lanes, chain, nodes)
    position = walk.contained and name is None
    child = None if made.module is None else Child(child_name, made.module, position)
    for lane, node in zip(lanes, nodes, strict=True):
        walk.made[id(lane.root), id(lane.body), node.name] = child, made
    place(walk, lanes, nodes, made, child)


def _reuse(walk: Walk, lanes: Lanes, steps: Sequence[Applied]) -> None:
    nodes = [step.node for step in steps]
    found = [
        walk.made[id(lane.root), id(lane.body), node.name]
        for lane, node in zip(lanes, nodes, strict=True)
    ]
    agree(lanes, [id(made) for _, made in found])
    child, made = found[0]
    place(walk, lanes, nodes, made, child, reused=child is not None)


def _learn(
    walk: Walk,
    lanes: Lanes,
    arguments: Sequence[tree.Argument],
    steps: Sequence[Applied],
    given: Given | None,
) -> None:
    """`name = param([sizes], init=...)`, `let name = buffer([[...]])`."""
    nodes = [step.node for step in steps if isinstance(step.node, ParamNode)]
    agree(lanes, [(len(node.sizes), node.start) for node in nodes])
    agree(lanes, [(node.word, node.trainable, node.persistent) for node in nodes])
    name = _child_name(walk, lanes, [node.name for node in nodes], given, "param")
    refs, first = [node.outputs[0] for node in nodes], nodes[0]
    if first.values is None:
        decide_text(walk, tuple(a for a in arguments if a.name == "init"), lanes)
        sizes = _sizes_of(walk, lanes, arguments, nodes)
    else:  # its numbers are what these calls have, whatever they are computed from
        decide_text(walk, tuple(arguments), lanes)
        sizes = [tree.Number(size) for size in first.sizes]
    sizes_on = set().union(*map(walk.depends_on, sizes))
    output = walk.value(lanes, refs, sizes, fresh=False, sizes_on=sizes_on)
    kept = first.word, first.trainable, first.persistent
    walk.items.append(Learned(name, sizes, first.init, output, *kept, first.values))


def _sizes_of(
    walk: Walk, lanes: Lanes, arguments: Sequence[tree.Argument], nodes: Sequence[ParamNode]
) -> list[Expr]:
    argument = next(a for a in arguments if a.name in {None, "sizes", "values"})
    sizes: list[Expr] = []
    for at in range(len(nodes[0].sizes)):
        item = tree.Index(argument.value, tree.Number(at))
        deduced = walk.deduce(item, lanes)
        sizes.append(walk.number(deduced, lanes, [node.sizes[at] for node in nodes], "size"))
    return sizes


def _is_tensor(step: Step) -> bool:
    return isinstance(step, Applied) and isinstance(step.node, ParamNode)


# --- training heads ---------------------------------------------------------------------------


def run_aux(walk: Walk, lanes: Lanes, statement: tree.Aux, steps: Steps) -> None:
    """A head for training stands apart from what runs in evaluation, unless it is a feature."""
    before = [lane.current for lane in lanes]
    with walk.into([]) as items:
        run_named(walk, lanes, statement.named, steps)
    for lane, ref in zip(lanes, before, strict=True):
        lane.current = ref
    if not lanes[0].body.aux:
        walk.items += items
        return
    walk.items += [item for item in items if isinstance(item, Let)]
    (apply,) = (item for item in items if isinstance(item, Apply))
    names = [step.names[0] for step in steps if isinstance(step, NamedStep)]
    agree(lanes, names)  # a field of the class's `NamedTuple`
    walk.aux.append(Aux(names[0], apply, apply.outputs[0]))


STATEMENTS = Statements(run, run_statement, run_links)
