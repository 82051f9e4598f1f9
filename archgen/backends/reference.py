"""The layer reference, as Markdown, from the layers' own declarations.

Knows no single layer. `docs/layers.md` is its output; a test holds that.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from archgen.layers import LAYERS
from archgen.layers.base import Called, Layer
from archgen.layers.initialisers import INITIALISERS
from archgen.layers.signature import Parameter, headline, signature

__all__ = ["layer_reference"]

HEAD = """\
# Layers

Made from the layer classes by `make accept`; not to be edited. Sizes are written without the
batch, axes count from 0 after it. A parameter without a default has to be given. `auto` and
what else a default stands for is said in the [language reference](language.md).
"""
INITIALISERS_HEAD = """\
## Initialisers

For `init(...)` and `param(..., init=...)`: the functions of `torch.nn.init`.

| initialiser | what it does |
| --- | --- |
"""


def layer_reference() -> str:
    """The whole page: layers by group, then the initialisers."""
    groups = groupby(LAYERS.values(), key=lambda layer: layer.group)
    sections = [_group(name, list(layers)) for name, layers in groups]
    return "\n".join([HEAD, *sections, INITIALISERS_HEAD + _rows(INITIALISERS.values())])


def _rows(initialisers: Iterable[type[Called]]) -> str:
    return "".join(f"| `{headline(cls)}` | {_first_line(cls)} |\n" for cls in initialisers)


def _group(name: str, layers: list[type[Layer]]) -> str:
    return "\n".join([f"## {name.capitalize()}\n", *map(_layer, layers)])


def _layer(cls: type[Layer]) -> str:
    call, before, after = cls.example
    parts = [
        f"### `{headline(cls)}`\n",
        f"{_first_line(cls)}\n",
        _parameters(signature(cls)),
        _weights(cls.weight_names),
        f"`{call}`: {before} to {after}.\n",
    ]
    return "\n".join(part for part in parts if part)


def _parameters(parameters: tuple[Parameter, ...]) -> str:
    if not parameters:
        return ""
    head = "| parameter | default | takes | meaning |\n| --- | --- | --- | --- |\n"
    return head + "".join(map(_parameter, parameters))


def _parameter(parameter: Parameter) -> str:
    default = "" if parameter.default is None else f"`{parameter.default}`"
    return f"| `{parameter.name}` | {default} | {parameter.takes} | {parameter.doc} |\n"


def _weights(names: tuple[str, ...]) -> str:
    return f"Weights, for `init`: {', '.join(f'`{name}`' for name in names)}.\n" if names else ""


def _first_line(cls: type[Called]) -> str:
    return (cls.__doc__ or "").partition("\n")[0]
