"""The built-in layers, by keyword: every class in a module of this folder that has one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from archgen.layers.base import Layer

__all__ = ["LAYERS"]

# The order of the reference; modules that are not named come last.
ORDER: Final = (
    *(
        "convolution",
        "dense",
        "normalisation",
        "activation",
        "arithmetic",
        "pooling",
        "reductions",
        "shape",
        "rearranging",
        "parts",
        "overlapping",
        "resizing",
    ),
    *("regularisation", "tokens", "recurrent", "products", "other"),
)


def _classes() -> Iterator[type[Layer]]:
    found = sorted(module.name for module in iter_modules(__path__))
    known = [name for name in ORDER if name in found]
    for name in (*known, *(name for name in found if name not in ORDER)):
        module = import_module(f"{__name__}.{name}")
        for value in vars(module).values():
            is_layer = isinstance(value, type) and issubclass(value, Layer)
            if is_layer and value.__module__ == module.__name__ and hasattr(value, "keyword"):
                yield value


def _by_group(classes: list[type[Layer]]) -> list[type[Layer]]:
    groups = list(dict.fromkeys(cls.group for cls in classes))
    return sorted(classes, key=lambda cls: groups.index(cls.group))


CLASSES: Final[tuple[type[Layer], ...]] = tuple(_by_group(list(_classes())))
LAYERS: Final[dict[str, type[Layer]]] = {layer.keyword: layer for layer in CLASSES}
