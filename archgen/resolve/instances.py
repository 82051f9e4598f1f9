"""Definitions -> bodies: each distinct call is resolved once.

Two calls are the same when block, arguments (with their types), input shapes and the
initialisers that hold are; then they share one `Body`, or one failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from archgen.diagnostics import Diagnostic, Fault, Sink, error
from archgen.diagnostics import Frame as Caller
from archgen.network import Body, CallNode, Definition, LayerNode, Ref, Step
from archgen.resolve.expressions import bind, evaluate
from archgen.resolve.implicit import implicit_block
from archgen.resolve.interpret import statements
from archgen.resolve.interpret.draft import MOST_NODES
from archgen.resolve.interpret.finish import check_paths, finish
from archgen.resolve.interpret.frame import Frame, InitTable, Resolved
from archgen.resolve.interpret.reading import Reading
from archgen.resolve.values import (
    Budget,
    Environment,
    Exhausted,
    Items,
    LayerValue,
    Several,
    TensorValue,
    Unknown,
    identity_key,
    weigh,
)
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import Span

DEEPEST_CALL = 64
TRAIL_END = 3  # calls to show of each end of a long chain
NODE_STEPS = 10  # what making a node costs, compared with an operation
IT = "it."  # before the paths in what a synonym stands for
MOST_FAULTS = 100  # reports from one network


RUNNING = Resolved()
FAILED = Resolved()


class Resolver:
    """Resolves the calls of one network and remembers each."""

    def __init__(self, sink: Sink, budget: Budget | None = None) -> None:
        self.sink = sink
        self.budget = budget or Budget()
        self.reading = Reading(self.budget)
        self.parts: dict[tuple[object, ...], tuple[Body, list[int]]] = {}
        self._memo: dict[object, Resolved] = {}
        self._implicit: dict[int, Definition] = {}
        self._trail: list[Caller] = []
        self._nodes = 0
        self._faults = 0

    # --- what frames ask for ------------------------------------------------------------------

    def report(self, diagnostic: Diagnostic) -> None:
        """Collect a fault, with the calls that led to it. After many, give up."""
        diagnostic = diagnostic.within(*_shortened(self._trail[::-1]))
        self.sink.add(diagnostic)
        self._faults += 1
        if self._faults == MOST_FAULTS:
            raise Exhausted(diagnostic)

    def spend_node(self, span: Span, values: int) -> None:
        """Count a node that reads and makes so many values."""
        self.budget.spend(span, NODE_STEPS + values)
        self._nodes += 1
        if self._nodes > MOST_NODES:
            message = f"a network of more than {MOST_NODES:_} distinct layers"
            hint = "a `stage` of a block repeats without further layers"
            raise Exhausted(error("A404", message, span, help=hint))

    def implicit(self, link: tree.Group, name: str, frame: Frame) -> Definition:
        """The implicit block of `name = { ... }`, one for each place in the text."""
        key = id(link)
        if key not in self._implicit:
            known = frame.env.names
            self._implicit[key] = implicit_block(link, name, frame.definition, known)
        return self._implicit[key]

    def run(self, frame: Frame, body: Sequence[tree.Statement]) -> tuple[Step, ...]:
        """Run the statements of a pair of braces, in order."""
        return statements.run(frame, body)

    def run_one(self, frame: Frame, statement: tree.Statement) -> Step:
        """Run one statement; a fault in it is collected."""
        return statements.run_one(frame, statement)

    # --- calls --------------------------------------------------------------------------------

    def call(
        self,
        definition: Definition,
        given: Mapping[str, object],
        entering: Shape,
        init: InitTable,
        caller: Caller,
    ) -> tuple[Resolved, tuple[Ref, ...]]:
        """Resolve a call of a block; the references are those of values among its arguments.

        Raises `Unknown` when its body has faults: they were reported with the first call that
        led there.
        """
        refs: list[Ref] = []
        shapes: list[Shape] = [entering]
        inner = {name: _renumbered(value, refs, shapes) for name, value in given.items()}
        weight = len(definition.parameters) + sum(map(weigh, given.values()))
        self.budget.spend(caller.span, 2 * weight + 10 * len(refs))
        if len(self._trail) >= DEEPEST_CALL:
            raise Fault(_too_deep(definition, caller.span))
        self._trail.append(caller)
        try:
            resolved = self._remembered(definition, inner, shapes, init, caller.span)
        except Exhausted as fault:
            self.report(fault.diagnostic)
            raise
        except Fault as fault:
            self.report(fault.diagnostic)
            raise Unknown from None
        finally:
            self._trail.pop()
        if resolved is FAILED:
            raise Unknown
        return resolved, tuple(refs)

    def _remembered(
        self,
        definition: Definition,
        given: Mapping[str, object],
        shapes: Sequence[Shape],
        init: InitTable,
        span: Span,
    ) -> Resolved:
        if definition.kind == "alias":
            return self._alias(definition, given, shapes, init, span)
        frame = self.open(definition, given, shapes, init)
        arguments = tuple((name, identity_key(v)) for name, v in frame.env.names.items())
        table = tuple(sorted(init.items()))
        key = (id(definition), arguments, tuple(shapes), table)
        known = self._memo.get(key)
        if known is RUNNING:
            raise Fault(_too_deep(definition, span))
        if known is None:
            self._memo[key] = RUNNING
            known = FAILED
            try:
                known = self._resolve(definition, frame)
            except Unknown:
                pass
            finally:
                self._memo[key] = known
        return known

    def open(
        self,
        definition: Definition,
        given: Mapping[str, object],
        shapes: Sequence[Shape],
        init: InitTable,
    ) -> Frame:
        """A frame with the inputs and every parameter, defaults filled in order."""
        frame = Frame(self, definition, {}, init)
        frame.arrivals = tuple(shapes)
        if definition.kind != "arch":
            frame.body.inputs = [frame.body.add(shape) for shape in shapes]
            frame.body.input_names = [""] * len(shapes)
            frame.body.current = (frame.body.inputs[0],)
        for parameter in definition.parameters:
            if parameter.name in given:
                value = given[parameter.name]
            elif parameter.default is not None:
                value = evaluate(parameter.default, frame.env)
            else:
                continue
            frame.bind({parameter.name: value})
        frame.parameters = dict(frame.env.names)
        return frame

    def _resolve(self, definition: Definition, frame: Frame) -> Resolved:
        if definition.kind == "synonym":
            return self._synonym(definition, frame)
        steps = frame.run(definition.body.statements)
        return Resolved(finish(frame, steps, "block"))

    def _synonym(self, definition: Definition, frame: Frame) -> Resolved:
        """`block NAME = chain`: what the right side of `name = chain` would be."""
        chain = definition.chain
        frame.run((tree.Named((tree.Place("it"),), chain, span=chain.span),))
        if frame.body.failed:
            raise Unknown
        node = frame.body.nodes[0] if len(frame.body.nodes) == 1 else None
        if isinstance(node, LayerNode):
            return Resolved(None, node, tuple(frame.body.shape_of(ref) for ref in node.outputs))
        if not isinstance(node, CallNode) or frame.body.current != node.outputs:
            message = f"`{definition.name}` does not stand for one module"
            hint = "write its body in braces: `block name { ... }`"
            raise Fault(error("A117", message, chain.span, help=hint))
        if node.body.definition is not None:
            return Resolved(node.body)
        check_paths(frame, IT)
        paths = frame.init.paths
        return Resolved(
            replace(
                node.body,
                definition=definition,
                arguments=frame.parameters,
                path_init=tuple((path.removeprefix(IT), init) for path, init, _ in paths),
            )
        )

    def _alias(
        self,
        definition: Definition,
        given: Mapping[str, object],
        shapes: Sequence[Shape],
        init: InitTable,
        span: Span,
    ) -> Resolved:
        target, arguments, _ = alias_call(definition, given, self.budget)
        with self.through(definition):
            return self._remembered(target, arguments, shapes, init, span)

    @contextmanager
    def through(self, definition: Definition) -> Iterator[None]:
        """Name the aliases on the way to a network among the calls; faults are collected."""
        callers = list(_aliases(definition))
        self._trail += callers
        try:
            yield
        except Exhausted as fault:
            self.report(fault.diagnostic)
            raise
        except Fault as fault:
            self.report(fault.diagnostic)
            raise Unknown from None
        finally:
            del self._trail[len(self._trail) - len(callers) :]


def _aliases(definition: Definition) -> Iterator[Caller]:
    """The calls that an alias stands for, its own first."""
    while definition.kind == "alias":
        yield Caller(definition.name, definition.call.span)
        definition = definition.target


def alias_call(
    definition: Definition, given: Mapping[str, object], budget: Budget
) -> tuple[Definition, dict[str, object], dict[str, object]]:
    """What an alias calls: the arch behind it, all arguments that it and its caller give, and
    what the alias itself knows: the values of its own parameters and of those on the way."""
    own = _own_parameters(definition, given, budget)
    env = Environment(own, definition.scope, budget=budget)
    target = definition.target
    fixed = bind(LayerValue(target), definition.call.arguments, env)
    passed = {name: item for name, item in given.items() if name not in own}
    if target.kind != "alias":
        return target, {**passed, **fixed}, {**given, **own}
    target, arguments, known = alias_call(target, {**passed, **fixed}, budget)
    return target, arguments, {**known, **given, **own}


def _own_parameters(
    definition: Definition, given: Mapping[str, object], budget: Budget
) -> dict[str, object]:
    """The parameters that an alias does not pass through, as given or by default."""
    env = Environment({}, definition.scope, budget=budget)
    names: dict[str, object] = {}
    for parameter in definition.own:
        if parameter.name in given:
            names[parameter.name] = given[parameter.name]
        elif parameter.default is not None:
            names[parameter.name] = evaluate(parameter.default, env.with_names(names))
    return names


def _renumbered(value: object, refs: list[Ref], shapes: list[Shape]) -> object:
    """An argument as the callee sees it: values of the network become inputs of its own.

    Value 7 of the caller, the first that `up(64, skip)` is given, is value 1 of the callee: `refs`
    gets the 7, `shapes` its shape behind that of the current value, which is value 0.
    """
    match value:
        case TensorValue():
            refs.append(value.ref)
            shapes.append(value.shape)
            return TensorValue(len(shapes) - 1, value.shape)
        case Several():
            fields = ((name, _renumbered(item, refs, shapes)) for name, item in value.fields)
            return Several(tuple(fields))  # type: ignore[arg-type]
        case Items():
            made = Items(_renumbered(item, refs, shapes) for item in value)
            made.weight = value.weight
            return made
        case _:
            return value


def _too_deep(definition: Definition, span: Span) -> Diagnostic:
    message = f"calls of blocks nest deeper than {DEEPEST_CALL}"
    hint = f"does `{definition.name}` call itself without an end?"
    return error("A401", message, span, help=hint)


def _shortened(trail: list[Caller]) -> list[Caller]:
    """A long chain of calls by its two ends, innermost first."""
    left_out = len(trail) - 2 * TRAIL_END
    if left_out < 2:
        return trail
    gap = Caller(f"... {left_out} calls more ...", trail[TRAIL_END].span)
    return [*trail[:TRAIL_END], gap, *trail[-TRAIL_END:]]
