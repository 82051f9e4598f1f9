"""A layer in detail, as the commands print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archgen.cli.terminal import columns

if TYPE_CHECKING:
    from archgen.layers.base import Called, Layer


def detail(cls: type[Layer]) -> str:
    """A layer's signature, what it does, each argument, and an example."""
    from archgen.layers.signature import headline, signature

    parameters = [
        (f"  {parameter.name}", _default(parameter.default), f"{parameter.takes}: {parameter.doc}")
        for parameter in signature(cls)
    ]
    call, before, after = cls.example
    return "\n".join(
        [
            headline(cls),
            first_line(cls),
            *(["", *columns(parameters)] if parameters else []),
            "",
            f"Example: {call}: {before} -> {after}",
        ]
    )


def _default(default: str | None) -> str:
    return "required" if default is None else f"= {default}"


def first_line(cls: type[Called]) -> str:
    """What a layer or initialiser does."""
    return (cls.__doc__ or "").partition("\n")[0]
