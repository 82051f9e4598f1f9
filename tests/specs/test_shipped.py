"""What every shipped spec holds: it is clean, its networks have names of their own and promises,
and its figures are those that the papers print."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import archgen
from archgen.resources import root
from archgen.syntax import tree
from archgen.syntax.format import format
from archgen.syntax.parse import parse
from archgen.syntax.read import read_source

SPECS = sorted(root("specs").glob("*.arch"))
LIBRARIES = sorted((root("specs") / "blocks").glob("*.arch"))

# Parameters as printed, in millions, and where.
PUBLISHED = {
    "squeezenet1_0": "1.248424",  # Iandola et al. 2016, table 1
    "mobilenet_v1": "4.2",  # Howard et al. 2017, table 8
    "mobilenet_v3_small": "2.5",  # Howard et al. 2019, table 3
    "shufflenet_v2_x0_5": "1.4",  # Ma et al. 2018, table 5
    "shufflenet_v2_x1_0": "2.3",
    "shufflenet_v2_x1_5": "3.5",
    "shufflenet_v2_x2_0": "7.4",
    "wide_resnet50_2": "68.9",  # Zagoruyko, Komodakis 2016, table 8
    "resnet20": "0.27",  # He et al. 2015, table 6
    "resnet32": "0.46",
    "resnet44": "0.66",
    "resnet56": "0.85",
    "resnet110": "1.7",
    "resnet1202": "19.4",
    "preact_resnet110": "1.7",  # He et al. 2016, table 4
    "preact_resnet164": "1.7",
    "resnext50_32x4d": "25.0",  # Xie et al. 2016, table 1
    "resnext29_8x64d": "34.4",  # Xie et al. 2016, table 7
    "densenet40_k12": "1.0",  # Huang et al. 2016, table 2
    "densenet_bc100_k12": "0.8",
    "densenet_bc250_k24": "15.3",
    "densenet_bc190_k40": "25.6",
}
# Multiply-adds as printed, in millions: Howard et al. 2017, table 8; Zhang et al. 2017, table 1.
EXACT_WORK = {"mobilenet_v1": 569, "shufflenet_v1": 137}
# Multiply-adds as printed, in units of 10^9: He et al. 2015, table 1 (v1), section 3.3, figure 3;
# Xie et al. 2016, table 1.
WORK = {
    "resnet18": 1.8,
    "plain18": 1.8,
    "resnet34": 3.6,
    "plain34": 3.6,
    "resnet50_v1": 3.8,
    "resnet101_v1": 7.6,
    "resnet152_v1": 11.3,
    "resnext50_32x4d": 4.2,
}
# The most lines of a file: what a family may take, blocks included that no other file uses.
PAGES = {"resnet50": 20, "efficientnet": 90, "googlenet": 60, "densenet": 60}


@pytest.mark.parametrize("path", SPECS + LIBRARIES, ids=lambda path: path.stem)
def test_spec_is_clean(path: Path) -> None:
    assert archgen.check(path) == []


@pytest.mark.parametrize("path", SPECS + LIBRARIES, ids=lambda path: path.stem)
def test_spec_is_formatted(path: Path) -> None:
    source = read_source(path)
    parsed = parse(source)
    assert format(parsed.tree, parsed.comments) == source.text


def test_names_are_unique() -> None:
    counts = Counter(name for name, _ in archgen.shipped())
    assert {name: count for name, count in counts.items() if count > 1} == {}


@pytest.mark.parametrize("name", [name for name, _ in archgen.shipped()])
def test_network_promises_parameters_work_and_depth(name: str) -> None:
    network = archgen.load(name)
    promised = {word for promise in network.promises for word in names_in(promise.condition)}
    assert promised >= {"params", "macs", "depth"}
    assert re.search(r"\b(19|20)\d\d\b", network.doc), "say where it was published"


def names_in(condition: tree.Expr) -> set[str]:
    """The figures that a promise compares, each with a number."""
    if isinstance(condition, tree.Logic) and condition.op == "and":
        return set().union(*map(names_in, condition.operands))
    assert isinstance(condition, tree.Compare)
    return {condition.first.text} if isinstance(condition.first, tree.Name) else set()


@pytest.mark.parametrize(("name", "millions"), list(PUBLISHED.items()))
def test_parameters_are_as_published(name: str, millions: str) -> None:
    digits = len(millions.partition(".")[2])
    assert f"{archgen.load(name).params / 1e6:.{digits}f}" == millions


def test_parameters_that_the_papers_round_otherwise() -> None:
    """68.155 M is printed as 68.1 (Xie et al. 2016, table 7). 10.2 M for ResNet-1001 (He et al.
    2016, table 4) seems to leave out the weights of batch norm."""
    assert archgen.load("resnext29_16x64d").params // 100_000 == 681
    assert archgen.load("preact_resnet1001").params == 10_327_706


@pytest.mark.parametrize("name", ["lenet5", "lenet5_1998"])
def test_lenet_has_its_61706_parameters(name: str) -> None:
    assert archgen.load(name).params == 61_706


@pytest.mark.parametrize(("name", "millions"), list(EXACT_WORK.items()))
def test_work_is_as_published_to_the_million(name: str, millions: int) -> None:
    assert round(archgen.load(name).macs / 1e6) == millions


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


@pytest.mark.parametrize(("name", "billions"), list(WORK.items()))
def test_work_is_as_published(name: str, billions: float) -> None:
    """The papers cut or round to one digit, and seem not to count alike."""
    assert archgen.load(name).macs / 1e9 == pytest.approx(billions, abs=0.1)


@pytest.mark.parametrize("name", ["50", "101", "152"])
def test_v1_has_the_weights_of_v1_5_and_less_work(name: str) -> None:
    published, usual = archgen.load(f"resnet{name}_v1"), archgen.load(f"resnet{name}")
    assert published.params == usual.params
    assert published.macs < usual.macs


def test_shortcuts_without_weights_cost_nothing() -> None:
    plain, padded = archgen.load("plain34"), archgen.load("resnet34_a")
    assert (plain.params, plain.macs) == (padded.params, padded.macs)


@pytest.mark.parametrize(("stem", "lines"), list(PAGES.items()))
def test_family_fits_on_its_pages(stem: str, lines: int) -> None:
    """Each stands in one file, beside libraries that others use too."""
    text = (root("specs") / f"{stem}.arch").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= lines
    for library in re.findall(r"^use (\w+)$", text, re.MULTILINE):
        users = [path for path in SPECS if f"use {library}\n" in path.read_text(encoding="utf-8")]
        assert len(users) > 1
