"""Modules of torch as layers, read backwards: `nn.Conv2d(64, 128, 3)` is `conv(128, 3)`.

A layer says which module it becomes (`Layer.module`). Here its arguments are taken from the
attributes of a module; then the layer is asked what it becomes, and every argument of the
module's constructor must agree. So what a layer cannot say (`padding_mode="reflect"`) is noticed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from archgen.importers.program import Arguments, LayerCall, Unsupported
from archgen.layers import LAYERS
from archgen.layers.base import Layer, LayerFault, TorchArgument, TorchCall
from archgen.layers.make import ArgumentFault, make
from archgen.shapes import Shape

# Arguments of constructors that change no number.
_WITHOUT_EFFECT = {"inplace", "device", "dtype"}
_RANK = re.compile(r"[123]d$")


def is_leaf(module: Any) -> bool:
    """Whether a module is one of torch's own that some layer becomes."""
    return _family(type(module).__name__) in _by_family() and _is_torch(type(module))


def _is_torch(cls: type) -> bool:
    return cls.__module__.startswith("torch.nn.modules")


def layer_of(module: Any, sizes: tuple[int, ...]) -> LayerCall:
    """The layer that a module of torch is, for an input of these sizes without the batch.

    Raises `Unsupported` if no layer says all that it does.
    """
    made: type = type(module)
    found = _read(made, tuple(_constructed(module).items()), sizes)
    if found is None:
        raise Unsupported(f"`{module!r}` as no layer has it")
    return found


@lru_cache(4096)
def _read(
    made: type, constructed: tuple[tuple[str, object], ...], sizes: tuple[int, ...]
) -> LayerCall | None:
    given = dict(constructed)
    found = [
        call
        for cls in _by_family()[_family(made.__name__)]
        for call in _candidates(cls, given, sizes, made)
    ]
    return min(found, key=lambda call: len(call.arguments), default=None)


def simplest(cls: type[Layer], arguments: Arguments, sizes: tuple[int, ...]) -> LayerCall:
    """The call of a layer without the arguments that change nothing on this input."""
    made, shape = _make(cls, arguments, sizes)
    kept = dict(arguments)
    for name in arguments:
        fewer = {key: value for key, value in kept.items() if key != name}
        try:
            other, _ = _make(cls, fewer, sizes, shape)
        except Unsupported:
            continue
        if _text(other, shape) == _text(made, shape) and other.shape(shape) == made.shape(shape):
            kept = fewer
    return LayerCall(cls.keyword, tuple(kept.items()))


def _text(layer: Layer, x: Shape) -> object:
    return layer.function(x) or layer.module(x)


def _make(
    cls: type[Layer], arguments: Arguments, sizes: tuple[int, ...], shape: Shape | None = None
) -> tuple[Layer, Shape]:
    made = make(cls, arguments)
    if isinstance(made, ArgumentFault):
        raise Unsupported(made.message)
    shapes = [shape] if shape else [Shape(sizes, axis) for axis in sorted({0, len(sizes) - 1})]
    faults = []
    for x in shapes:
        try:
            made.shape(x)
        except LayerFault as fault:
            faults.append(fault)
            continue
        return made, x
    raise Unsupported(f"{cls.keyword}: {faults[0].message}")


# --- candidates -----------------------------------------------------------------------------


def _candidates(
    cls: type[Layer], given: Mapping[str, object], sizes: tuple[int, ...], made: type
) -> Iterator[LayerCall]:
    """The layer of a class that becomes a module with these arguments, if there is one."""
    for arguments in _readings(cls, given):
        try:
            layer, x = _make(cls, arguments, sizes)
        except Unsupported:
            continue
        call = layer.module(x)
        if call.target == f"nn.{made.__name__}" and _agrees(call, given, _defaults(made)):
            yield simplest(cls, arguments, sizes)
            return


