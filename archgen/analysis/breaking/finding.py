"""What a change breaks, as values: categories, and a finding for each thing that breaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from archgen.diagnostics import Diagnostic, Frame, Label, error
from archgen.text import Span


class Category(StrEnum):
    """Whom a change concerns."""

    INTERFACE = "interface"  # who calls the network or takes features of it
    WEIGHTS = "weights"  # who has checkpoints: they no longer load strictly
    NUMERICS = "numerics"  # they load, and the network computes something else
    COST = "cost"  # who pays for it
    TRAINING = "training"  # who trains it: equal in evaluation, different in training


# What a change is asked for if nothing else is said. Training again is no use of the old network.
USUAL = (Category.INTERFACE, Category.WEIGHTS, Category.NUMERICS, Category.COST)
_CATEGORIES: dict[str, Category] = {  # by the second character of a code
    "1": Category.INTERFACE,
    "2": Category.WEIGHTS,
    "3": Category.NUMERICS,
    "4": Category.COST,
    "5": Category.TRAINING,
}


@dataclass(frozen=True, slots=True, repr=False)
class Finding:
    """One thing that a change breaks. `paths` are those of the modules or keys concerned.

    whole: there are no more of them.
    """

    diagnostic: Diagnostic
    paths: tuple[str, ...] = ()
    whole: bool = True

    @property
    def code(self) -> str:
        return self.diagnostic.code

    @property
    def category(self) -> Category:
        return _CATEGORIES[self.code[1]]

    @property
    def message(self) -> str:
        return self.diagnostic.message

    def __repr__(self) -> str:
        place = f" ({', '.join(self.paths[:3])}{', ...' if len(self.paths) > 3 else ''})"
        return f"<{self.category} {self.code}: {self.message}{place if self.paths else ''}>"

    def __str__(self) -> str:
        return str(self.diagnostic)


def finding(
    code: str,
    message: str,
    place: Span | None,
    old: Span | None,
    *,
    otherwise: Span,
    was: str = "it was here",
    paths: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    help: str | None = None,
    trail: tuple[Frame, ...] = (),
    whole: bool = True,
) -> Finding:
    """A finding at its place in the new text, or at the arch if there is nothing there now.

    old: its place in the old text, shown beside it. otherwise: the place of the arch.
    """
    also = [Label(old, was)] if old is not None else []
    made = error(code, message, place or otherwise, also=also, notes=notes, help=help)
    return Finding(made.within(*trail), paths, whole)
