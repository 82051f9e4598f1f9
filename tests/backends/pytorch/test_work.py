"""Writing source ends: in time for what people write, with a diagnostic for what they do not."""

from __future__ import annotations

from unittest import mock

import pytest

import archgen
from archgen.backends.pytorch.classes import Classes, classes_of
from archgen.backends.pytorch.walk.work import MOST
from archgen.diagnostics import ArchError

NESTED = """arch net {
  input(3, 8, 8)
  for a in range(5) { for b in range(5) { for c in range(5) { "c{a}{b}{c}" = conv(3, 3) } } }
}"""
CALLED_IN_CHANNELS = """
block u(out, n=1) { for i in range(n) { conv(out, 3) } }
arch net(in_channels=4) { input(3, 8, 8); u(in_channels) -> u(in_channels, n=3) }
"""


def spent(network: archgen.Network) -> int:
    work = classes_of(network).work
    return work.steps - work.left


def test_too_much_work_is_a_diagnostic() -> None:
    with pytest.raises(ArchError) as raised:
        classes_of(archgen.loads(NESTED, "net"), steps=1000)
    (fault,) = raised.value.diagnostics
    assert fault.code == "A404"
    assert fault.span.text == "net"


def test_a_parameter_called_as_the_class_calls_its_input() -> None:
    assert spent(archgen.loads(CALLED_IN_CHANNELS, "net")) < 1000


@pytest.mark.parametrize("name", ["resnet1202", "efficientnet_v2_l", "densenet201"])
def test_shipped_networks_are_far_from_the_limit(name: str) -> None:
    assert spent(archgen.load(name)) < MOST / 20


def test_every_file_starts_once() -> None:
    """EfficientNet has parameters that turn out to be constants one after the other."""
    network = archgen.load("efficientnet_b0")
    with mock.patch.object(Classes, "_walk", autospec=True, side_effect=Classes._walk) as walk:
        classes_of(network)
    arches = [call for call in walk.call_args_list if call.args[1] == [network.body]]
    assert len(arches) == 1
