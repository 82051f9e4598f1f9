"""What the right side of `name = chain` is: a layer, a block, or a container made in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan import dataflow as reads
from archgen.backends.pytorch.plan.algebra import Expr, names_in
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Aux,
    Child,
    Container,
    Item,
    Let,
    Made,
    Repeat,
    Value,
)
from archgen.backends.pytorch.walk import block_calls, layer_calls, targets
from archgen.backends.pytorch.walk.lanes import Lane, Lanes, agree
from archgen.backends.pytorch.walk.state import Walk
from archgen.backends.pytorch.walk.targets import Target
from archgen.backends.pytorch.walk.units import has_class
from archgen.network import (
    CallNode,
    Definition,
    LayerNode,
    Node,
    head_name,
)
from archgen.resolve.arguments import parameters_of
from archgen.syntax import tree

Fill = Callable[[list[Lane]], None]


def place(
    walk: Walk,
    lanes: Lanes,
    nodes: Sequence[Node],
    made: Made,
    child: Child | None,
    *,
    reused: bool = False,
) -> None:
    """Apply a module: read its inputs, give its outputs."""
    inputs = [
        walk.join(lanes, [node.inputs[at] for node in nodes]) for at in range(len(nodes[0].inputs))
    ]
    sizes_on, shape_on = set(made.sizes_on), set(made.shape_on)
    for value in inputs:
        sizes_on |= value.sizes_on if made.passes else set()
        shape_on |= walk.shape_depends_on(value)
    outputs = [
        walk.value(
            lanes,
            [node.outputs[at] for node in nodes],
            channels,
            fresh=fresh,
            sizes_on=sizes_on,
            shape_on=shape_on,
        )
        for at, (channels, fresh) in enumerate(zip(made.channels, made.fresh, strict=True))
    ]
    if made.ends:
        walk.items += _pieces(child, inputs[0], outputs, made.ends)
        return
    heads = _heads(walk, lanes, nodes, made)
    outputs += [head.value for head in heads]
    item = Apply(child, inputs, outputs, made.function, reused, made.block, made.fields)
    item.lifts = made.lifts or _lifts(lanes, nodes)
    walk.items.append(item)
    walk.aux += heads


def _lifts(lanes: Lanes, nodes: Sequence[Node]) -> tuple[bool, ...]:
    """Of each value that a call is handed, whether it is given a leading axis of 1."""
    found = []
    for lane, node in zip(lanes, nodes, strict=True):
        assert isinstance(node, CallNode)
        inside = [node.body.values[ref].batch for ref in node.body.inputs]
        given = [lane.shape(ref).batch for ref in node.inputs]
        found.append(tuple(a != b for a, b in zip(given, inside, strict=True)))
    agree(lanes, found)
    return found[0]


def _heads(walk: Walk, lanes: Lanes, nodes: Sequence[Node], made: Made) -> list[Aux]:
    """What a called block gives in training beside its outputs."""
    calls = _calls(nodes)
    if not made.heads:
        return []
    agree(lanes, [node.name for node in calls])
    return [Aux(head_name(calls[0].name, head), None, Value()) for head in made.heads]


def _pieces(
    child: Child | None, start: Value, outputs: Sequence[Value], ends: Sequence[int]
) -> Iterator[Apply]:
    """A container applied in pieces, each to the result of the one before."""
    for at, output in enumerate(outputs):
        first = str(ends[at - 1]) if at else ""
        last = str(ends[at]) if at + 1 < len(ends) else ""
        source = outputs[at - 1] if at else start
        yield Apply(child, [source], [output], reused=at > 0, block=True, piece=f"[{first}:{last}]")


def made_of_chain(walk: Walk, lanes: Lanes, chain: tree.Chain, nodes: Sequence[object]) -> Made:
    """The module that a chain is where it stands for one."""
    agree(lanes, [type(node).__name__ for node in nodes])
    match chain.links:
        case (tree.Stage() as link,):
            return make_stage(walk, lanes, link, _calls(nodes))
        case (tree.Call() as link,):
            return made_of_call(walk, lanes, link.callee, link.arguments, nodes)
        case (tree.Group(),):
            definition = _calls(nodes)[0].body.definition
            assert definition is not None
            return block_calls.make_call(walk, lanes, _calls(nodes), Target(definition, {}))
        case links:
            return make_container(
                walk, lanes, _calls(nodes), lambda inner: fill(walk, inner, links)
            )


def fill(walk: Walk, lanes: list[Lane], links: Sequence[tree.Link]) -> None:
    """The children of a `seq`, or of a chain that stands for one."""
    steps = [lane.body.steps for lane in lanes]
    match links:
        case (tree.Seq(body),):
            walk.run(lanes, body.statements, steps)
        case _:
            walk.run_links(lanes, links, steps)


def made_of_call(
    walk: Walk,
    lanes: Lanes,
    function: tree.Expr,
    arguments: Sequence[tree.Argument],
    nodes: Sequence[object],
) -> Made:
    """A layer or block called; what a synonym stands for."""
    return made_of_target(walk, lanes, targets.target_of(walk, lanes, function, arguments), nodes)


def made_of_target(walk: Walk, lanes: Lanes, target: Target, nodes: Sequence[object]) -> Made:
    if target.stands_for_another:
        agree(lanes, [id(target.callees[lane.key]) for lane in lanes])
        if targets.is_container(target.callee) and has_class(_calls(nodes)[0].body):
            return block_calls.make_call(walk, lanes, _calls(nodes), target)
        return _made_of_synonym(walk, lanes, target, nodes)
    agree(lanes, [type(node).__name__ for node in nodes])
    if isinstance(nodes[0], LayerNode):
        found = [node for node in nodes if isinstance(node, LayerNode)]
        return layer_calls.make_layer(walk, lanes, found, target)
    return block_calls.make_call(walk, lanes, _calls(nodes), target)


def _made_of_synonym(walk: Walk, lanes: Lanes, target: Target, nodes: Sequence[object]) -> Made:
    assert isinstance(target.callee, Definition)
    scope, inner = targets.synonym_scope(walk, lanes, target)
    with walk.within(scope):
        return made_of_chain(walk, inner, target.callee.chain, nodes)


def _calls(nodes: Sequence[object]) -> list[CallNode]:
    return [node for node in nodes if isinstance(node, CallNode)]


def make_container(walk: Walk, lanes: Lanes, nodes: Sequence[CallNode], fill: Fill) -> Made:
    """An `nn.Sequential`; `fill` walks what stands in it."""
    source = walk.join(lanes, [node.inputs[0] for node in nodes])
    start = Value(source.channels, sizes_on=source.sizes_on)
    arriving = [node.body.values[node.body.inputs[0]] for node in nodes]
    start.batch, start.axes = walk.form(lanes, arriving)
    inner = [lane.inside(node.body, start) for lane, node in zip(lanes, nodes, strict=True)]
    container = contain(walk, inner, start, fill)
    results = [*container.taps, container.result]
    read = reads.readers(container.items)
    fresh = [value.fresh and not read.get(id(value), 0) for value in results]
    made = Made(container, [[value.channels] for value in results], fresh, block=True)
    made.ends = _ends(inner) if container.taps else ()
    made.sizes_on, made.passes = set().union(*(value.sizes_on for value in results)), False
    return made


def contain(walk: Walk, lanes: list[Lane], start: Value, fill: Fill) -> Container:
    """A container of what `fill` makes of the value `start`."""
    with walk.containing(), walk.into([]) as items:
        fill(lanes)
    *taps, result = (
        walk.join(lanes, [lane.body.outputs[at].value for lane in lanes])
        for at in range(len(lanes[0].body.outputs))
    )
    return Container(_hoisted(walk, items), start, result, taps)


def _ends(lanes: Lanes) -> tuple[int, ...]:
    """After how many children of a container each of its outputs is there."""
    found = []
    for lane in lanes:
        made = {ref: at for at, node in enumerate(lane.body.nodes) for ref in node.outputs}
        ends = (made[output.value] + 1 for output in lane.body.outputs)
        found.append(tuple(sum(map(_count_of, lane.body.nodes[:end])) for end in ends))
    agree(lanes, found)
    return found[0]


def _hoisted(walk: Walk, items: Sequence[Item]) -> list[Item]:
    """The items without the locals that can stand before the container: all but those that
    follow the channels from pass to pass."""
    bound = set(walk.running)
    kept: list[Item] = []
    for item in items:
        if isinstance(item, Let) and not bound.intersection((item.name, *names_in(item.expr))):
            walk.items.append(item)
            continue
        if isinstance(item, Let):
            bound.add(item.name)
        kept.append(item)
    return kept


def make_stage(walk: Walk, lanes: Lanes, link: tree.Stage, nodes: Sequence[CallNode]) -> Made:
    """`stage(B, ...)`: a first call, and the rest as a repeat."""
    block, *given = link.arguments
    own = {argument.name: argument.value for argument in given}
    passed = [argument for argument in given if argument.name not in {"n", "stride"}]
    counts = [sum(map(_count_of, node.body.nodes)) for node in nodes]
    one: Expr = tree.Number(1)
    total = walk.number(walk.deduce(own.get("n", one), lanes), lanes, counts, "n")
    if walk.open_parameters or max(counts) == 1:
        walk.fix_by(total)
    first = rest = targets.target_of(walk, lanes, block.value, passed)
    if "stride" in parameters_of(first.callee):
        stride = own.get("stride", one)
        first, rest = (
            targets.target_of(walk, lanes, block.value, [*passed, tree.Argument("stride", each)])
            for each in (stride, one)
        )

    def fill(inner: list[Lane]) -> None:
        _fill_stage(walk, inner, first, rest, total)

    return make_container(walk, lanes, nodes, fill)


def _count_of(node: object) -> int:
    return node.count if isinstance(node, CallNode) else 1


def _fill_stage(walk: Walk, lanes: list[Lane], first: Target, rest: Target, total: Expr) -> None:
    """The first call in all lanes, then the others of those that have more."""
    _stage_part(walk, lanes, first, [lane.body.nodes[0] for lane in lanes])
    more = [(lane, node) for lane in lanes if (node := _rest_of(lane)) is not None]
    if not more:
        return
    if all(_is_stable(lane) for lane in lanes):
        count = algebra.difference(total, tree.Number(1))
        _stage_part(walk, [lane for lane, _ in more], rest, [node for _, node in more], count)
        _alias_result(walk, lanes)
        return
    walk.fix_by(total)
    agree(lanes, [len(lane.body.nodes) for lane in lanes])
    for at in range(1, len(lanes[0].body.nodes)):
        nodes = [lane.body.nodes[at] for lane in lanes]
        agree(lanes, [_count_of(node) for node in nodes])
        _stage_part(walk, lanes, rest, nodes, tree.Number(_count_of(nodes[0])))


def _is_stable(lane: Lane) -> bool:
    """Whether all calls but the first are one repeat (or there are none)."""
    nodes = lane.body.nodes
    return len(nodes) == 1 or (len(nodes) == 2 and _count_of(nodes[0]) == 1)


def _rest_of(lane: Lane) -> Node | None:
    """The second call: a node of its own, or one with the first."""
    nodes = lane.body.nodes
    if len(nodes) > 1:
        return nodes[1]
    return nodes[0] if _count_of(nodes[0]) > 1 else None


def _alias_result(walk: Walk, lanes: list[Lane]) -> None:
    """Lanes without a rest give the value that the others' rest gives."""
    last = walk.items[-1]
    assert isinstance(last, Apply)
    for lane in lanes:
        lane.values[lane.body.outputs[-1].value] = last.outputs[0]


def _stage_part(
    walk: Walk, lanes: Lanes, target: Target, nodes: Sequence[Node], count: Expr | None = None
) -> None:
    for lane, node in zip(lanes, nodes, strict=True):
        lane.current = node.inputs[0]
    made = made_of_target(walk, lanes, target, nodes)
    assert made.module is not None
    if count is not None and count != tree.Number(1):
        made.module = Repeat(made.module, count)
    place(walk, lanes, nodes, made, Child(tree.String(""), made.module, True))
