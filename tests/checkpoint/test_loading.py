"""Models with weights: those of a file, of a `state_dict`, and those that torchvision publishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import archgen
from archgen.diagnostics import ArchError, Diagnostic

pytestmark = pytest.mark.torch

NET = """
arch net(classes=5) {
  input(3, 16, 16)
  stem = conv(8, 3) -> bn -> relu
  body = conv(8, 3) -> bn -> relu
  global_avgpool -> flatten
  fc = linear(classes)
}
"""


@pytest.fixture
def state() -> dict[str, Any]:
    """Weights of which no two numbers are equal."""
    state = archgen.build(archgen.loads(NET)).state_dict()
    for tensor in state.values():
        tensor.copy_(torch.rand(tensor.shape) * 100)
    return state


def equal(one: Any, other: Any) -> bool:
    return list(one) == list(other) and all(torch.equal(one[key], other[key]) for key in one)


def refused(**options: Any) -> Diagnostic:
    with pytest.raises(ArchError) as fault:
        archgen.build(archgen.loads(NET), **options)
    (found,) = fault.value.diagnostics
    return found


@pytest.mark.parametrize("form", ["state", "safetensors", "torch"])
@pytest.mark.parametrize("seed", [None, 1])
def test_a_model_with_its_weights(
    state: dict[str, Any], form: str, seed: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    if form == "safetensors":
        save_file(state, path)
    elif form == "torch":
        torch.save(state, path)
    weights = state if form == "state" else path
    model = archgen.build(archgen.loads(NET), weights=weights, seed=seed)
    assert equal(model.state_dict(), state)
    assert model.training
    if form == "state":
        model.get_parameter("fc.bias").data.zero_()
        assert state["fc.bias"].any()


def test_weights_are_converted_as_the_model_is(state: dict[str, Any]) -> None:
    model = archgen.build(archgen.loads(NET), weights=state, dtype="float64")
    assert model.get_parameter("fc.bias").dtype == torch.float64
    assert torch.equal(model.get_parameter("fc.bias"), state["fc.bias"].double())


def test_a_checkpoint_that_does_not_fit(state: dict[str, Any], tmp_path: Path) -> None:
    state["head.weight"] = state.pop("fc.weight")
    torch.save(state, tmp_path / "m.pt")
    for weights in (state, tmp_path / "m.pt"):
        found = refused(weights=weights)
        assert found.code == "A524"
        assert any("fc.weight" in note and "head.weight" in note for note in found.notes)
    assert refused(weights=tmp_path / "nowhere.pt").code == "A520"


def test_weights_of_the_whole_network_are_those_of_its_features(state: dict[str, Any]) -> None:
    network = archgen.loads(NET)
    backbone = archgen.build(network, features=["stem"], weights=state)
    own = backbone.state_dict()
    assert equal(own, {key: state[key] for key in state if key.startswith("stem.")})
    assert equal(archgen.build(network, features=["stem"], weights=own).state_dict(), own)
    with pytest.raises(ArchError) as fault:
        archgen.build(network, features=["stem"], weights=state | {"more": torch.zeros(1)})
    assert [each.code for each in fault.value.diagnostics] == ["A524"]


def test_there_are_no_numbers_on_meta(state: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="meta"):
        archgen.build(archgen.loads(NET), weights=state, device="meta")


@pytest.mark.parametrize("form", ["state", "torch"])
def test_weights_on_meta_are_refused(form: str, tmp_path: Path) -> None:
    state = archgen.build(archgen.loads(NET), device="meta").state_dict()
    path = tmp_path / "weights.pt"
    torch.save(state, path)
    found = refused(weights=state if form == "state" else path)
    assert found.code == "A524"
    assert "has no numbers: `stem.0.weight` is on the device meta" in found.message


# --- torchvision --------------------------------------------------------------------------

NAME = "torchvision:ResNet50_Weights.IMAGENET1K_V2"


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Random weights where torchvision keeps what it has downloaded; there is no network."""
    torchvision = pytest.importorskip("torchvision")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    url = torchvision.models.ResNet50_Weights.IMAGENET1K_V2.url
    state: dict[str, Any] = torchvision.models.resnet50().state_dict()
    torch.save(state, folder / url.rpartition("/")[2])
    return state


def test_weights_that_torchvision_publishes(published: dict[str, Any]) -> None:
    assert equal(archgen.build("resnet50", weights=NAME).state_dict(), published)
    assert archgen.check_weights(NAME, "resnet50").fits
    with pytest.raises(ArchError) as fault:
        archgen.build("resnet34", weights=NAME)
    assert [each.code for each in fault.value.diagnostics] == ["A524"]


@pytest.mark.parametrize("name", ["ResNet50_Weights", "resnet50", "os.path", "ResNet50_Weights.V9"])
def test_names_that_torchvision_does_not_have(name: str) -> None:
    pytest.importorskip("torchvision")
    assert refused(weights=f"torchvision:{name}").code == "A525"


def test_a_close_name_is_offered() -> None:
    pytest.importorskip("torchvision")
    help = refused(weights="torchvision:ResNet50_Weight.IMAGENET1K_V2").help
    assert help == f"did you mean `{NAME}`?"


def test_what_cannot_be_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def fail(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torchvision.models._api, "load_state_dict_from_url", fail)
    found = refused(weights=NAME)
    assert found.code == "A520"
    assert "no route to host" in found.message
