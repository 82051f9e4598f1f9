"""Chapter "Results": training heads, in every place where they may stand and where not."""

from __future__ import annotations

import pytest

import archgen
from archgen.network import heads_of
from tests.language.ask import arch, fault, faults, keys

HEADED = "block l(k=1) { conv(4, 1); if k > 0 { aux z = conv(5, 1) } }\n"


def heads(text: str) -> dict[str, int]:
    """The results that only training gives, with their channels."""
    return {name: shape.channels for name, shape in heads_of(archgen.loads(text).body)}


def test_a_head_exists_in_the_calls_that_have_it() -> None:
    text = HEADED + arch("l(1)", "l(0)")
    assert heads(text) == {"l1_z": 5}
    assert keys(text) == ["l1.conv1.weight", "l1.z.weight", "l2.conv1.weight"]


def test_heads_of_blocks_in_blocks_have_the_names_of_the_calls() -> None:
    text = HEADED + "block two { l; inner = l; aux y = conv(2, 1) }\n"
    text += arch("for i in range(2) { ls[i] = l }", "two", "aux y = relu", size="4, 8, 8")
    assert list(heads(text)) == [
        "y", "ls_0_z", "ls_1_z", "two1_y", "two1_l1_z", "two1_inner_z",
    ]  # fmt: skip


def test_an_arch_that_is_called_brings_its_heads() -> None:
    text = "arch inner { input(3, 32, 32); aux z = conv(2, 1); relu }\n" + arch("inner", "tanh")
    network = archgen.loads(text, "net")
    assert [name for name, _ in heads_of(network.body)] == ["inner1_z"]


@pytest.mark.parametrize(
    "line",
    [
        "add { identity; for i in range(1) { aux z = relu } }",
        "add { identity; { relu; aux z = conv(5, 3) } }",
        "add { identity; if channels > 0 { relu; if true { aux z = relu } } }",
        "add { identity; { l } }",
        "add { aux z = relu; identity }",
        "stage(l, n=2)",
        "seq { l; relu }",
        "a = l -> relu",
        "aux q = l",
        "part = { l }",
        "part = { relu; aux z = relu }",
        "a = l; reuse a",
        "aux z = split(3)",
        "aux z = identity",
        "aux z = param([3, 1, 1])",
        "aux z = add { identity; relu }",
    ],
)
def test_where_no_head_may_stand(line: str) -> None:
    assert [code for code, _, _ in faults(HEADED + arch(line))] == ["A123"]


@pytest.mark.parametrize("line", ["from z -> relu", "output z", "add { identity; from z }"])
def test_nothing_but_training_reads_a_head(line: str) -> None:
    found = fault(arch("aux z = conv(3, 1)", line))
    assert (found.code, found.span.line) == ("A113", 4)
    assert "training" in found.message


def test_the_submodule_of_a_head_is_not_reused() -> None:
    assert faults(arch("aux z = conv(3, 1)", "reuse z")) == [("A118", 4, 9)]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["l1_z = conv(3, 1)", "l", "output l1_z"], "A103"),
        (["_part = l"], "A104"),
        (["aux _z = relu"], "A104"),
        (["_a = conv(3, 1)", "aux z = relu", "output _a"], "A104"),
    ],
)
def test_results_in_training_are_fields_of_a_named_tuple(lines: list[str], code: str) -> None:
    assert [found for found, _, _ in faults(HEADED + arch(*lines))] == [code]


def test_heads_are_counted_before_they_are_too_many() -> None:
    calls = "".join(f"block b{i} {{ b{i - 1}; b{i - 1} }}\n" for i in range(1, 40))
    text = "block b0 { relu; aux z = relu }\n" + calls + arch("b39")
    assert "A404" in [code for code, _, _ in faults(text)]
