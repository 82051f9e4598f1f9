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
        found = [*_interface(old, new, categories), *_of_values(old, new, categories)]
        if Category.COST in categories:
            found += cost(old, new, threshold)
    return [each for each in found if each.category in categories]


def _interface(old: Network, new: Network, categories: Collection[Category]) -> list[Finding]:
    return list(interface(old, new)) if Category.INTERFACE in categories else []


def _of_values(old: Network, new: Network, categories: Collection[Category]) -> list[Finding]:
    """What becomes of the weights, else of what is computed with them, else of training."""
    found = list(weights(old, new))
    if not found and {Category.NUMERICS, Category.TRAINING} & {*categories}:
        found = list(numerics(old, new))
    if not found and Category.TRAINING in categories:
        found = [*training(old, new), *starts(old, new)]
    return found
