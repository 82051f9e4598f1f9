"""Rates that rise from block to block, as a person writes them: `0.2 * i / 16`.

Stochastic depth gives block i of n the rate `rate * i / n`. The numbers of a module are searched
for one `rate` and one `n` that make all of them, to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence

from archgen.importers.program import Program, Share
from archgen.importers.values import ABSENT, Values

FEWEST, MOST = 3, 200  # rates that differ; blocks
RATES = tuple(number / 100 for number in range(1, 100))


def find_shares(program: Program) -> None:
    """Put shares in the place of the rates of a program and all below it, if all are shares."""
    nodes = [node for each in program.programs() for node in each.nodes if node.key == "drop_path"]
    rates = {rate for node in nodes if isinstance(rate := node.arguments.get("p"), float)}
    known = _shares(sorted(rates)) if len(rates) >= FEWEST else None
    for node in nodes if known is not None else ():
        rate = node.arguments.get("p", 0.0)
        if isinstance(rate, float) and known is not None:
            node.arguments = {**node.arguments, "p": known[rate]}


def _shares(rates: Sequence[float]) -> dict[float, Share] | None:
    highest = rates[-1]
    step = min(b - a for a, b in zip([0.0, *rates], rates, strict=False) if b > a)
    for rate in (each for each in RATES if each >= highest - step / 2):
        total = round(rate / step)
        numbers = {each: round(each / step) for each in (0.0, *rates)}
        if total <= MOST and all(rate * number / total == each for each, number in numbers.items()):
            return {each: Share(rate, number, total) for each, number in numbers.items()}
    return None


def filled(values: Values) -> Values | None:
    """Values that are shares, the absent ones counted on from their neighbours; None for others."""
    known = [value for value in values if isinstance(value, Share)]
    if not known or any(value is not ABSENT and not isinstance(value, Share) for value in values):
        return None
    made: list[object] = []
    for at, value in enumerate(values):
        if isinstance(value, Share):
            made.append(value)
            continue
        later = next((at + by for by, each in enumerate(values[at:]) if each is not ABSENT), None)
        near = values[later] if later is not None else made[-1]
        assert isinstance(near, Share)
        number = near.number - (later - at) if later is not None else near.number + 1
        made.append(Share(near.rate, max(number, 0), near.total))
    return made
