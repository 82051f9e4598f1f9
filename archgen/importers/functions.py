"""Functions of torch as layers and merges: `torch.cat([a, b], 1)` is `concat`.

Each rule takes one call of a function, in whatever form it was written (function, method,
operator), and gives what it is in the language. Knows torch's names, not torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from archgen.importers.leaves import whole
from archgen.importers.program import Arguments, Unsupported, Value


@dataclass(frozen=True, slots=True)
class Function:
    """A call of a function: its name without underscores, arguments with values in place of
    tensors, what it read and what it made."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: list[Value]
    outputs: list[Value]

    def get(self, position: int, name: str, default: Any = None) -> Any:
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    @property
    def x(self) -> Value:
        return self.inputs[0]

    def axis(self, number: int, rank: int | None = None) -> int:
        """An axis counted without the batch, from the front."""
        total = (len(self.x.sizes) if rank is None else rank) + 1
        counted = number + total if number < 0 else number
        if counted == 0:
            raise Unsupported(f"`{self.name}` over the batch")
        return counted - 1


@dataclass(frozen=True, slots=True)
class Step:
    """What a function is: a layer or a merge, with arguments; `same`: its input."""

    kind: str  # "layer", "merge", "same"
    key: str = ""
    arguments: tuple[tuple[str, object], ...] = ()


SAME = Step("same")


def step_of(call: Function) -> Step:
    """What a call of a function is in the language. Raises `Unsupported`."""
    if call.name in _PLAIN:
        return _layer(_PLAIN[call.name])
    rule = _RULES.get(call.name)
    if rule is None:
        raise Unsupported(f"`{call.name}`")
    return rule(call)


def _layer(key: str, **arguments: object) -> Step:
    return Step("layer", key, tuple(arguments.items()))


# --- rules ----------------------------------------------------------------------------------


def _flatten(call: Function) -> Step:
    if call.get(2, "end_dim", -1) not in (-1, len(call.x.sizes)):
        raise Unsupported("`flatten` that stops before the last axis")
    return _layer("flatten", start=call.axis(call.get(1, "start_dim", 0)))


def _reshape(call: Function) -> Step:
    before, after = call.x, call.outputs[0]
    flat = not before.batched and not after.batched and len(before.sizes) == 1
    if flat and after.sizes == (*before.sizes, *[1] * (len(after.sizes) - 1)):
        return SAME  # a parameter lies along the features
    if not after.batched:
        raise Unsupported(f"`{call.name}` that changes the batch")
    if after.sizes == before.sizes:
        return SAME
    for start in range(len(before.sizes)):
        if after.sizes == (*before.sizes[:start], prod(before.sizes[start:])):
            return _layer("flatten", start=start)
    return _layer("reshape", sizes=_asked(call) or list(after.sizes))


def _asked(call: Function) -> list[int] | None:
    """The sizes that were asked for, with the -1 of `x.view(n, -1, 4)`."""
    asked = call.args[1] if len(call.args) == 2 else call.args[1:]
    if not isinstance(asked, Sequence) or len(asked) != len(call.outputs[0].sizes) + 1:
        return None
    return [int(each) for each in asked[1:]] if -1 in asked[1:] else None


def _squeeze(call: Function) -> Step:
    return SAME if call.outputs[0].sizes == call.x.sizes else _reshape(call)


def _add(call: Function) -> Step:
    if call.kwargs.get("alpha", 1) != 1:
        raise Unsupported("`add` with `alpha`")
    if len(call.inputs) == 2:
        return Step("merge", "add")
    if _number(call) == 0:
        return SAME
    raise Unsupported("the addition of a number")


def _mul(call: Function) -> Step:
    if len(call.inputs) == 2:
        return Step("merge", "mul")
    return _layer("multiply", by=float(_number(call)))


def _div(call: Function) -> Step:
    if len(call.inputs) == 1 and call.name == "div" and not call.kwargs.get("rounding_mode"):
        return _layer("multiply", by=1 / float(_number(call)))
    raise Unsupported("a division by a tensor")


def _number(call: Function) -> Any:
    numbers = [each for each in call.args if isinstance(each, int | float)]
    if not numbers:
        raise Unsupported(f"`{call.name}` with these arguments")
    return numbers[0]


def _cat(call: Function) -> Step:
    axis = call.axis(call.get(1, "dim", call.kwargs.get("axis", 0)))
    return Step("merge", "concat", (("axis", axis),))


