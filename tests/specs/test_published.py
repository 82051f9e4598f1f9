"""Figures of shipped networks are those that the papers print."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import archgen
from tests.specs.references import MACS, PARAMETERS, ROUNDED_OTHERWISE

Record = Callable[[str, object], None]


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_as_published(name: str, record_property: Record) -> None:
    millions, _ = PARAMETERS[name]
    digits = len(millions.partition(".")[2])
    assert f"{archgen.load(name).params / 1e6:.{digits}f}" == millions
    record_property("result", "the same")


@pytest.mark.parametrize("name", ROUNDED_OTHERWISE)
def test_parameters_that_papers_round_otherwise(name: str, record_property: Record) -> None:
    """68.155 M is printed as 68.1 (Xie et al. 2016, table 7). 10.2 M for ResNet-1001 (He et al.
    2016, table 4) seems to leave out the weights of batch norm."""
    params = archgen.load(name).params
    if name == "resnext29_16x64d":
        assert params // 100_000 == 681
        record_property("result", "68.1 M there, which cuts")
    else:
        assert params == 10_327_706
        record_property("result", "10.2 M there, without the weights of batch norm")


@pytest.mark.parametrize("name", MACS)
def test_work_is_as_published(name: str, record_property: Record) -> None:
    millions, off, _ = MACS[name]
    found = archgen.load(name).macs / 1e6
    assert found == pytest.approx(millions, abs=off)
    record_property("result", f"{found:,.0f} M")


@pytest.mark.parametrize(
    ("width", "size", "millions"),
    [(0.75, 224, 325), (0.5, 224, 149), (0.25, 224, 41), (1.0, 192, 418), (1.0, 128, 186)],
)
def test_smaller_mobilenets_are_as_published(width: float, size: int, millions: int) -> None:
    """Howard et al. 2017, tables 6 and 7."""
    network = archgen.load("mobilenet_v1", width=width, input=(3, size, size))
    assert round(network.macs / 1e6) == millions


@pytest.mark.parametrize(
    ("groups", "out", "millions"),
    [(1, 144, 143), (2, 200, 140), (3, 240, 137), (4, 272, 133), (8, 384, 137)],
)
def test_other_groups_cost_as_published(groups: int, out: int, millions: int) -> None:
    """Zhang et al. 2017, table 1, which rounds in ways of its own."""
    network = archgen.load("shufflenet_v1", groups=groups, out=out)
    assert network.macs / 1e6 == pytest.approx(millions, abs=1.5)


@pytest.mark.parametrize("name", ["50", "101", "152"])
def test_v1_has_the_weights_of_v1_5_and_less_work(name: str) -> None:
    published, usual = archgen.load(f"resnet{name}_v1"), archgen.load(f"resnet{name}")
    assert published.params == usual.params
    assert published.macs < usual.macs


def test_shortcuts_without_weights_cost_nothing() -> None:
    plain, padded = archgen.load("plain34"), archgen.load("resnet34_a")
    assert (plain.params, plain.macs) == (padded.params, padded.macs)
