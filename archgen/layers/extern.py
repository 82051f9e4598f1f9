"""Layers that are not ours: a class of somebody's package, as far as a spec declares it.

A declaration (`extern deform(out) = "torchvision.ops:DeformConv2d"(channels, out, 3) { ... }`) is a
class like those of the built-in layers, made when the spec is read. What it says of shapes and
weights is taken on trust here; building compares it with the module.
"""

from __future__ import annotations

import copyreg
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, ClassVar, Protocol
from weakref import WeakValueDictionary

from pydantic import create_model

from archgen.layers.base import (
    NO_DEFAULT,
    Layer,
    LayerFault,
    StateKind,
    TorchArgument,
    TorchCall,
)
from archgen.layers.reads import Reads
from archgen.shapes import Shape
from archgen.text import Span

__all__ = ["TAKEN", "Declared", "Extern", "of"]

Scalar = bool | int | float | str | None
Given = Scalar | tuple[Scalar | tuple[Scalar, ...], ...] | Shape


class Declared(Hashable, Protocol):
    """What a spec says of a module. Equal declarations say the same.

    Its methods raise `LayerFault` for what has no value.
    """

    @property
    def name(self) -> str: ...
    @property
    def doc(self) -> str: ...
    @property
    def span(self) -> Span: ...
    @property
    def target(self) -> str:
        """`package.module:Class`."""

    @property
    def defaults(self) -> tuple[tuple[str, object], ...]:
        """The parameters in order, each with its default or `NO_DEFAULT`."""

    @property
    def said(self) -> Mapping[str, object]:
        """All that it says beside its name, in words."""

    @property
    def unread(self) -> tuple[str, ...]:
        """The parameters that it does not read: values for `forward`."""

    def arguments(self, layer: Extern, x: Shape) -> tuple[TorchArgument, ...]: ...
    def outputs(self, layer: Extern, x: Shape) -> tuple[Shape, ...]: ...
    def state(self, layer: Extern, x: Shape) -> Iterator[tuple[str, tuple[int, ...], StateKind]]:
        """Keys, sizes and kinds, in the order of the `state_dict`."""

    def macs(self, layer: Extern, x: Shape) -> int: ...
    def channels_out(self, layer: Extern, x: Shape, output: int) -> str: ...


class _Kind(type(Layer)):  # type: ignore[misc]
    """The class of these classes: they pickle by their declaration."""


class Extern(Layer, metaclass=_Kind):
    """A module of another package."""

    group = "extern"
    out_channels = None
    fresh = False
    counts_samples = True
    saves_output = True
    declaration: ClassVar[Declared]

    def shape(self, x: Shape) -> Shape | tuple[Shape, ...]:
        self._check_values()
        found = self.declaration.outputs(self, x)
        self.declaration.arguments(self, x)
        self.weights(x), self.buffers(x), self.macs(x)  # all that it says has a value
        return found if len(found) > 1 else found[0]

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(self.declaration.target, *self.declaration.arguments(self, x))

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {key: sizes for key, sizes, kind in self.state(x) if kind == "parameter"}

    def buffers(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {key: sizes for key, sizes, kind in self.state(x) if kind == "buffer"}

    def state(self, x: Shape) -> Iterator[tuple[str, tuple[int, ...], StateKind]]:
        return self.declaration.state(self, x)

    def macs(self, x: Shape) -> int:
        return self.declaration.macs(self, x)

    def channels_out(self, x: Shape, output: int = 0) -> str:
        return self.declaration.channels_out(self, x, output)

    def facts(self) -> Mapping[str, object]:
        return self.declaration.said

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return (None,) * x.rank

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (self.declaration, {name: getattr(self, name) for name in self._names()})

    def _check_values(self) -> None:
        """What the declaration does not read is for `forward`: a value, or none at the end."""
        given = [(name, getattr(self, name)) for name in self.declaration.unread]
        for name, value in given:
            if value is not None and not isinstance(value, Shape):
                raise LayerFault(
                    f"`{name}` goes to `forward`: it takes a value of the network",
                    help=f"`{name}=from x`; or the declaration reads it",
                    argument=name,
                    code="A109",
                    ours=True,
                )
        for name in self.values():
            if getattr(self, name).batch != "all":
                raise LayerFault(
                    f"`{name}` has no batch, and a module of another package is given one",
                    help="merge it with a value that has a batch first",
                    argument=name,
                    ours=True,
                )
        absent = next((name for name, value in given if value is None), None)
        names = self._names()
        later = self.values()[-1:]
        if absent and later and names.index(absent) < names.index(later[0]):
            raise LayerFault(
                f"`forward` takes values in order: `{absent}` is none, and `{later[0]}` is not",
                argument=later[0],
                code="A109",
                ours=True,
            )

    def _names(self) -> tuple[str, ...]:
        return tuple(type(self).model_fields)


Extern.__annotations__.clear()
TAKEN = frozenset(dir(Extern))  # what a parameter cannot be called

_known: WeakValueDictionary[Declared, type[Extern]] = WeakValueDictionary()


def of(declaration: Declared) -> type[Extern]:
    """The layer of a declaration: the same class for equal ones."""
    found = _known.get(declaration)
    if found is None:
        fields: Any = {
            name: (Given, ... if default is NO_DEFAULT else default)
            for name, default in declaration.defaults
        }
        found = create_model(declaration.name, __base__=Extern, __doc__=declaration.doc, **fields)
        found.keyword = declaration.name
        found.operands = tuple(found.model_fields)
        found.declaration = declaration
        _known[declaration] = found
    return found


def _rebuilt(declaration: Declared, fields: dict[str, object]) -> Extern:
    return of(declaration).model_validate(fields)


def _reduced(cls: type[Extern]) -> object:
    declaration = vars(cls).get("declaration")
    return cls.__qualname__ if declaration is None else (of, (declaration,))


copyreg.pickle(_Kind, _reduced)  # type: ignore[arg-type]
