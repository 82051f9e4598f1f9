"""Recovered blocks that are shipped already; of texts, so without torch."""

from __future__ import annotations

import pytest

import archgen
from archgen.importers.shipped import with_shipped
from archgen.loading import loads
from archgen.syntax.format import format
from archgen.syntax.parse import parse
from archgen.text import Source

UNIT = """\
block {name}({parameters}) {{
  add {{
    {{ conv(out, 3, stride=stride) -> bn -> relu; {second} }}
    if stride != 1 or input.channels != out {{
      downsample = conv(out, 1, stride=stride) -> bn
    }} else {{
      identity
    }}
  }}
  relu
}}
"""
SECOND = "conv(out, 3) -> bn"
NET = """
arch net {{
  input(3, 32, 32)
  conv(16, 3) -> bn
  layer1 = stage({name}, {first}, n=2)
  layer2 = {name}({second})
  inner = from layer2 -> relu
  global_avgpool -> flatten
  fc = linear(10)
}}
"""


def put_in(text: str) -> str:
    """The text with shipped blocks; the network is the same, but for layers without weights."""
    made = format(with_shipped(parse(Source("net.arch", text)).tree, loads(text, "net")))
    found = archgen.diff(archgen.loads(text), archgen.loads(made))
    assert {each.kind for each in found.edits} <= {"renamed"}
    assert found.keys.kept == sum((found.keys.kept, found.keys.gone, found.keys.new))
    return made


def written(
    name: str = "basic_block",
    parameters: str = "out, stride=1",
    second: str = SECOND,
    calls: tuple[str, str] = ("16", "32, stride=2"),
) -> str:
    unit = UNIT.format(name=name, parameters=parameters, second=second)
    return unit + NET.format(name=name, first=calls[0], second=calls[1])


SHIPPED = "use residual\n" + NET.format(name="basic", first="16", second="32, stride=2")


def format_of(text: str) -> str:
    return format(parse(Source("net.arch", text)).tree)


def test_a_block_that_is_shipped_is_used() -> None:
    assert put_in(written()) == format_of(SHIPPED)


def test_arguments_that_stand_elsewhere_get_their_names() -> None:
    text = written(parameters="stride, out", calls=("1, 16", "2, out=32"))
    calls = {"first": "stride=1, out=16", "second": "stride=2, out=32"}
    assert put_in(text) == format_of("use residual\n" + NET.format(name="basic", **calls))


@pytest.mark.parametrize("second", [f"{SECOND} -> relu", "conv(out, 5) -> bn", "conv(out, 3)"])
def test_another_block_stays(second: str) -> None:
    text = written(second=second)
    assert put_in(text) == format_of(text)


def test_one_of_another_name_or_with_another_argument_stays() -> None:
    for text in (written(name="unit"), written(parameters="out, stride=1, unused=0")):
        assert put_in(text) == format_of(text)


def test_a_library_that_has_a_name_of_the_text_is_not_used() -> None:
    other = "block plain { relu }\n"
    text = other + written().replace("from layer2 -> relu", "from layer2 -> plain")
    assert put_in(text) == format_of(text)


def test_blocks_that_only_it_read_go_with_it() -> None:
    helper = "block rectified = relu\n"
    text = helper + written().replace("\n  relu\n}", "\n  rectified\n}", 1)
    assert put_in(text) == format_of(SHIPPED)
    read = text.replace("from layer2 -> relu", "from layer2 -> rectified")
    net = SHIPPED.removeprefix("use residual\n").replace("-> relu", "-> rectified")
    assert put_in(read) == format_of("use residual\n" + helper + net)
