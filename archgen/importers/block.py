"""A pattern as a block of the language: its parameters, arguments and conditions."""

from __future__ import annotations

from dataclasses import dataclass, field

from archgen.importers.unify import Pattern, Row
from archgen.importers.values import Expr, Values, same, usual
from archgen.layers import LAYERS
from archgen.resolve.reserved import MODULE_ATTRIBUTES
from archgen.syntax.words import RESERVED

NEVER = {"channels", "shape", "input", "params", "n"} | set(LAYERS)


@dataclass(eq=False, slots=True)
class Block:
    """A pattern with parameters: their values in each run, and defaults.

    `inputs`: what the text calls the inputs, without the current value; `optional`: those that some
    runs lack; `is_arch`: the whole network; `arguments`: an expression for each argument of each
    row; `conditions`: when an optional row is there; `heads`: what an activation is.
    """

    name: str
    pattern: Pattern
    is_arch: bool = False
    inputs: dict[str, str] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    parameters: dict[str, Values] = field(default_factory=dict)
    defaults: dict[str, object] = field(default_factory=dict)
    widths: set[str] = field(default_factory=set)
    arguments: dict[Row, dict[str, Expr]] = field(default_factory=dict)
    conditions: dict[Row, Expr] = field(default_factory=dict)
    heads: dict[Row, Expr] = field(default_factory=dict)

    @property
    def order(self) -> list[str]:
        """The parameters, those without a default first."""
        return sorted(self.parameters, key=lambda name: name in self.defaults)

    def call(self, run: int) -> dict[str, object]:
        """The arguments of one run, by name, defaults left out."""
        values = {name: self.parameters[name][run] for name in self.order}
        return {
            name: value
            for name, value in values.items()
            if name not in self.defaults or not same(value, self.defaults[name])
        }


def is_free(name: str) -> bool:
    """Whether a parameter can be called so."""
    return (
        name.isidentifier()
        and not name.startswith("_")
        and name not in NEVER | set(RESERVED) | MODULE_ATTRIBUTES
    )


def set_defaults(block: Block) -> None:
    """Give parameters the default that most runs want."""
    for name, values in block.parameters.items():
        most = usual(values)
        if None in values:
            block.defaults[name] = None
            continue
        if name in block.widths and most != 1:
            continue
        often = sum(same(value, most) for value in values)
        if name == "stride" and 1 in values:
            block.defaults[name] = 1
        elif isinstance(most, bool) and False in values:
            block.defaults[name] = False
        elif 2 * often > len(values):
            block.defaults[name] = most
