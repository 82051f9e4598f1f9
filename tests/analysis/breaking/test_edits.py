"""Each edit of a known kind is reported in its category, and PyTorch says the same."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.breaking import Answer, Category, Finding, answer, findings
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
    from tests.analysis.breaking.torch_says import judge, judge_carried

    old, new = archgen.loads(edit.before), archgen.loads(edit.after)
    said = judge(old, new)
    if said != "weights":
        assert {said} - {None} == edit.expected & VALUES
        return
    assert "weights" in edit.expected
    differs = judge_carried(old, new)
    assert differs in {None, "numerics" in edit.expected}


CARRIED = (
    # Beside `fc` of another size: what changed elsewhere is told, and no more than that.
    ("relu", "gelu", ["`gelu`, it was `relu`"]),
    ("conv(4, 3) -> bn", "conv(4, 3, dilation=2) -> bn", ["`conv` has dilation=2, it was 1"]),
    ("bn -> relu", "relu -> bn", ["`relu` reads `conv1`, it read `bn1`"]),
    ("maxpool(2)", "avgpool(2)", ["`avgpool(2)`, it was `maxpool(2)`"]),
    ("maxpool(2)", "identity -> maxpool(2)", []),
    ("maxpool(2)", "conv(4, 1) -> maxpool(2)", []),  # its weights are new: told by WEIGHTS
    (" -> bn", "", []),
    ("stage(unit, 4, n=2)", "stage(unit, 4, n=3)", []),
)


@pytest.mark.parametrize(("old", "new", "expected"), CARRIED)
def test_the_function_is_compared_over_the_weights_that_are_carried(
    old: str, new: str, expected: list[str]
) -> None:
    text = (
        "block unit(out) { add { conv(out, 3, bias=true); identity } }\n"
        "arch net(classes=3) { input(4, 8, 8); conv(4, 3) -> bn -> relu; maxpool(2)\n"
        "stage(unit, 4, n=2); global_avgpool -> flatten; fc = linear(classes) }\n"
    )
    assert old in text
    before, after = archgen.loads(text), archgen.loads(text.replace(old, new), classes=5)
    every = findings(before, after)
    assert {"weights"} <= {each.category.value for each in every}
    told = [each for each in every if each.category is Category.NUMERICS]
    assert [each.message for each in told][:1] == expected
    assert all(
        "with the weights that `archgen transfer` carries" in note
        for each in told
        for note in each.diagnostic.notes[-1:]
    )


RENAMED = (
    ("first = conv(4, 3); second = bn; relu", []),
    ("body = conv(4, 3) -> bn -> relu", []),
    ("body = conv(4, 3) -> relu -> bn", ["`relu` is new", "`bn`"]),
    ("first = conv(4, 3); relu; bn", ["`relu` reads `conv1`"]),
)


@pytest.mark.parametrize(("text", "expected"), RENAMED)
def test_the_order_under_renamed_weights_is_told_before_a_transfer(
    text: str, expected: list[str]
) -> None:
    old = archgen.loads("arch net { input(4, 8, 8); conv(4, 3); bn; relu; tanh }")
    new = archgen.loads(f"arch net {{ input(4, 8, 8); {text}; tanh }}")
    codes = [each.code for each in findings(old, new, [Category.WEIGHTS, Category.NUMERICS])]
    assert codes[:2] == ["B201", "B202"]
    assert ("B301" in codes) is bool(expected)


def test_what_could_not_be_compared_is_said() -> None:
    text = (
        "arch net(classes=3) { input(4, 8, 8); stem = conv(4, 3); flatten; fc = linear(classes) }"
    )
    old, wider = archgen.loads(text), archgen.loads(text, classes=5)
    renamed = archgen.loads(text.replace("stem", "first"))
    sigmoid = archgen.loads(text.replace("flatten", "sigmoid -> flatten"))
    numerics, training = Category.NUMERICS, Category.TRAINING
    assert answer(old, old, list(Category)).unasked == {}
    assert answer(old, renamed, [numerics]) == Answer((), {})
    part = "only over the weights that `archgen transfer` carries"
    assert answer(old, wider, [numerics]) == Answer((), {numerics: part})
    assert answer(old, wider, [Category.WEIGHTS]).unasked == {}
    assert set(answer(old, wider, [training]).unasked) == {training}
    assert set(answer(old, sigmoid, [training]).unasked) == {training}


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
