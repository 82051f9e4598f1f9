"""Equal calls are resolved once: they share a body, or a failure that is told once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import archgen
from archgen.network import Body, CallNode, Network
from archgen.resolve.program import Program

UNIT = "block unit(out, stride=1, act=relu) { conv(out, 3, stride=stride) -> bn -> act }\n"


def calls(body: Body) -> Iterator[tuple[str, Body]]:
    for node in body.nodes:
        if isinstance(node, CallNode):
            yield node.name, node.body
            yield from calls(node.body)


def distinct(network: Network) -> int:
    return len({id(body) for _, body in calls(network.body)})


def bodies(*lines: str) -> dict[str, Body]:
    """The bodies of the calls in a network of these lines, by the calls' names."""
    text = UNIT + "arch net {\n  input(8, 16, 16)\n  " + "\n  ".join(lines) + "\n}\n"
    return dict(calls(archgen.loads(text).body))


def test_equal_calls_share_a_body() -> None:
    found = bodies("a = unit(8)", "b = unit(8)", "c = unit(8, stride=1, act=relu)")
    assert found["a"] is found["b"] is found["c"]


@pytest.mark.parametrize("other", ["unit(16)", "unit(8, stride=2)", "unit(8, act=gelu)"])
def test_calls_with_other_arguments_do_not(other: str) -> None:
    found = bodies(
        "a = unit(8)",
        f"b = from input -> {other}",
        "concat { from a -> global_avgpool; from b -> global_avgpool }",
    )
    assert found["a"] is not found["b"]


def test_calls_for_other_shapes_do_not() -> None:
    found = bodies("a = unit(8)", "maxpool(2)", "b = unit(8)")
    assert found["a"] is not found["b"]


def test_calls_under_other_initialisers_do_not() -> None:
    found = bodies("a = unit(8)", "{ init(conv.weight, zeros); b = unit(8) }")
    assert found["a"] is not found["b"]


def test_an_integer_and_a_float_are_different_arguments() -> None:
    text = (
        "block scaled(by) { multiply(by) }\n"
        "arch net { input(8, 16, 16); a = scaled(1); b = scaled(1.0); c = scaled(1) }\n"
    )
    found = dict(calls(archgen.loads(text).body))
    assert found["a"] is found["c"]
    assert found["a"] is not found["b"]


def test_depth_costs_nothing() -> None:
    """ResNet-1202 has as many distinct bodies as ResNet-20."""
    shallow, deep = archgen.load("resnet20"), archgen.load("resnet1202")
    assert distinct(deep) == distinct(shallow)


def test_a_stage_of_a_thousand_million_blocks_is_a_node() -> None:
    network = archgen.loads(UNIT + "arch net { input(8, 16, 16); stage(unit, 8, n=1G) }")
    (stage,) = [node for node in network.body.nodes if isinstance(node, CallNode)]
    (node,) = stage.body.nodes
    assert isinstance(node, CallNode)
    assert node.count == 1_000_000_000


# --- failures -------------------------------------------------------------------------------------

BROKEN = "block broken(out) {\n  conv(out, 3, groups=3)\n}\n"


def faults(text: str) -> list[tuple[str, int, list[str]]]:
    """Code, line and the calls that led there, of every fault."""
    program = Program.of(text)
    program.network("net")
    return [
        (each.code, each.span.line, [frame.text for frame in each.trail]) for each in program.sink
    ]


def test_a_failure_is_told_once_with_the_first_call_that_led_there() -> None:
    text = BROKEN + "arch net { input(8, 16, 16); a = broken(8); b = from input -> broken(8) }"
    assert faults(text) == [("A202", 2, ["broken, called a"])]


def test_a_failure_in_a_stage_is_told_once() -> None:
    text = BROKEN + "arch net { input(8, 16, 16); units = stage(broken, 8, n=4) }"
    assert faults(text) == [("A202", 2, ["stage units, broken, call 1 of 4"])]


def test_a_trail_names_every_call_innermost_first() -> None:
    text = BROKEN + (
        "block outer(out) { inner = { broken(out) } }\n"
        "arch whole(out) { input(8, 16, 16); stage(outer, out, n=2) }\n"
        "arch net = whole(8)\n"
    )
    trail = ["broken", "inner", "stage layer1, outer, call 1 of 2", "net"]
    assert faults(text) == [("A202", 2, trail)]


def test_what_depends_on_a_failure_is_silent() -> None:
    text = BROKEN + (
        "arch net {\n"
        "  input(8, 16, 16)\n"
        "  a = broken(8)\n"
        "  add { from a; conv(9, 3) }\n"
        "  linear(10)\n"
        "  expect channels == 3\n"
        "}\n"
    )
    assert [code for code, _, _ in faults(text)] == ["A202"]
