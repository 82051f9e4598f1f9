"""What nothing reads goes: steps, results that no caller reads, inputs that no step reads.

Across bodies: a list that is handed through a module stays with the caller. Every rule keeps what
the program computes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from archgen.importers.program import Node, Program, Unsupported, Value
from archgen.importers.weighted import has_weights


def prune(program: Program) -> None:
    """Change a program and all below it in place. Raises `Unsupported` for weights that go."""
    before = _weighted(program)
    while any([_pass_through(program), _drop_results(program), _drop_steps(program)]):
        pass
    for name in before - _weighted(program):
        raise Unsupported(f"the result of `{name}`, which nothing reads,")


def _weighted(program: Program) -> set[str]:
    nodes = (node for each in program.programs() for node in each.nodes)
    return {node.name for node in nodes if node.name and has_weights(node)}


def _calls(program: Program) -> Iterator[tuple[Program, Node]]:
    """All calls of modules, with their callers."""
    for caller in program.programs():
        yield from ((caller, node) for node in caller.nodes if node.program is not None)


def _pass_through(program: Program) -> bool:
    """An input among several results is read where it comes from."""
    changed = False
    for caller, node in _calls(program):
        body = node.program
        assert body is not None
        for at, value in enumerate(body.outputs if len(body.outputs) > 1 else ()):
            if value in body.inputs and _is_read(caller, node.outputs[at]):
                caller.replace(node.outputs[at], node.inputs[body.inputs.index(value)])
                changed = True
    return changed


def _drop_results(program: Program) -> bool:
    """Results of a class that no caller of it reads; one stays."""
    groups: dict[tuple[str, int], list[tuple[Program, Node]]] = defaultdict(list)
    for caller, node in _calls(program):
        groups[(node.key, len(node.outputs))].append((caller, node))
    changed = False
    for (_, count), members in groups.items():
        unread = [
            at
            for at in range(count)
            if not any(_is_read(caller, node.outputs[at]) for caller, node in members)
        ]
        for at in reversed(unread[: count - 1] if len(unread) == count else unread):
            changed = True
            for node, body in ((node, node.program) for _, node in members):
                assert body is not None
                del node.outputs[at], body.outputs[at], body.output_names[at]
    return changed


def _drop_steps(program: Program) -> bool:
    """Steps that nothing reads, and inputs of bodies; one stays."""
    changed = False
    for each in program.programs():
        count = len(each.nodes)
        read = set(map(id, each.results))
        kept = []
        for node in reversed(each.nodes):
            if any(id(value) in read for value in node.outputs):
                kept.append(node)
                read.update(map(id, node.inputs))
        each.nodes = kept[::-1]
        changed = changed or len(kept) < count
    for _, node in _calls(program):
        body = node.program
        assert body is not None
        read = {id(value) for step in body.nodes for value in step.inputs}
        read |= set(map(id, body.results))
        for at in reversed(range(len(body.inputs))):
            if id(body.inputs[at]) not in read and len(body.inputs) > 1:
                changed = True
                del node.inputs[at], body.inputs[at], body.input_names[at]
    return changed


def _is_read(program: Program, value: Value) -> bool:
    return any(value in node.inputs for node in program.nodes) or value in program.results
