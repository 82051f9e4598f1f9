"""An expression is worth in the generated class what it is worth in the checker.

The resolved network says which layers there are, with which arguments; the file's classes are
executed, and say it too. Shapes alone would not do: a dilation can differ in silence.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given

from archgen.backends.pytorch import class_name, render
from archgen.layers.base import NO_DEFAULT
from archgen.network import Body, CallNode, LayerNode, Network, ParamNode
from archgen.resolve.functions import FUNCTIONS
from archgen.resolve.program import Program
from tests.laws import expressions, standin
from tests.laws.expressions import specs
from tests.sweeps import examples


def layers_of(body: Body, path: str = "") -> Iterator[tuple[str, Body, LayerNode]]:
    """Every layer that is a module, with its path."""
    for node in body.nodes:
        match node:
            case LayerNode() if node.layer.function(body.shape_in(node)) is None:
                yield path + node.name, body, node
            case CallNode():
                for name in node.names():
                    yield from layers_of(node.body, f"{path}{name}.")


def learned_in(body: Body, path: str = "") -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every learned parameter that is a value, with its sizes."""
    for node in body.nodes:
        match node:
            case ParamNode():
                yield path + node.name, node.sizes
            case CallNode():
                for name in node.names():
                    yield from learned_in(node.body, f"{path}{name}.")


def said(body: Body, node: LayerNode) -> tuple[str, dict[object, object]]:
    """A layer as the network says it: torch's class, and its arguments."""
    call = node.layer.module(body.shape_in(node))
    given = {each.keyword or at: each.value for at, each in enumerate(call.arguments)}
    return call.target.removeprefix("nn."), given


def made(leaf: Any, body: Body, node: LayerNode) -> tuple[str, dict[object, object]]:
    """The same of a module that was made, arguments left out that torch has as defaults."""
    call = node.layer.module(body.shape_in(node))
    usual = {
        each.keyword: each.default for each in call.defaulted if each.default is not NO_DEFAULT
    }
    given = {**dict(enumerate(leaf.args)), **leaf.kwargs}
    given.pop("inplace", None)
    shown = {key: value for key, value in given.items() if not _same(usual.get(key, ...), value)}
    return leaf.target, shown


