"""The helper classes that generated files carry, fit for every export."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from archgen.layers import LAYERS  # noqa: E402
from archgen.layers.base import Layer  # noqa: E402
from archgen.shapes import Shape  # noqa: E402
from tests.layers.examples import layer_of, shape_of  # noqa: E402
from tests.layers.torch_modules import HELPERS, build, helper  # noqa: E402

pytestmark = pytest.mark.torch
NAMES = [path.name.removesuffix(".py.txt") for path in HELPERS]
X = torch.randn(2, 8, 5, 5)


EXAMPLES: dict[str, tuple[Layer, Shape]] = {
    key: (layer_of(cls.example[0]), shape_of(cls.example[1], cls)) for key, cls in LAYERS.items()
} | {
    "bn of tokens": (layer_of("bn"), Shape((5, 8), 1)),
    "l2_norm of tokens": (layer_of("l2_norm(-1)"), Shape((5, 8), 1)),
}
EXAMPLES |= {
    f"{call} of {axes} axes": (layer_of(call), Shape((8, 5, 6, 7)[: axes + 1]))
    for call in (
        'conv(4, 3, stride=2, padding="same")',
        'maxpool(3, stride=2, padding="same")',
        'avgpool(2, padding="same", count_include_pad=false)',
    )
    for axes in (1, 2, 3)
}
MODULES = {
    key: build(layer.module(x))
    for key, (layer, x) in EXAMPLES.items()
    if layer.function(x) is None and not layer.module(x).target.startswith("nn.")
}
every_module = pytest.mark.parametrize("keyword", MODULES)


def input_of(keyword: str) -> Tensor:
    x: Tensor = torch.randn(2, *EXAMPLES[keyword][1].sizes)
    return x


def test_every_file_is_used() -> None:
    used = {type(module).__name__ for module in MODULES.values()}
    volumes = layer_of("pad_channels(13)").module(Shape((8, 2, 2, 2)))  # torch has none for them
    used.add(type(build(volumes)).__name__)
    functions = {cls.helper for cls in LAYERS.values() if cls.helper} | {"divisible", "pad_same"}
    assert set(NAMES) == used | functions


@every_module
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_compiles_whole(keyword: str, training: bool) -> None:
    module, x = MODULES[keyword].train(training), input_of(keyword)
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    torch.manual_seed(0)
    expected = module(x)
    torch.manual_seed(0)
    with torch._dynamo.config.patch(allow_rnn=True):  # else `lstm` breaks the graph
        assert torch.equal(compiled(x), expected)


@every_module
@pytest.mark.filterwarnings("ignore:The tensor attributes")  # of torch's own recurrent layers
def test_exports(keyword: str) -> None:
    module, x = MODULES[keyword].eval(), input_of(keyword)
    assert torch.equal(torch.export.export(module, (x,)).module()(x), module(x))


@every_module
@pytest.mark.filterwarnings("ignore")
def test_exports_to_onnx(keyword: str) -> None:
    pytest.importorskip("onnxruntime")
    module, x = MODULES[keyword].eval(), input_of(keyword)
    program = torch.onnx.export(module, (x,), dynamo=True, verbose=False)
    assert program is not None
    torch.testing.assert_close(program(x)[0], module(x))


def test_drop_path_drops_samples_and_keeps_the_mean() -> None:
    module = build(layer_of("drop_path(0.25)").module(Shape((3, 4, 4)))).train()
    y = module(torch.ones(4096, 3, 4, 4))
    assert y.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert (y == y[:, :1, :1, :1]).all()
    assert y.mean().item() == pytest.approx(1, abs=0.05)


def test_l2_norm_makes_unit_lengths() -> None:
    module = build(layer_of("l2_norm").module(Shape((8, 5, 5))))
    assert module(X).norm(dim=1).allclose(torch.tensor(1.0))


@pytest.mark.parametrize("sizes", [(5, 8), (5, 6, 8), (2, 3, 4, 8), (2, 3, 2, 2, 8)])
def test_batch_norm_of_the_last_axis_is_that_of_the_first(sizes: tuple[int, ...]) -> None:
    """In training and in evaluation, running statistics included."""
    ours = build(layer_of("bn(eps=1e-3, momentum=0.3)").module(Shape(sizes, len(sizes) - 1)))
    theirs = nn.BatchNorm1d(8, eps=1e-3, momentum=0.3)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(3, *sizes, dtype=torch.float64) * 3 + 1
    ours.double(), theirs.double()
    for training in (True, False):
        ours.train(training), theirs.train(training)
        first = x.movedim(-1, 1)
        expected = theirs(first.flatten(2)).reshape(first.shape).movedim(1, -1)
        torch.testing.assert_close(ours(x), expected)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())


def test_layer_norm2d_is_layer_norm_over_channels() -> None:
    module = build(layer_of("layer_norm2d").module(Shape((8, 5, 5))))
    expected = nn.LayerNorm(8)(X.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(module(X), expected)


@pytest.mark.parametrize("sizes", [(8,), (8, 5), (8, 5, 5), (8, 2, 3, 2)])
@pytest.mark.parametrize(("both", "before"), [(False, 0), (True, 2)])
def test_pad_channels_appends_or_surrounds(both: bool, before: int, sizes: tuple[int, ...]) -> None:
    call = f"pad_channels(13, both={str(both).lower()})"
    x = torch.randn(2, *sizes)
    y = build(layer_of(call).module(Shape(sizes)))(x)
    assert torch.equal(y[:, before : before + 8], x)
    assert y.shape[1] == 13
    assert y.count_nonzero() == x.count_nonzero()


def test_crops_agree() -> None:
    module = build(layer_of("crop([3, 2])").module(Shape((8, 5, 5))))
    center_crop = helper("center_crop")
    assert callable(center_crop)
    assert torch.equal(module(X), X[:, :, 1:4, 1:3])
    assert torch.equal(center_crop(X, (3, 2)), module(X))


def test_maxpool_of_one_subsamples() -> None:
    module = build(layer_of("maxpool(1, stride=2)").module(Shape((8, 5, 5))))
    assert torch.equal(module(X), X[:, :, ::2, ::2])
