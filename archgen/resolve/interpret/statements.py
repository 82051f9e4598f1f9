"""Statements -> nodes: what each does to the body in which it stands.

`x = conv(8, 3)` adds a node to the body and a name to its names, and becomes the step that says so.
A mistake raises `Fault`; `run` collects it and goes on behind the statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from archgen.diagnostics import Fault, error
from archgen.network import (
    Applied,
    AuxValue,
    Bound,
    CallNode,
    Chained,
    LayerNode,
    NamedStep,
    Ref,
    Silent,
    Step,
)
from archgen.resolve.expressions import evaluate, unpack
from archgen.resolve.interpret.bindings import shown_name
from archgen.resolve.interpret.choices import STATEMENT_STEPS, run_for, run_if
from archgen.resolve.interpret.containers import apply_sequence
from archgen.resolve.interpret.frame import Frame, only_in_body
from archgen.resolve.interpret.heads import check_head, without_heads
from archgen.resolve.interpret.initial import declare_inits
from archgen.resolve.interpret.links import read, run_link
from archgen.resolve.interpret.parameters import declaration, declare, declares
from archgen.resolve.interpret.results import run_expect, run_output, run_sizes
from archgen.resolve.spelling import check_field, check_submodule, makes_module
from archgen.resolve.values import LOST, Exhausted, Items, Several, Unknown, is_broken, parts_of
from archgen.syntax import tree

# What may only follow from statements before that could not be read: values, shapes, counts.
_FOLLOWS = frozenset(
    {"A113", "A114", "A116", "A118", "A119", "A124", "A125"}
    | {"A201", "A202", "A203", "A204", "A205", "A302"}
)


def run(frame: Frame, statements: Sequence[tree.Statement]) -> tuple[Step, ...]:
    """Run the statements of a pair of braces, in order."""
    with frame.braces():
        declare_inits(frame, statements)
        return tuple(run_one(frame, statement) for statement in statements)


def run_one(frame: Frame, statement: tree.Statement) -> Step:
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
        frame.body.failed = True
        if declares(statement, frame.env):
            for name in statement.names:
                frame.names.lose(tree.Place(name, span=statement.span))
            return Silent()
        frame.bind(dict.fromkeys(statement.names, LOST))
        return Silent()
    frame.body.lose()
    for place in _places_in(statement):
        frame.names.lose(place)
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
        case tree.Let(value=tree.Apply(function) as value) if declares(statement, frame.env):
            word = declaration(function, frame.env)
            assert word is not None
            return declare(frame, statement, word, value)
        case tree.Let():
            values = unpack(statement.targets, evaluate(statement.value, frame.env), statement.span)
            frame.bind(values)
            return Bound(tuple(values.values()))
        case tree.Output():
            only_in_body(frame, statement.span, "`output`")
            return run_output(frame, statement)
        case tree.Aux():
            return run_aux(frame, statement)
        case tree.Expect():
            return run_expect(frame, statement)
        case tree.Scalar():
            message = "a number is a branch of a merge, and nothing else"
            hint = "`add { identity; 1 }` adds it; `let x = 1` is a constant"
            raise Fault(error("A123", message, statement.span, help=hint))
        case tree.Sizes():
            return run_sizes(frame, statement)
        case tree.Init() | tree.Doc():  # an `init` holds from the opening brace on
            return Silent()
        case _:
            assert_never(statement)


# --- names ------------------------------------------------------------------------------------


def run_named(frame: Frame, named: tree.Named) -> Step:
    if len(named.places) > 1:
        return _unpacked(frame, named)
    place = named.places[0]
    name, indices = frame.names.text_of(place)
    child = ".".join([name, *map(str, indices)])
    links = named.chain.links
    pure = not frame.sequential and not makes_module(links, frame.env.scope)
    frame.names.check_free(shown_name(name, indices), place.span, child, pure=pure)
    if makes_module(links, frame.env.scope):
        check_submodule(name, place.span)
    if indices:
        only_in_body(frame, place.span, "a list of submodules")
    lead: list[Step] = []
    if isinstance(links[0], tree.From):
        only_in_body(frame, links[0].span, "`from`")
        lead = [read(frame, links[0])]
        links = links[1:]
    step = _named_links(frame, named.chain, links, child) if links else None
    shown = frame.names.bind(place, _current(frame), pure=pure)
    if step is not None:
        step = Chained((*lead, step)) if lead else step
    return NamedStep(step or lead[0], (shown,), frame.body.current)


def _named_links(frame: Frame, chain: tree.Chain, links: tuple[tree.Link, ...], name: str) -> Step:
    if len(links) > 1 and not isinstance(links[0], tree.Reuse):
        return apply_sequence(
            frame, chain.span, name, lambda inner: tuple(run_link(inner, each) for each in links)
        )
    if len(links) > 1:
        return Chained(tuple(run_link(frame, link) for link in links))
    return run_link(frame, links[0], name)


def _current(frame: Frame) -> Ref | Several | Items:
    """The current value as a name holds it."""
    body = frame.body
    if len(body.current) == 1:
        return body.current[0]
    if not body.current:
        return body.add(None)
    fields = body.fields_of(body.current)
    if fields is not None:
        return fields
    tensors = [body.tensor(ref) for ref in body.current]
    return Items.of(tensors, frame.definition.span)


def _unpacked(frame: Frame, named: tree.Named) -> Step:
    links = named.chain.links
    step = Chained(tuple(run_link(frame, link) for link in links))
    refs = frame.body.current
    parts: Sequence[object] = refs
    if isinstance(links[-1], tree.From):  # its items may be several values each
        value = frame.names.find(links[-1].place)
        parts = parts_of(value) or [value]
    if len(parts) != len(named.places):
        got = "one value" if len(parts) == 1 else f"{len(parts)} values"
        message = f"{len(named.places)} names for {got}"
        raise Fault(error("A116", message, named.span, help="`split(n)` gives n values"))
    pairs = zip(named.places, parts, strict=True)
    names = [frame.names.bind(place, part, pure=True) for place, part in pairs]  # type: ignore[arg-type]
    return NamedStep(step, tuple(names), refs if len(refs) == len(names) else ())


# --- auxiliary heads --------------------------------------------------------------------------


def run_aux(frame: Frame, statement: tree.Aux) -> Step:
    """A head for training: what it makes is kept apart from what runs in evaluation."""
    body = frame.body
    check_head(frame, "`aux`", statement.span)
    before, made = body.current, len(body.nodes)
    body.ref(statement.span)
    with without_heads(frame, "a head"):
        step = run_named(frame, statement.named)
    node = body.nodes.pop() if len(body.nodes) == made + 1 else None
    if (
        not isinstance(step, NamedStep)
        or not isinstance(step.chain, Applied)
        or not isinstance(node, LayerNode | CallNode)
        or len(node.outputs) > 1
    ):
        message = "an auxiliary head is one layer, block or chain that gives one value"
        raise Fault(error("A123", message, statement.span, help="make it a block"))
    check_field(step.names[0], statement.span)
    body.aux.append(AuxValue(step.names[0], node))
    body.heads.add(step.names[0])
    body.current = before
    return step
