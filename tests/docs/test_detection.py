"""The page on detection: its code runs, and its detector is torchvision's, with equal weights."""

from __future__ import annotations

from typing import Any

import pytest

from docs import pictures

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
CODE = list(
    pictures.examples("python", (pictures.DOCS / "detection.md").read_text(encoding="utf-8"))
)


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the code of the page, run from top to bottom, defines."""
    torch.set_num_threads(1)
    names: dict[str, Any] = {}
    for example in CODE:
        exec(compile(example.text, "detection.md", "exec"), names)
    return names


def test_a_step_trains_every_part(page: dict[str, Any]) -> None:
    losses = page["losses"]
    assert set(losses) == {
        "loss_classifier",
        "loss_box_reg",
        "loss_objectness",
        "loss_rpn_box_reg",
    }
    assert all(loss.isfinite() for loss in losses.values())
    fresh = page["archgen"].build("resnet50_fpn", seed=0).state_dict()
    trained = page["backbone"].state_dict()
    moved = {key for key, weight in page["backbone"].named_parameters() if weight.grad.any()}
    assert {key.split(".")[0] for key in moved} == {"body", "fpn"}
    assert not torch.equal(trained["body.conv1.weight"], fresh["body.conv1.weight"])


def test_a_detection_gives_boxes_in_the_images(page: dict[str, Any]) -> None:
    for found in page["found"]:
        assert len(found["boxes"]) == len(found["labels"]) == len(found["scores"]) > 0
        assert found["boxes"].min() >= 0
        assert (found["boxes"][:, 2] <= 128).all()
        assert (found["boxes"][:, 3] <= 96).all()


def test_a_classifier_learns_below_a_pyramid(page: dict[str, Any]) -> None:
    body = page["small"].backbone.body
    assert all(weight.grad.any() for weight in body.parameters() if weight.dim() == 4)
    assert not any(key.startswith("fc") for key in body.state_dict())


def test_the_detector_is_the_one_of_torchvision(page: dict[str, Any]) -> None:
    """Keys to the letter; with its weights equal losses and equal detections."""
    from torchvision.models.detection import fasterrcnn_resnet50_fpn

    torch.manual_seed(2)
    theirs = fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=3, **page["quick"]
    )
    ours = page["detector"]
    ours.load_state_dict(theirs.state_dict(), strict=True)
    results = []
    for detector in (ours, theirs):
        torch.manual_seed(3)  # boxes are sampled
        losses = detector.train()(page["images"], page["targets"])
        with torch.inference_mode():
            results.append((losses, detector.eval()(page["images"])))
    (losses, found), (expected_losses, expected) = results
    assert losses == expected_losses
    for each, wanted in zip(found, expected, strict=True):
        assert all(torch.equal(each[key], wanted[key]) for key in wanted)
