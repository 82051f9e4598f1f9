"""Parameters, multiply-adds and depth of every shipped network are what PyTorch itself counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor
from torch.autograd.graph import Node
from torch.utils.flop_counter import FlopCounterMode

import archgen

pytestmark = pytest.mark.torch
# What autograd calls a convolution and a linear layer.
LAYERS = ("ConvolutionBackward", "AddmmBackward", "MmBackward")


@pytest.mark.parametrize("name", [name for name, _ in archgen.shipped()])
def test_figures_are_what_torch_counts(name: str) -> None:
    network = archgen.load(name)
    model = archgen.build(network, device="meta").eval()
    with FlopCounterMode(display=False) as counter:
        output = model(torch.empty(1, *network.input, device="meta"))

    outputs = (output,) if isinstance(output, Tensor) else output
    assert [each.shape[1:] for each in outputs] == [each.sizes for each in network.figures.outputs]
    assert network.params == sum(weight.numel() for weight in model.parameters())
    assert 2 * network.macs == counter.get_total_flops()
    assert network.depth == depth(outputs)


def depth(outputs: Sequence[Tensor]) -> int:
    """Convolutions and linear layers on the longest path of autograd's graph."""
    longest: dict[Node, int] = {}
    ends = [node for node in (output.grad_fn for output in outputs) if node is not None]
    for node in sources_first(ends):
        before = max((longest[source] for source in sources(node)), default=0)
        longest[node] = before + node.name().startswith(LAYERS)
    return max(longest[node] for node in ends)


def sources(node: Node) -> Iterator[Node]:
    """Where the inputs of a step were made."""
    return (source for source, _ in node.next_functions if source is not None)


def sources_first(ends: Sequence[Node]) -> Iterator[Node]:
    """Every step that leads to these, after the steps that it reads; a graph may be deep."""
    seen: set[Node] = set()
    todo = [(node, False) for node in ends]
    while todo:
        node, ready = todo.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            todo += [(node, True), *((source, False) for source in sources(node))]
