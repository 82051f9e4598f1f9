"""The built-in layers, by keyword. To add one is to add its class, here and in its module."""

from __future__ import annotations

from typing import Final

from archgen.layers.activation import (
    Elu,
    Gelu,
    Hardsigmoid,
    Hardswish,
    LeakyRelu,
    Mish,
    Prelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Softmax,
    Tanh,
)
from archgen.layers.base import Layer
from archgen.layers.convolution import Conv, ConvTranspose
from archgen.layers.dense import Linear
from archgen.layers.normalisation import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    L2Norm,
    LayerNorm,
    LayerNorm2d,
    LocalResponseNorm,
)
from archgen.layers.other import Identity, Multiply
from archgen.layers.pooling import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    MaxPool,
)
from archgen.layers.regularisation import Dropout, Dropout2d, DropPath
from archgen.layers.resizing import Crop, Pad, PadChannels, Upsample
from archgen.layers.shape import (
    ChannelShuffle,
    Flatten,
    Mean,
    Permute,
    PixelShuffle,
    Reshape,
    Select,
    Split,
)
from archgen.layers.tokens import Attention

__all__ = ["LAYERS"]

CLASSES: Final[tuple[type[Layer], ...]] = (
    Conv,
    ConvTranspose,
    Linear,
    BatchNorm,
    LayerNorm,
    LayerNorm2d,
    GroupNorm,
    InstanceNorm,
    LocalResponseNorm,
    L2Norm,
    Relu,
    Relu6,
    LeakyRelu,
    Prelu,
    Elu,
    Silu,
    Gelu,
    Mish,
    Sigmoid,
    Tanh,
    Softmax,
    Hardswish,
    Hardsigmoid,
    MaxPool,
    AvgPool,
    GlobalAvgPool,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    Flatten,
    Reshape,
    Permute,
    Select,
    Mean,
    Split,
    ChannelShuffle,
    PixelShuffle,
    Pad,
    PadChannels,
    Crop,
    Upsample,
    Dropout,
    Dropout2d,
    DropPath,
    Attention,
    Identity,
    Multiply,
)
LAYERS: Final[dict[str, type[Layer]]] = {layer.keyword: layer for layer in CLASSES}
