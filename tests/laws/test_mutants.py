"""Mutation of specs: each number, argument and part of each shipped spec changed, one at a time.

The checker refuses a mutant, and shows where; or torch builds it, and does what was predicted.
None is valid to the checker and an error to torch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import archgen
from archgen.limits import count_modules
from archgen.validate import validate
from tests.laws.mutants import Mutant, files, judge, mutants, rebuilt
from tests.sweeps import cases

Record = Callable[[str, object], None]

FILES = files()
MOST_MODULES = 600  # of a model that is made here
NAMED = 0.75  # of the refusals; the others are met further on, where a changed value arrives


def sample(path: Path, most: int, kind: Callable[[Path], Iterable[Mutant]]) -> list[Mutant]:
    """Some mutants of a file, the same ones in every run."""
    return shuffled(path, kind)[:most]


def shuffled(path: Path, kind: Callable[[Path], Iterable[Mutant]]) -> list[Mutant]:
    every = list(kind(path))
    return random.Random(path.name).sample(every, len(every))


class Part(NamedTuple):
    """Some mutants of a file: those from `start` on, of each kind."""

    path: Path
    start: int
    changed: int  # numbers and calls
    rebuilt: int  # parts left out or swapped, so many for each `changed`

    def mutants(self) -> list[Mutant]:
        again = self.start // self.changed * self.rebuilt
        return [
            *shuffled(self.path, mutants)[self.start : self.start + self.changed],
            *shuffled(self.path, rebuilt)[again : again + self.rebuilt],
        ]

    def __str__(self) -> str:
        return f"{'-'.join(self.path.parts[-2:])}-{self.start}"


def parts(changed: int, rebuilt_: int) -> list[Part]:
    """All mutants of all files, in parts."""
    counts = {path: (len(list(mutants(path))), len(list(rebuilt(path)))) for path in FILES}
    return [
        Part(path, number * changed, changed, rebuilt_)
        for path, (first, second) in counts.items()
        for number in range(max(-(-first // changed), -(-second // rebuilt_)))
    ]


def first(parts: list[Part]) -> list[Part]:
    """One part of each file."""
    return [part for part in parts if part.start == 0]


CHECKED = parts(40, 10)
BUILT = parts(4, 2)


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
@cases("part", CHECKED, sample=first(CHECKED), of="mutants of shipped specs, refused or sound")
def test_a_mutant_is_refused_or_sound(part: Part, record_property: Record) -> None:
    made = part.mutants()
    record_property("tried", len(made))
    record_property("judged", len(made))
    for mutant in made:
        holds(mutant)


@pytest.mark.torch
@cases("part", BUILT, sample=first(BUILT), of="mutants of shipped specs, built")
def test_accepted_mutants_are_what_torch_does(part: Part, record_property: Record) -> None:
    from tests.laws.judge import Judge

    made = part.mutants()
    built = list(_small_networks(made))
    record_property("tried", len(made))
    record_property("judged", len(built))
    for network in built:
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
