"""Modules that are not archgen's, for specs with `extern`."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Gate(nn.Module):
    """A gated convolution: parts, and a buffer of its own."""

    def __init__(self, channels: int, out: int, kernel: int = 3, *, scale: float = 1.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 2 * out, kernel, padding=kernel // 2, bias=False)
        self.register_buffer("calls", torch.zeros(()))
        self.norm = nn.BatchNorm2d(out)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.conv(x).chunk(2, 1)
        return self.norm(a * torch.sigmoid(b)) * self.scale


class Mix(nn.Module):
    """Two values, and perhaps a third; two results of other sizes."""

    def forward(
        self, x: Tensor, other: Tensor, third: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        mixed = x * other if third is None else x * other + third
        return mixed, mixed.mean((2, 3))


class Alone(nn.Module):
    """Loses the batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(0)


class Broken(nn.Module):
    def __init__(self) -> None:
        raise RuntimeError("no such kernel")


def maker() -> nn.Module:
    return nn.Identity()