def _readings(cls: type[Layer], given: Mapping[str, object]) -> Iterator[Arguments]:
    """The arguments of a layer that the arguments of a module may come from.

    Those that the layer does not write as they are count axes, which torch counts with the batch.
    """
    arguments: Arguments = {}
    derived: list[object] = []
    for name, argument in _named(_example(cls), given):
        if argument.source in cls.model_fields:
            arguments[argument.source] = given[name]
        elif argument.source is None:
            derived.append(given[name])
    yield arguments
    free = [name for name in cls.model_fields if name not in arguments]
    for value in derived:
        if isinstance(value, int) and free:
            yield arguments | {free[0]: value - 1}


def _named(call: TorchCall, given: Mapping[str, object]) -> Iterator[tuple[str, TorchArgument]]:
    """The arguments that a layer writes, with their names in torch's constructor."""
    names = list(given)
    positional = [each for each in call.arguments if each.keyword is None]
    yield from zip(names, positional, strict=False)
    for argument in (*call.arguments, *call.defaulted):
        if argument.keyword is not None and argument.keyword in given:
            yield argument.keyword, argument


def _agrees(call: TorchCall, given: Mapping[str, object], defaults: Mapping[str, object]) -> bool:
    """Whether a call makes a module with just these arguments."""
    written = {name: argument.value for name, argument in _named(call, given)}
    return all(
        _compact(value) == _compact(written.get(name, defaults.get(name)))
        for name, value in given.items()
        if name not in _WITHOUT_EFFECT
    )


def _compact(value: object) -> object:
    """One number where all are the same, as most constructors store a tuple of them."""
    if isinstance(value, list | tuple):
        items = tuple(map(_compact, value))
        return items[0] if items and len(set(items)) == 1 else items
    return value


def whole(number: object) -> object:
    """`2` for `2.0`, which `nn.Upsample` keeps."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


# --- torch's side ---------------------------------------------------------------------------


def _constructed(module: Any) -> dict[str, object]:
    """What a module was made with, by argument, as its attributes tell."""
    given: dict[str, object] = {}
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        if name == "bias":
            given[name] = module.bias is not None
        elif name not in _WITHOUT_EFFECT | {"self"}:
            given[name] = _compact(getattr(module, name, parameter.default))
    if "scale_factor" in given:
        given["scale_factor"] = whole(given["scale_factor"])
    if isinstance(given.get("padding"), str):
        given["padding"] = _padding(str(given["padding"]), module)
    return given


def _padding(word: str, module: Any) -> object:
    """`padding="same"` as numbers; the word itself where the two sides differ."""
    if word == "valid":
        return 0
    extents = [d * (k - 1) for k, d in zip(module.kernel_size, module.dilation, strict=True)]
    if any(extent % 2 for extent in extents):
        return word
    return _compact([extent // 2 for extent in extents])


def _defaults(cls: type) -> dict[str, object]:
    """What a module of a class is made with if nothing is said."""
    parameters = inspect.signature(cls).parameters.values()
    return {
        each.name: _compact(each.default) for each in parameters if each.default is not each.empty
    }


@cache
def _by_family() -> dict[str, list[type[Layer]]]:
    """The layers by the module that they become, without its rank: `Conv`, `MaxPool`."""
    families: dict[str, list[type[Layer]]] = {}
    for cls in LAYERS.values():
        call = _example(cls)
        if call is not None and call.target.startswith("nn."):
            families.setdefault(_family(call.target.removeprefix("nn.")), []).append(cls)
    return families


def _family(name: str) -> str:
    return _RANK.sub("", name)


@cache
def _example(cls: type[Layer]) -> TorchCall:
    """What the example of a layer becomes; no call for what is a function."""
    from archgen.loading import loads

    text, sizes, _ = cls.example
    if cls.keyword == "identity":
        return TorchCall("nn.Identity")
    if cls.operands or not cls.makes_module:  # it reads several values, or is a function
        return TorchCall("")
    axis = ", axis=1" if sizes.count(" x ") == 1 else ""
    network = loads(f"arch example {{ input({sizes.replace(' x ', ', ')}{axis}); {text} }}")
    node: Any = network.body.nodes[0]
    x = network.body.values[node.inputs[0]]
    return TorchCall("") if node.layer.function(x) else node.layer.module(x)
