"""What is too large for a live model, and the count of modules that decides it."""

from __future__ import annotations

import pytest

import archgen
from archgen import limits
from archgen.diagnostics import ArchError

NETWORKS = ["resnet18", "resnet50", "densenet121", "resnext50_32x4d_a", "resnet1202"]

WIDE = """
arch wide {
  input(30K, 8, 8)
  conv(300K, 1) -> bn
}
"""
LARGE_VALUE = "arch large { input(3, 300K, 300K); a = maxpool(2) -> global_avgpool -> flatten }"


@pytest.mark.torch
@pytest.mark.parametrize("name", NETWORKS)
def test_modules_are_counted_as_torch_has_them(name: str) -> None:
    network = archgen.load(name)
    made = archgen.build(network, device="meta").modules()
    # An `if` that calls decide differently has an `nn.Identity` on its empty side.
    counted = sum(type(module).__name__ != "Identity" for module in made)
    assert limits.count_modules(network) == counted


def test_every_shipped_network_is_allowed() -> None:
    for name in NETWORKS:
        network = archgen.load(name)
        limits.check_buildable(network, network.params, meta=False)
        assert limits.too_large_to_run(network, network.macs) is None


def test_weights_that_no_memory_holds_are_allowed_on_meta() -> None:
    network = archgen.loads(WIDE)
    with pytest.raises(ArchError, match="A405"):
        limits.check_buildable(network, network.params, meta=False)
    limits.check_buildable(network, network.params, meta=True)


def test_values_that_no_memory_holds_are_not_run() -> None:
    network = archgen.loads(LARGE_VALUE)
    limits.check_buildable(network, network.params, meta=False)
    reason = limits.too_large_to_run(network, network.macs)
    assert reason == "one of its values holds 270,000,000,000 numbers"


def test_work_that_takes_hours_is_not_run() -> None:
    network = archgen.loads(
        "arch slow { input(512, 8K, 8K); conv(512, 3) -> global_avgpool -> flatten }"
    )
    assert "MACs, the limit is" in str(limits.too_large_to_run(network, network.macs))


def test_a_machine_that_does_not_tell_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.sysconf", raising=False)
    assert limits.memory() == limits.MOST_PARAMETERS * limits.BYTES
