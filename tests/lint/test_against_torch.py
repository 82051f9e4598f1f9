"""What a warning claims is so in PyTorch, and where there is none it is not."""

from __future__ import annotations

import warnings
from pathlib import Path

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


@pytest.mark.parametrize("parts", [3, 4])
def test_a_pool_that_is_warned_of_cannot_be_exported(parts: int, tmp_path: Path) -> None:
    """W005: ONNX has no pool with windows of unequal size."""
    text = net(f"adaptive_avgpool({parts})")
    model = archgen.build(archgen.loads(text)).eval()
    x = torch.zeros(1, 8, 9, 9)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model, (x,), tmp_path / "net.onnx", dynamo=False)
        exported = True
    except torch.onnx.errors.SymbolicValueError:
        exported = False
    assert exported is not is_warned(text, "W005")
