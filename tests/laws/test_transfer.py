"""The law of `archgen transfer`, over random edits of random networks: every weight has one fate,
what is carried is the old tensor itself, and torch loads the result strictly."""

from __future__ import annotations

import pytest
from hypothesis import assume, event, given, settings

import archgen
from archgen.analysis.difference import difference
from archgen.resolve.program import Program
from tests.laws.changing import changes
from tests.laws.test_networks import calm

pytestmark = pytest.mark.torch


@settings(calm, max_examples=40)
@given(changes())
def test_every_weight_has_one_fate(texts: tuple[str, str]) -> None:
    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    state = archgen.build(old).state_dict()
    result = archgen.transfer(old, new, state, allow_new=True, seed=0)
    model = archgen.build(new)
    assert list(result.state) == list(model.state_dict())
    model.load_state_dict(result.state, strict=True)
    anew = [*result.added, *result.reshaped]
    assert sorted([*result.carried, *anew]) == sorted(result.state)
    left = [*result.dropped, *(before.key for before, _ in result.plan.reshaped)]
    assert sorted([*result.carried.values(), *left]) == sorted(state)
    for key, before in result.carried.items():
        assert result.state[key] is state[before]
    if difference(old, new).same:
        event("the same network")
        assert list(result.carried.items()) == [(key, key) for key in state]


@settings(calm, max_examples=20)
@given(changes())
def test_what_was_carried_there_is_carried_back(texts: tuple[str, str]) -> None:
    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    state = archgen.build(old, device="meta").state_dict()
    there = archgen.transfer(old, new, state, allow_new=True)
    back = archgen.transfer(new, old, there.state, allow_new=True)
    assert {new: old for old, new in back.carried.items()} == there.carried


def _network(text: str) -> archgen.Network | None:
    network = Program.of(text).network("net")
    return archgen.Network.of(network) if network else None
