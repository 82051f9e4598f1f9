"""A parameter stays one of the class exactly where the class is right for other values of it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import nn

import archgen
from archgen.backends.pytorch import class_name
from archgen.network import Network
from tests.backends.pytorch.oracle import namespace_of

pytestmark = pytest.mark.torch

# A spec, and the parameters that its class takes.
KEPT = {
    "a layer's number": ("arch a(n=4) { input(3); linear(n) -> relu; linear(2) }", "n"),
    "handed through blocks": (
        """block inner(k) { fc = linear(k) }
        block head(n, drop) { linear(2 * n) -> dropout(drop); inner(n) }
        arch a(n=4, p=0.5) { input(3); head(n, p); head(6, 0.5) }""",
        "n p",
    ),
    "through a block that is a container": (
        """block head(n) = seq { linear(8) -> relu; linear(n) }
        arch a(n=4) { input(3); head(n) }""",
        "n",
    ),
    "for training": ("arch a(n=4) { input(3); aux h = linear(n); linear(n) }", "n"),
    "few numbers are made of it": ("arch a(n=4) { input(3); linear(2 * n) -> linear(n) }", "n"),
    "many are": (
        "arch a(n=4) { input(3); linear(n + 1) -> linear(n + 2) -> linear(n + 3) }",
        "",
    ),
    "sizes that nothing reads": (
        "arch a(k=3) { input(3, 9, 9); maxpool(k); global_avgpool -> flatten; linear(2) }",
        "k",
    ),
    "sizes that become features": (
        "arch a(k=3) { input(3, 9, 9); conv(4, k, padding=0); flatten -> linear(2) }",
        "",
    ),
    "sizes made in a block, read in another": (
        """block cut(k) { maxpool(k) }
        block head(n) { flatten -> linear(n) }
        arch a(k=2, n=5) { input(3, 9, 9); cut(k); head(n) }""",
        "n",
    ),
    "sizes fixed between": (
        """block head(n) { adaptive_avgpool(2) -> flatten -> linear(n) }
        arch a(k=2, n=5) { input(3, 9, 9); maxpool(k); head(n) }""",
        "k n",
    ),
    "sizes that an expression reads": (
        """block pooled { let h = shape[1]; avgpool(h); linear_ = conv(2, 1) }
        arch a(k=2) { input(3, 9, 9); maxpool(k); pooled }""",
        "",
    ),
    "the default of a block that its calls agree on": (
        """block drops(p=0.5) { dropout(p) }
        arch a(p=0.5) { input(3); dropout(p); drops(p) }""",
        "",
    ),
    "a condition that all calls decide alike": (
        """block wide(n) { if n > 3 { linear(n) } else { linear(9) }; relu }
        arch a(n=4) { input(3); wide(n); linear(n) }""",
        "",
    ),
    "a condition that the class asks": (
        """block wide(n) { if n > 3 { linear(n) } else { linear(9) }; relu }
        arch a(n=4) { input(3); wide(n); wide(2) }""",
        "n",
    ),
    "passes written down": (
        """block deep(n) { for i in range(n) { linear(4) } }
        arch a(n=2) { input(3); deep(n) }""",
        "",
    ),
    "passes that the class counts": (
        """block deep(n) { for i in range(n) { linear(channels) } }
        arch a(n=2) { input(3); deep(n); deep(5); linear(4) }""",
        "n",
    ),
    "channels that no pass may have made": (
        """block deep(n) { for i in range(n) { linear(4) } }
        arch a(n=2) { input(3); deep(n); deep(5) }""",
        "",
    ),
    "a padding that hangs on the stride": (
        """block step(k, s) { conv(4, k, stride=s); global_avgpool -> flatten }
        arch a(k=3, s=2) { input(3, 9, 9); step(k, s); linear(5) }""",
        "",
    ),
    "channels of a part of the arch": (
        "arch a(n=4) { input(3, 5, 5); conv(n, 1); part = { conv(2, 1); relu } }",
        "",
    ),
    "an init": ("arch a(n=4) { input(3); init(linear.weight, constant(1 / n)); linear(n) }", ""),
    "an init in a block": (
        """block head(n) { init(linear.weight, constant(1 / n)); linear(n) }
        arch a(n=4) { input(3); head(n) }""",
        "",
    ),
    "an init by the channels": (
        """block head(m) { init(linear.weight, constant(1 / channels)); linear(m) }
        arch a(n=4) { input(3); linear(n); head(2) }""",
        "",
    ),
    "the start of a learned value": (
        """block scaled(s) { mul { identity; g = param([channels], init=constant(s)) } }
        arch a(s=2) { input(3); dropout(1 / s); scaled(s) }""",
        "",
    ),
    "the input": ("arch a(n=8) { input(3, n, n); conv(n, 3); global_avgpool -> flatten }", ""),
    "channels that a loop follows": (
        """arch a(n=4, m=2) {
          input(3, 5, 5)
          body = seq { conv(n, 1); for w in [4, 8, 12] { conv(w, 3) -> relu; conv(m, 1) } }
          conv(1, 1)
        }""",
        "n m",
    ),
    "sizes that an `if` decides": (
        """block some(k) { if k > 2 { maxpool(k) }; relu }
        block head(n) { flatten -> linear(n) }
        arch a(k=3, n=5) { input(3, 9, 9); some(k) -> some(2); head(n) }""",
        "n",
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_the_class_takes_what_it_is_right_for(name: str) -> None:
    text, kept = KEPT[name]
    network = archgen.loads(text)
    defaults = parameters(network)
    assert " ".join(defaults) == kept
    for parameter, value in defaults.items():
        other = archgen.loads(text, **{parameter: another(value)})
        assert facts(network, **{parameter: another(value)}) == facts(other)


def parameters(network: Network) -> dict[str, Any]:
    """The parameters of a network's class, with their defaults."""
    made = namespace_of(network)[class_name(network)]
    return {name: each.default for name, each in inspect.signature(made).parameters.items()}


def another(value: float) -> float:
    return value + 1 if isinstance(value, int) else value / 2


def facts(network: Network, **arguments: object) -> dict[str, object]:
    """Every weight with its sizes, and every layer as it shows itself."""
    with torch.device("meta"):
        model = namespace_of(network)[class_name(network)](**arguments)
    weights = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    return {**weights, **{name: repr(leaf) for name, leaf in leaves(model)}}


def leaves(model: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, each) for name, each in model.named_modules() if not list(each.children())]
