"""What recovery makes of networks, without the proof: of weights without memory, so of any size."""

from __future__ import annotations

import re
from typing import Any

import pytest

import archgen
from tests.sweeps import cases

pytestmark = pytest.mark.torch
pytest.importorskip("torch")
pytest.importorskip("torchvision")

from archgen.importers.api import recovered  # noqa: E402
from archgen.importers.program import Unsupported  # noqa: E402
from tests.importers.networks import NETWORKS  # noqa: E402

SHIPPED = [name for name, _ in archgen.shipped()]
# Attention and the norm of SSD have no rule yet.
WITHOUT_FORM = {name for name in SHIPPED if name.startswith("vit_")} | {"ssd300_vgg16"}
# The same keys and figures, in other blocks. One that does nothing is a wire:
PADDED = {name for name in SHIPPED if re.match(r"(preact_)?resnet(20|32|44|56|110|1202)", name)} - {
    *("preact_resnet200", "resnet110_conv_shortcut"),
}
# A list of values is read item by item; two blocks that are alike but for some steps are one; calls
# of a block have other arguments:
UNLIKE = PADDED | {
    *("box_head", "resnet50_fpn", "resnet50_fpn_rpn", "resnext50_32x4d_a", "resnet34_a"),
    *("efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"),
    *("mobilenet_v3_small", "mobilenet_v3_large", "yolo_v2", "yolo_v3"),
}
FEW = ["resnet18", "unet", "densenet40_k12", "mobilenet_v3_small", "resnet20"]
MOST_PARAMETERS = 6


@cases("name", SHIPPED, sample=FEW, of="shipped networks, built and imported")
def test_round_trip_of_shipped_networks(name: str) -> None:
    """The spec of a built model is the network that it was built from, by archgen's own diff: but
    for how weights start, names of parameters and of values, and those of layers without weights,
    which a model does not tell."""
    shipped = archgen.load(name)
    sizes = [shipped.body.values[ref].sizes for ref in shipped.body.inputs]
    model = archgen.build(shipped, device="meta")
    if name in WITHOUT_FORM:
        with pytest.raises(Unsupported):
            recovered(model, sizes, name, fixed=True)
        return
    _, network, _ = recovered(model, sizes, name, fixed=True)
    changes = archgen.diff(shipped, network)
    theirs, ours = _state(model), _state(archgen.build(network, device="meta"))
    assert dict(theirs) == dict(ours)
    assert theirs == ours or name in UNLIKE
    assert network.macs == shipped.macs
    told = {"layer", "wiring", "input", "output", "head"}
    edits = [each for each in changes.edits if each.aspect in told and each.kind != "renamed"]
    assert bool(edits) == (name in UNLIKE), edits


def _state(model: Any) -> list[tuple[str, Any]]:
    """The keys of a model in their order, with shapes."""
    return [(key, value.shape) for key, value in model.state_dict().items()]


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0"])
def test_blocks_of_mobile_networks_are_those_of_a_person(name: str) -> None:
    """Few parameters, and no condition that fits these calls by chance (`if kernel == 5`)."""
    text, _, _ = recovered(NETWORKS[name].model(), [(3, 64, 64)], name)
    heads = re.findall(r"^block \w+\(([^)]*)\)", text, re.MULTILINE)
    assert heads
    for head in heads:
        assert len([each for each in head.split(",") if each.strip()]) <= MOST_PARAMETERS, head
    for asked in re.findall(r"\bif (.*?) \{", text):
        plain = asked == "stride == 1 and input.channels == out"
        assert plain or re.fullmatch(r"\w+( != none)?", asked), asked
