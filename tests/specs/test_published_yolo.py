"""YOLOv8 and YOLO11 against the keys of the published models, which `published_yolo.py` notes, and
against a few lines of plain PyTorch that read the weights by these keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import (
    batch_norm,
    conv2d,
    interpolate,
    max_pool2d,
    scaled_dot_product_attention,
    silu,
)

import archgen
from tests.specs.published_yolo import KEYS
from tests.specs.references import ULTRALYTICS
from tests.specs.test_by_hand import stir_statistics

PUBLISHED: dict[str, Any] = json.loads(KEYS.read_text(encoding="utf-8"))
Record = Callable[[str, object], None]


@pytest.mark.torch
@pytest.mark.parametrize("name", ULTRALYTICS)
def test_keys_and_shapes_are_the_published(name: str, record_property: Record) -> None:
    with torch.device("meta"):
        ours = archgen.build(name, device="meta").state_dict()
    assert {key: list(weight.shape) for key, weight in ours.items()} == PUBLISHED["keys"][name]
    apart = PUBLISHED["greatest difference"][name]
    assert apart <= 1e-13
    said = "to the bit" if apart == 0 else "within 1e-13"
    record_property("result", f"keys, shapes; outputs {said} (float64, when last noted)")


class Weights:
    """The weights below a prefix, and what is done with them."""

    def __init__(self, all_of_them: Mapping[str, Tensor], prefix: str) -> None:
        self.all = all_of_them
        self.prefix = prefix

    def __truediv__(self, name: object) -> Weights:
        return Weights(self.all, f"{self.prefix}.{name}")

    def __getitem__(self, name: str) -> Tensor:
        return self.all[f"{self.prefix}.{name}"]

    def __contains__(self, name: str) -> bool:
        return any(key.startswith(f"{self.prefix}.{name}") for key in self.all)

    def linear(self, x: Tensor, stride: int = 1) -> Tensor:
        """Convolution and batch norm; a depthwise one is known by its weight's shape."""
        weight, bn = self["conv.weight"], self / "bn"
        groups = x.shape[1] // weight.shape[1]
        x = conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=groups)
        moments = bn["running_mean"], bn["running_var"]
        return batch_norm(x, *moments, bn["weight"], bn["bias"], eps=1e-3)

    def conv(self, x: Tensor, stride: int = 1) -> Tensor:
        return silu(self.linear(x, stride))


def c2f(x: Tensor, w: Weights, shortcut: bool = True) -> Tensor:
    values = list((w / "cv1").conv(x).chunk(2, 1))
    while f"m.{len(values) - 2}." in w:
        unit = w / "m" / (len(values) - 2)
        values.append(csp(values[-1], unit) if "m.0" in unit else pair(values[-1], unit, shortcut))
    return (w / "cv2").conv(torch.cat(values, 1))


def pair(x: Tensor, w: Weights, shortcut: bool = True) -> Tensor:
    result = (w / "cv2").conv((w / "cv1").conv(x))
    return x + result if shortcut else result


def csp(x: Tensor, w: Weights) -> Tensor:
    result = (w / "cv1").conv(x)
    for i in range(2):
        result = pair(result, w / "m" / i)
    return (w / "cv3").conv(torch.cat([result, (w / "cv2").conv(x)], 1))


def sppf(x: Tensor, w: Weights) -> Tensor:
    """Windows of 5, 9 and 13 places, padded with nothing that is largest."""
    x = (w / "cv1").conv(x)
    pools = [max_pool2d(x, size, 1, size // 2) for size in (5, 9, 13)]
    return (w / "cv2").conv(torch.cat([x, *pools], 1))


def attention(x: Tensor, w: Weights) -> Tensor:
    """Over halves of the channels, in heads of 64."""
    first, x = (w / "cv1").conv(x).chunk(2, 1)
    batch, channels, *size = x.shape
    attn, ffn = w / "m.0.attn", w / "m.0.ffn"
    heads = (attn / "qkv").linear(x).view(batch, channels // 64, 128, -1).transpose(2, 3)
    q, k, v = heads[..., :32], heads[..., 32:64], heads[..., 64:]
    tokens = scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(batch, channels, *size)
    places = v.transpose(2, 3).reshape(batch, channels, *size)
    x = x + (attn / "proj").linear(tokens + (attn / "pe").linear(places))
    x = x + (ffn / 1).linear((ffn / 0).conv(x))
    return (w / "cv2").conv(torch.cat([first, x], 1))


def head(levels: list[Tensor], w: Weights) -> list[Tensor]:
    """Distributions, classes and expected distances of all places."""
    boxes, scores = (
        torch.cat([branch(x, w / name / i).flatten(2) for i, x in enumerate(levels)], 2)
        for name in ("cv2", "cv3")
    )
    places = torch.arange(16, dtype=boxes.dtype)
    distances = [(side.softmax(1) * places[:, None]).sum(1) for side in boxes.chunk(4, 1)]
    return [boxes, scores, torch.stack(distances, 1)]


def branch(x: Tensor, w: Weights) -> Tensor:
    for i in range(2):
        for each in [w / i / 0, w / i / 1] if f"{i}.0." in w else [w / i]:
            x = each.conv(x)
    return conv2d(x, w["2.weight"], w["2.bias"])


def yolo(x: Tensor, model: Weights, eleven: bool) -> list[Tensor]:
    """Down, up and down again; from 10 on, the indices of YOLO11 are one more."""
    x = (model / 0).conv(x, stride=2)
    maps = {}
    for i in (1, 3, 5, 7):
        maps[i + 1] = x = c2f((model / i).conv(x, stride=2), model / (i + 1))
    coarse = x = sppf(x, model / 9)
    if eleven:
        coarse = x = attention(x, model / 10)
    first = 13 if eleven else 12
    levels = [coarse]
    for i, fine in ((first, 6), (first + 3, 4)):
        x = torch.cat([interpolate(x, scale_factor=2.0), maps[fine]], 1)
        x = c2f(x, model / i, shortcut=eleven)
        levels.insert(0, x)
    results = [x]
    for i, other in ((first + 6, levels[1]), (first + 9, levels[2])):
        x = torch.cat([(model / (i - 2)).conv(x, stride=2), other], 1)
        x = c2f(x, model / i, shortcut=eleven)
        results.append(x)
    return head(results, model / (first + 10))


@pytest.mark.torch
@pytest.mark.parametrize("name", ["yolov8n", "yolov8m", "yolo11n"])
def test_yolo_is_wired_as_published(name: str, record_property: Record) -> None:
    torch.set_num_threads(1)
    ours = archgen.build(name, seed=0).double().eval()
    stir_statistics(ours)
    x = torch.randn(1, 3, 96, 64, dtype=torch.float64)
    with torch.inference_mode():
        expected = yolo(x, Weights(ours.state_dict(), "model"), eleven=name == "yolo11n")
        torch.testing.assert_close(list(ours(x)), expected, rtol=1e-10, atol=1e-10)
    places = dict(ours.named_parameters())[
        f"model.{23 if name == 'yolo11n' else 22}.dfl.conv.weight"
    ]
    assert not places.requires_grad
    record_property("result", "outputs within 1e-10 (float64)")
