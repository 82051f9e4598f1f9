"""Layers in a row as the lines of boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archgen.backends.drawing.caption import caption
from archgen.backends.drawing.diagram import Line, Word
from archgen.backends.drawing.operations import Operation, Value
from archgen.layers.base import Layer
from archgen.network import LayerNode

Gone = Mapping[Value, Sequence[str]]
NOTHING: Gone = {}


def parts(operations: Sequence[Operation]) -> list[list[Operation]]:
    """Cut a row so that each part has one heavy layer.

    Light ones go with the heavy one before them; where the row begins with one (bn - relu -
    conv), with the one after.
    """
    if operations and _is_light(operations[0]) and not all(map(_is_light, operations)):
        return _ending_heavy(operations)
    cut: list[list[Operation]] = []
    for operation in operations:
        if not cut or not _is_light(operation):
            cut.append([])
        cut[-1].append(operation)
    return cut


def _ending_heavy(operations: Sequence[Operation]) -> list[list[Operation]]:
    cut: list[list[Operation]] = [[]]
    for operation in operations:
        cut[-1].append(operation)
        if not _is_light(operation):
            cut.append([])
    rest = cut.pop()
    cut[-1].extend(rest)
    return cut


def layer_lines(
    operations: Sequence[Operation], *, condensed: bool, gone: Gone = NOTHING
) -> tuple[Line, ...]:
    """A line for each heavy layer with its light ones, or with these on lines of their own.

    In the drawing of a difference what is gone stands struck out behind the value that it read.
    """
    if condensed:
        return tuple(
            tuple(word for each in part for word in _words(each, gone))
            for part in parts(operations)
        )
    lines: list[list[Word]] = []
    for place, operation in enumerate(operations):
        goes_on = place and _is_light(operation) and _is_light(operations[place - 1])
        if not goes_on:
            lines.append([])
        lines[-1] += _words(operation, gone)
    return tuple(map(tuple, lines))


def theme(operations: Sequence[Operation]) -> str:
    """The kind of a box: that of its first heavy layer, if it has one."""
    heavy = [operation for operation in operations if not _is_light(operation)]
    return _layer(heavy[0] if heavy else operations[0]).group


def _words(operation: Operation, gone: Gone) -> Iterator[Word]:
    node = operation.node
    assert isinstance(node, LayerNode)
    text = caption(node.layer, operation.entry)
    text = f"{text} (weights of {node.name})" if node.reused else text
    marked = operation.marked
    if marked and marked.detail:
        text = f"{text} ({marked.detail})"
    yield Word(text, not node.layer.light, marked.mark if marked else None)
    for value in operation.outputs:
        yield from (Word(lost, mark="removed") for lost in gone.get(value, ()))


def _is_light(operation: Operation) -> bool:
    return _layer(operation).light


def _layer(operation: Operation) -> Layer:
    node = operation.node
    assert isinstance(node, LayerNode)
    return node.layer
