"""Receptive fields of arbitrary networks are where gradients come from."""

from __future__ import annotations

import re

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import archgen  # noqa: E402
from archgen.analysis.features import features  # noqa: E402
from archgen.analysis.fields import Fields  # noqa: E402
from archgen.analysis.figures import figures  # noqa: E402
from archgen.analysis.histories import Histories  # noqa: E402
from archgen.analysis.steps import Unknown, at  # noqa: E402
from archgen.analysis.views import Views, of_a_place  # noqa: E402
from archgen.shapes import Shape  # noqa: E402
from tests.laws.writing import specs  # noqa: E402
from tests.sweeps import examples  # noqa: E402

pytestmark = pytest.mark.torch
LEAST = 1e-200  # a gradient of a deep network may be small
# After these a place in the middle need not be far from every border.
SATURATING = re.compile(r"\b(relu6?|hardswish|hardsigmoid)\b")
CUTTING = re.compile("crop|adaptive|pad")


@examples(sample=30, full=3_000, of="receptive fields of random networks, against gradients")
@given(specs())
def test_a_place_sees_where_its_gradient_comes_from(text: str) -> None:
    """Weights are positive; what wins by chance, the largest of a window, is averaged instead; and
    what has no slope somewhere (a ReLU behind a layer norm) has another activation."""
    text = re.sub(r"input\((\d+), \d+, \d+\)", r"input(\1, 48, 48)", text.replace("max", "avg"))
    text = SATURATING.sub("silu", text.replace("avg(", "max("))
    try:
        names = [
            name for name, each in archgen.loads(text, "net").features.items() if each.reduction
        ]
        network = archgen.loads(text, "net", features=names[-1:])
    except (archgen.ArchError, IndexError):
        return
    check(network, exact=CUTTING.search(text) is None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("conv(4, 3); mul { identity; { global_avgpool; conv(channels, 1); sigmoid } }", "all"),
        ("conv(4, 3); instance_norm", "all"),
        ("conv(4, 3); group_norm(2); conv(4, 3)", "all"),
        ("conv(4, 3); layer_norm2d; conv(4, 3)", 5),
        ("a, b = split(2); concat { from a -> conv(2, 3); from b -> conv(2, 5) }", 5),
        ("a, b = split(2); concat { from a; from b -> conv(2, 5) } -> conv(4, 3)", 7),
        ("concat { conv(4, 3); identity } -> channel_shuffle(2)", 3),
        ("concat(axis=1) { conv(4, 3); conv(4, 5) } -> conv(4, 3)", "?"),
        ("conv(4, 3, stride=2) -> conv_transpose(4, 1, stride=2) -> conv(4, 3)", 5),
        ("conv(4, 3, stride=2) -> pixel_shuffle(2) -> conv(4, 3)", "?"),
        ("conv(4, 3); flatten -> linear(16) -> reshape([4, 2, 2])", "all"),
    ],
)
def test_examples(body: str, field: object) -> None:
    network = archgen.loads(f"arch net {{ input(4, 24, 24); {body} }}")
    check(network, exact="concat(" not in body)
    known = figures(network).receptive_field
    assert field in {"?", *known}
    assert field == "?" or len(set(known)) == 1


@pytest.mark.parametrize("mixed", ["identity", "channel_shuffle(2)", "channel_shuffle(4)"])
@pytest.mark.parametrize("chunk", "pqrs")
def test_a_chunk_sees_what_its_channels_see(mixed: str, chunk: str) -> None:
    lines = f"concat {{ conv(2, 3); conv(2, 5) }}; {mixed}; p, q, r, s = split(4)"
    text = f"arch net {{ input(1, 24, 24); {lines}; seen = from {chunk} -> sigmoid"
    check(archgen.loads(f"{text}; output seen, p, q, r, s }}", features=["seen"]), exact=True)


@pytest.mark.parametrize("name", ["shufflenet_v1", "shufflenet_v2_x0_5"])
def test_shuffled_channels_are_followed(name: str) -> None:
    network = archgen.load(name, features=["stage4"], input=(3, 1184, 64))
    check(network, exact=True)
    assert set(features(network)["stage4"].receptive_field) == {527}


def check(network: archgen.Network, *, exact: bool) -> None:
    body = network.body
    value = body.outputs[0].value
    y = body.values[value]
    model = positive(archgen.build(network).double().eval())
    row = Fields().of_values(body)[value]
    tables = {(source, axis): views for source in row for axis, views in enumerate(row[source])}
    histories = Histories(body).of_value((), value)
    inputs = [
        0.01 + 0.01 * torch.rand(3, *body.values[ref].sizes, dtype=torch.float64)
        for ref in body.inputs
    ]
    for place in ([size // 2 for size in y.sizes], [size // 2 - 1 for size in y.sizes]):
        given_ = [x.clone().requires_grad_() for x in inputs]
        result = model(*given_)
        result = result if isinstance(result, Tensor) else result[0]
        at_place = [slice(None)] + [
            slice(None) if axis == y.axis else max(index, 0) for axis, index in enumerate(place)
        ]
        seen = result[tuple(at_place)]
        (seen * torch.rand_like(seen)).sum().backward()
        for source, x in enumerate(given_):
            shape = body.values[body.inputs[source]]
            for axis in range(shape.rank):
                if axis != shape.axis:
                    found = extent(x, axis)
                    for known in (tables, histories):
                        said = predicted(known[source, axis], place, y, shape.sizes[axis])
                        compare(found, said, shape.sizes[axis], exact=exact)


def compare(
    found: tuple[int, int] | None, said: tuple[int, int] | None, size: int, *, exact: bool
) -> None:
    if found is None or said is None:
        return
    assert said[0] <= found[0]
    assert found[1] <= said[1]
    if exact and said[0] >= 0 and said[1] < size:
        assert found == said


def predicted(views: Views, place: list[int], y: Shape, size: int) -> tuple[int, int] | None:
    """From where to where a place sees; None where that is not known."""
    if views is None:
        return None
    spans = []
    for view in views:
        try:
            seen = of_a_place(view, y)
        except Unknown:
            return None
        parts = [at(steps, max(place[axis], 0)) for axis, steps in seen.terms]
        known = [part for part in parts if part is not None]
        if len(known) == len(parts):
            low = seen.low + sum(part[0] for part in known)
            spans.append((low, seen.high + sum(part[1] for part in known)))
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def extent(x: Tensor, axis: int) -> tuple[int, int] | None:
    if x.grad is None:
        return None
    seen = x.grad.abs() > LEAST
    others = tuple(each for each in range(x.ndim) if each != axis + 1)
    places = seen.amax(dim=others).nonzero()[:, 0]
    return (int(places.min()), int(places.max())) if len(places) else None


def positive(model: nn.Module) -> nn.Module:
    """Weights above 0 that keep the size of numbers; no biases."""
    torch.manual_seed(0)
    with torch.no_grad():
        for value in model.parameters():
            value.uniform_(0.5, 1.0)
            if value.ndim > 1:
                value /= value[0].numel()
        for name, value in model.named_parameters():
            if name.endswith("bias"):
                value.zero_()
    return model
