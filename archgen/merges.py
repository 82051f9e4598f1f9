"""The merges of the language, as data: how each is computed, and what it asks of its branches."""

from __future__ import annotations

from typing import Final, Literal

from archgen.frozen import dataclass

__all__ = ["MERGES", "UNRESERVED", "Merge", "MergeKind"]

MergeKind = Literal["add", "mul", "concat", "sub", "div", "maximum", "minimum"]


@dataclass(frozen=True, slots=True)
class Merge:
    """A kind of merge.

    sign: of a picture. operator: of Python, for those that have one; else `function` of torch
    takes two branches. ordered: another order of the branches is another value; such a merge takes
    two branches, the left side first. reserved: its word cannot be a name.
    """

    sign: str
    operator: str | None = None
    function: str = ""
    ordered: bool = False
    reserved: bool = False


MERGES: Final[dict[MergeKind, Merge]] = {
    "add": Merge("+", "+", reserved=True),
    "mul": Merge("×", "*", reserved=True),
    "concat": Merge("concat", function="torch.cat", reserved=True),
    "sub": Merge("-", "-", ordered=True),
    "div": Merge("÷", "/", ordered=True),
    "maximum": Merge("max", function="torch.maximum"),
    "minimum": Merge("min", function="torch.minimum"),
}
# Words newer than 0.1: each is a merge only directly before its braces, and a name elsewhere.
UNRESERVED: Final = frozenset(kind for kind, merge in MERGES.items() if not merge.reserved)
