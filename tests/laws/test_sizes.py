"""The sizes that a network takes are those that torch takes, and its outputs are as said."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from hypothesis import given

import archgen
from tests.laws.sized import disagreements
from tests.laws.writing import specs
from tests.specs.chosen import EVERY
from tests.sweeps import cases, examples

pytestmark = pytest.mark.torch
SMALL = (
    "alexnet",
    "box_head",
    "inception_v3",
    "lenet5",
    "resnet20",
    "resnet50_fpn",
    "shufflenet_v2_x0_5",
    "squeezenet1_0",
    "ssd300_vgg16",
    "unet",
    "vit_b_32",
    "yolo_v3",
)


@cases("name", EVERY, sample=SMALL, of="shipped networks at 20 sizes of their input")
def test_shipped(name: str) -> None:
    assert not list(disagreements(archgen.load(name), 20))


@cases("name", EVERY, sample=(), of="shipped networks at 200 sizes of their input")
def test_shipped_in_full(name: str) -> None:
    assert not list(disagreements(archgen.load(name), 200, seed=1))


@cases("name", EVERY, sample=(), of="backbones of shipped networks at 200 sizes of their input")
def test_backbones(name: str) -> None:
    network = archgen.load(name)
    features = [key for key, each in network.features.items() if each.reduction][-2:]
    if features:
        assert not list(disagreements(archgen.load(name, features=features), 200, seed=2))


@examples(sample=40, full=4_000, of="random specs at 12 sizes of their input")
@given(specs())
def test_random(text: str) -> None:
    try:
        network = archgen.loads(text, "net")
    except archgen.ArchError:
        return
    assert not list(disagreements(network, 12))
