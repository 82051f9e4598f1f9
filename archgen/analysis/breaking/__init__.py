"""What a change of a network breaks for those who depend on it.

Both versions are resolved networks; nothing here knows files, git or torch. Each category asks
one question, in this order, and what is answered by one is not told again by the next. Of networks
that hold other weights it is asked whether they compute the same with those that `transfer`
carries; only of networks that compute the same in evaluation, whether they do in training.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from archgen.analysis.breaking.cost import cost
from archgen.analysis.breaking.finding import USUAL, Category, Finding
from archgen.analysis.breaking.interface import interface
from archgen.analysis.breaking.numerics import numerics, over_carried, training
from archgen.analysis.breaking.weights import starts, weights
from archgen.analysis.difference import difference
from archgen.network import Network
from archgen.resolve.recursion import deep_recursion

__all__ = ["THRESHOLD", "USUAL", "Answer", "Category", "Finding", "answer", "findings"]

THRESHOLD = 5.0  # per cent by which a figure may grow


@dataclass(frozen=True, slots=True)
class Answer:
    """What breaks; and categories that were asked for and could not be compared, or not as a whole,
    each with the reason."""

    findings: tuple[Finding, ...]
    unasked: Mapping[Category, str]


def findings(
    old: Network,
    new: Network,
    categories: Collection[Category] = USUAL,
    threshold: float = THRESHOLD,
) -> list[Finding]:
    """Everything that breaks, in the order of the categories."""
    return list(answer(old, new, categories, threshold).findings)


def answer(
    old: Network,
    new: Network,
    categories: Collection[Category] = USUAL,
    threshold: float = THRESHOLD,
) -> Answer:
    """Everything that breaks, in the order of the categories, and what could not be asked."""
    unasked: dict[Category, str] = {}
    with deep_recursion():
        found = [*_interface(old, new, categories), *_of_values(old, new, categories, unasked)]
        if Category.COST in categories:
            found += cost(old, new, threshold)
    kept = tuple(each for each in found if each.category in categories)
    return Answer(kept, {each: why for each, why in unasked.items() if each in categories})


def _interface(old: Network, new: Network, categories: Collection[Category]) -> list[Finding]:
    return list(interface(old, new)) if Category.INTERFACE in categories else []


def _of_values(
    old: Network, new: Network, categories: Collection[Category], unasked: dict[Category, str]
) -> list[Finding]:
    """What becomes of the weights, and of what is computed with them, else of training."""
    found = list(weights(old, new))
    if found:
        unasked[Category.TRAINING] = "the weights do not load as a whole"
        if Category.NUMERICS in categories:
            between = difference(old, new)
            keys = between.keys
            if keys.reshaped or keys.gone or keys.new:
                unasked[Category.NUMERICS] = "only over the weights that `archgen transfer` carries"
            found += over_carried(old, new, between)
        return found
    if {Category.NUMERICS, Category.TRAINING} & {*categories}:
        found = list(numerics(old, new))
    if found:
        unasked[Category.TRAINING] = "evaluation is different already"
    elif Category.TRAINING in categories:
        found = [*training(old, new), *starts(old, new)]
    return found