def _mean(call: Function) -> Step:
    dim = call.get(1, "dim")
    if dim is None:
        raise Unsupported("`mean` over everything, the batch included")
    keep = bool(call.get(2, "keepdim", False))
    axes = sorted(call.axis(each) for each in (dim if isinstance(dim, Sequence) else [dim]))
    if keep and axes == list(range(1, len(call.x.sizes))):
        return _layer("global_avgpool")
    return _layer("mean", axis=axes[0] if len(axes) == 1 else axes, keep=keep)


def _adaptive(key: str) -> Callable[[Function], Step]:
    def rule(call: Function) -> Step:
        size = _compact(call.get(1, "output_size"))
        if key == "adaptive_avgpool" and size == 1:
            return _layer("global_avgpool")
        return _layer(key, size=size)

    return rule


def _pool(key: str, *rest: tuple[str, object]) -> Callable[[Function], Step]:
    """A pool with a kernel, a stride and a padding; `rest`: its other arguments, with defaults."""

    def rule(call: Function) -> Step:
        kernel = _compact(call.get(1, "kernel_size"))
        given = {name: call.get(4 + at, name, default) for at, (name, default) in enumerate(rest)}
        if given.pop("return_indices", False) or given.pop("divisor_override", None) is not None:
            raise Unsupported(f"`{call.name}` with indices or another divisor")
        return _layer(
            key,
            kernel=kernel,
            stride=_stride(call.get(2, "stride"), kernel),
            padding=_compact(call.get(3, "padding", 0)),
            **{name: _compact(each) for name, each in given.items()},
        )

    return rule


def _stride(stride: Any, kernel: object) -> object:
    return kernel if stride is None or stride == [] else _compact(stride)


def _dropout(key: str) -> Callable[[Function], Step]:
    def rule(call: Function) -> Step:
        return _layer(key, p=float(call.get(1, "p", 0.5)))

    return rule


def _split(call: Function) -> Step:
    axis = call.axis(call.get(2, "dim", 0))
    sizes = [value.sizes[axis] for value in call.outputs]
    if axis != 0:
        raise Unsupported(f"`{call.name}` of another axis than the channels")
    equal = len(set(sizes)) == 1
    return _layer("split", parts=len(sizes) if equal else sizes)


def _permute(call: Function) -> Step:
    given = call.args[1] if len(call.args) == 2 else call.args[1:]
    axes = [*(given or call.kwargs["dims"])]
    if axes[0] != 0:
        raise Unsupported("`permute` that moves the batch")
    return _permuted([call.axis(each) for each in axes[1:]])


def _transpose(call: Function) -> Step:
    first, second = call.axis(call.get(1, "dim0")), call.axis(call.get(2, "dim1"))
    axes = list(range(len(call.x.sizes)))
    axes[first], axes[second] = axes[second], axes[first]
    return _permuted(axes)


def _permuted(axes: list[int]) -> Step:
    return SAME if axes == sorted(axes) else _layer("permute", axes=axes)


