"""Names that PyTorch and Keras have, and the words of the language for them.

Data for messages: who writes `BatchNorm2d` is told `bn`. What a layer *is* stands with its class;
names that a keyword shares with another library but for capitals, underscores and `2d` are not
listed: `word` finds them among the keywords.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from archgen.frozen import dataclass

__all__ = ["ARGUMENTS", "POSITIONS", "Word", "argument", "word"]


@dataclass(frozen=True, slots=True)
class Word:
    """What a foreign name is here.

    `keyword`: the layer, if it is one; `merge`: `add`, `mul` or `concat`; `help` says the rest.
    """

    keyword: str | None
    help: str | None = None
    merge: str | None = None


# Layers under another name.
_LAYERS: Final = {
    "bn": "batchnorm batchnormalization syncbatchnorm norm",
    "layer_norm": "layernormalization",
    "group_norm": "groupnormalization",
    "instance_norm": "instancenormalization",
    "lrn": "localresponsenorm localresponsenormalization crossmaplrn",
    "l2_norm": "normalize unitnormalization",
    "conv": "convolution convolutional",
    "conv_transpose": "convolutiontranspose deconv deconvolution transposedconv upconv",
    "linear": "dense fc fullyconnected affine",
    "leaky_relu": "lrelu",
    "silu": "swish",
    "hardswish": "hswish",
    "hardsigmoid": "hsigmoid",
    "maxpool": "maxpooling pool",
    "avgpool": "averagepool averagepooling meanpool",
    "global_maxpool": "globalmaxpooling",
    "pixel_unshuffle": "spacetodepth",
    "clamp": "hardtanh clip",
    "exp": "exponential",
    "max": "amax",
    "min": "amin",
    "frozen_bn": "frozenbatchnorm",
    "slice": "narrow",
    "global_avgpool": "globalaveragepool globalaveragepooling gap globalpool globalpooling",
    "reshape": "view unflatten unsqueeze squeeze",
    "permute": "transpose swapaxes moveaxis",
    "split": "chunk",
    "pad": "zeropad zeropadding constantpad",
    "crop": "cropping centercrop",
    "upsample": "upsampling interpolate resize upsamplingnearest",
    "dropout2d": "spatialdropout featuredropout",
    "drop_path": "stochasticdepth",
    "attention": "multiheadattention selfattention mhsa mha",
    "identity": "noop passthrough",
}
# Several layers, arguments, or words that are no layer.
_PHRASES: Final = {
    "sequential": "write `a -> b -> c`, or `name = seq { ... }`",
    "stack": "give both an axis of size 1 by `reshape`, then `concat { ... }`",
    "softmax2d": "write `softmax(axis=0)`",
    "dropout1d dropout3d": "write `dropout2d(p)`: it zeroes whole channels of any number of axes",
    "reflectionpad": 'write `pad(n, mode="reflect")`',
    "replicationpad": 'write `pad(n, mode="replicate")`',
    "circularpad": 'write `pad(n, mode="circular")`',
    "upsamplingbilinear2d": 'write `upsample(2, mode="bilinear", align_corners=true)`',
    "depthwiseconv depthwise": "write `conv(channels, 3, groups=channels)`",
    "separableconv": "write `conv(channels, 3, groups=channels) -> conv(out, 1)`",
    "glu": "write `a, b = split(2)`, then `mul { from a; { from b; sigmoid } }`",
    "transformerencoderlayer transformerblock": "make it a block of `attention`, `layer_norm`, "
    "`linear` and `add { ... }`",
    "transformer transformerencoder": "repeat a block of `attention` and `linear` by `stage`",
    "modulelist": "write `name[i] = ...`: the items become an `nn.ModuleList`",
    "moduledict parameterdict": "give each a name: `first = ...`",
    "parameterlist": 'name each: `"p{i}" = param([...])`',
    "module model sequentialmodule container": "a reusable part is written "
    "`block name(...) { ... }`, a network `arch name { ... }`",
    "parameter": "write `name = param([sizes], init=zeros)`",
    "inputlayer": "write `input(3, 224, 224)`: channels first, without the batch",
    "activation": "write the function itself as a step: `relu`",
    "rescaling": "write `multiply(1 / 255)`",
    "clone contiguous detach copy": "leave it out: a value is never changed in place here",
}
# Values that come together.
_MERGES: Final = {
    "concat": "cat concatenate concatenation hstack",
    "add": "add residual skip shortcut",
    "mul": "mul multiplication",
    "sub": "sub subtract minus",
    "div": "div divide truediv",
    "maximum": "maximum",
    "minimum": "minimum",
}
# What is not to be had, and what comes nearest.
_ABSENT: Final = {
    "selu celu rrelu alphadropout featurealphadropout": "no such layer; the nearest are `elu`, "
    "`leaky_relu` and `dropout`",
    "softplus softsign tanhshrink hardshrink softshrink threshold softmin logsigmoid": (
        "no such activation; there are relu, relu6, leaky_relu, prelu, elu, silu, gelu, mish, "
        "sigmoid, tanh, softmax, hardswish and hardsigmoid"
    ),
    "logsoftmax": "no such layer: end with the logits, as `nn.CrossEntropyLoss` takes them, or "
    "with `softmax(axis=0)`",
    "adaptivelogsoftmaxwithloss": "no such layer: a network here ends with its logits, `linear(n)`",
    "maxunpool maxunpooling unpool unpooling": "no pool here keeps its indices, so none can be "
    "undone; `upsample(2)` or `conv_transpose(out, 2, stride=2)` enlarge",
    "fractionalmaxpool": "no such layer; the nearest is `adaptive_maxpool`",
    "lppool": "no such layer; the nearest is `avgpool`",
    "embedding embeddingbag": "no such layer: a network here takes numbers, not indices; "
    "`input(tokens, dim, axis=1)` takes what is embedded already",
    "rnn rnnbase rnncell lstmcell grucell rnncellbase simplernn bidirectional "
    "convlstm": "no such layer; over tokens there are `lstm(hidden)` and `gru(hidden)`",
    "transformerdecoder transformerdecoderlayer crossattention": "no attention between two "
    "values; `attention` is self-attention",
    "matmul bmm mm einsum dot baddbmm": "no product of two computed matrices; `linear` multiplies "
    "by a learned one, `attention(heads)` is self-attention over tokens",
    "bilinear cosinesimilarity pairwisedistance": "no such layer; two values meet in `add`, `mul` "
    "and `concat`",
    "dataparallel distributeddataparallel": "not part of a network: wrap the model that "
    "`archgen.build` gives",
    "buffer uninitializedbuffer": "a network here has no buffers but those of `bn`; "
    "`name = param([sizes])` is a learned value",
    "uninitializedparameter": "write `name = param([sizes])`: sizes are always known",
    "spectralnorm weightnorm parametrize": "weights are not normalised or parametrised here; "
    "normalise the values: `bn`, `group_norm(n)`",
    "lambda function": "functions cannot be written; make a `block` of layers",
    "gaussiannoise randomcrop randomflip": "augmentation is not part of a network",
}
_LOSS: Final = "a loss belongs to training, not to the network: end with the logits, `linear(n)`"

# Arguments of these libraries: the parameter here, or (in capitals) what to do.
ARGUMENTS: Final[Mapping[str, str]] = {
    "out_channels": "out",
    "out_features": "out",
    "filters": "out",
    "units": "out",
    "kernel_size": "kernel",
    "pool_size": "kernel",
    "strides": "stride",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "num_groups": "groups",
    "negative_slope": "slope",
    "num_heads": "heads",
    "rate": "p",
    "scale_factor": "scale",
    "upscale_factor": "by",
    "output_size": "size",
    "elementwise_affine": "affine",
    "epsilon": "eps",
}
_KNOWN: Final = "leave it out: the incoming channels are known"
_NOT_SAID: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("in_channels", "in_features", "num_features", "num_channels", "normalized_shape"), _KNOWN
    ),
    **dict.fromkeys(("embed_dim", "input_shape", "input_dim"), _KNOWN),
    "inplace": "leave it out: the generated code decides what works in place",
    "device": "leave it out: `archgen.build(..., device=...)`",
    "dtype": "leave it out: `archgen.build(..., dtype=...)`",
    "dim": "axes count without the batch: `dim=1` is `axis=0`",
    "start_dim": "axes count without the batch: `start_dim=1` is `start=0`",
    "activation": "an activation is a step: `... -> relu`",
    "act": "an activation is a step: `... -> relu`",
    "norm": "a normalisation is a step: `... -> bn`",
    "padding_mode": 'pad in a step before: `pad(1, mode="reflect")`, then `padding=0`',
    "return_indices": "no pool here keeps its indices; `upsample(2)` or "
    "`conv_transpose(out, 2, stride=2)` enlarge again",
    "weight_norm": "weights are not normalised or parametrised here; normalise the values: `bn`",
    "spectral_norm": "weights are not normalised or parametrised here; normalise the values: `bn`",
    "kernel_initializer": "write `init(conv.weight, ...)` in the body",
    "bias_initializer": "write `init(conv.bias, ...)` in the body",
    "track_running_stats": "leave it out: `bn` always keeps running statistics",
    "data_format": "leave it out: channels come first",
    "name": "write `name = ...` before the layer",
}
# Positional arguments of the modules of torch.nn, in torch's order.
POSITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    keyword: tuple(names.split())
    for keyword, names in {
        "conv": "in_channels out_channels kernel_size stride padding dilation groups bias",
        "conv_transpose": "in_channels out_channels kernel_size stride padding output_padding "
        "groups bias dilation",
        "linear": "in_features out_features bias",
        "bn": "num_features eps momentum affine",
        "instance_norm": "num_features eps momentum affine",
        "layer_norm": "normalized_shape eps",
        "group_norm": "num_groups num_channels eps",
        "maxpool": "kernel_size stride padding dilation return_indices ceil_mode",
        "avgpool": "kernel_size stride padding ceil_mode count_include_pad",
        "adaptive_avgpool": "output_size",
        "adaptive_maxpool": "output_size",
        "leaky_relu": "negative_slope inplace",
        "elu": "alpha inplace",
        "relu": "inplace",
        "relu6": "inplace",
        "silu": "inplace",
        "dropout": "p inplace",
        "dropout2d": "p inplace",
        "lrn": "size alpha beta k",
        "pixel_shuffle": "upscale_factor",
        "channel_shuffle": "groups",
        "upsample": "size scale_factor mode align_corners",
    }.items()
}


def _by_name(table: Mapping[str, str]) -> dict[str, str]:
    return {name: text for names, text in table.items() for name in names.split()}


_KEYWORDS: Final = _by_name({names: keyword for keyword, names in _LAYERS.items()})
_MERGE_OF: Final = _by_name({names: kind for kind, names in _MERGES.items()})
_HELPS: Final = _by_name(_PHRASES) | _by_name(_ABSENT)


def word(name: str, keywords: Iterable[str]) -> Word | None:
    """What a name of PyTorch or Keras is here; None for a name that is of neither.

    `name` may have a path before it (`nn.Conv2d`, `torch.cat`); `keywords` are the layers.
    """
    last = name.rpartition(".")[2]
    plain = last.lower().replace("_", "")
    known = {each.replace("_", ""): each for each in keywords}
    for each in (plain, re.sub(r"^lazy|[123]d", "", plain)):
        if kind := _MERGE_OF.get(each):
            return Word(None, f"write `{kind} {{ from a; from b }}`", kind)
        if each in _HELPS:
            return Word(None, _HELPS[each])
        if each in _KEYWORDS:
            return Word(_KEYWORDS[each])
        if each in known:
            return Word(known[each])
    if re.search(r"(Loss(2d)?|Options)$", last):
        return Word(None, _LOSS)
    return None


def argument(name: str, parameters: Iterable[str]) -> str | None:
    """What to say of an argument of another library, for a layer with these parameters."""
    ours = ARGUMENTS.get(name)
    if ours is not None and ours in parameters:
        return f"it is called `{ours}` here"
    return _NOT_SAID.get(name)
