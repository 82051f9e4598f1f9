"""What every layer class says of itself is what PyTorch does.

Each law draws every class, from its example and from its fields; nothing here knows a layer. What
a class could say and does not is found as well: forgetting a fact is a failure too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from hypothesis import HealthCheck, find, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.errors import NoSuchExample  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from archgen.analysis import steps  # noqa: E402
from archgen.layers import LAYERS  # noqa: E402
from archgen.layers.base import Layer, LayerFault  # noqa: E402
from archgen.shapes import Shape  # noqa: E402
from tests.layers.examples import example, layer_of, taken  # noqa: E402
from tests.layers.torch_modules import awake, build, evaluate  # noqa: E402

pytestmark = pytest.mark.torch
every_layer = pytest.mark.parametrize("cls", LAYERS.values(), ids=list(LAYERS))
fair = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)

Function = Callable[[Tensor], tuple[Tensor, ...]]


def function(layer: Layer, x: Shape, *, training: bool = False) -> Function:
    """The layer as a function in float64, its weights and statistics awake."""
    text = layer.function(x)
    module = awake(build(layer.module(x))).train(training) if text is None else None

    def apply(given: Tensor) -> tuple[Tensor, ...]:
        torch.manual_seed(1)  # what drops numbers drops the same ones
        found: Any = evaluate(str(text), layer, given) if module is None else module(given)
        return tuple(found) if isinstance(found, list | tuple) else (found,)

    return apply


def numbers(x: Shape) -> Tensor:
    torch.manual_seed(0)
    return 4 * torch.randn(3, *x.sizes, dtype=torch.float64)


def modes(layer: Layer) -> Iterator[bool]:
    """In evaluation; and in training, which a mean over a single number may not survive."""
    yield False
    yield True


# --- facts of a class: the law, and that it is said wherever it holds ---------------------------


def keeps_shape(layer: Layer, x: Shape) -> bool:
    return layer.shape(x) == x


def nonnegative(layer: Layer, x: Shape) -> bool:
    return all(bool((y >= 0).all()) for y in function(layer, x)(numbers(x)))


def keeps_offset(layer: Layer, x: Shape) -> bool:
    apply, given = function(layer, x), numbers(x)
    pairs = zip(apply(given), apply(given + 1.5), strict=True)
    return all(torch.allclose(one + 1.5, other) for one, other in pairs)


FACTS = (keeps_shape, nonnegative, keeps_offset)


@pytest.mark.parametrize("fact", FACTS, ids=[fact.__name__ for fact in FACTS])
@every_layer
def test_what_a_class_says_holds_and_what_holds_is_said(
    cls: type[Layer], fact: Callable[[Layer, Shape], bool]
) -> None:
    said = getattr(cls, fact.__name__)
    try:
        search = fair if said else settings(fair, max_examples=300)
        counter = find(taken(cls), lambda case: not fact(*case), settings=search)
    except NoSuchExample:
        assert said, f"{cls.keyword} could say {fact.__name__}"
    else:
        assert not said, counter


# --- facts of a layer and an input -------------------------------------------------------------


@every_layer
@fair
@given(data=st.data())
def test_extents(cls: type[Layer], data: st.DataObject) -> None:
    layer, x = data.draw(taken(cls))
    y = layer.shape(x)
    larger = x.with_spatial(x.channels, tuple(2 * size for size in x.spatial))
    try:
        z = layer.shape(larger)
    except LayerFault:
        return
    if isinstance(y, Shape) and isinstance(z, Shape):
        assert not layer.keeps_extent(x) or (y.spatial, z.spatial) == (x.spatial, larger.spatial)
        assert not layer.fixes_size or y.spatial == z.spatial


@every_layer
@fair
@given(data=st.data())
def test_identities_hand_on_their_input(cls: type[Layer], data: st.DataObject) -> None:
    layer, x = data.draw(taken(cls))
    for training in modes(layer):
        if layer.is_identity(x, training=training):
            given_ = numbers(x)
            assert torch.equal(function(layer, x, training=training)(given_)[0], given_)


@every_layer
@fair
@given(data=st.data())
def test_an_offset_of_each_channel_is_removed_in_training(
    cls: type[Layer], data: st.DataObject
) -> None:
    layer, x = data.draw(taken(cls))
    apply, given_ = function(layer, x, training=True), numbers(x)
    sizes = [1] * x.rank
    sizes[x.axis] = x.channels
    offset = torch.arange(1.0, x.channels + 1, dtype=torch.float64).reshape(sizes)
    if layer.removes_offset(x):
        assert torch.allclose(apply(given_)[0], apply(given_ + offset)[0], atol=1e-6)


@every_layer
@fair
@given(data=st.data())
def test_canonical_layers_compute_the_same(cls: type[Layer], data: st.DataObject) -> None:
    layer, x = data.draw(taken(cls))
    other = layer.canonical(x)
    if other != layer:
        given_ = numbers(x)
        for one, two in zip(function(layer, x)(given_), function(other, x)(given_), strict=True):
            assert torch.equal(one, two)


@every_layer
def test_arguments_of_training_are_torchs_and_not_read_in_evaluation(cls: type[Layer]) -> None:
    layer, x = example(cls)
    if cls.only_training:
        call = layer.module(x)
        found = {each.keyword: each for each in (*call.arguments, *call.defaulted)}
        assert cls.only_training <= set(found)
        changed = dict.fromkeys(cls.only_training, 0.25)
        module = awake(build(layer.module(x))).eval()
        other: nn.Module = awake(build(layer.model_copy(update=changed).module(x))).eval()
        assert torch.equal(module(numbers(x)), other(numbers(x)))


# --- what an output reads ------------------------------------------------------------------------


def test_no_layer_reads_what_has_no_gradient() -> None:
    """The law below is not empty: an example of it by hand."""
    layer, x = layer_of("conv(2, 3, stride=2)"), Shape((4, 9, 9))
    assert reading(layer, x, 0, (1, 2, 3)) == ((0, 3), (3, 5), (5, 7))


@every_layer
@fair
@given(data=st.data())
def test_an_output_reads_where_its_gradient_comes_from(
    cls: type[Layer], data: st.DataObject
) -> None:
    """From the first index to the last, axis by axis, away from borders."""
    layer, x = data.draw(taken(cls))
    torch.manual_seed(0)
    source = torch.randn(64, *x.sizes, dtype=torch.float64, requires_grad=True)
    outputs = function(layer, x)(source)
    output = data.draw(st.integers(0, len(outputs) - 1))
    y = outputs[output]
    place = tuple(data.draw(st.integers(0, size - 1)) for size in y.shape[1:])
    if not y.requires_grad or not bool(y.isfinite().all()):
        return
    (slope,) = torch.autograd.grad(y[(slice(None), *place)].sum(), source)
    seen = (slope.abs() > 1e-12) | slope.isnan()
    predicted = reading(layer, x, output, place)
    if predicted is None or not bool(seen.any()):
        return
    for axis, (said, size) in enumerate(zip(predicted, x.sizes, strict=True)):
        if said is not None and said[0] >= 0 and said[1] < size:
            others = tuple(each for each in range(x.rank + 1) if each != axis + 1)
            found = seen.amax(dim=others).nonzero()[:, 0]
            assert (int(found.min()), int(found.max())) == said, axis


def reading(
    layer: Layer, x: Shape, output: int, place: tuple[int, ...]
) -> tuple[tuple[int, int] | None, ...] | None:
    """What the layer says that an index of its output reads of each axis, where that can be said;
    None: nothing."""
    found: list[tuple[int, int] | None] = []
    for terms in layer.reads(x, output):
        if terms is None:
            found.append(None)
            continue
        spans = [steps.at(term, 0 if axis < 0 else place[axis]) for axis, term in terms]
        known = [span for span in spans if span is not None]
        if len(known) < len(spans):
            return None
        found.append((sum(low for low, _ in known), sum(high for _, high in known)))
    return tuple(found)