def _same(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other


OTHERS = {int: (5, 2), float: (2.25, 0.0), bool: (True, False), str: ("b", "")}


def agree_for_others(network: Network, source: str, text: str) -> None:
    """So do they where the class is called with another value of the arch's parameter."""
    made = standin.classes_of(source)[class_name(network)]
    if "p" in inspect.signature(made).parameters:
        for other in OTHERS[type(network.parameters["p"])]:
            if (known := network_of(text, p=other)) is not None:
                agree(known, source, p=other)


def agree(network: Network, source: str, **given: object) -> None:
    """The classes of the source make the network's layers, and call each as often."""
    model = standin.classes_of(source)[class_name(network)](**given)
    found = {}
    for path, body, node in layers_of(network.body):
        leaf = model.get_submodule(path)
        found[id(leaf)] = path
        one, other = said(body, node), made(leaf, body, node)
        assert one[0] == other[0], path
        assert one[1].keys() == other[1].keys(), (path, one, other)
        for key, value in one[1].items():
            assert _same(value, other[1][key]), (path, key, value, other[1][key])
        for name, init in node.init:
            ((start, filled),) = getattr(leaf, name).starts
            assert start == f"{init.name}_", path
            assert _same(tuple(filled.items()), init.arguments), path
    for path, sizes in learned_in(network.body):
        assert _same(model.get_parameter(path).sizes, sizes), path
    leaves = {id(each) for each in model.modules() if _is_layer(each)}
    assert leaves == set(found), "modules that the network has not"
    model(standin.Tensor())
    for leaf in model.modules():
        if _is_layer(leaf):
            assert leaf.calls == 1, (found[id(leaf)], leaf.calls)


def _is_layer(module: standin.Module) -> bool:
    """Whether it is one of the network's: where some calls have no layer, they have an identity."""
    return isinstance(module, standin.Leaf) and module.target != "Identity"


def network_of(text: str, **parameters: object) -> Network | None:
    program = Program.of(text)
    network = program.network("net", parameters)
    return None if program.sink.failed else network


# What was worth something else in Python once; `WHOLLY_SILENT` in layers that keep all shapes.
WHOLLY_SILENT = """
block r(n, xs) { conv(3, 3, bias=true, dilation=2 if range(n) == xs else 1) }
block q(q) { conv(3, 3, bias=true, dilation=2 if q == 1 else 1) }
block a(x, y) { conv(3, 3, bias=true, dilation=2 if (x and y) == true else 1) }
arch net {
  input(3, 16, 16)
  r(2, [0, 1]) -> r(3, [0, 1]) -> q(true) -> q(1) -> a(2, 3) -> a(0, 4)
}"""
FOUND = {
    "wholly silent": WHOLLY_SILENT,
    "a range is a list": """
block b(n, xs) { conv(3, 3, bias=true, stride=2 if range(n) == xs else 1) }
arch net { input(3, 16, 16); b(2, [0, 1]) -> b(3, [0, 1]) }""",
    "true is not 1": """
block b(q) { conv(3, 3, bias=true, stride=2 if q == 1 else 1) }
arch net { input(3, 16, 16); b(true) -> b(1) }""",
    "nor in a list": """
block b(q, i) { conv(3, 3, bias=true, stride=2 if [q][i] == 1 else 1) }
arch net { input(3, 16, 16); b([true, 2], 0) -> b([1, false], 0) }""",
    "an empty zip is false": """
block b(xs) { conv(3, 3, bias=true, stride=2 if zip(xs, xs) else 1) }
arch net { input(3, 16, 16); b([0, 1]) -> b([]) }""",
    "enumerate has items": """
block b(outs) { for i, out in enumerate(outs) { relu; "conv{i}" = conv(out, 3) } }
arch net { input(3, 8, 8); b([4, 5]) -> b([6, 7]) }""",
    "zip has items": """
block b(a, b) { for x, y in zip(a, b) { relu; conv(x, y) } }
arch net { input(3, 8, 8); b([4, 5], [1, 3]) -> b([6, 7], [3, 3]) }""",
    "a range plus a list": """
block b(n) { let ws = range(n) + [9]; for a in ws { relu; conv(a + 1, 3, bias=true) } }
arch net { input(3, 8, 8); b(2) -> b(3) }""",
    "a range times two": """
block b(n) { for a in range(n) * 2 { relu; conv(a + 1, 3, bias=true) } }
arch net { input(3, 8, 8); b(2) -> b(3) }""",
    "and gives a boolean": """
block b(x, y) { maxpool(3, stride=2, ceil_mode=x and y) }
arch net { input(3, 16, 16); b(2, 3) -> b(0, 4) }""",
    "and inside of or": """
block b(x, y) { conv(2, 3, bias=([1] if x else [y]) and y or 3) }
arch net { input(3, 16, 16); b(true, 2) -> b(false, 1) }""",
    "the least of one": """
block b(n) { conv(min(n), 3, bias=true) }
arch net { input(3, 16, 16); b(2) -> b(3) }""",
    "a comprehension hides a parameter": """
block b(n, i, xs) { for w in [n + i for i in [i for k in xs]] { relu; conv(w, 3) } }
arch net { input(3, 16, 16); b(2, 3, [1]) -> b(3, 1, [1, 2]) }""",
    "names of Python": """
block b(n, xs) { for w in [sqrt(math) for math in xs] { conv(int(w) + n, 3) } }
arch net { input(3, 16, 16); b(2, [4, 9]) -> b(3, [1]) }""",
    "a string in a name": """
block b(n, f) { "c{s(f)}{n}" = conv(n, 3) }
arch net { input(3, 16, 16); b(2, true) -> b(3, false) }""".replace(
        '"c{s(f)}{n}"', 'let s = ["a", "b"]; let t = "x" if f else "y"; "c{t}{n}{s[n - 2]}"'
    ),
    "enumerate from one": """
block b(xs) { for i, w in enumerate(xs, 1) { relu; conv(w, 3) } }
arch net { input(3, 16, 16); b([2, 3, 4, 5, 6]) -> b([2]) }""",
    "a pair is not its number": """
block b(xs) { for pair in enumerate(xs) { relu; conv(2, 3) } }
arch net { input(3, 16, 16); b([2, 3, 4, 5, 6]) -> b([2]) }""",
    "floats in their order": """
block b(p) { leaky_relu(p) }
arch net(p=0.5) { input(3, 8, 8); b(p + 0.1 + p) -> b(p * 3 // 3 + 0.5) -> b(3 * (5 * p)) }""",
    "an alias hides a parameter": """
arch base(p=1) { input(3, 8, 8); conv(p, 3) }
arch net(p=2) = base(3 - 1)""",
    "a parameter called in_channels": """
block b(out, n=1) { for i in range(n) { conv(out, 3) } }
arch net(in_channels=4) { input(3, 8, 8); b(in_channels) -> b(in_channels, n=3) }""",
}


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str) -> None:
    network = network_of(FOUND[name])
    assert network is not None
    source = render(network)
    agree(network, source)
    agree_for_others(network, source, FOUND[name])


