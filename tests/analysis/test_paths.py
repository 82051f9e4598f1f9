"""Paths as people write them."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.paths import hint, locate
from tests import networks


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("conv1", "conv1"),
        ("layer2", "layer2"),
        ("layer2.0.downsample.1", "layer2.0.downsample.1"),
        ("layer2.3.conv2", "layer2.1.conv2"),
        ("layer2.4", None),
        ("layer2.0.conv9", None),
        ("conv1.weight", None),
        ("", None),
    ],
)
def test_locate(path: str, held: str | None) -> None:
    assert locate(archgen.load("resnet50"), path) == held


def test_children_of_lists_and_heads() -> None:
    unet, headed = archgen.loads(networks.UNET), archgen.loads(networks.HEADED)
    assert locate(unet, "ups.1.conv.conv2") == "ups.1.conv.conv2"
    assert locate(headed, "early.conv1") == "early.conv1"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("layr2", "did you mean `layer2`?"),
        ("layer2.0.dwnsample", "did you mean `layer2.0.downsample`?"),
        ("zzz", "there is conv1, bn1, relu1, maxpool1, layer1, layer2, layer3, layer4"),
    ],
)
def test_hint(path: str, said: str) -> None:
    assert hint(archgen.load("resnet50"), path) == said
