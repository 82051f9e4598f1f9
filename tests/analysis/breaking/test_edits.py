"""Each edit of a known kind is reported in its category, and PyTorch says the same."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.breaking import Category, Finding, findings
from tests.analysis.breaking.edits import EDITS, Edit

NET = "arch net {{ input(8); {}; fc = linear(3) }}"
STARTS = (
    ("", "init(linear.weight, zeros)"),
    ("init(linear.bias, zeros)", "init(linear.bias, ones)"),
    ("", 'init("fc.weight", ones)'),
)
VALUES = {"weights", "numerics", "training"}  # on which PyTorch has a say


def found(edit: Edit) -> list[Finding]:
    old, new = archgen.loads(edit.before), archgen.loads(edit.after)
    return findings(old, new, list(Category))


def test_the_table_is_large_enough() -> None:
    assert len({edit.name for edit in EDITS}) == len(EDITS) > 75


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_breaks_what_it_is_known_to(edit: Edit) -> None:
    every = found(edit)
    assert {each.category.value for each in every} == edit.expected
    for each in every:
        assert each.diagnostic.span.text
        assert each.message


@pytest.mark.torch
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_torch_says_the_same(edit: Edit) -> None:
    from tests.analysis.breaking.torch_says import judge

    said = judge(archgen.loads(edit.before), archgen.loads(edit.after))
    assert {said} - {None} == edit.expected & VALUES


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_nothing_changed_in_either_text(edit: Edit) -> None:
    for text in (edit.before, edit.after):
        assert findings(archgen.loads(text), archgen.loads(text), list(Category)) == []


@pytest.mark.torch
@pytest.mark.parametrize(("old", "new"), STARTS)
def test_weights_that_start_differently_are_told(old: str, new: str) -> None:
    before, after = (archgen.loads(NET.format(init)) for init in (old, new))
    (found,) = findings(before, after, list(Category))
    assert (found.code, found.category) == ("B502", Category.TRAINING)
    assert findings(before, after) == []
    one, other = (archgen.build(each, seed=0).state_dict() for each in (before, after))
    different = {key for key in one if not one[key].equal(other[key])}
    assert different >= {"fc.weight"} or different == {"fc.bias"}
