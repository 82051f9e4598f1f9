"""Warnings about what comes before and after a layer."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import prod
from typing import Final

from archgen.diagnostics import Diagnostic, warning
from archgen.layers.convolution import Conv, ConvTranspose
from archgen.lint.reach import FARTHEST, Reach, Use
from archgen.network import Body, LayerNode, MergeNode, Ref

_MOST_BRANCHES: Final = 8  # of an addition that may be a residual one


def check_layer(reach: Reach, body: Body, node: LayerNode) -> Iterator[Diagnostic]:
    """W001 and W002: a convolution's bias that does nothing, or that is missed."""
    match node.layer:
        case Conv(bias=True) | ConvTranspose(bias=True):
            uses = reach.uses(body, node.outputs[0], lambda each: each.layer.skipped)
            if uses and all(_subtracts_mean(use) for use in uses):
                norm = uses[0].node
                assert isinstance(norm, LayerNode)
                message = f"the bias does nothing: `{norm.layer.keyword}` after it takes it away"
                yield warning("W001", message, node.span, help="leave `bias=true` out")
        case Conv() | ConvTranspose() if prod(body.shape_out(node).spatial) > 1:
            uses = reach.uses(body, node.outputs[0], lambda each: each.layer.keeps_offset)
            if uses and all(_misses_bias(use) for use in uses):
                what = f"`{node.layer.keyword}`"
                message = f"{what} has neither a bias nor a normalisation after it"
                yield warning("W002", message, node.span, help="say `bias=true`, or add `-> bn`")


def _subtracts_mean(use: Use) -> bool:
    """Whether a node takes away whatever was added to each channel."""
    node = use.node
    return isinstance(node, LayerNode) and node.layer.removes_offset(use.body.shape_in(node))


def _misses_bias(use: Use) -> bool:
    """Whether a value goes out of the network, or into an activation that is no gate.

    Squeeze and excitation, and attention over places, are published without biases.
    """
    if use.node is None:
        return True
    layer = use.node.layer if isinstance(use.node, LayerNode) else None
    return layer is not None and layer.group == "activation" and not layer.gate


def check_merge(reach: Reach, body: Body, node: MergeNode) -> Iterator[Diagnostic]:
    """W003: a residual branch that ends in a ReLU, right before it is added to its shortcut."""
    if node.kind != "add" or len(node.inputs) > _MOST_BRANCHES:
        return
    for ref in node.inputs:
        last = reach.last_layer(body, ref)
        if last is None or not last.layer.nonnegative or last.layer.gate:
            continue
        if reach.is_read_again(body, ref):
            continue  # it goes on by itself: this sum is of features, and it is no branch of it
        made_of = reach.before(body, ref)
        for other in node.inputs:
            start = None if other == ref else _start(reach, body, other, made_of - {ref})
            if start is not None and _learns(reach, body, made_of - reach.before(body, start)):
                message = f"`{last.layer.keyword}` closes a residual branch: it can only add"
                hint = "end the branch before it, and activate the sum"
                yield warning("W003", message, last.span, help=hint)
                break


def _start(reach: Reach, body: Body, ref: Ref, known: Collection[Ref]) -> Ref | None:
    """The value among these that a shortcut is, or is made of without an activation."""
    for _ in range(FARTHEST):
        if ref in known:
            return ref
        node = reach.maker(body, ref)
        if node is None or not node.inputs or reach.is_active(node):
            return None
        ref = node.inputs[0]
    return None


def _learns(reach: Reach, body: Body, refs: Collection[Ref]) -> bool:
    """Whether a convolution or linear layer makes one of these values: `x + relu(x)` is no
    residual branch."""
    makers = (reach.maker(body, ref) for ref in refs)
    return any(node is not None and reach.is_deep(node) for node in makers)
