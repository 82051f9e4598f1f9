"""Laws of `archgen breaking`, with PyTorch as the judge, over random edits of random networks.

A checkpoint fails to load exactly when WEIGHTS is found. Where it loads, evaluation differs in some
bit exactly when NUMERICS is, and where it does not, training exactly when TRAINING is.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

import archgen
from archgen.analysis.breaking import Category, findings
from archgen.analysis.breaking.states import States
from archgen.analysis.difference import difference
from archgen.analysis.weights import state
from archgen.network import LayerNode
from archgen.resolve.program import Program
from archgen.traversal import bodies
from tests.laws.changing import changes, renamings
from tests.sweeps import examples


@pytest.mark.torch
@examples(sample=20, full=1000, of="edits of random specs, what breaks judged by torch")
@given(changes())
def test_torch_agrees(texts: tuple[str, str]) -> None:
    from tests.analysis.breaking import torch_says

    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    said = torch_says.judge(old, new)
    found = {each.category.value for each in findings(old, new, list(Category))}
    event(f"torch says: {said}")
    if said == "weights":
        assert "weights" in found
    elif said is None and _meets_signs(old, new):
        assert found.isdisjoint({"weights", "training"})
    else:
        assert found & {"weights", "numerics", "training"} == {said} - {None}


@pytest.mark.torch
@examples(
    sample=25, full=10_000, of="random edits and renamings, as torch computes what is carried"
)
@given(st.one_of(renamings(), changes()))
def test_torch_agrees_on_what_is_carried(texts: tuple[str, str]) -> None:
    """Where `transfer` carries every weight, evaluation differs exactly when NUMERICS is found."""
    from tests.analysis.breaking import torch_says

    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    found = {each.category.value for each in findings(old, new, list(Category))}
    assume("weights" in found)
    differs = torch_says.judge_carried(old, new)
    event(f"torch says: {differs}")
    one_too_many = differs is False and "numerics" in found and _meets_signs(old, new)
    assert one_too_many or differs in {None, "numerics" in found}


@examples(sample=50, full=10_000, of="random edits, what breaks and what differs")
@given(st.one_of(changes(), renamings()))
def test_what_breaks_is_a_difference(texts: tuple[str, str]) -> None:
    """`diff` and `breaking` agree: nothing breaks where nothing differs."""
    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    found = findings(old, new, list(Category))
    event(f"{bool(found)} {difference(old, new).same}")
    assert not (found and difference(old, new).same)


def _meets_signs(*networks: archgen.Network) -> bool:
    """Whether an activation reads what is never negative: `breaking` does not know signs, and may
    find a change that no output shows (docs/DECISIONS.md, 99)."""
    for network in networks:
        for body in bodies(network.body):
            made = {
                ref
                for node in body.nodes
                if isinstance(node, LayerNode) and node.layer.nonnegative
                for ref in node.outputs
            }
            acts = (
                node
                for node in body.all_nodes
                if isinstance(node, LayerNode) and node.layer.group == "activation"
            )
            if any(made.intersection(node.inputs) for node in acts):
                return True
    return False


def _network(text: str) -> archgen.Network | None:
    network = Program.of(text).network("net")
    return archgen.Network.of(network) if network else None


SHIPPED = ("resnet18", "googlenet", "densenet121", "mobilenet_v3_small", "vit_b_16", "unet")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_network_breaks_nothing_of_itself(name: str) -> None:
    assert findings(archgen.load(name), archgen.load(name), list(Category)) == []


@examples(sample=30, full=2000, of="edits of random specs, keys that changed")
@given(changes())
def test_every_key_that_changed_is_counted(texts: tuple[str, str]) -> None:
    """Changes of keys by distinct bodies are those of all keys, written out one by one."""
    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    before, after = ({each.key: each.sizes for each in state(one)} for one in (old, new))
    states = States()
    counted = Counter[str]()
    for change in states.changes(states.of(old.body), states.of(new.body)):
        counted[change.kind] += change.keys
    expected = Counter(
        gone=len(before.keys() - after.keys()),
        new=len(after.keys() - before.keys()),
        reshaped=sum(before[key] != after[key] for key in before.keys() & after.keys()),
    )
    event("changed" if +expected else "kept")
    assert +counted == +expected
