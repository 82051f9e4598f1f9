"""The three forms of a ResNeXt unit compute the same with converted weights."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
import torch
from torch import nn

import archgen

pytestmark = pytest.mark.torch

FORMS = "abc"
TOLERANCES = [(torch.float32, 1e-5), (torch.float64, 1e-12)]
NETWORK = """
use resnext
arch form_{form} {{
  input(64, 12, 12)
  unit = resnext_{form}(128, 8, 32, stride=2)
  stage(resnext_{form}, 128, n=2, cardinality=8, d=32)
}}
"""


@pytest.fixture(scope="module")
def models() -> dict[str, nn.Module]:
    """A strided unit and two that keep the shape, in each form."""
    torch.manual_seed(0)
    models = {form: archgen.build(archgen.loads(NETWORK.format(form=form))) for form in FORMS}
    for model in models.values():
        stir_statistics(model)
    return models


def stir_statistics(model: nn.Module) -> None:
    """Weights and statistics of batch norm that are not the initial ones."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES, ids=["float32", "float64"])
@pytest.mark.parametrize(("source", "target"), list(permutations(FORMS, 2)))
def test_outputs_agree(
    models: dict[str, nn.Module],
    source: str,
    target: str,
    dtype: torch.dtype,
    tolerance: float,
    train: bool,
) -> None:
    mine, other = (models[form].to(dtype).train(train) for form in (source, target))
    other.load_state_dict(archgen.convert_resnext(mine.state_dict(), target))
    x = torch.randn(2, 64, 12, 12, dtype=dtype, generator=torch.Generator().manual_seed(0))

    torch.testing.assert_close(other(x), mine(x), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("source", "target"), list(permutations(FORMS, 2)))
def test_there_and_back_is_the_identity(
    models: dict[str, nn.Module], source: str, target: str
) -> None:
    state = models[source].state_dict()
    back = archgen.convert_resnext(archgen.convert_resnext(state, target), source)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)


def test_parameter_counts_are_equal(models: dict[str, nn.Module]) -> None:
    counts = {sum(p.numel() for p in model.parameters()) for model in models.values()}
    assert len(counts) == 1


def test_networks_hold_the_same_number_of_parameters_and_multiply_adds() -> None:
    networks = [archgen.load(f"resnext50_32x4d{form}") for form in ("", "_a", "_b")]
    assert len({(network.params, network.macs, network.depth) for network in networks}) == 1


@pytest.mark.parametrize("form", ["a", "b"])
def test_a_whole_network_takes_converted_weights(
    form: str, record_property: Callable[[str, object], None]
) -> None:
    mine = archgen.build("resnext50_32x4d", seed=0).eval()
    other = archgen.build(f"resnext50_32x4d_{form}", seed=1).eval()
    other.load_state_dict(archgen.convert_resnext(mine.state_dict(), form))
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    with torch.inference_mode():
        expected = mine(x)
        torch.testing.assert_close(other(x), expected, rtol=1e-5, atol=1e-5 * expected.abs().max())
    record_property("result", "outputs within 1e-5")


def test_a_single_unit_has_keys_without_prefix(models: dict[str, nn.Module]) -> None:
    unit = models["c"].unit.state_dict()
    assert "paths.7.conv3.weight" in archgen.convert_resnext(unit, "a")
    assert "paths.7.conv3.weight" not in archgen.convert_resnext(unit, "b")


def test_converted_weights_are_copies(models: dict[str, nn.Module]) -> None:
    state = models["c"].state_dict()
    before = state["unit.conv1.weight"].clone()
    archgen.convert_resnext(state, "a")["unit.paths.0.conv1.weight"].zero_()
    assert torch.equal(state["unit.conv1.weight"], before)


def test_weights_without_a_unit_are_refused() -> None:
    with pytest.raises(ValueError, match="no ResNeXt unit"):
        archgen.convert_resnext({"fc.weight": torch.zeros(1)}, "a")


def test_an_unknown_form_is_refused(models: dict[str, nn.Module]) -> None:
    with pytest.raises(ValueError, match="it can be"):
        archgen.convert_resnext(models["c"].state_dict(), "d")  # type: ignore[arg-type]
