"""What every shipped spec holds: it is clean and short, its networks have names of their own,
promises, and something that they are compared with."""

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
from tests.specs.references import references

SPECS = sorted(root("specs").glob("*.arch"))
LIBRARIES = sorted((root("specs") / "blocks").glob("*.arch"))

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


@pytest.mark.parametrize("name", [name for name, _ in archgen.shipped()])
def test_network_is_compared_with_something(name: str) -> None:
    assert list(references(name))


def names_in(condition: tree.Expr) -> set[str]:
    """The figures that a promise compares, each with a number."""
    if isinstance(condition, tree.Logic) and condition.op == "and":
        return set().union(*map(names_in, condition.operands))
    assert isinstance(condition, tree.Compare)
    return {condition.first.text} if isinstance(condition.first, tree.Name) else set()


@pytest.mark.parametrize(("stem", "lines"), list(PAGES.items()))
def test_family_fits_on_its_pages(stem: str, lines: int) -> None:
    """Each stands in one file, beside libraries that others use too."""
    text = (root("specs") / f"{stem}.arch").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= lines
    for library in re.findall(r"^use (\w+)$", text, re.MULTILINE):
        users = [path for path in SPECS if f"use {library}\n" in path.read_text(encoding="utf-8")]
        assert len(users) > 1
