"""Networks that nobody could build: repeats of 10^9, trees of 2^60 leaves, thousands of layers."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.breaking import Finding, findings

STAGE = """\
block unit(act) {{ add {{ {{ conv(8, 3{bias}) -> act -> conv(8, 3) }}; identity }} }}
arch net {{ input(8, 8, 8); stage(unit, {act}, n={n}) }}
"""
TREE = """\
block tree(n) {{ if n == 0 {{ {leaf} }} else {{ add {{ a = tree(n - 1); b = tree(n - 1) }} }} }}
arch net {{ input(4, 8, 8); tree({n}) }}
"""
LONG = "arch net {{ input(4, 8, 8); for i in range({n}) {{ conv(4, 3) -> {act} }} }}\n"


def found(text: str, old: dict[str, object], new: dict[str, object]) -> list[Finding]:
    return findings(*(archgen.loads(text.format(**values)) for values in (old, new)))


def stage(**values: object) -> list[Finding]:
    usual: dict[str, object] = {"n": 10**9, "act": "relu", "bias": ""}
    return found(STAGE, usual, usual | values)


def test_a_billion_blocks_alike() -> None:
    assert stage() == []


def test_a_billion_blocks_with_another_function() -> None:
    (only,) = stage(act="gelu")
    assert only.code == "B301"
    assert only.paths == ("layer1.0.act1",)
    assert not only.whole
    assert only.diagnostic.notes == ("in `layer1.0.act1` and 999,999,999 more",)


def test_a_billion_blocks_with_other_weights() -> None:
    bias, *_ = stage(bias=", bias=true")
    assert (bias.code, bias.message) == ("B202", "1,000,000,000 keys are new in the `state_dict`")
    assert bias.paths == ("layer1.0-999999999.conv1.bias",)
    (more, *_) = stage(n=10**9 + 2)
    assert more.message == "4 keys are new in the `state_dict`"
    assert more.paths == ("layer1.1000000000-1000000001",)


@pytest.mark.parametrize("n", [60, 13])
def test_a_tree(n: int) -> None:
    """Too large to be looked at leaf by leaf, and not."""
    relu, gelu = ({"n": n, "leaf": f"conv(4, 3) -> {act}"} for act in ("relu", "gelu"))
    assert found(TREE, relu, relu) == []
    (only,) = found(TREE, relu, gelu)
    assert f"and {2**n - 4:,} more" in only.diagnostic.notes[0]
    (shape, *_) = found(TREE, relu, {"n": n, "leaf": "conv(4, 1) -> relu"})
    assert shape.message == "at least 1,000 keys are of another shape"


def test_a_thousand_layers() -> None:
    (only,) = found(LONG, {"n": 1000, "act": "relu"}, {"n": 1000, "act": "tanh"})
    assert only.paths[:2] == ("tanh1", "tanh2")
    assert "and 996 more" in only.diagnostic.notes[0]
