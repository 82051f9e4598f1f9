"""Layers in a row as the lines of boxes."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.backends.drawing.caption import caption, is_light
from archgen.backends.drawing.diagram import Line, Word
from archgen.backends.drawing.wiring import Operation
from archgen.layers.base import Layer
from archgen.network import LayerNode


def parts(operations: Sequence[Operation]) -> list[list[Operation]]:
    """Cut a row so that each part has one heavy layer.

    Light ones go with the heavy one before them; where the row begins with one (bn - relu -
    conv), with the one after.
    """
    if _is_light(operations[0]) and not all(map(_is_light, operations)):
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


def layer_lines(operations: Sequence[Operation], *, condensed: bool) -> tuple[Line, ...]:
    """A line for each heavy layer with its light ones, or with these on lines of their own."""
    if condensed:
        return tuple(tuple(map(_word, part)) for part in parts(operations))
    lines: list[list[Word]] = []
    for place, operation in enumerate(operations):
        goes_on = place and _is_light(operation) and _is_light(operations[place - 1])
        if not goes_on:
            lines.append([])
        lines[-1].append(_word(operation))
    return tuple(map(tuple, lines))


def theme(operations: Sequence[Operation]) -> str:
    """The kind of a box: that of its first heavy layer, if it has one."""
    heavy = [operation for operation in operations if not _is_light(operation)]
    return _layer(heavy[0] if heavy else operations[0]).group


def _word(operation: Operation) -> Word:
    node = operation.node
    assert isinstance(node, LayerNode)
    text = caption(node.layer, operation.entry)
    return Word(f"{text} (shared)" if node.reused else text, strong=not is_light(node.layer))


def _is_light(operation: Operation) -> bool:
    return is_light(_layer(operation))


def _layer(operation: Operation) -> Layer:
    node = operation.node
    assert isinstance(node, LayerNode)
    return node.layer
