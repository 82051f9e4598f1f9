"""What `dynamic_shapes` says is what `torch.export` takes: one program for all legal sizes."""

from __future__ import annotations

import pytest

import archgen

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.torch

U = "arch u { input(1, 32, 32); a = conv(4, 3); maxpool(2) -> maxpool(2) -> conv(8, 3);\n"
U += "  upsample(4); concat { from a; identity }; conv(2, 1) }"
NETWORKS = {
    "resnet20": ((48, 33), (5, 77)),
    "alexnet": ((95, 100), (224, 301)),
    "unet": ((32, 64), (48, 16)),
    "yolo": ((64, 64), (32, 96)),
}
YOLO = "arch y { input(3, 64, 64); a = conv(4, 3, stride=2); conv(8, 3, stride=2) -> upsample(2);\n"
YOLO += "  concat { from a; identity } }"
TEXTS = {"unet": U, "yolo": YOLO}


def network_of(name: str) -> archgen.Network:
    return archgen.loads(TEXTS[name]) if name in TEXTS else archgen.load(name)


@pytest.mark.parametrize("name", NETWORKS)
def test_exports(name: str) -> None:
    network = network_of(name)
    model = archgen.build(network, seed=0).eval()
    given = torch.randn(2, *network.input)
    shapes = archgen.dynamic_shapes(network)
    program = torch.export.export(model, (given,), dynamic_shapes=shapes).module()
    for height, width in NETWORKS[name]:
        x = torch.randn(3, network.input[0], height, width)
        torch.testing.assert_close(program(x), model(x))


def test_sets() -> None:
    """Multiples of 16; of 4 the even half `H % 4 in {0, 3}` keeps the multiples; tied axes stay."""
    assert str(archgen.dynamic_shapes(network_of("unet"))[0][2]) == "4*H_4"
    assert set(archgen.dynamic_shapes(archgen.load("vit_b_16"))[0]) == {0}
    assert archgen.dynamic_shapes(archgen.load("lenet5"), batch=False) == ({},)
