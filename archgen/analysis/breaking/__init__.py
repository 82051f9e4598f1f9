"""What a change of a network breaks for those who depend on it.

Both versions are resolved networks; nothing here knows files, git or torch. Each category asks
one question, in this order, and what is answered by one is not told again by the next: only of
networks that hold the same weights is it asked whether they compute the same, and only of those
that compute the same in evaluation whether they do in training.
"""

from __future__ import annotations

from collections.abc import Collection

from archgen.analysis.breaking.cost import cost
from archgen.analysis.breaking.finding import USUAL, Category, Finding
from archgen.analysis.breaking.interface import interface
from archgen.analysis.breaking.numerics import numerics, training
from archgen.analysis.breaking.weights import starts, weights
from archgen.network import Network
from archgen.resolve.recursion import deep_recursion

__all__ = ["THRESHOLD", "USUAL", "Category", "Finding", "findings"]

THRESHOLD = 5.0  # per cent by which a figure may grow


def findings(
    old: Network,
    new: Network,
    categories: Collection[Category] = USUAL,
    threshold: float = THRESHOLD,
) -> list[Finding]:
    """Everything that breaks, in the order of the categories."""
    with deep_recursion():
        found = [*interface(old, new), *_of_values(old, new), *cost(old, new, threshold)]
    order = list(Category)
    chosen = [each for each in found if each.category in categories]
    return sorted(chosen, key=lambda each: order.index(each.category))


def _of_values(old: Network, new: Network) -> list[Finding]:
    """What becomes of the weights, or of what is computed with them, or of training."""
    return (
        list(weights(old, new))
        or list(numerics(old, new))
        or [*training(old, new), *starts(old, new)]
    )
