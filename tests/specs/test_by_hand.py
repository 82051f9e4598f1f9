"""Networks that torchvision lacks, against a few lines of plain PyTorch with the same weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, batch_norm, conv2d, linear, max_pool2d, relu

import archgen

pytestmark = pytest.mark.torch

Record = Callable[[str, object], None]
Weights = dict[str, Tensor]


def lenet5_1998() -> nn.Module:
    """LeCun et al. 1998, figure 2, with tanh, plain average pooling and a linear output."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten()),
        *(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


def lenet5() -> nn.Module:
    """The same with ReLU, max pooling and padding for images of 28 x 28."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def mobilenet_v1() -> nn.Module:
    """Howard et al. 2017, table 1."""

    def conv_bn_relu(
        inputs: int, out: int, kernel: int, stride: int, groups: int
    ) -> list[nn.Module]:
        conv = nn.Conv2d(inputs, out, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [conv, nn.BatchNorm2d(out), nn.ReLU()]

    widths = [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    layers = conv_bn_relu(3, 32, 3, 2, 1)
    for inputs, out, stride in zip(widths, widths[1:], strides, strict=False):
        layers += conv_bn_relu(inputs, inputs, 3, stride, inputs)
        layers += conv_bn_relu(inputs, out, 1, 1, 1)
    return nn.Sequential(*layers, nn.AvgPool2d(7), nn.Flatten(), nn.Linear(1024, 1000))


@pytest.mark.parametrize(
    "make", [lenet5_1998, lenet5, mobilenet_v1], ids=lambda make: make.__name__
)
def test_chain_computes_what_its_layers_do(
    make: Callable[[], nn.Module], record_property: Record
) -> None:
    torch.set_num_threads(1)
    name = make.__name__
    ours = archgen.build(name, seed=0)
    theirs = make()
    stir_statistics(ours)
    state = ours.state_dict()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))
    x = torch.randn(2, *archgen.load(name).input, generator=torch.Generator().manual_seed(0))

    with torch.inference_mode():
        torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), rtol=1e-6, atol=1e-6)
    record_property("result", "outputs within 1e-6")


def test_shufflenet_v1_is_wired_as_published(record_property: Record) -> None:
    torch.set_num_threads(1)
    model = archgen.build("shufflenet_v1", seed=0).eval()
    stir_statistics(model)
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))

    with torch.inference_mode():
        torch.testing.assert_close(
            model(x), shufflenet_v1(x, model.state_dict()), rtol=1e-6, atol=1e-6
        )
    record_property("result", "outputs within 1e-6")


def shufflenet_v1(x: Tensor, weights: Weights) -> Tensor:
    """Zhang et al. 2017, table 1, 1x with three groups."""
    x = relu(conv_bn(x, weights, "conv1", 0, stride=2, padding=1))
    x = max_pool2d(x, 3, 2, 1)
    for stage, units in [("stage2", 4), ("stage3", 8), ("stage4", 4)]:
        for i in range(units):
            first = 1 if (stage, i) == ("stage2", 0) else 3
            x = shuffle_unit(x, weights, f"{stage}.{i}.residual", first, stride=1 if i else 2)
    return linear(x.mean((2, 3)), weights["fc.weight"], weights["fc.bias"])


def shuffle_unit(x: Tensor, weights: Weights, key: str, first: int, stride: int) -> Tensor:
    """Figure 2 (b), and (c) where there is a stride. `first` groups in the first convolution."""
    y = relu(conv_bn(x, weights, key, 0, groups=first))
    n, channels, height, width = y.shape
    y = y.view(n, 3, channels // 3, height, width).transpose(1, 2).reshape(y.shape)
    y = conv_bn(y, weights, key, 4, stride=stride, padding=1, groups=channels)
    y = conv_bn(y, weights, key, 6, groups=3)
    return relu(x + y if stride == 1 else torch.cat([avg_pool2d(x, 3, 2, 1), y], 1))


def conv_bn(x: Tensor, weights: Weights, key: str, child: int, **options: int) -> Tensor:
    """Children `child` and the next one: a convolution and its batch norm."""
    x = conv2d(x, weights[f"{key}.{child}.weight"], **options)
    names = ["running_mean", "running_var", "weight", "bias"]
    return batch_norm(x, *(weights[f"{key}.{child + 1}.{name}"] for name in names))


def stir_statistics(model: nn.Module) -> None:
    """Give every batch norm weights and statistics of its own."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
