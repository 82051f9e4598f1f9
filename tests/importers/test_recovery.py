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
from archgen.syntax import tree  # noqa: E402
from archgen.syntax.parse import parse  # noqa: E402
from archgen.text import Source  # noqa: E402
from tests.importers.networks import NETWORKS  # noqa: E402

SHIPPED = [name for name, _ in archgen.shipped()]
# The same network, its keys in the same order, in other words:
UNLIKE = {
    *("resnet50_fpn", "resnet50_fpn_rpn", "ssd300_vgg16"),  # a list of values is read item by item
    *("efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"),  # arguments of a block
    *(name for name in SHIPPED if name.startswith("vit_")),  # `flatten(1)` for `reshape([768, -1])`
    "resnet110_shortcut_only_gating",  # what reads the input of a block that does nothing
}
UNLIKE |= {  # a unit without its shortcut is no `add`; `flatten(1)` for `reshape`
    name for name in SHIPPED if name.startswith("yolov8")
}
# What the importer has no form for yet: products, axes that are taken apart.
REFUSED = {name: "`unflatten`" for name in SHIPPED if name.startswith("yolo11")}
FEW = [
    *("resnet18", "unet", "densenet40_k12", "mobilenet_v3_small", "resnet20", "yolo_v3"),
    *("box_head", "vit_b_16", "resnet50_fpn_rpn"),
]
MOST_PARAMETERS = 6


@cases("name", SHIPPED, sample=FEW, of="shipped networks, built and imported")
def test_round_trip_of_shipped_networks(name: str) -> None:
    """The spec of a built model is the network that it was built from, by archgen's own diff: but
    for how weights start, names of parameters and of values, and those of layers without weights,
    which a model does not tell."""
    shipped = archgen.load(name)
    sizes = [shipped.body.values[ref].sizes for ref in shipped.body.inputs]
    model = archgen.build(shipped, device="meta")
    if name in REFUSED:
        with pytest.raises(Unsupported, match=REFUSED[name]):
            recovered(model, sizes, name, fixed=True)
        return
    _, network, _ = recovered(model, sizes, name, fixed=True)
    changes = archgen.diff(shipped, network)
    theirs, ours = _state(model), _state(archgen.build(network, device="meta"))
    assert theirs == ours
    assert network.macs == shipped.macs
    told = {"layer", "wiring", "input", "output", "head"}
    edits = [each for each in changes.edits if each.aspect in told and each.kind != "renamed"]
    assert bool(edits) == (name in UNLIKE), edits


def _state(model: Any) -> list[tuple[str, Any]]:
    """The keys of a model in their order, with shapes."""
    return [(key, value.shape) for key, value in model.state_dict().items()]


MOBILE = ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0"]
MOBILE += ["efficientnet_v2_s", "mnasnet1_0"]


@cases("name", MOBILE, sample=4, of="blocks of mobile networks, imported")
def test_blocks_of_mobile_networks_are_those_of_a_person(name: str) -> None:
    """Few parameters, and no condition that fits these calls by chance (`if kernel == 5`)."""
    text, _, _ = recovered(NETWORKS[name].model(), [(3, 64, 64)], name)
    file = parse(Source(name, text)).tree
    blocks = [each for each in file.items if isinstance(each, tree.Block | tree.Synonym)]
    assert blocks
    for block in blocks:
        assert len(block.parameters) <= MOST_PARAMETERS, block.name
    for asked in re.findall(r"\bif (.*?) \{", text):
        assert set(re.findall(r"\d+", asked)) <= {"1"}, asked  # `stride == 1`, `expand != 1`
        assert not re.search(r"kernel|act|\"", asked), asked
