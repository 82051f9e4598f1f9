"""Mutation of specs: each number, argument and part of each shipped spec changed, one at a time.

The checker refuses a mutant, and shows where; or torch builds it, and does what was predicted.
None is valid to the checker and an error to torch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

import archgen
from archgen.limits import count_modules
from archgen.passes.validate import validate
from tests.laws.mutants import Mutant, files, judge, mutants, rebuilt

FILES = files()
MOST_MODULES = 600  # of a model that is made here
NAMED = 0.75  # of the refusals; the others are met further on, where a changed value arrives
MANY = 80  # of a file; the largest has a thousand
SOME = 20


def sample(path: Path, most: int, kind: Callable[[Path], Iterator[Mutant]]) -> list[Mutant]:
    """Some mutants of a file, the same ones in every run."""
    every = list(kind(path))
    return random.Random(path.name).sample(every, min(most, len(every)))


def holds(mutant: Mutant) -> bool | None:
    """Assert that a mutant is refused with a place, or is a valid network. Whether the changed
    line is among the places; None for a network, and for what no shipped network uses."""
    verdict = judge(mutant)
    if verdict is None:
        return None
    if verdict.network is not None:
        assert validate(verdict.network) == [], mutant
        return None
    assert verdict.diagnostics, mutant
    assert all(item.span.text for item in verdict.diagnostics), mutant
    return any(mutant.is_named_by(item) for item in verdict.diagnostics)


def test_refusals_show_what_was_changed() -> None:
    answers = [holds(mutant) for path in FILES for mutant in sample(path, 5, mutants)]
    refused = [named for named in answers if named is not None]
    assert len(refused) > 50
    assert sum(refused) / len(refused) >= NAMED


@pytest.mark.torch
@pytest.mark.parametrize("path", FILES, ids=lambda path: "-".join(path.parts[-2:]))
def test_a_mutant_is_refused_or_sound(path: Path) -> None:
    for mutant in (*sample(path, MANY, mutants), *sample(path, SOME, rebuilt)):
        holds(mutant)


@pytest.mark.torch
@pytest.mark.parametrize("path", FILES, ids=lambda path: "-".join(path.parts[-2:]))
def test_accepted_mutants_are_what_torch_does(path: Path) -> None:
    from tests.laws.judge import Judge

    changed = islice(_small_networks(sample(path, 30, mutants)), 2)
    others = islice(_small_networks(sample(path, SOME, rebuilt)), 1)
    for network in (*changed, *others):
        model = Judge(network, device="meta")
        model.state_is_as_predicted()
        model.work_is_as_predicted()
        model.shapes_are_as_predicted()


def _small_networks(made: Iterable[Mutant]) -> Iterator[archgen.Network]:
    """What the checker accepts of these, if it is soon built."""
    networks = (verdict.network for verdict in map(judge, made) if verdict is not None)
    for network in networks:
        if network is not None and count_modules(network) < MOST_MODULES:
            yield network
