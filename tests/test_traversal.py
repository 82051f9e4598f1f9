"""The fold: a backend that is written on it, and nothing else, is right about every network."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from hypothesis import given

import archgen
from archgen.analysis.cost import Costs
from archgen.network import Body, LayerNode, MergeNode, Network, ParamNode
from archgen.resolve.program import Program
from archgen.traversal import Leaf, Part, bodies, first_places, fold
from tests.laws.writing import specs
from tests.sweeps import examples

# --- a backend ----------------------------------------------------------------------------


def params(network: Network) -> int:
    """The numbers in the parameters of a network."""
    return fold(network, _of_leaf, _of_body)


def _of_leaf(body: Body, node: Leaf) -> int:
    match node:
        case LayerNode():
            return sum(map(prod, node.layer.weights(body.shape_in(node)).values()))
        case ParamNode():
            return prod(node.sizes) if node.word == "param" else 0
        case MergeNode():
            return 0


def _of_body(_: Body, parts: Sequence[Part[int]]) -> int:
    return sum(part.value * part.count for part in parts if not part.reused)


# --- and its laws -------------------------------------------------------------------------


def test_it_counts_what_the_papers_and_torchvision_count() -> None:
    assert params(archgen.load("resnet50")) == 25_557_032
    assert params(archgen.load("googlenet")) == 13_004_888  # heads counted


def test_it_agrees_on_every_shipped_network() -> None:
    for name, _ in archgen.shipped():
        network = archgen.load(name)
        assert params(network) == Costs().of_body(network.body).params, name


@examples(sample=100, full=2_000, of="random specs, counted by a backend of 20 lines")
@given(specs())
def test_it_agrees_on_random_networks(text: str) -> None:
    network = Program.of(text).network("net")
    if network is not None:
        assert params(network) == Costs().of_body(network.body).params


def test_repeats_heads_and_what_is_used_again() -> None:
    text = """block b { conv(channels, 3, bias=false) }
    arch net {
      input(8, 9, 9)
      x = conv(4, 1, bias=false)
      stage(b, n=1_000_000)
      aux head = global_avgpool -> flatten -> linear(2, bias=false)
      tail = conv(4, 1, bias=false)
      reuse tail
    }"""
    assert params(archgen.loads(text)) == 8 * 4 + 1_000_000 * 4 * 4 * 9 + 4 * 2 + 4 * 4


def test_a_body_is_examined_once() -> None:
    """Each body is examined once, however often it is called."""
    depth = 60
    blocks = [f"block b{i} {{ b{i + 1}; b{i + 1} }}" for i in range(depth)]
    text = "\n".join([*blocks, f"block b{depth} {{ conv(channels, 1, bias=false) }}"])
    network = archgen.loads(f"{text}\narch net {{ input(2, 4, 4); b0 }}")
    assert params(network) == 4 * 2**depth
    inner = [body.definition.name for body in bodies(network.body) if body.definition]
    outer = [body.definition.name for _, body in first_places(network.body) if body.definition]
    assert inner == outer[::-1] == [*(f"b{i}" for i in range(depth, -1, -1)), "net"]
