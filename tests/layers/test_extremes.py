"""Extreme numbers: what a check accepts is built, run, differentiated and trained in float32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import archgen
from archgen.diagnostics import ArchError
from archgen.layers import LAYERS
from archgen.layers.base import Called
from archgen.layers.initialisers import (
    INITIALISERS,
    misfit,
    torch_call,
    validate_initialiser,
)
from archgen.layers.make import ArgumentFault
from archgen.layers.signature import show
from tests.layers.examples import layer_of, shape_of
from tests.sweeps import cases, examples

pytestmark = pytest.mark.torch

FLOATS = [
    *(0.0, -0.0, 1.0, -1.0, -0.5, 1.5, 2.0, 1e-50, -1e-50, 1e-45, 1e-8, 1e4, -1e4),
    *(1e38, -1e38, 3.4028234663852886e38, 3.5e38, -3.5e38, 1e39, -1e39, 1.7e308, -1.7e308),
]
INTEGERS = [0, 1, -1, 2, 3, 5, 2**16, 2**31 - 1, 2**31, 2**40, 2**63 - 1, -(2**40)]
MOST = 300_000  # numbers of a weight or a value that are made here


def numbers(annotation: object) -> list[Any]:
    """Extremes for a field, by what it takes; none for words."""
    kinds = set(_kinds(annotation))
    return (FLOATS + INTEGERS if float in kinds else []) or (INTEGERS if int in kinds else [])


def _kinds(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in get_args(annotation):
        yield from _kinds(inner)


def arguments_of(layer: Called) -> dict[str, Any]:
    given = layer.model_fields_set
    return {name: getattr(layer, name) for name in type(layer).model_fields if name in given}


def texts(cls: type[Called], given: dict[str, Any]) -> Iterator[str]:
    """Calls with one extreme number each."""
    for name, field in cls.model_fields.items():
        for number in numbers(field.annotation):
            arguments = {**given, name: number}
            written = (f"{key}={_show(value)}" for key, value in arguments.items())
            yield f"{cls.keyword}({', '.join(written)})"


def _show(value: object) -> str:
    return repr(value) if isinstance(value, float) else show(value)


def small(keyword: str) -> tuple[int, ...]:
    """An input like that of the layer's example."""
    shape = shape_of(LAYERS[keyword].example[1], LAYERS[keyword])
    channels = shape.channels if shape.channels <= 64 else 64
    sizes = [min(size, 6) for size in shape.sizes]
    sizes[shape.axis] = channels
    return tuple(sizes)


def check(text: str) -> None:
    """Refused with a code and a place; or it trains."""
    network, refusal = loaded(text)
    assert all(each.code[0] == "A" and each.span.text for each in refusal)
    if network is None or too_large(network):
        return
    model = archgen.build(network, seed=0)
    x = torch.randn(2, *network.input, requires_grad=True)
    optimiser = torch.optim.SGD([*model.parameters(), x], lr=1e-3)
    result = model(x)
    result = (
        result if isinstance(result, torch.Tensor) else torch.cat([v.flatten() for v in result])
    )
    result.square().mean().backward()
    optimiser.step()


def loaded(text: str) -> tuple[archgen.Network | None, list[archgen.Diagnostic]]:
    try:
        return archgen.loads(text), []
    except ArchError as refused:
        return None, list(refused.diagnostics)


def too_large(network: archgen.Network) -> bool:
    if network.params > MOST:
        return True
    return any(shape.numel > MOST for shape in network.body.values)


def networks() -> Iterator[str]:
    """Every layer with each extreme number in each of its arguments, after another layer."""
    for keyword, cls in LAYERS.items():
        axis = shape_of(cls.example[1], cls).axis
        declared = ", ".join(map(str, small(keyword))) + (f", axis={axis}" if axis else "")
        for call in texts(cls, arguments_of(layer_of(cls.example[0]))):
            yield f"arch a {{ input({declared}); first = multiply(1.5); {call} }}"


@cases("text", sorted(set(networks())), sample=150, of="layers with extreme numbers")
@pytest.mark.filterwarnings("ignore")
def test_layers(text: str) -> None:
    check(text)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keyword", INITIALISERS)
@examples(sample=100, full=2_000, of="extreme initialisers")
@given(data=st.data())
def test_initialisers(keyword: str, data: st.DataObject) -> None:
    fields = INITIALISERS[keyword].model_fields.items()
    given = {
        name: data.draw(st.sampled_from(numbers(field.annotation)))
        for name, field in fields
        if numbers(field.annotation) and (field.is_required() or data.draw(st.booleans()))
    }
    made = validate_initialiser(keyword, [], given)
    if isinstance(made, ArgumentFault):
        assert made.message
        return
    for sizes in [(4,), (4, 3), (4, 3, 3, 3)]:
        if misfit(made, sizes) is None:
            weight = torch.empty(sizes)
            eval(torch_call(made, "weight"), {"nn": torch.nn, "weight": weight})


@pytest.mark.parametrize(
    "text",
    [
        "init(conv.weight, constant(1e39)); conv(4, 3)",
        "init(conv.weight, xavier_normal(gain=-1)); conv(4, 3)",
        "init(conv.weight, trunc_normal(mean=50)); conv(4, 3)",
        "init(conv.weight, trunc_normal(mean=-1e-3, a=0, b=1e6)); conv(4, 3)",
        "conv(4, 3) -> leaky_relu(1e39)",
        "conv(4, 3) -> bn(eps=1e-50)",
    ],
)
def test_refused_at_the_argument(text: str) -> None:
    with pytest.raises(ArchError) as caught:
        archgen.loads(f"arch t {{ input(3, 8, 8); {text} }}")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code in ("A109", "A119")
    assert diagnostic.span.text in text


@pytest.mark.parametrize("act", ["leaky_relu", "elu"])
def test_a_negative_slope_does_not_work_in_place(act: str) -> None:
    text = f"arch t(slope=0.1) {{ input(3, 8, 8); conv(4, 3) -> {act}(slope) }}"
    for slope in (-0.1, 0.1):
        network = archgen.loads(text, slope=slope)
        assert ("inplace=True" in archgen.source(network)) is (slope > 0)
        archgen.build(network)(torch.randn(2, 3, 8, 8)).sum().backward()


def test_attention_macs_are_those_of_the_counter_on_meta_and_with_math() -> None:
    network = archgen.loads("arch t { input(5, 8, axis=1); attention(2) }")
    for device in ("meta", "cpu"):
        model = archgen.build(network, device=device)
        x = torch.randn(1, 5, 8, device=device)
        backend = nullcontext() if device == "meta" else sdpa_kernel(SDPBackend.MATH)
        with backend, FlopCounterMode(display=False) as counter:
            model(x)
        assert counter.get_total_flops() == 2 * network.macs


def test_attention_on_the_cpu_hides_from_the_counter_in_evaluation() -> None:
    network = archgen.loads("arch t { input(5, 8, axis=1); attention(2) }")
    model = archgen.build(network).eval()
    with (
        sdpa_kernel(SDPBackend.MATH),
        torch.no_grad(),
        FlopCounterMode(display=False) as counter,
    ):
        model(torch.randn(1, 5, 8))
    assert counter.get_total_flops() == 0
