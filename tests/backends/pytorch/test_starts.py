"""A fresh model's weights start as the network says, where calls share classes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import archgen
from tests.specs.said import Said
from tests.specs.samples import differences, drawn

pytestmark = pytest.mark.torch

SPECS = {
    "convolutions with and without bias": """arch a { input(3, 8, 8)
        init(conv.weight, normal(std=0.3)); init(conv.bias, constant(0.5))
        conv(8, 3); conv(8, 3, bias=true); conv(8, 1) }""",
    "a bias left to torch": """arch a { input(3, 8, 8)
        init(conv.weight, normal(std=0.3)); conv(8, 3); conv(8, 3, bias=true) }""",
    "two rules for one layer": """
        block some(n) { init(conv.weight, constant(0.25)); conv(n, 3, bias=true) }
        arch a { input(3, 8, 8); init(conv.bias, zeros); some(8)
        init(conv.weight, uniform(0, 0.1)); conv(8, 3, bias=true); some(4) }""",
    "rules that calls of a block do not share": """
        block some(n) { conv(n, 3, bias=true) -> bn }
        arch a { input(3, 8, 8); some(8); { init(conv.bias, zeros); some(8) }
        init(conv.bias, ones); init(bn.weight, constant(0.5)); some(8) }""",
    "a block that is a container": """
        block unit(n, last=false) = seq { conv(n, 3) -> bn; if last { init(bn.weight, zeros); bn } }
        arch a { input(3, 8, 8); init(conv.weight, constant(0.125)); unit(4); unit(8, last=true)
        init(conv.weight, kaiming_normal(mode="fan_out")); unit(8) }""",
    "a loop in a container": """arch a {
        input(3, 8, 8)
        body = seq { for n in [4, 8, 16, 8] { init(conv.weight, constant(1 / n)); conv(n, 3) } }
        }""",
    "a path into a container": """
        block unit(n) { body = seq { conv(n, 3) -> bn }; init("body.1.weight", zeros) }
        arch a { input(3, 8, 8); unit(4) -> unit(8); init("unit2.body.0.weight", ones) }""",
    "a path in a block that is a container": """
        block unit(n) = seq { init("1.weight", zeros); conv(n, 3) -> bn }
        arch a { input(3, 8, 8); unit(4) -> unit(8) }""",
    "norms and attention": """arch a { input(5, 8, axis=1)
        init(attention.in_proj_weight, constant(0.25)); init(attention.in_proj_bias, ones)
        init(bn.weight, constant(0.5)); init(layer_norm.bias, ones); init(linear.bias, ones)
        bn -> attention(2) -> layer_norm -> linear(4) }""",
    "learned values": """
        block scaled(n) {
          conv(n, 1)
          mul { identity; g = param([channels, 1, 1], init=constant(0.5)) }
        }
        arch a { input(3, 8, 8); body = seq { for n in [4, 8, 6] { scaled(n) } } }""",
}


@pytest.mark.parametrize("name", SPECS)
def test_weights_start_as_the_network_says(name: str) -> None:
    network = archgen.loads(SPECS[name])
    fresh = drawn(lambda: archgen.build(network), seed=0)
    assert differences(fresh, drawn(lambda: Said(network.body), seed=100)) == []


def test_a_path_in_a_container_is_heard() -> None:
    model = archgen.build(archgen.loads(SPECS["a path in a block that is a container"]))
    assert not model.get_parameter("unit1.1.weight").any()


def test_a_path_to_nothing_is_an_error_in_a_container_too() -> None:
    text = """block unit(n) = seq { init("2.weight", zeros); conv(n, 3) -> bn }
        arch a { input(3, 8, 8); unit(4) }"""
    with pytest.raises(archgen.ArchError, match=r"`2\.weight` is no weight"):
        archgen.loads(text)


@pytest.mark.parametrize("name", SPECS)
def test_weights_can_start_again_and_late(name: str) -> None:
    """`reset_parameters` gives what a new model has; a model made on "meta" gets it so."""
    kind = type(archgen.build(archgen.loads(SPECS[name])))
    torch.manual_seed(0)
    fresh = kind().state_dict()
    with torch.device("meta"):
        model = kind()
    assert {weight.device.type for weight in model.state_dict().values()} == {"meta"}
    model.to_empty(device="cpu")
    torch.manual_seed(0)
    model.reset_parameters()
    assert_close(model.state_dict(), fresh, rtol=0, atol=0)


def test_a_model_with_other_arguments_starts_again() -> None:
    network = archgen.loads(
        "arch a(classes=5) { input(8); init(linear.weight, zeros); linear(classes) }"
    )
    model = type(archgen.build(network))(classes=7)
    nn.init.ones_(model.linear1.weight)
    model.reset_parameters()
    assert model.linear1.weight.shape == (7, 8)
    assert not model.linear1.weight.any()


def test_parameters_with_computed_names_may_be_replaced() -> None:
    text = """
    block scaled(tag, s) {
      mul { identity; "{tag}" = param([channels, 1, 1], init=constant(s)) }
      for i in range(2) { add { identity; "{tag}_{i}" = param([1, 1, 8], init=constant(i)) } }
    }
    arch net { input(4, 8, 8); scaled("a", 2); scaled("b", 3); scaled("a", 2) }
    """
    model = archgen.build(archgen.loads(text))
    x = torch.ones(1, 4, 8, 8)
    assert torch.equal(model(x), ((2 * x + 1) * 3 + 1) * 2 + 1)
    state = {key: torch.zeros_like(value) for key, value in model.state_dict().items()}
    assert torch.equal(torch.func.functional_call(model, state, (x,)), 0 * x)
