"""What a warning claims is so in PyTorch, and where there is none it is not."""

from __future__ import annotations

import pytest

import archgen
from tests.lint.ask import codes

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch]


def net(lines: str, size: int = 9) -> str:
    return f"arch net {{ input(8, {size}, {size}); {lines}; expect depth >= 0 }}\n"


def is_warned(text: str, code: str) -> bool:
    return code in {found for found, _ in codes(text)}


@pytest.mark.parametrize(
    "norm", ["bn", "instance_norm", "group_norm(8)", "group_norm(2)", "lrn(5)"]
)
def test_a_bias_that_is_warned_of_does_nothing(norm: str) -> None:
    """W001: in training, whatever the bias, the output is the same."""
    text = net(f"conv(8, 3, bias=true) -> {norm} -> relu")
    model = archgen.build(archgen.loads(text), seed=0).double()
    x = torch.randn(4, 8, 9, 9, dtype=torch.float64, generator=torch.manual_seed(1))
    before = model(x)
    with torch.no_grad():
        model.conv1.bias += torch.arange(8.0, dtype=torch.float64)
    same = torch.allclose(before, model(x), atol=1e-9)
    assert same is is_warned(text, "W001")


@pytest.mark.parametrize("size", [8, 9, 10, 11])
@pytest.mark.parametrize(
    "layer",
    [
        "maxpool(2)",
        "avgpool(2)",
        "avgpool(3, stride=2)",
        "avgpool(3, stride=2, padding=0)",
        "avgpool(3, ceil_mode=true)",
        "conv(8, 3, stride=2) -> bn",
        "conv(8, 3, stride=3, dilation=2, padding=0) -> bn",
        "conv(8, 5, stride=2, padding=1) -> bn",
    ],
)
def test_rows_that_are_warned_of_are_never_read(layer: str, size: int) -> None:
    """W007: nothing depends on the last row, as its gradient says."""
    text = net(layer, size)
    model = archgen.build(archgen.loads(text), seed=0)
    model.eval()
    x = torch.arange(8.0 * size * size).reshape(1, 8, size, size).requires_grad_()
    (model(x) ** 2).sum().backward()
    unread = not x.grad[..., -1, :].any()
    assert unread is is_warned(text, "W007")


@pytest.mark.parametrize("size", [7, 8, 9, 10])
@pytest.mark.parametrize("last", ["maxpool(2)", "avgpool(3)", "conv(8, 3, stride=3, padding=0)"])
@pytest.mark.parametrize(
    "before",
    [
        "conv(8, 1)",
        "conv(8, 3)",
        "conv(8, 3, stride=2)",
        "bn -> relu",
        "x = seq { conv(8, 1); conv(8, [3, 1]) }",
        "add { identity; conv(8, 3) }",
        "add { conv(8, 1); identity }",
        "stage(conv, 8, 1, n=2)",
        "upsample(2)",
        "global_avgpool -> upsample(4)",
    ],
)
def test_of_a_map_that_is_cut_something_of_the_image_is_lost(
    before: str, last: str, size: int
) -> None:
    """W007 behind other layers: exactly where the last rows of the image change nothing."""
    text = net(f"{before}; last = {last}", size)
    model = archgen.build(archgen.loads(text), seed=0).double().eval()
    x = torch.randn(1, 8, size, size, dtype=torch.float64, requires_grad=True)
    (model(x) ** 2).sum().backward()
    unread = not (x.grad[..., -1, :].any() and x.grad[..., :, -1].any())
    if "upsample" in before:  # what is behind it is not looked at
        assert unread or not is_warned(text, "W007")
    else:
        assert unread is is_warned(text, "W007")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
@pytest.mark.parametrize(
    "layer",
    [
        *("conv(8, 3)", "conv(8, 5)", "conv(8, [1, 9])", "conv(8, 13)", "conv(8, 15)"),
        *("conv(8, 3, dilation=2)", "conv(8, 3, dilation=3)", "conv(8, 3, padding=2)"),
        "conv(8, 7, padding=6)",
    ],
)
def test_weights_that_are_warned_of_only_read_padding(layer: str, size: int) -> None:
    """W004: the gradient of a weight is zero, whatever the input."""
    text = net(layer, size)
    model = archgen.build(archgen.loads(text), seed=0).double()
    x = torch.randn(2, 8, size, size, dtype=torch.float64)
    (model(x) ** 2).sum().backward()
    read = model.conv1.weight.grad.abs().sum((0, 1)) > 0
    assert bool(read.all()) is not is_warned(text, "W004")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sizes", [(9,), (9, 9), (4, 4, 4)], ids=["1d", "2d", "3d"])
@pytest.mark.parametrize("parts", [1, 3, 4])
@pytest.mark.parametrize("pool", ["adaptive_avgpool", "adaptive_maxpool"])
def test_a_pool_that_is_warned_of_cannot_be_exported(
    pool: str, parts: int, sizes: tuple[int, ...]
) -> None:
    """W005: PyTorch's exporter writes each that is not warned of, and fails for the others."""
    pytest.importorskip("onnxscript")
    shape = ", ".join(map(str, (4, *sizes)))
    text = f"arch net {{ input({shape}); {pool}({parts}); expect depth == 0 }}\n"
    model = archgen.build(archgen.loads(text)).eval()
    try:
        torch.onnx.export(model, (torch.zeros(1, 4, *sizes),), dynamo=True, verbose=False)
        exported = True
    except torch.onnx.errors.OnnxExporterError:
        exported = False
    assert exported is not is_warned(text, "W005")
