"""What a built-in layer computes, as a value that can be compared.

Two layers with equal operations compute equal numbers from equal inputs and equal weights,
whatever the size of the input: equal to the last bit, so that what is equal in exact arithmetic
alone (a mean as an average pool) counts as different. Weights are not in it; who compares says
which weights are meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archgen.layers.base import Layer, TorchCall, per_axis
from archgen.shapes import Shape

# Layers that drop something in training, and hand on their input in evaluation.
AT_REST: frozenset[str] = frozenset({"dropout", "dropout2d", "drop_path"})
# Arguments, by torch's names, that evaluation does not read.
IN_TRAINING: Mapping[str, frozenset[str]] = {
    "bn": frozenset({"momentum"}),
    "attention": frozenset({"dropout"}),
}
# Results that hold no negative number.
RECTIFYING = frozenset({"relu", "relu6", "sigmoid", "hardsigmoid", "softmax"})
# Layers that make no negative number of numbers that are not negative.
KEEPING_SIGN = frozenset(
    {
        *("maxpool", "avgpool", "global_avgpool", "adaptive_avgpool", "adaptive_maxpool"),
        *("flatten", "reshape", "permute", "select", "mean", "split", "crop"),
        *("channel_shuffle", "pixel_shuffle", "dropout", "dropout2d", "drop_path"),
    }
)

_POINT_BY_POINT = frozenset({"activation", "normalisation", "regularisation"})
_WINDOW = ("kernel_size", "stride", "padding", "dilation")


@dataclass(frozen=True, slots=True)
class Operation:
    """What a layer computes. `arguments` are torch's by name or place, as text.

    As text, because to torch `True` is not `1`, and Python finds them equal.
    """

    target: str
    arguments: tuple[tuple[str, str], ...] = ()


def operation(layer: Layer, x: Shape, *, training: bool) -> Operation | None:
    """What a layer computes for an input of this shape; None if it hands on its input."""
    if _hands_on(layer, x) or (layer.keyword in AT_REST and not (training and _drops(layer))):
        return None
    function = layer.function(x)
    if function is not None:
        return Operation(function)
    call = layer.module(x)
    ignored = () if training else IN_TRAINING.get(layer.keyword, ())
    arguments = _arguments(call)
    _settle(arguments, layer, x)
    kept = ((name, text) for name, text in arguments.items() if name not in ignored)
    return Operation(call.target, tuple(sorted(kept)))


def has_state(layer: Layer, x: Shape) -> bool:
    """Whether what it computes depends on weights, or on statistics that it keeps."""
    return bool(layer.weights(x) or layer.buffers(x))


def rectifies(layer: Layer) -> bool:
    """Whether no number of its result is negative, whatever it reads."""
    return layer.keyword in RECTIFYING


def keeps_sign(layer: Layer) -> bool:
    """Whether it makes no negative number of numbers that are not negative."""
    return layer.keyword in KEEPING_SIGN


def keeps_extent(layer: Layer, x: Shape) -> bool:
    """Whether its result has the spatial sizes of its input, whatever they are."""
    if layer.keyword != "conv":
        return layer.group in _POINT_BY_POINT or layer.keyword == "multiply"
    call = layer.module(x)
    numbers = {each.keyword: each.value for each in (*call.arguments, *call.defaulted)}
    axes = [per_axis(numbers[name], x, name) for name in _WINDOW]  # type: ignore[arg-type]
    return all(s == 1 and 2 * p == d * (k - 1) for k, s, p, d in zip(*axes, strict=True))


def _arguments(call: TorchCall) -> dict[str, str]:
    """Every argument, given or torch's default: `relu` with a default is `relu` without."""
    shown = {str(place): each for place, each in enumerate(call.arguments)}
    named = {each.keyword or place: repr(each.value) for place, each in shown.items()}
    return named | {each.keyword or "": repr(each.value) for each in call.defaulted}


def _hands_on(layer: Layer, x: Shape) -> bool:
    """Whether a layer with these arguments changes nothing, in training and in evaluation."""
    given = {name: getattr(layer, name) for name in type(layer).model_fields}
    match layer.keyword:
        case "identity":
            return True
        case "multiply":
            return bool(given["by"] == 1)
        case "channel_shuffle":
            return bool(given["groups"] == 1)
        case "pixel_shuffle":
            return bool(given["by"] == 1)
        case "permute":
            return bool(given["axes"] == tuple(range(x.rank)))
        case "flatten":
            return bool(given["start"] == x.rank - 1)
        case "pad":
            return _all_are(given["by"], 0)
        case "maxpool" | "avgpool":
            stride = given["kernel"] if given["stride"] is None else given["stride"]
            return _all_are(given["kernel"], 1) and _all_are(stride, 1)
        case "upsample":
            return given["mode"] == "nearest" and _all_are(given["scale"], 1)
        case _:
            return False


def _drops(layer: Layer) -> bool:
    return bool(getattr(layer, "p", 0) > 0)


def _settle(arguments: dict[str, str], layer: Layer, x: Shape) -> None:
    """Give arguments without effect one value: the dilation of a window of one element."""
    window = layer.window(x)
    if window is not None and "dilation" in arguments and _all_are(window.kernel, 1):
        arguments["dilation"] = "1"
    unpadded = arguments.get("padding") == "0" and arguments.get("ceil_mode") == "False"
    if "count_include_pad" in arguments and unpadded:
        arguments["count_include_pad"] = "True"


def _all_are(value: object, number: int) -> bool:
    """Whether a number, or each of nested numbers, is this one."""
    if isinstance(value, tuple):
        return all(_all_are(item, number) for item in value)
    return value == number
