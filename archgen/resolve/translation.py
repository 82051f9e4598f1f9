"""A call as PyTorch writes it -> the same layer as it is written here.

Only what is certain: the same layer with the same numbers, PyTorch's defaults said where they
differ from those of the language. Everything else is left to the reader of the message.
"""

from __future__ import annotations

from collections.abc import Mapping

from archgen import foreign
from archgen.layers import LAYERS
from archgen.resolve.arguments import parameters_of
from archgen.syntax import tree

# Of a convolution in PyTorch: no padding, and a bias.
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "conv": {"padding": "0", "bias": "true"},
    "conv_transpose": {"bias": "true"},
}
_POOLS = ("maxpool", "avgpool")
_LEFT_OUT = ("in_channels", "in_features", "num_features", "num_channels", "normalized_shape")


def translated(call: tree.Call, keyword: str) -> str | None:
    """`nn.Conv2d(3, 16, 3)` as `conv(16, 3, padding=0, bias=true)`; None where it is not certain.

    Arguments are written as they stand in the text.
    """
    given = _by_our_names(call, keyword)
    if given is None:
        return None
    if _is_torch(call):
        given = {**given, **_told(keyword, given)}
    parameters = parameters_of(LAYERS[keyword])
    required = [each for each in parameters if LAYERS[keyword].model_fields[each].is_required()]
    if not all(name in given for name in required):
        return None
    words = [text if name in required else f"{name}={text}" for name, text in given.items()]
    return f"{keyword}({', '.join(words)})" if words else keyword


def _is_torch(call: tree.Call) -> bool:
    """Whether a call is one of a class of `torch.nn`: `Conv2d`, not `conv` and not `Conv2D`."""
    name = call.function.parts[-1]
    return name[:1].isupper() and not name.endswith(("D", "Dense", "Normalization"))


def _by_our_names(call: tree.Call, keyword: str) -> dict[str, str] | None:
    """What the arguments say, by the parameters here, required ones first; None if unsure."""
    parameters = parameters_of(LAYERS[keyword])
    positions = foreign.POSITIONS.get(keyword, ()) if _is_torch(call) else parameters
    found: dict[str, str] = {}
    for at, argument in enumerate(call.arguments):
        if argument.name is None and at >= len(positions):
            return None
        name = argument.name or positions[at]
        if name in _LEFT_OUT or (name == "inplace"):
            continue
        name = foreign.ARGUMENTS.get(name, name)
        if name not in parameters or isinstance(argument.value, tree.String):
            return None
        found[name] = argument.value.span.text
    return {name: found[name] for name in parameters if name in found}


def _told(keyword: str, given: Mapping[str, str]) -> dict[str, str]:
    """PyTorch's defaults that differ from those of the language."""
    told = {name: text for name, text in _DEFAULTS.get(keyword, {}).items() if name not in given}
    if (
        keyword in _POOLS
        and "padding" not in given
        and given.get("stride", "")
        not in (
            "",
            given.get("kernel"),
        )
    ):
        told["padding"] = "0"
    return told
