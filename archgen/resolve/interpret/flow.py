"""Statements and links -> nodes: what each does to the body in which it stands.

Each function takes the frame of the body and returns the step that says what became of its
piece of syntax. A mistake raises `Fault`; `run` collects it and goes on behind the statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from archgen.diagnostics import Fault, error
from archgen.network import (
    Applied,
    AuxValue,
    Bound,
    CallNode,
    Chained,
    Chosen,
    Grouped,
    LayerNode,
    Looped,
    NamedStep,
    Read,
    Ref,
    Silent,
    Step,
)
from archgen.resolve.expressions import evaluate, sequence, truth, unpack
from archgen.resolve.interpret.calls import (
    apply_call,
    apply_group,
    apply_parameter,
    apply_reuse,
    apply_seq,
    apply_sequence,
)
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.heads import check_head, without_heads
from archgen.resolve.interpret.initial import declare_inits
from archgen.resolve.interpret.inputs import declare_input
from archgen.resolve.interpret.merges import apply_merge
from archgen.resolve.interpret.results import run_expect, run_output
from archgen.resolve.interpret.stages import apply_stage
from archgen.resolve.numbering import count_names
from archgen.resolve.spelling import check_field, check_submodule, makes_module
from archgen.resolve.values import (
    LOST,
    Exhausted,
    Items,
    Several,
    Unknown,
    is_broken,
    refs_of,
)
from archgen.syntax import tree
from archgen.text import Span

# What may only follow from statements before that could not be read: values, shapes, counts.
_FOLLOWS = frozenset(
    {"A113", "A114", "A116", "A118", "A119", "A124", "A125"}
    | {"A201", "A202", "A203", "A204", "A205", "A302"}
)
STATEMENT_STEPS = 5  # what a statement or a pass of a loop costs, compared with an operation


def run(frame: Frame, statements: Sequence[tree.Statement]) -> tuple[Step, ...]:
    """Run the statements of a pair of braces, in order."""
    with frame.braces():
        declare_inits(frame, statements)
        return tuple(guarded(frame, statement) for statement in statements)


def guarded(frame: Frame, statement: tree.Statement) -> Step:
    """One statement; a fault in it is collected, and what it makes is unknown after it."""
    try:
        frame.resolver.budget.spend(statement.span, STATEMENT_STEPS)
        return run_statement(frame, statement)
    except Exhausted as fault:
        frame.resolver.report(fault.diagnostic)
        raise
    except Fault as fault:
        if not (is_broken(frame.definition) and fault.diagnostic.code in _FOLLOWS):
            frame.resolver.report(fault.diagnostic)
    except Unknown:
        pass
    if isinstance(statement, tree.Let):
        frame.failed = True
        frame.bind(dict.fromkeys(statement.names, LOST))
        return Silent()
    frame.lose()
    for place in _places_in(statement):
        frame.lose_name(place)
    return Silent()


def _places_in(statement: tree.Statement) -> Iterator[tree.Place]:
    """What a statement would have named."""
    inside: tuple[tree.Body, ...] = ()
    match statement:
        case tree.Named():
            yield from statement.places
        case tree.If():
            inside = statement.sides
        case tree.For():
            inside = (statement.body,)
        case tree.Chain():
            inside = tuple(link.body for link in statement.links if isinstance(link, tree.Group))
    for body in inside:
        for each in body.statements:
            yield from _places_in(each)


def run_statement(frame: Frame, statement: tree.Statement) -> Step:
    match statement:
        case tree.Chain(links=links):
            return Chained(tuple(run_link(frame, link) for link in links))
        case tree.Named():
            return run_named(frame, statement)
        case tree.If():
            return run_if(frame, statement)
        case tree.For():
            return run_for(frame, statement)
        case tree.Let():
            values = unpack(statement.names, evaluate(statement.value, frame.env), statement.span)
            frame.bind(values)
            return Bound(tuple(values.values()))
        case tree.Output():
            _only_flow(frame, statement.span, "`output`")
            return run_output(frame, statement)
        case tree.Aux():
            return run_aux(frame, statement)
        case tree.Expect():
            return run_expect(frame, statement)
        case tree.Init() | tree.Doc():  # an `init` holds from the opening brace on
            return Silent()
        case _:
            assert_never(statement)


# --- chains -----------------------------------------------------------------------------------


def run_link(frame: Frame, link: tree.Link, name: str | None = None) -> Step:
    """One link, under the name given or one by its place."""
    match link:
        case tree.Input():
            return declare_input(frame, link, name or "")
        case tree.Call():
            return apply_call(frame, link, name)
        case tree.Stage():
            return apply_stage(frame, link, name)
        case tree.Param():
            return apply_parameter(frame, link, name)
        case tree.Merge():
            _only_flow(frame, link.span, f"`{link.kind}`")
            return apply_merge(frame, link)
        case tree.Seq():
            return apply_seq(frame, link, name)
        case tree.Group() if name is not None:
            return apply_group(frame, link, name)
        case tree.Group():
            return Grouped(run(frame, link.body.statements))
        case tree.From():
            _only_flow(frame, link.span, "`from`")
            return read(frame, link)
        case tree.Reuse():
            _only_flow(frame, link.span, "`reuse`")
            return apply_reuse(frame, link)
        case _:
            assert_never(link)


def _only_flow(frame: Frame, span: Span, what: str) -> None:
    if frame.sequential:
        message = f"{what} directly inside `seq` or a named chain"
        raise Fault(
            error("A117", message, span, help="an `nn.Sequential` cannot do that: make it a block")
        )


def read(frame: Frame, link: tree.From) -> Read:
    """`from x`: the value that is named becomes the current one."""
    refs = tuple(refs_of(frame.find(link.place)))
    frame.current = refs
    return Read(refs)


# --- names ------------------------------------------------------------------------------------


def run_named(frame: Frame, named: tree.Named) -> Step:
    if len(named.places) > 1:
        return _unpacked(frame, named)
    place = named.places[0]
    name, indices = frame.text_of(place)
    child = ".".join([name, *map(str, indices)])
    frame.check_free(frame.shown_name(name, indices), place.span, child)
    links = named.chain.links
    if makes_module(links):
        check_submodule(name, place.span)
    if indices:
        _only_flow(frame, place.span, "a list of submodules")
    lead: list[Step] = []
    if isinstance(links[0], tree.From):
        _only_flow(frame, links[0].span, "`from`")
        lead = [read(frame, links[0])]
        links = links[1:]
    step = _named_links(frame, named.chain, links, child) if links else None
    shown = frame.name_value(place, _current(frame))
    if step is not None:
        step = Chained((*lead, step)) if lead else step
    return NamedStep(step or lead[0], (shown,), frame.current)


def _named_links(frame: Frame, chain: tree.Chain, links: tuple[tree.Link, ...], name: str) -> Step:
    if len(links) > 1 and not isinstance(links[0], tree.Reuse):
        return apply_sequence(frame, replace(chain, links=links), name)
    if len(links) > 1:
        return Chained(tuple(run_link(frame, link) for link in links))
    return run_link(frame, links[0], name)


def _current(frame: Frame) -> Ref | Several | Items:
    """The current value as a name holds it."""
    if len(frame.current) == 1:
        return frame.current[0]
    if not frame.current:
        return frame.add(None)
    fields = frame.fields_of(frame.current)
    if fields is not None:
        return fields
    tensors = [frame.tensor(ref) for ref in frame.current]
    return Items.of(tensors, frame.definition.span)


def _unpacked(frame: Frame, named: tree.Named) -> Step:
    links = named.chain.links
    step = Chained(tuple(run_link(frame, link) for link in links))
    refs = frame.current
    if len(refs) != len(named.places):
        got = "one value" if len(refs) == 1 else f"{len(refs)} values"
        message = f"{len(named.places)} names for {got}"
        raise Fault(error("A116", message, named.span, help="`split(n)` gives n values"))
    names = [frame.name_value(place, ref) for place, ref in zip(named.places, refs, strict=True)]
    return NamedStep(step, tuple(names), refs)


# --- decisions --------------------------------------------------------------------------------


def run_if(frame: Frame, statement: tree.If) -> Chosen:
    """The side that is taken. Numbers of names go on from the longest side."""
    arm, body = chosen_arm(frame, statement)
    before = _first(frame)
    start = dict(frame.counts)
    steps = run(frame, body.statements) if body else ()
    longest(frame, statement, start, arm)
    return Chosen(arm, steps, before, _first(frame))


def chosen_arm(frame: Frame, statement: tree.If) -> tuple[int | None, tree.Body | None]:
    """Which side of an `if` is taken: its index (behind the last for `else`) and body."""
    for index, arm in enumerate(statement.arms):
        if truth(arm.condition, frame.env):
            return index, arm.body
    if statement.otherwise is not None:
        return len(statement.arms), statement.otherwise
    return None, None


def longest(frame: Frame, statement: tree.If, start: dict[str, int], taken: int | None) -> None:
    """Let the counts, which were `start` before an `if`, go on from its longest side."""
    if frame.sequential:
        return
    env = replace(frame.env, current=None)
    for index, side in enumerate(statement.sides):
        if index == taken:
            continue
        for stem, count in count_names(side.statements, env).items():
            frame.counts[stem] = max(frame.counts.get(stem, 0), start.get(stem, 0) + count)


def _first(frame: Frame) -> Ref:
    """The current value, for the record; -1 where there is none yet."""
    return frame.current[0] if frame.current else -1


def run_for(frame: Frame, statement: tree.For) -> Looped:
    before = _first(frame)
    passes = []
    for item in loop_items(frame, statement):
        values = unpack(statement.names, item, statement.iterable.span)
        with frame.braces():
            frame.bind(values)
            passes.append((tuple(values.values()), run(frame, statement.body.statements)))
    return Looped(tuple(passes), before, _first(frame))


def loop_items(frame: Frame, statement: tree.For) -> Items:
    items = sequence(statement.iterable, frame.env)
    frame.resolver.budget.spend(statement.span, STATEMENT_STEPS * len(items))
    return items


# --- auxiliary heads --------------------------------------------------------------------------


def run_aux(frame: Frame, statement: tree.Aux) -> Step:
    """A head for training: what it makes is kept apart from what runs in evaluation."""
    check_head(frame, "`aux`", statement.span)
    before, made = frame.current, len(frame.nodes)
    frame.ref(statement.span)
    with without_heads(frame, "a head"):
        step = run_named(frame, statement.named)
    node = frame.nodes.pop() if len(frame.nodes) == made + 1 else None
    if (
        not isinstance(step, NamedStep)
        or not isinstance(step.chain, Applied)
        or not isinstance(node, LayerNode | CallNode)
        or len(node.outputs) > 1
    ):
        message = "an auxiliary head is one layer, block or chain that gives one value"
        raise Fault(error("A123", message, statement.span, help="make it a block"))
    check_field(step.names[0], statement.span)
    frame.aux.append(AuxValue(step.names[0], node))
    frame.current = before
    return step
