"""Torch modules from `TorchCall`s and function texts, as a generated file would make them."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archgen.layers.base import Layer, TorchCall
from archgen.resources import root
from archgen.shapes import Shape

torch.set_num_threads(1)
HELPERS = sorted((root("templates") / "helpers").glob("*.py.txt"))


def helper(name: str) -> Any:
    """The class or function that a helper file defines."""
    names: dict[str, Any] = {"__name__": f"helper_{name}"}
    text = (root("templates") / "helpers" / f"{name}.py.txt").read_text()
    if name != "pad_same" and "pad_same(" in text:
        names["pad_same"] = helper("pad_same")
    exec(text, names)
    return names[name]


def build(call: TorchCall, **more: object) -> nn.Module:
    """The module that a call makes."""
    kind = call.target.removeprefix("nn.")
    cls = getattr(nn, kind) if kind != call.target else helper(call.target)
    positional = [argument.value for argument in call.arguments if argument.keyword is None]
    named = {item.keyword: item.value for item in call.arguments if item.keyword is not None}
    module: nn.Module = cls(*positional, **named, **more)
    return module


def run(layer: Layer, x: Shape, batch: int = 2) -> tuple[Tensor, ...]:
    """What the layer gives in evaluation for random input of this shape."""
    given = torch.randn(batch, *x.sizes)
    text = layer.function(x)
    made = build(layer.module(x)).eval() if text is None else None
    result: Any = evaluate(str(text), layer, given) if made is None else made(given)
    return tuple(result) if isinstance(result, list | tuple) else (result,)


def evaluate(text: str, layer: Layer, x: Tensor) -> Any:
    """A function text with a tensor of the shape of `like`, if the layer has one."""
    generator = torch.Generator().manual_seed(2)
    shapes = [getattr(layer, name) for name in layer.values()]
    made = (further(shape, x, generator) for shape in shapes)
    scope = {"torch": torch, "F": F, "v": [x, *made]}
    if layer.helper:
        scope[layer.helper] = helper(layer.helper)
    names = [f"v[{at}]" for at in range(1 + len(shapes))]
    return eval(text.format(*names, x=names[0], like=names[-1]), scope)


def further(shape: Shape, x: Tensor, generator: torch.Generator) -> Tensor:
    """A further value of this shape beside `x`: an index within its bounds, else numbers."""
    lead = {"all": (len(x),), "one": (1,), "none": ()}[shape.batch]
    sizes = (*lead, *shape.sizes)
    if shape.bounds is None:
        return torch.randn(sizes, generator=generator).to(x)
    least, most = shape.bounds
    return torch.randint(least, most + 1, sizes, generator=generator)


def awake(module: nn.Module) -> nn.Module:
    """The module in float64, its weights and statistics as after some training."""
    generator = torch.Generator().manual_seed(0)
    module.double()
    with torch.no_grad():
        for value in (*module.parameters(), *module.buffers()):
            if value.is_floating_point():
                value.normal_(generator=generator)
        for name, value in module.named_buffers():
            if name.endswith("var"):
                value.abs_().add_(0.1)
    return module
