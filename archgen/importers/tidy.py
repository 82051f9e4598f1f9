"""Programs as a person would write them: what does nothing goes, names are those inside of a body.

Every rule keeps what the program computes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection

from archgen.importers.program import Node, Program, Unsupported, Value
from archgen.importers.prune import prune
from archgen.importers.weighted import has_weights


def tidy(program: Program) -> Program:
    """The program, changed in place, and all below it. Raises `Unsupported`."""
    for each in program.programs():
        _check(each)
        _join_shuffles(each)
    prune(program)
    _lift_numbered(program)
    _hoist(program)
    mixed = _sometimes_empty(program)
    for each in program.programs():
        _drop_identities(each, mixed)
        _unwrap(each, mixed)
        _share_concats(each)
        _name(each)
    _flatten_sums(program)
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


def _sometimes_empty(program: Program) -> set[str]:
    """Classes of which some runs do nothing and others do something: blocks with a condition."""
    runs = [each for each in program.programs() if each.cls != "Sequential"]
    return {each.cls for each in runs if _is_empty(each)} & {
        each.cls for each in runs if not _is_empty(each)
    }


def _is_empty(program: Program) -> bool:
    return not program.nodes and program.outputs == program.inputs[:1]


def _drop_identities(program: Program, kept: Collection[str]) -> None:
    """An identity is a wire; in a sequence it is a child, which others count. Not calls of classes
    that are `kept`."""
    for node in list(program.nodes):
        if node.kind == "call" and node.key in kept:
            continue
        empty = node.kind == "call" and node.program is not None and _is_empty(node.program)
        if (node.key == "identity" or empty) and not program.sequential:
            program.nodes.remove(node)
            program.replace(node.outputs[0], node.inputs[0])
        elif empty:
            node.kind, node.key, node.program = "layer", "identity", None


def _lift_numbered(program: Program) -> None:
    """A body whose children have numbers for names: a chain is a sequence, as `nn.Sequential` has
    it; of others the children are items of a list of the caller."""
    for node in list(program.nodes):
        body = node.program
        if node.kind != "call" or body is None:
            continue
        _lift_numbered(body)
        names = [each.name.removeprefix(f"{body.path}.") for each in body.nodes if each.name]
        if body.sequential or not names or not all(name.isdigit() for name in names):
            continue
        while body.nodes and not body.nodes[-1].name and len(body.nodes[-1].inputs) == 1:
            _peel(program, node, body)
        if _is_chain(body) and names == [str(at) for at in range(len(body.nodes))]:
            body.sequential = True
        elif sum(each.name == node.name for each in program.nodes) == 1 and not program.sequential:
            _inline(program, node, body)


def _peel(program: Program, node: Node, body: Program) -> None:
    """The last step of a body, a function, stands behind its call."""
    last = body.nodes.pop()
    between = Value(last.inputs[0].sizes, last.inputs[0].batched)
    made = Node(last.kind, last.key, [between], node.outputs, last.arguments)
    body.outputs, node.outputs = last.inputs, [between]
    program.nodes.insert(program.nodes.index(node) + 1, made)


def _is_chain(body: Program) -> bool:
    """Whether each step reads the last one, and no more."""
    values = [body.inputs, *(node.outputs for node in body.nodes)]
    read = [*(node.inputs for node in body.nodes), body.outputs]
    return values == read and len(body.outputs) == 1


def _unwrap(program: Program, kept: Collection[str]) -> None:
    """A module without weights that is one layer is that layer; one of several values is written
    where it is called."""
    for node in list(program.nodes):
        body = node.program
        if node.kind != "call" or body is None or body.sequential or has_weights(node):
            continue
        if node.key in kept:
            continue
        several = len(body.inputs) > 1 or len(body.outputs) > 1
        if len(body.nodes) == 1 and body.nodes[0].kind == "layer" and not several:
            only = body.nodes[0]
            node.kind, node.key, node.arguments = only.kind, only.key, only.arguments
            node.program = None
        elif not program.sequential and (several or len(body.nodes) == 1):
            _inline(program, node, body)


def _inline(program: Program, node: Node, body: Program) -> None:
    """The steps of a body in the place of its call."""
    at = program.nodes.index(node)
    program.nodes[at : at + 1] = body.nodes
    for inner, outer in zip(body.inputs, node.inputs, strict=True):
        body.replace(inner, outer)
    for outer, inner in zip(node.outputs, body.outputs, strict=True):
        program.replace(outer, inner)


def _hoist(program: Program) -> None:
    """A concatenation of a list of inputs, first in a body, is the caller's."""
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
            body.input_names, body.gathered = body.input_names[:1], False
        made.append(node)
    program.nodes = made


def _joins_all(body: Program) -> bool:
    first = body.nodes[0]
    inputs = [id(value) for value in body.inputs]
    later = {id(value) for node in body.nodes[1:] for value in node.inputs}
    joins = first.key == "concat" and list(map(id, first.inputs)) == inputs
    return body.gathered and joins and not later & set(inputs)


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


def _flatten_sums(program: Program) -> None:
    """`a + b + c` is one sum, where nothing else reads `a + b`; so are products. In all runs of a
    class, or in none."""
    runs: dict[str, list[Program]] = defaultdict(list)
    for each in program.programs():
        runs[each.cls].append(each)
    for members in runs.values():
        found = [_nested_sums(each) for each in members]
        if len({len(pairs) for pairs in found}) == 1:
            for each, pairs in zip(members, found, strict=True):
                for inner, outer in pairs:
                    outer.inputs = [*inner.inputs, *outer.inputs[1:]]
                    each.nodes.remove(inner)


def _nested_sums(program: Program) -> list[tuple[Node, Node]]:
    """The sums that are the first term of a sum and nothing else, each with that one."""
    makers = {id(value): node for node in program.nodes for value in node.outputs}
    read = Counter(id(value) for node in program.nodes for value in node.inputs)
    read.update(map(id, program.results))
    return [
        (inner, outer)
        for outer in program.nodes
        if outer.kind == "merge"
        and outer.key in {"add", "mul"}
        and (inner := makers.get(id(outer.inputs[0]))) is not None
        and (inner.kind, inner.key) == ("merge", outer.key)
        and read[id(outer.inputs[0])] == 1
    ]


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