def test_layers_of_the_wholly_silent_one() -> None:
    network = network_of(WHOLLY_SILENT)
    assert network is not None
    model = standin.classes_of(render(network))["Net"]()
    made = [leaf for leaf in model.modules() if isinstance(leaf, standin.Leaf)]
    assert [leaf.kwargs.get("dilation", 1) for leaf in made] == [2, 1, 1, 2, 2, 1]


def test_layers_are_compared_strictly() -> None:
    text = "block b(x) { conv(x == 1, 3) }"
    assert network_of(f"{text} arch net {{ input(3, 8, 8); b(1) }}") is None
    same = "conv(3, 3, bias=true, dilation=2 if bn(eps=1) == bn(eps=%s) else 1)"
    for other, dilation in (("1", 2), ("1.0", 2), ("true", 1)):
        network = network_of(f"arch net {{ input(3, 8, 8); {same % other} }}")
        assert network is not None
        (node,) = network.body.nodes
        assert node.layer.dilation == dilation  # type: ignore[union-attr]


def test_every_function_is_written() -> None:
    assert set(FUNCTIONS) <= set(expressions.FUNCTIONS)


@examples(sample=200, full=13_000, of="expressions, evaluated as printed Python")
@given(specs())
def test_the_class_means_what_the_checker_means(text: str) -> None:
    network = network_of(text)
    assume(network is not None)
    assert network is not None
    source = render(network)
    agree(network, source)
    agree_for_others(network, source, text)


@pytest.mark.torch
@examples(sample=50, full=1_000, of="expressions, built in torch")
@given(specs())
def test_the_built_network_is_the_one_that_was_checked(text: str) -> None:
    from tests.backends.pytorch.oracle import confirm

    network = network_of(text)
    assume(network is not None)
    assert network is not None
    model = confirm(network)
    for path, body, node in layers_of(network.body):
        call = node.layer.module(body.shape_in(node))
        import torch.nn

        given = [each.value for each in call.arguments if each.keyword is None]
        named = {each.keyword: each.value for each in call.arguments if each.keyword}
        other = getattr(torch.nn, call.target.removeprefix("nn."))(*given, **named)
        leaf = model.get_submodule(path)
        assert isinstance(leaf, type(other)), path
        shown = leaf.extra_repr().replace(", inplace=True", "").replace("inplace=True", "")
        assert shown == other.extra_repr(), path
