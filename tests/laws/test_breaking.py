"""The law of `archgen breaking`, with PyTorch as the judge, over random edits of random networks.

A checkpoint fails to load exactly when WEIGHTS is found. Where it loads, evaluation differs in some
bit exactly when NUMERICS is, and where it does not, training exactly when TRAINING is.
"""

from __future__ import annotations

import pytest
from hypothesis import assume, event, given, settings

import archgen
from archgen.analysis.breaking import Category, findings
from archgen.resolve.program import Program
from tests.laws.changing import changes
from tests.laws.test_networks import calm

pytestmark = pytest.mark.torch


@settings(calm, max_examples=40)
@given(changes())
def test_torch_agrees(texts: tuple[str, str]) -> None:
    from tests.analysis.breaking.torch_says import judge

    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    said = judge(old, new)
    found = {each.category.value for each in findings(old, new, list(Category))}
    event(f"torch says: {said}")
    assert found & {"weights", "numerics", "training"} == {said} - {None}


def _network(text: str) -> archgen.Network | None:
    network = Program.of(text).network("net")
    return archgen.Network.of(network) if network else None
