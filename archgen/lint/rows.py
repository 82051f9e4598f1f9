"""Which rows of an input are read: how far windows reach, through the layers before them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from archgen.layers.convolution import Conv
from archgen.layers.normalisation import BatchNorm
from archgen.layers.pooling import AvgPool, MaxPool
from archgen.layers.windows import Sliding
from archgen.lint.reach import FARTHEST, Reach
from archgen.network import Body, CallNode, LayerNode, MergeNode, ParamNode, Ref
from archgen.shapes import Shape

_POINT_BY_POINT = frozenset({"activation", "arithmetic", "regularisation", "other"})
_Calls = tuple[tuple[Body, CallNode], ...]  # that led into a body, the innermost last


def sliding_of(layer: Conv | MaxPool | AvgPool, x: Shape) -> Sliding:
    """The window of a convolution or pool over an input of this shape."""
    match layer:
        case AvgPool():
            return Sliding.over(x, layer.kernel, layer.stride or layer.kernel, layer.padding)
        case Conv() | MaxPool():
            stride = layer.stride or layer.kernel
            return Sliding.over(x, layer.kernel, stride, layer.padding, layer.dilation)
        case _:
            assert_never(layer)


def read_up_to(sliding: Sliding, axis: int, step: int) -> int:
    """The last place that a step reads along an axis, from 0; padding counts as places."""
    start = step * sliding.stride[axis] - sliding.padding[axis]
    return start + sliding.extent[axis] - 1


def reaches_the_end(reach: Reach, body: Body, ref: Ref, axis: int, row: int) -> bool:
    """Whether the rows of a value up to this one are made of all rows of the network's input.

    Then nothing of an image is lost with the rows after them: neighbours overlap. True also where
    that cannot be told.
    """
    return _Question(reach, axis).covers(body, ref, row, ())


@dataclass
class _Question:
    reach: Reach
    axis: int
    asked: int = field(default=0)

    def covers(self, body: Body, ref: Ref, row: int, calls: _Calls) -> bool:
        self.asked += 1
        spatial = body.values[ref].spatial
        if self.asked > FARTHEST or len(spatial) <= self.axis or row >= spatial[self.axis] - 1:
            return True
        node = self.reach.maker(body, ref)
        match node:
            case None:
                return self._entering(body, ref, row, calls)
            case LayerNode():
                return self._layer(body, node, row, calls)
            case CallNode(count=1):
                result = node.body.outputs[node.outputs.index(ref)].value
                return self.covers(node.body, result, row, (*calls, (body, node)))
            case CallNode():
                return True  # repeats see farther and farther
            case MergeNode():
                joined = node.kind == "concat" and node.axis > 0
                return joined or any(self.covers(body, each, row, calls) for each in node.inputs)
            case ParamNode():
                return False
            case _:
                assert_never(node)

    def _entering(self, body: Body, ref: Ref, row: int, calls: _Calls) -> bool:
        """What enters a body is a value of whoever calls it, or an input of the network."""
        at = body.inputs.index(ref)
        if calls:
            outer, call = calls[-1]
            return self.covers(outer, call.inputs[at], row, calls[:-1])
        callers = self.reach.callers(body)
        return body is not self.reach.top and all(
            call.count > 1 or self.covers(outer, call.inputs[at], row, ())
            for outer, call in callers
        )

    def _layer(self, body: Body, node: LayerNode, row: int, calls: _Calls) -> bool:
        layer, x = node.layer, body.shape_in(node)
        if isinstance(layer, Conv | MaxPool | AvgPool):
            row = read_up_to(sliding_of(layer, x), self.axis, row)
        elif not (isinstance(layer, BatchNorm) or layer.group in _POINT_BY_POINT):
            return True
        return self.covers(body, node.inputs[0], row, calls)
