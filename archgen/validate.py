"""Network -> list[str]: what is wrong with a network, whoever made it.

Every shape is recomputed from the shapes that are read, every value has one writer that runs
before its readers, every child has a name of its own. Nothing the resolver remembered is
trusted. An empty list is the law; each entry is a bug of ours, or of a file that was edited.

With `ARCHGEN_VALIDATE=1` in the environment, as in all tests, every step that makes a network has
it validated: the resolver, and each pass.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import assert_never

from archgen.layers.base import LayerFault
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, ParamNode, Ref
from archgen.shapes import Shape, aligned, common_batch, lifted
from archgen.traversal import first_places


def validated(network: Network, step: str) -> Network:
    """The network that a step of ours made. Raises `AssertionError` if `ARCHGEN_VALIDATE` is set
    and the network is not valid."""
    if os.environ.get("ARCHGEN_VALIDATE") == "1" and (faults := validate(network)):
        raise AssertionError(f"{step} made a network that is not valid: {'; '.join(faults)}")
    return network


def validate(network: Network) -> list[str]:
    """Check each distinct body once; a fault names the place where its body is met first."""
    return [fault for path, body in first_places(network.body) for fault in _of_body(body, path)]


def _of_body(body: Body, path: str) -> Iterator[str]:
    here = path or "the network"
    yield from (f"{here}: {fault}" for fault in (*_wires(body), *_names(body)))
    for node in body.all_nodes:
        place = f"{path}.{_name(node)}".lstrip(".")
        yield from (f"{place}: {fault}" for fault in _shapes(body, node))


def _name(node: Node) -> str:
    return node.kind if isinstance(node, MergeNode) else node.name


# --- wires --------------------------------------------------------------------------------


def _wires(body: Body) -> Iterator[str]:
    """Values are written once, before they are read, and they are those that have a shape."""
    written: Counter[Ref] = Counter(body.inputs)
    for node in body.nodes:
        yield from _unwritten(node.inputs, written, _name(node))
        written.update(node.outputs)
    yield from _unwritten([output.value for output in body.outputs], written, "the output")
    yield from _results(body)
    for aux in body.aux:
        yield from _unwritten(aux.node.inputs, written, aux.name)
        written.update(aux.node.outputs)
    yield from (f"value {ref} is written {n} times" for ref, n in written.items() if n > 1)
    if not body.outputs:
        yield "there is no output"
    for ref in written.keys() - set(range(len(body.values))):
        yield f"value {ref} has no shape"


def _results(body: Body) -> Iterator[str]:
    """The results of a network are numbers, for each sample."""
    for output in body.outputs if body.is_network else ():
        if output.value < len(body.values) and not body.values[output.value].is_plain:
            yield "the output has no batch, or is an index"


def _unwritten(refs: Sequence[Ref], written: Counter[Ref], reader: str) -> Iterator[str]:
    return (f"{reader} reads value {ref} before it is written" for ref in refs if not written[ref])


# --- names --------------------------------------------------------------------------------


def _names(body: Body) -> Iterator[str]:
    """Children have different names, and a reused one was made before."""
    made: set[str] = set()
    for node in body.all_nodes:
        if isinstance(node, MergeNode):
            continue
        if isinstance(node, LayerNode | CallNode) and node.reused:
            if node.name not in made:
                yield f"`{node.name}` is reused before it is made"
            continue
        for name in _own_names(node):
            if name in made:
                yield f"two children are called `{name}`"
            made.add(name)


def _own_names(node: LayerNode | CallNode | ParamNode) -> Iterator[str]:
    """The first and the last name of a repeat stand for all: names between are theirs too."""
    yield node.name
    if isinstance(node, CallNode) and node.count > 1:
        yield str(int(node.name) + node.count - 1)


# --- shapes -------------------------------------------------------------------------------


def _shapes(body: Body, node: Node) -> Iterator[str]:
    if any(ref >= len(body.values) for ref in (*node.inputs, *node.outputs)):
        return  # reported with the wires
    inputs = [body.values[ref] for ref in node.inputs]
    found = [body.values[ref] for ref in node.outputs]
    match node:
        case LayerNode():
            yield from _of_layer(node, inputs, found)
        case CallNode():
            yield from _of_call(node, inputs, found)
        case MergeNode():
            yield from _of_merge(node, aligned(inputs, joined=node.kind == "concat"), found)
            if found[0].batch != common_batch(inputs):
                yield f"{node.kind} has another batch than its branches"
        case ParamNode():
            sizes = node.sizes[1:] if found[0].batch == "one" else node.sizes
            if sizes != found[0].sizes or found[0].batch == "all":
                yield f"makes {found[0]}, which should be {Shape(sizes)}"
        case _:
            assert_never(node)


def _of_layer(node: LayerNode, inputs: list[Shape], found: list[Shape]) -> Iterator[str]:
    try:
        shapes = node.layer.results(inputs[0])
    except LayerFault as fault:
        yield fault.message
        return
    yield from _differs(shapes, found)


def _of_call(node: CallNode, inputs: list[Shape], found: list[Shape]) -> Iterator[str]:
    callee = node.body
    read = [
        lifted(x) if callee.values[ref].batch == "one" else x
        for ref, x in zip(callee.inputs, inputs, strict=True)
    ]
    yield from _differs([callee.values[ref] for ref in callee.inputs], read, "reads")
    yield from _differs([callee.values[output.value] for output in callee.outputs], found)
    if node.count > 1 and inputs[:1] != found[:1]:
        yield f"{node.count} calls in a row make {found[0]} of {inputs[0]}"


def _of_merge(node: MergeNode, inputs: list[Shape], found: list[Shape]) -> Iterator[str]:
    if node.numbers and node.kind == "concat":
        yield "joins a number"
    branches = len(node.inputs) + len(node.numbers)
    if any(not 0 <= at < branches for at, _ in node.numbers):
        yield "has a number where no branch is"
    merged = _concatenated(inputs, node.axis) if node.kind == "concat" else _broadcast(inputs)
    if merged is None:
        yield f"cannot merge {', '.join(map(str, inputs))}"
    elif merged != found[0].sizes:
        yield f"makes {found[0]}, which should be {Shape(merged)}"


def _concatenated(inputs: list[Shape], axis: int) -> tuple[int, ...] | None:
    """Sizes add up along the axis and agree along all others."""
    first = inputs[0].sizes
    rests = {(*shape.sizes[:axis], *shape.sizes[axis + 1 :]) for shape in inputs}
    if len(rests) != 1 or not 0 <= axis < len(first):
        return None
    total = sum(shape.sizes[axis] for shape in inputs)
    return (*first[:axis], total, *first[axis + 1 :])


def _broadcast(inputs: list[Shape]) -> tuple[int, ...] | None:
    """Sizes agree, or are 1."""
    if len({shape.rank for shape in inputs}) != 1:
        return None
    sizes = (
        tuple(map(max, *(shape.sizes for shape in inputs))) if len(inputs) > 1 else inputs[0].sizes
    )
    fits = all(
        size in (1, whole)
        for shape in inputs
        for size, whole in zip(shape.sizes, sizes, strict=True)
    )
    return sizes if fits else None


def _differs(
    expected: Sequence[Shape], found: Sequence[Shape], verb: str = "makes"
) -> Iterator[str]:
    if tuple(expected) != tuple(found):
        yield (
            f"{verb} {', '.join(map(str, found))}, which should be {', '.join(map(str, expected))}"
        )
