"""SSD300 against torchvision's `ssd300_vgg16`: its backbone and its heads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torchvision.models.detection import ssd300_vgg16

import archgen

pytestmark = pytest.mark.torch


def test_ssd300_equals_torchvision(record_property: Callable[[str, object], None]) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    theirs = ssd300_vgg16(weights=None, weights_backbone=None).eval()
    ours = archgen.build("ssd300_vgg16", seed=1).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(1, 3, 300, 300)

    with torch.inference_mode():
        maps = list(theirs.backbone(x).values())
        expected = theirs.head(maps)
        boxes, classes = ours(x)
    assert torch.equal(boxes, expected["bbox_regression"])
    assert torch.equal(classes, expected["cls_logits"])
    assert boxes.shape == (1, 8732, 4)  # section 3.1: 8732 boxes
    record_property("result", "keys, shapes, outputs to the bit at 3 x 300 x 300")
