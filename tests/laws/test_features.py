"""Laws of backbones: whatever is asked of whatever network, its values are those of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import Tensor, nn

import archgen
import archgen.cutting.cut
from archgen import api
from archgen.cutting.places import find
from archgen.network import Body, CallNode, OutputValue
from archgen.text import Source
from archgen.validate import validate
from tests import networks
from tests.backends.pytorch.oracle import inputs_of, model_of
from tests.backends.pytorch.specs import TRAPS
from tests.interpreter import interpret, tensors
from tests.laws.writing import specs

pytestmark = pytest.mark.torch

HUGE = {"tower", "long"}  # a model of these is refused
MOST = 4  # single features of a network that are tried, beside all at once
SPECS = {**networks.PECULIAR, **TRAPS}


@pytest.mark.parametrize("name", sorted(SPECS.keys() - HUGE))
def test_a_backbone_gives_what_the_whole_network_computes(name: str) -> None:
    confirm(archgen.loads(SPECS[name]))


@settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, max_examples=8)
@given(specs())
def test_and_of_any_network(text: str) -> None:
    try:
        network = archgen.loads(text, "net")
    except archgen.ArchError:
        return
    confirm(network)


def confirm(whole: archgen.Network) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = model_of(whole).eval()
    inputs = inputs_of(whole)
    names = [*whole.features, *in_stages(whole.body)]
    wanted = {name: value_of(name, whole, model, inputs) for name in names}
    for asked in sets_of([name for name in names if wanted[name] is not None]):
        backbone = api.backbone(whole, asked)
        assert validate(backbone) == []
        made = loaded(backbone, model)
        with torch.no_grad():
            found = tensors(made(*(x.clone() for x in inputs)))
        for name, value in zip(asked, found, strict=True):
            expected = wanted[name]
            assert expected is not None
            torch.testing.assert_close(value, expected, rtol=0, atol=0, equal_nan=True, msg=name)
        assert sum(weight.numel() for weight in made.parameters()) == backbone.params
        for name, feature in backbone.features.items():
            assert replace(feature, field="") == replace(
                api.backbone(whole, [name]).features[name], field=""
            )
            assert tuple(found[asked.index(name)].shape[1:]) == feature.shape


def loaded(backbone: archgen.Network, whole: nn.Module) -> nn.Module:
    """The backbone's model with the weights of the whole network, which has all of its keys."""
    made = model_of(backbone).eval()
    weights = whole.state_dict()
    made.load_state_dict({key: weights[key] for key in made.state_dict()})
    return made


def sets_of(names: Sequence[str]) -> Iterator[list[str]]:
    """Some of the names alone, and as many at once as differ in their fields."""
    step = max(len(names) // MOST, 1)
    yield from ([name] for name in names[::step])
    fields: dict[str, str] = {}
    for name in names:
        fields.setdefault(archgen.cutting.cut.field_name(name), name)
    if len(fields) > 1:
        yield list(fields.values())


def in_stages(body: Body) -> list[str]:
    """Children of the stages of a network: in the middle of a repeat, and the last."""
    found = []
    for node in body.nodes:
        if isinstance(node, CallNode) and node.body.kind == "stage" and not node.reused:
            counts = [getattr(child, "count", 1) for child in node.body.nodes]
            found += [f"{node.name}.{at}" for at in {sum(counts) // 2, sum(counts) - 1}]
    return found


def value_of(
    name: str, whole: archgen.Network, model: nn.Module, inputs: list[Tensor]
) -> Tensor | None:
    """What the whole network computes there: by the interpreter, inside a module by a hook (None
    where no module makes it, or a training head does)."""
    body = whole.body
    spot = find(body, Source("", name).span(0, len(name)))
    if spot.inner is not None:
        return hooked(name, model, inputs)
    heads = tuple(aux.node for aux in body.aux)
    body = replace(
        body, nodes=(*body.nodes, *heads), outputs=(OutputValue(name, spot.value),), aux=()
    )
    with torch.no_grad():
        return interpret(replace(whole, body=body), model, [x.clone() for x in inputs])[0]


def hooked(name: str, model: nn.Module, inputs: list[Tensor]) -> Tensor | None:
    modules = dict(model.named_modules())
    if name not in modules:
        return None
    found: list[Tensor] = []
    keep = lambda _, given, result: found.append(result.clone())  # noqa: E731
    handle = modules[name].register_forward_hook(keep)
    with torch.no_grad():
        model(*(x.clone() for x in inputs))
    handle.remove()
    return found[0] if found else None
