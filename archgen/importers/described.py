"""What a module says of itself: names of its inputs and results, its numbers, its children.

Names are hints for the text and prove nothing. One of the modules that import torch.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from torch import Tensor, nn

from archgen.importers import leaves
from archgen.importers.program import LayerCall, Unsupported
from archgen.layers import LAYERS


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in arguments or a result, in order."""
    return (tensor for _, tensor in named_tensors(value))


def named_tensors(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """The same, with the names that dictionaries, named tuples and parameters give them."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from named_tensors(item, f"{name}{key}" if str(key).isdigit() else str(key))
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for key, item in zip(value._fields, value, strict=True):
            yield from named_tensors(item, key)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from named_tensors(item, f"{name}{number}" if name else "")


def bound(module: nn.Module, args: Any, kwargs: Any) -> dict[str, Any]:
    """The arguments of a call by the names that `forward` gives them."""
    try:
        given = inspect.signature(module.forward).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {**{f"input{at}": each for at, each in enumerate(args)}, **kwargs}
    return dict(given.arguments)


def result_names(module: nn.Module, result: Any) -> list[str]:
    """What a result calls its tensors, or the `return` of `forward`; "" for what has no name."""
    names = [name for name, _ in named_tensors(result)]
    if any(names) or len(names) == 1:
        return names
    returned = _returned(type(module).forward)
    return list(returned) if len(returned) == len(names) else names


@cache
def _returned(forward: Callable[..., Any]) -> tuple[str, ...]:
    """The names in the last `return a, b` of a function."""
    try:
        read = ast.parse(textwrap.dedent(inspect.getsource(forward)))
    except (OSError, TypeError, SyntaxError):
        return ()
    found: tuple[str, ...] = ()
    for node in ast.walk(read):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple | ast.List):
            items = node.value.elts
            if all(isinstance(each, ast.Name) for each in items):
                found = tuple(each.id for each in items if isinstance(each, ast.Name))
    return found


def hints(module: nn.Module) -> dict[str, object]:
    """The numbers that a module was made with, as far as it kept them."""
    names = inspect.signature(type(module).__init__).parameters
    found = {name: getattr(module, name, None) for name in names if name != "self"}
    return numbers(found)


def numbers(given: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in given.items() if isinstance(value, int | float | str)}


def order(module: nn.Module) -> list[str]:
    """The names of the parameters and children of a module, in the order of its keys."""
    own = [name for name, _ in module.named_parameters(recurse=False)]
    return [*own, *(name for name, _ in module.named_children())]


# --- layers that torch has no module for -----------------------------------------------------


def adapter(module: nn.Module) -> Callable[[Any, tuple[int, ...]], LayerCall] | None:
    """What makes a layer of this module; None if it is a program."""
    if isinstance(module, nn.MultiheadAttention):
        return _attention
    known = _ADAPTERS.get(type(module).__name__)
    return leaves.layer_of if known is None and leaves.is_leaf(module) else known


def _drop_path(module: Any, sizes: tuple[int, ...]) -> LayerCall:
    if getattr(module, "mode", "row") != "row":
        raise Unsupported("stochastic depth that drops whole batches")
    rate = getattr(module, "p", None)
    rate = getattr(module, "drop_prob", 0.0) if rate is None else rate
    return leaves.simplest(LAYERS["drop_path"], {"p": float(rate or 0.0)}, sizes)


def _attention(module: nn.MultiheadAttention, sizes: tuple[int, ...]) -> LayerCall:
    same = module._qkv_same_embed_dim and module.embed_dim == sizes[-1]
    plain = module.bias_k is None and not module.add_zero_attn and module.in_proj_bias is not None
    if not (module.batch_first and same and plain):
        raise Unsupported(f"`{module!r}` as no layer has it")
    arguments = {"heads": module.num_heads, "dropout": float(module.dropout)}
    return leaves.simplest(LAYERS["attention"], arguments, sizes)


def _layer_norm2d(module: Any, sizes: tuple[int, ...]) -> LayerCall:
    return leaves.simplest(LAYERS["layer_norm2d"], {"eps": module.eps}, sizes)


def _zero_pad(module: Any, sizes: tuple[int, ...]) -> LayerCall:
    """On images a pad of three axes is one of the channels."""
    *inner, front, back = module.padding
    if len(sizes) != 3 or any(inner) or front not in {0, back}:
        return leaves.layer_of(module, sizes)
    arguments: dict[str, object] = {"out": sizes[0] + front + back, "both": front > 0}
    return leaves.simplest(LAYERS["pad_channels"], arguments, sizes)


# By the name of the class, since each project has its own; what they compute is proved later.
_ADAPTERS: dict[str, Callable[[Any, tuple[int, ...]], LayerCall]] = {
    "StochasticDepth": _drop_path,
    "DropPath": _drop_path,
    "LayerNorm2d": _layer_norm2d,
    "ZeroPad3d": _zero_pad,
}