def _interpolate(call: Function) -> Step:
    if call.get(6, "antialias", False):
        raise Unsupported("`interpolate` with `antialias`")
    mode = call.get(3, "mode", "nearest")
    how = {"mode": mode, "align_corners": bool(call.get(4, "align_corners", False))}
    size, scale = call.get(1, "size"), call.get(2, "scale_factor")
    if size is None:
        return _layer("upsample", scale=whole(_compact(scale)), **how)
    before, after = call.x.sizes[1:], call.outputs[0].sizes[1:]
    if before == after and mode != "bicubic":
        return SAME
    factors = {b // a if b % a == 0 else None for a, b in zip(before, after, strict=True)}
    factor = factors.pop()
    if factor is not None and not factors and set(before) != {1}:
        return _layer("upsample", scale=factor, **how)
    return _layer("upsample", size=_compact(after), **how)


def _pad(call: Function) -> Step:
    flat = [*call.get(1, "pad")]
    pairs = [[flat[at], flat[at + 1]] for at in range(0, len(flat), 2)][::-1]
    if len(pairs) == len(call.x.sizes):
        if any(pairs[0][:1]) or any(number for pair in pairs[1:] for number in pair):
            raise Unsupported("`pad` of the channels on both sides")
        return _layer("pad_channels", out=call.outputs[0].sizes[0])
    missing = len(call.x.sizes) - 1 - len(pairs)
    return _layer(
        "pad",
        by=[[0, 0]] * missing + pairs,
        value=float(call.get(3, "value") or 0.0),
        mode=call.get(2, "mode", "constant"),
    )


def _normalize(call: Function) -> Step:
    if call.get(1, "p", 2.0) != 2 or call.axis(call.get(2, "dim", 1)) != 0:
        raise Unsupported("`normalize` other than of length 2 over the channels")
    if call.get(3, "eps", 1e-12) != 1e-12:
        raise Unsupported("`normalize` with another `eps`")
    return _layer("l2_norm")


def _expand(call: Function) -> Step:
    """A parameter with a leading 1, once for each sample."""
    before, after = call.x, call.outputs[0]
    is_for_each = not before.batched and after.batched and before.sizes == (1, *after.sizes)
    if is_for_each or (before.batched, before.sizes) == (after.batched, after.sizes):
        return SAME
    raise Unsupported("`expand` other than of a parameter for each sample")


def _softmax(call: Function) -> Step:
    return _layer("softmax", axis=call.axis(call.get(1, "dim")))


def _select(call: Function) -> Step:
    return _layer("select", index=call.get(2, "index"), axis=call.axis(call.get(1, "dim")))


def _getitem(call: Function) -> Step:
    """`x[:, 0]`: one of the items of an axis."""
    index = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    if isinstance(index[0], int):
        raise Unsupported("an index into the batch")
    numbers = [(at, each) for at, each in enumerate(index) if each != slice(None)]
    if len(numbers) == 1 and isinstance(numbers[0][1], int) and numbers[0][0] > 0:
        return _layer("select", index=numbers[0][1], axis=numbers[0][0] - 1)
    raise Unsupported("an index other than `x[:, 0]`")


def _leaky_relu(call: Function) -> Step:
    return _layer("leaky_relu", slope=float(call.get(1, "negative_slope", 0.01)))


def _elu(call: Function) -> Step:
    return _layer("elu", alpha=float(call.get(1, "alpha", 1.0)))


def _gelu(call: Function) -> Step:
    return _layer("gelu", approximate=call.get(1, "approximate", "none"))


def _clamp(call: Function) -> Step:
    if (call.get(1, "min"), call.get(2, "max")) == (0, 6):
        return _layer("relu6")
    raise Unsupported("`clamp`")


def _pixel_shuffle(call: Function) -> Step:
    return _layer("pixel_shuffle", by=call.get(1, "upscale_factor"))


def _shuffle(call: Function) -> Step:
    return _layer("channel_shuffle", groups=call.get(1, "groups"))


def _same(_: Function) -> Step:
    return SAME


def _compact(value: Any) -> Any:
    """One number where all are the same."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = list(value)
        return items[0] if len(set(items)) == 1 else items
    return value


_PLAIN = {
    name: name
    for name in ("relu", "relu6", "sigmoid", "tanh", "silu", "mish", "hardswish", "hardsigmoid")
}

_MAXPOOL = _pool("maxpool", ("dilation", 1), ("ceil_mode", False), ("return_indices", False))
_AVGPOOL = _pool(
    "avgpool", ("ceil_mode", False), ("count_include_pad", True), ("divisor_override", None)
)

_RULES: dict[str, Callable[[Function], Step]] = {
    "flatten": _flatten,
    "view": _reshape,
    "reshape": _reshape,
    "squeeze": _squeeze,
    "unsqueeze": _reshape,
    "add": _add,
    "radd": _add,
    "iadd": _add,
    "mul": _mul,
    "multiply": _mul,
    "rmul": _mul,
    "imul": _mul,
    "div": _div,
    "truediv": _div,
    "cat": _cat,
    "concat": _cat,
    "mean": _mean,
    "adaptive_avg_pool1d": _adaptive("adaptive_avgpool"),
    "adaptive_avg_pool2d": _adaptive("adaptive_avgpool"),
    "adaptive_max_pool2d": _adaptive("adaptive_maxpool"),
    "max_pool1d": _MAXPOOL,
    "max_pool2d": _MAXPOOL,
    "avg_pool1d": _AVGPOOL,
    "avg_pool2d": _AVGPOOL,
    "dropout": _dropout("dropout"),
    "dropout2d": _dropout("dropout2d"),
    "feature_dropout": _dropout("dropout2d"),
    "chunk": _split,
    "split": _split,
    "permute": _permute,
    "transpose": _transpose,
    "interpolate": _interpolate,
    "pad": _pad,
    "softmax": _softmax,
    "normalize": _normalize,
    "expand": _expand,
    "select": _select,
    "getitem": _getitem,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "clamp": _clamp,
    "hardtanh": _clamp,
    "pixel_shuffle": _pixel_shuffle,
    "channel_shuffle": _shuffle,
    "contiguous": _same,
    "clone": _same,
    "to": _same,
    "float": _same,
    "type": _same,
    "detach": _same,
}


def arguments_of(step: Step) -> Arguments:
    return dict(step.arguments)
