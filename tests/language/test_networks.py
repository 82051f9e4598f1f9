"""Chapter "Archs": a network as a part of another, and what is read of it."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.weights import state
from tests.language.ask import arch, fault, keys, result

TRUNK = """
arch trunk(classes=10) {
  input(3, 32, 32)
  c1 = conv(4, 3)
  c2 = seq { conv(8, 3, stride=2); bn; relu }
  stage(conv, 8, 3, n=3)
  global_avgpool -> flatten
  fc = linear(classes)
}
"""


def test_keys_are_the_networks_below_the_name_of_the_call() -> None:
    alone = [entry.key for entry in state(archgen.load("resnet18"))]
    text = "use arch resnet18\n" + arch("encoder = resnet18", size="3, 64, 96")
    assert [entry.key for entry in state(archgen.loads(text))] == [f"encoder.{k}" for k in alone]


def test_what_nobody_reads_is_not_kept() -> None:
    text = TRUNK + arch("t = trunk", "from t.c2 -> conv(2, 1)")
    assert keys(text, name="net") == [
        "t.c1.weight",
        "t.c2.0.weight",
        "t.c2.1.weight",
        "t.c2.1.bias",
        "conv1.weight",
    ]
    assert result(text, name="net") == (2, 16, 16)


def test_its_own_result_stays_where_it_is_read() -> None:
    text = TRUNK + arch("t = trunk", "a = from t", "from t.c1 -> conv(2, 1)", "b = identity")
    whole = text.replace("b = identity\n", "b = identity\n  output a, b\n")
    assert "t.fc.weight" in keys(whole, name="net")


def test_a_path_is_quoted() -> None:
    text = TRUNK + arch("t = trunk", 'from "t.layer1.1"')
    assert keys(text, name="net")[-1] == "t.layer1.1.weight"
    computed = TRUNK + arch("t = trunk", "for i in [1] {", '  from "t.layer1.{i}"', "}")
    assert keys(computed, name="net") == keys(text, name="net")


def test_two_ways_to_one_value() -> None:
    text = TRUNK + arch("t = trunk", 'add { from t.layer1; from "t.layer1.2" }')
    assert keys(text, name="net")[-1] == "t.layer1.2.weight"


def test_calls_that_share_weights_keep_what_any_reads() -> None:
    lines = ["a = trunk", "s = from input -> conv(3, 3, stride=2)", "b = from s -> reuse a"]
    text = TRUNK + arch(*lines, "concat { from a.c2; from b.c1 }", "conv(2, 1)")
    assert [key for key in keys(text, name="net") if key.startswith("a.")] == keys(
        TRUNK + arch("a = trunk", "from a.c2"), name="net"
    )


def test_training_heads_of_a_part_are_left_out() -> None:
    text = "use arch googlenet\n" + arch("g = googlenet", "from g.inception4e", size="3, 64, 64")
    assert not any("aux" in key for key in keys(text, name="net"))


def test_a_network_in_a_network_in_a_network() -> None:
    middle = arch("t = trunk", "from t.layer1", head="middle")
    text = TRUNK + middle + arch("m = middle", "from m.t.c1")
    assert keys(text, name="net") == ["m.t.c1.weight"]


def test_an_output_comes_before_a_value_inside() -> None:
    text = """
arch two {
  input(3, 8, 8)
  a = conv(4, 3)
  b = conv(5, 3)
  output a, b
}
arch net {
  input(3, 8, 8)
  t = two
  from t.b
}
"""
    assert result(text, name="net") == (5, 8, 8)
    assert len(keys(text, name="net")) == 2


@pytest.mark.parametrize("size", ["3, 32, 32", "3, 48, 17"])
def test_any_height_and_width(size: str) -> None:
    assert result(TRUNK + arch("trunk", size=size), name="net") == (10,)


@pytest.mark.parametrize("size", ["1, 32, 32", "3, 32", "3, 32, 32, 32"])
def test_no_other_channels_or_rank(size: str) -> None:
    found = fault(TRUNK + arch("trunk", size=size))
    assert found.code == "A204"
    assert found.help is not None
    assert "height and width" in found.help


def test_a_value_that_is_not_there() -> None:
    found = fault(TRUNK + arch("t = trunk", "from t.layer9"))
    assert (found.code, found.help) == ("A113", "did you mean `t.layer1`?")


def test_a_name_that_is_no_network() -> None:
    found = fault("use arch resnet19\n" + arch("resnet19"))
    assert (found.code, found.help) == ("A509", "did you mean `resnet18`?")
    found = fault("use resnet18\n" + arch("resnet18"))
    assert found.help == "a network is brought by `use arch resnet18`"


def test_one_network_alone_is_brought() -> None:
    text = "use arch resnet18\n" + arch("resnet34", size="3, 64, 64")
    assert fault(text).code == "A102"
    renamed = "use arch resnet18 as trunk\n" + arch("t = trunk", "from t.layer1", size="3, 64, 64")
    assert keys(renamed, name="net")[0] == "t.conv1.weight"
