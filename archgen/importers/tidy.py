"""Programs as a person would write them: what does nothing goes, names are those inside of a body.

Every rule keeps what the program computes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archgen.importers.program import Node, Program, Unsupported, Value


def tidy(program: Program) -> Program:
    """The program, changed in place, and all below it. Raises `Unsupported`."""
    for each in program.programs():
        _check(each)
        _join_shuffles(each)
        _drop_dead(each)
    _hoist(program)
    for each in program.programs():
        _drop_identities(each)
        _share_concats(each)
        _name(each)
    return program


# --- what a body may read -------------------------------------------------------------------


def _check(program: Program) -> None:
    """A body reads its inputs and what its own steps made."""
    known = set(map(id, program.inputs))
    for node in program.nodes:
        if any(id(value) not in known for value in node.inputs):
            raise Unsupported("a value of another module, kept in an attribute", program.path)
        known.update(map(id, node.outputs))
    if any(id(value) not in known for value in program.results):
        raise Unsupported("a result of another module, kept in an attribute", program.path)


# --- rules ----------------------------------------------------------------------------------


def _join_shuffles(program: Program) -> None:
    """`reshape`, `permute`, `reshape` of channels in groups is `channel_shuffle`."""
    nodes = program.nodes
    for at, node in enumerate(nodes[:-2]):
        second, third = nodes[at + 1], nodes[at + 2]
        keys = [each.key for each in (node, second, third)]
        if keys != ["reshape", "permute", "reshape"]:
            continue
        before, apart = node.inputs[0].sizes, node.outputs[0].sizes
        rank = len(apart)
        swapped = second.arguments["axes"] == [1, 0, *range(2, rank)]
        if swapped and rank == len(before) + 1 and third.outputs[0].sizes == before:
            made = Node("layer", "channel_shuffle", node.inputs, third.outputs)
            made.arguments = {"groups": apart[0]}
            nodes[at : at + 3] = [made]
            return _join_shuffles(program)
    return None


def _drop_dead(program: Program) -> None:
    """Steps that nothing reads go."""
    read = set(map(id, program.results))
    kept = []
    for node in reversed(program.nodes):
        if any(id(value) in read for value in node.outputs):
            kept.append(node)
            read.update(map(id, node.inputs))
    program.nodes = kept[::-1]


def _drop_identities(program: Program) -> None:
    """An identity is a wire; in a sequence it is a child, which others count."""
    for node in list(program.nodes):
        empty = node.program is not None and not node.program.nodes
        if node.kind == "call" and empty and node.program and not node.program.sequential:
            empty = node.program.outputs[0] is node.program.inputs[0]
        if (node.key == "identity" or empty) and not program.sequential:
            program.nodes.remove(node)
            program.replace(node.outputs[0], node.inputs[0])
        elif empty:
            node.kind, node.key, node.program = "layer", "identity", None


def _hoist(program: Program) -> None:
    """A concatenation of all inputs, first in a body, is the caller's: a block has one input."""
    for node in program.nodes:
        if node.program is not None:
            _hoist(node.program)
    made = []
    for node in program.nodes:
        body = node.program
        if body is not None and body.nodes and _joins_all(body):
            first = body.nodes.pop(0)
            joined = Value(first.outputs[0].sizes)
            made.append(Node("merge", "concat", node.inputs, [joined], dict(first.arguments)))
            body.inputs, node.inputs = first.outputs, [joined]
        made.append(node)
    program.nodes = made


def _joins_all(body: Program) -> bool:
    first = body.nodes[0]
    inputs = [id(value) for value in body.inputs]
    later = {id(value) for node in body.nodes[1:] for value in node.inputs}
    joins = first.key == "concat" and list(map(id, first.inputs)) == inputs
    return joins and not later & set(inputs)


def _share_concats(program: Program) -> None:
    """Of one value it is a wire; `cat(a, b, c)` where `cat(a, b)` exists reads that."""
    known: dict[tuple[int, ...], Value] = {}
    for node in list(program.nodes):
        if node.key != "concat" or node.arguments:
            continue
        if len(node.inputs) == 1:
            program.nodes.remove(node)
            program.replace(node.outputs[0], node.inputs[0])
            continue
        whole = tuple(map(id, node.inputs))
        for count in range(len(whole) - 1, 1, -1):
            if whole[:count] in known:
                node.inputs = [known[whole[:count]], *node.inputs[count:]]
                break
        known[whole] = node.outputs[0]


# --- names ----------------------------------------------------------------------------------


def _name(program: Program) -> None:
    """Paths as seen from the body."""
    start = f"{program.path}." if program.path else ""
    seen: Counter[str] = Counter()
    for node in program.nodes:
        if node.name is None:
            continue
        if not node.name.startswith(start):
            raise Unsupported(f"the submodule `{node.name}`, of another module,", program.path)
        node.name = node.name[len(start) :]
        node.reused = bool(seen[node.name]) and has_weights(node)
        seen[node.name] += 1


def has_weights(node: Node) -> bool:
    """Whether a step has learned parameters or buffers, so that its name is a key."""
    if node.program is not None:
        return any(map(has_weights, node.program.nodes))
    return node.kind == "param" or node.key in WEIGHTED


def _weighted() -> Iterator[str]:
    from archgen.layers import LAYERS

    for keyword, cls in LAYERS.items():
        if cls.weight_names:
            yield keyword


WEIGHTED = frozenset(_weighted())
