"""The parts of Faster R-CNN against those of torchvision's `fasterrcnn_resnet50_fpn`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.detection import fasterrcnn_resnet50_fpn

import archgen
from tests.specs.test_by_hand import stir_statistics

pytestmark = pytest.mark.torch
Record = Callable[[str, object], None]


class Boxes(nn.Module):
    """The two parts of `roi_heads` that look at the pixels of a region."""

    def __init__(self, heads: nn.Module) -> None:
        super().__init__()
        self.box_head = heads.box_head
        self.box_predictor = heads.box_predictor

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        result: tuple[Tensor, Tensor] = self.box_predictor(self.box_head(x))
        return result


class Proposals(nn.Module):
    """The backbone and the head of the region proposals, under torchvision's names."""

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.backbone = detector.backbone
        self.rpn = nn.ModuleDict({"head": detector.rpn.head})

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        levels = list(self.backbone(x).values())
        result: tuple[list[Tensor], list[Tensor]] = self.rpn["head"](levels)
        return result


def parts() -> dict[str, nn.Module]:
    model = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None).eval()
    return {
        "resnet50_fpn": model.backbone,
        "resnet50_fpn_rpn": Proposals(model),
        "box_head": Boxes(model.roi_heads),
    }


def outputs(result: object) -> list[Tensor]:
    """The tensors of a result, however they are wrapped."""
    if isinstance(result, Tensor):
        return [result]
    each = result.values() if isinstance(result, Mapping) else result
    return [tensor for value in each for tensor in outputs(value)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["resnet50_fpn", "resnet50_fpn_rpn", "box_head"])
def test_part_equals_torchvision(name: str, record_property: Record) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    theirs = parts()[name]
    stir_statistics(theirs)
    ours = archgen.build(name, seed=1).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    sizes = archgen.load(name).input
    x = torch.randn(1, *sizes)

    with torch.inference_mode():
        expected = outputs(theirs(x))
        found = outputs(ours(x))
    assert len(found) == len(expected)
    assert all(map(torch.equal, found, expected))
    record_property("result", f"keys, shapes, outputs to the bit at {' x '.join(map(str, sizes))}")


@pytest.mark.parametrize("name", ["resnet50_fpn", "resnet50_fpn_rpn", "box_head"])
def test_part_costs_what_torch_counts(name: str) -> None:
    network = archgen.load(name)
    with torch.device("meta"):
        theirs = parts()[name]
        x = torch.empty(1, *network.input)
    with FlopCounterMode(display=False) as counter:
        theirs(x)
    assert 2 * network.macs == counter.get_total_flops()


def test_proposals_take_images_of_any_size() -> None:
    """The one head has no size of its own: it reads whatever levels the pyramid has."""
    levels = archgen.load("resnet50_fpn", input=(3, 96, 128)).figures.outputs
    maps = archgen.load("resnet50_fpn_rpn", input=(3, 96, 128)).figures.outputs
    places = [level.sizes[1:] for level in levels]
    assert [each.sizes for each in maps[:5]] == [(3, *place) for place in places]
    assert [each.sizes for each in maps[5:]] == [(12, *place) for place in places]
