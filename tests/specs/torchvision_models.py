"""torchvision's networks by name, freshly initialised."""

from __future__ import annotations

import unittest.mock
from typing import Any

import torch
import torchvision
from torch import nn
from torchvision.models.regnet import BlockParams

widths = BlockParams.from_init_params
OPTIONS: dict[str, dict[str, Any]] = {  # silence a warning about the default
    "googlenet": {"init_weights": True},
    "inception_v3": {"init_weights": True},
}


def reference(name: str) -> nn.Module:
    """torchvision's network of this name, on the device of the context, `meta` included."""
    with unittest.mock.patch.object(BlockParams, "from_init_params", _widths_on_cpu):
        return _made(name)


def _made(name: str) -> nn.Module:
    model: nn.Module = torchvision.models.get_model(name, weights=None, **OPTIONS.get(name, {}))
    return model


def _widths_on_cpu(**sizes: Any) -> BlockParams:
    """RegNet computes its widths with tensors, which must have values on the meta device too."""
    with torch.device("cpu"):
        return widths(**sizes)
