"""A frame whose statements have run -> its body: results, and what must hold of all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from archgen.cutting.weights import weight_sizes
from archgen.diagnostics import Diagnostic, Fault, Label, error
from archgen.layers.parts import Split
from archgen.network import (
    Body,
    CallNode,
    LayerNode,
    Node,
    OutputValue,
    Ref,
    Step,
)
from archgen.resolve.faults import no_input
from archgen.resolve.interpret.bindings import shown_name
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.heads import names_of_heads
from archgen.resolve.interpret.initial import fitting
from archgen.resolve.spelling import check_field
from archgen.resolve.values import TensorValue, Unknown, is_broken
from archgen.shapes import Shape
from archgen.text import Span

LARGEST_GAP = 100  # numbers of a list of submodules that none has: a model holds their places


def finish(frame: Frame, steps: tuple[Step, ...], kind: Literal["arch", "block"]) -> Body:
    """The body of a block or arch. Raises `Unknown` if something in it failed."""
    body = frame.body
    if body.failed or is_broken(frame.definition):
        raise Unknown
    outputs, listed = _outputs(frame)
    if body.inside:
        from archgen.resolve.interpret.networks import opened_parts

        steps = opened_parts(frame, outputs, steps)
    heads = names_of_heads(frame)
    _check_fields(frame, outputs, heads)
    _check_batch(frame, outputs, heads)
    _check_read(frame, {output.value for output in outputs}, kind)
    _check_lists(frame)
    check_paths(frame)
    return Body(
        kind=kind,
        definition=frame.definition,
        arguments=frame.parameters,
        inputs=tuple(body.inputs),
        input_names=tuple(body.input_names),
        outputs=outputs,
        listed=listed,
        aux=tuple(body.aux),
        values=tuple(body.shape_of(ref) for ref in range(len(body.values))),
        nodes=tuple(body.nodes),
        steps=steps,
        names={n: ref for n, ref in _named_values(frame) if ref not in body.forgotten},
        path_init=tuple((path, init) for path, init, _ in frame.init.paths),
        heads=heads,
    )


def _outputs(frame: Frame) -> tuple[tuple[OutputValue, ...], bool]:
    body = frame.body
    span = frame.definition.span
    if body.returned:
        steps = [step for _, step in body.returned]
        named = (each for step in steps for each in zip(step.names, step.values, strict=True))
        return tuple(OutputValue(name, ref) for name, ref in named), steps[0].listed
    if not body.current:
        message = f"`{frame.definition.name}` has no `input`"
        raise Fault(no_input(frame.definition, "A124", message, span))
    if len(body.current) == 1:
        return (OutputValue("", body.current[0]),), False
    several = (OutputValue(f"output{i}", ref) for i, ref in enumerate(body.current))
    return tuple(several), True


def _check_fields(frame: Frame, outputs: Sequence[OutputValue], heads: Sequence[str]) -> None:
    """The results of a body, those of training heads included, have different names."""
    names = [output.name or "output" for output in outputs] + [*heads]
    span = frame.definition.span
    if heads:  # the result in training is a `NamedTuple`, whatever it is in evaluation
        for name in names:
            check_field(name, span)
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        message = f"two results are called `{twice}`"
        raise Fault(error("A103", message, span, help="name the values differently"))


def _check_read(frame: Frame, results: set[Ref], kind: str) -> None:
    """A value that nothing reads is a mistake: a forgotten merge, chunk or input."""
    body = frame.body
    heads = [aux.node for aux in body.aux]
    results = results.union(*(head.outputs for head in heads))
    nodes: list[Node] = [*body.nodes, *heads]
    alive = frame.resolver.reading.alive(nodes, results, sizes=False)
    lost = [node for node in body.nodes if _lost(node, alive)]
    read = alive.union(*(node.inputs for node in lost))  # what leads there is no fault by itself
    faults = [_unread(frame, node, read) for node in lost if _lost(node, read)]
    if kind == "arch" and not read.issuperset(body.inputs):
        read |= frame.resolver.reading.alive(nodes, results, sizes=True)
        faults += _unread_inputs(frame, read)
    for fault in faults:
        frame.resolver.report(fault)
    if faults:
        raise Unknown


def _check_batch(frame: Frame, outputs: Sequence[OutputValue], heads: Sequence[str]) -> None:
    """The results of a network have a batch, and are numbers; so has what training gives."""
    body = frame.body
    if frame.definition.kind == "arch":
        for output in outputs:
            _check_result(body.shape_of(output.value), _result_span(frame, output.value))
    for aux in body.aux if heads else ():
        _check_result(body.shape_of(aux.node.outputs[0]), aux.node.span)


def _check_result(shape: Shape, span: Span) -> None:
    if shape.batch != "all":
        message = f"a result of a network has a batch, and {shape} is one value for all samples"
        hint = "`add`, `mul` or `concat` it with a value that comes from the input"
        raise Fault(error("A201", message, span, help=hint))
    if shape.kind != "float":
        raise Fault(error("A201", "a result of a network is numbers, no index", span))


def _result_span(frame: Frame, ref: Ref) -> Span:
    made = (node.span for node in frame.body.nodes if ref in node.outputs)
    return next(made, frame.definition.span)


def _lost(node: Node, read: set[Ref]) -> bool:
    """Whether a value is computed for nothing; of a block with several outputs one may do."""
    lost = [ref for ref in node.outputs if ref not in read]
    return len(lost) == len(node.outputs) if isinstance(node, CallNode) else bool(lost)


def _unread(frame: Frame, node: Node, read: set[Ref]) -> Diagnostic:
    name = getattr(node, "name", "")
    what = f"the value of `{name}`" if name else "this value"
    help = "read it with `from`, or remove it"
    also: Sequence[Label] = ()
    if isinstance(node, LayerNode) and isinstance(node.layer, Split):
        named = {ref: name for name, ref in _named_values(frame)}
        chunks = [f"`{named[ref]}`" for ref in node.outputs if ref not in read and ref in named]
        what = f"the chunk {' and '.join(chunks)}" if chunks else "one of these chunks"
        help = (
            "every chunk has to be read: channels cannot be dropped; `concat` the chunk to the "
            "others behind, or use the whole value instead of `split`"
        )
    elif any(ref in read for ref in node.outputs):
        what = "one of these values"
    elif also := _handed_on(frame, node.outputs):
        help = "remove it, or let a result depend on it"
    return error("A114", f"nothing reads {what}", node.span, also=also, help=help)


def _handed_on(frame: Frame, values: Sequence[Ref]) -> list[Label]:
    """The first place that takes a value, and makes nothing of it."""
    takers = (node.span for node in frame.body.nodes if not set(values).isdisjoint(node.inputs))
    return [Label(span, "handed on here, where no result depends on it") for span in takers][:1]


def _unread_inputs(frame: Frame, read: set[Ref]) -> Iterator[Diagnostic]:
    for ref, name in zip(frame.body.inputs, frame.body.input_names, strict=True):
        if ref not in read:
            message = f"nothing reads the input `{name}`" if name else "nothing reads the input"
            span = frame.names.places.get(name, frame.definition.span)
            yield error("A114", message, span, also=_handed_on(frame, (ref,)))


def _check_lists(frame: Frame) -> None:
    """An `nn.ModuleList` is no child itself; numbers without a submodule are left out of it."""
    below: dict[str, set[int]] = {}
    for name in frame.body.children:
        parts = name.split(".")
        for depth in range(1, len(parts)):
            below.setdefault(".".join(parts[:depth]), set()).add(int(parts[depth]))
    for name, indices in below.items():
        shown = name.replace(".", "[", 1).replace(".", "][") + ("]" if "." in name else "")
        if name in frame.body.children:
            message = f"`{shown}` is a submodule and a list of submodules at once"
            span = _span_below(frame, name)
            raise Fault(error("A103", message, span, help="give one of them another name"))
        if (gap := max(indices) + 1 - len(indices)) > LARGEST_GAP:
            message = f"`{shown}[{max(indices)}]` is a submodule, and {gap:_} before it are none"
            hint = f"a list of submodules leaves out {LARGEST_GAP} numbers at most"
            span = _span_below(frame, f"{name}.{max(indices)}")
            raise Fault(error("A125", message, span, help=hint))


def _span_below(frame: Frame, path: str) -> Span:
    """The place of the last submodule at or below a path."""
    return next(
        frame.body.children[name].span
        for name in reversed(frame.body.children)
        if f"{name}.".startswith(f"{path}.")
    )


def check_paths(frame: Frame, prefix: str = "") -> None:
    """Every quoted `init` names a weight of this body, which its initialiser can fill.

    `prefix` was put before the paths that the author wrote.
    """
    body = frame.body
    nodes = body.all_nodes
    shapes = [body.shape_of(ref) for ref in range(len(body.values))]
    for path, init, span in frame.init.paths:
        frame.env.budget.spend(span, len(nodes) // 4)
        sizes = weight_sizes(nodes, shapes, path)
        path = path.removeprefix(prefix)
        if sizes is None:
            message = f"`{path}` is no weight of this body"
            hint = "a path is made of names and ends with the weight's: `layer1.0.bn2.weight`"
            raise Fault(error("A119", message, span, help=hint))
        fitting(init, sizes, path, span)


def _named_values(frame: Frame) -> Iterator[tuple[str, Ref]]:
    for name, value in frame.names.tensors.items():
        if isinstance(value, TensorValue) and name not in frame.names.passing:
            yield name, value.ref
    for name, items in frame.names.lists.items():
        for indices, value in items.items():
            shown = shown_name(name, indices)
            if isinstance(value, TensorValue) and shown not in frame.names.passing:
                yield shown, value.ref
