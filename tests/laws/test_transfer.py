"""The law of `archgen transfer`, over random edits of random networks: every weight has one fate,
what is carried is the old tensor itself, and torch loads the result strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeGuard

import pytest
import torch
from hypothesis import assume, event, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import archgen
from archgen.analysis.difference import difference
from archgen.analysis.weights import state
from archgen.checkpoint.plan import plan
from archgen.resolve.program import Program
from archgen.syntax import tree
from archgen.syntax.parse import parse
from archgen.text import Source
from tests.laws.changing import changes
from tests.laws.writing import specs
from tests.sweeps import examples

pytestmark = pytest.mark.torch


@examples(sample=40, full=2000, of="edits of random specs, each weight with one fate")
@given(changes())
def test_every_weight_has_one_fate(texts: tuple[str, str]) -> None:
    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    weights = archgen.build(old).state_dict()
    result = archgen.transfer(old, new, weights, allow_new=True, seed=0)
    model = archgen.build(new)
    assert list(result.state) == list(model.state_dict())
    model.load_state_dict(result.state, strict=True)
    anew = [*result.added, *result.reshaped]
    assert sorted([*result.carried, *anew]) == sorted(result.state)
    left = [*result.dropped, *(before.key for before, _ in result.plan.reshaped)]
    assert sorted([*result.carried.values(), *left]) == sorted(weights)
    for key, before in result.carried.items():
        assert result.state[key] is weights[before]
    if difference(old, new).same:
        event("the same network")
        assert list(result.carried.items()) == [(key, key) for key in weights]


@examples(sample=20, full=500, of="edits of random specs, weights carried there and back")
@given(changes())
def test_what_was_carried_there_is_carried_back(texts: tuple[str, str]) -> None:
    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    weights = archgen.build(old, device="meta").state_dict()
    there = archgen.transfer(old, new, weights, allow_new=True)
    back = archgen.transfer(new, old, there.state, allow_new=True)
    assert {new: old for old, new in back.carried.items()} == there.carried


@st.composite
def insertions(draw: DrawFn) -> tuple[str, str]:
    """A spec, and the same with one more layer somewhere among the statements of its arch."""
    before = draw(specs())
    arch = next(item for item in parse(Source("net.arch", before)).tree.items if _is_arch(item))
    at = draw(st.sampled_from([each.span.start for each in arch.body.statements[1:]]))
    layer = draw(st.sampled_from(["inserted = conv(channels, 3)", "conv(channels, 3)"]))
    return before, f"{before[:at]}{layer}\n{before[at:]}"


def _is_arch(item: tree.Node) -> TypeGuard[tree.Arch]:
    return isinstance(item, tree.Arch)


@examples(sample=40, full=2000, of="insertions into random specs")
@given(insertions())
def test_an_insertion_loses_no_other_weight(texts: tuple[str, str]) -> None:
    old, new = map(_network, texts)
    assume(old and new)
    assert old
    assert new
    made = plan(old, new)
    event("accepted")
    assert [made.dropped, made.reshaped] == [[], []]
    assert len(made.added) == 1
    assert len(made.carried) == len(list(state(old)))


@examples(sample=30, full=500, of="random specs with other names, run")
@given(specs(), st.data())
def test_a_renamed_network_computes_the_same(text: str, data: st.DataObject) -> None:
    """Names of values, submodules and blocks are others; weights find their places."""
    old = _network(text)
    assume(old)
    assert old
    names = sorted(
        set(re.findall(r"\b(?:v\d+_|unit|point|double|tail|joined|forked|tree)\b", text))
    )
    chosen = data.draw(st.sets(st.sampled_from(names), min_size=1))
    new = _network(re.sub(rf"\b({'|'.join(chosen)})\b", r"other_\1", text))
    assert new
    before, after = (archgen.build(each).eval() for each in (old, new))
    event(f"renamed: {before.state_dict().keys() != after.state_dict().keys()}")
    after.load_state_dict(archgen.transfer(old, new, before.state_dict()).state)
    inputs = [torch.randn(2, *old.body.values[ref].sizes) for ref in old.body.inputs]
    with torch.no_grad():
        pairs = zip(tensors(before(*inputs)), tensors(after(*inputs)), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)


def tensors(result: Any) -> Iterator[torch.Tensor]:
    """Those of a result; of a head that evaluation does not run there is none."""
    if isinstance(result, torch.Tensor):
        yield result
    elif result is not None:
        for each in result:
            yield from tensors(each)


def _network(text: str) -> archgen.Network | None:
    network = Program.of(text).network("net")
    return archgen.Network.of(network) if network else None
