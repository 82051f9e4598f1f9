"""The networks of torchvision that the importer is proved on: for tests and docs/IMPORTED.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torchvision import models
from torchvision.models.detection import backbone_utils

FAMILIES = (
    *("alexnet", "convnext", "densenet", "efficientnet", "googlenet", "inception", "mnasnet"),
    *("mobilenet", "regnet", "resnet", "resnext", "shufflenet", "squeezenet", "vgg"),
    "wide_resnet",
)
SEGMENTERS = ("fcn_", "deeplabv3_", "lraspp_")
SIZES = {"inception_v3": 299}  # its head for training takes no smaller image
SIZE = 64


@dataclass(frozen=True)
class Imported:
    """A network by the name that the table has for it; `size`: of its square input."""

    name: str
    make: Callable[[], nn.Module]
    size: int = SIZE

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        return self.make()


def _made(name: str, **arguments: Any) -> Callable[[], nn.Module]:
    slow = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
    return partial(models.get_model, name, weights=None, **slow, **arguments)


def _networks() -> list[Imported]:
    names = models.list_models(module=models)
    classifiers = [
        Imported(name, _made(name), SIZES.get(name, SIZE))
        for name in names
        if name.startswith(FAMILIES)
    ]
    segmenters = [
        Imported(name, _made(name, weights_backbone=None))
        for name in models.list_models(module=models.segmentation)
        if name.startswith(SEGMENTERS)
    ]
    heads = Imported(
        "fcn_resnet50 with aux_loss", _made("fcn_resnet50", weights_backbone=None, aux_loss=True)
    )
    pyramids = [
        Imported(
            f"{name} with FPN",
            partial(
                backbone_utils.resnet_fpn_backbone,
                backbone_name=name,
                weights=None,
                norm_layer=nn.BatchNorm2d,
            ),
        )
        for name in ("resnet18", "resnet50")
    ]
    return [*classifiers, *segmenters, heads, *pyramids]


NETWORKS = {network.name: network for network in _networks()}
