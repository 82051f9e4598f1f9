"""A table of edits, and what is said of each: one edit of the text is one edit, of its kind."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import archgen
from archgen.analysis.difference import Difference, Edit, difference
from archgen.analysis.difference.matching import BodyMatch

UNIT = "block unit(out, act=relu, k=3) { conv(out, k) -> bn -> act }\n"
RES = """\
block res(out) {
  add { { conv(out, 3) -> bn -> relu; conv(out, 3) -> bn }; identity }
  relu
}
"""


@dataclass(frozen=True)
class Case:
    """Two bodies below `input(3, 32, 32)`, and the edits: "kind what: argument before -> after".

    follows: how many rows follow.
    """

    old: str
    new: str
    edits: tuple[str, ...]
    head: str = ""
    new_head: str | None = None
    follows: int = 0

    def compared(self) -> Difference:
        heads = (self.head, self.head if self.new_head is None else self.new_head)
        texts = (
            f"{head}arch net {{\n  input(3, 32, 32)\n{body}\n}}\n"
            for head, body in zip(heads, (self.old, self.new), strict=True)
        )
        return difference(*map(archgen.loads, texts))


CASES = {
    # nothing changed
    "layout": Case("conv(8, 3) -> bn", "# more\nconv(8,\n  3)\nbn", ()),
    "keyword order": Case("conv(8, 3, bias=true, stride=2)", "conv(8, 3, stride=2, bias=true)", ()),
    "defaults": Case("maxpool(3)", "maxpool([3, 3], stride=3, padding=0, dilation=1)", ()),
    "auto": Case("conv(8, 3)", "conv(8, 3, padding=1)", ()),
    "block renamed": Case("u = unit(8)", "u = other(8)", (), UNIT, UNIT.replace("unit", "other")),
    "block taken apart": Case("u = unit(8)", "u = { conv(8, 3) -> bn; act1 = relu }", (), UNIT),
    "parameter renamed": Case(
        "u = unit(8)", "u = unit(8)", (), UNIT, UNIT.replace("k=", "z=").replace(", k)", ", z)")
    ),
    "loop for a stage": Case(
        "s = stage(unit, 3, n=3)", "s = seq { for i in range(3) { unit(3) } }", (), UNIT
    ),
    # layers
    "argument": Case("conv(8, 3)", "conv(8, 5)", ("changed conv(8, 5): kernel 3 -> 5",)),
    "layer for another": Case(
        "a = conv(8, 3)\nx = relu",
        "a = conv(8, 3)\nx = gelu",
        ("changed gelu: layer relu -> gelu",),
    ),
    "inserted": Case(
        "conv(8, 3) -> bn -> relu\nconv(9, 3)",
        "conv(8, 3) -> bn -> relu\nconv(12, 3) -> bn -> relu\nconv(9, 3)",
        ("added conv(12, 3) -> bn -> relu",),
        follows=1,  # conv2 is conv3 now
    ),
    "block inserted": Case(
        "a = res(3)\nb = res(3)", "a = res(3)\nx = res(3)\nb = res(3)", ("added res(3)",), RES
    ),
    "removed": Case("conv(8, 3) -> dropout(0.1)", "conv(8, 3)", ("removed dropout(p=0.1)",)),
    "moved": Case(
        "a = conv(3, 3)\nb = res(3)", "b = res(3)\na = conv(3, 3)", ("moved conv(3, 3)",), RES
    ),
    "two exchanged": Case("relu\nmaxpool(2)", "maxpool(2)\nrelu", ("moved relu",)),
    "renamed": Case(
        "fc = conv(8, 3)", "head = conv(8, 3)", ("renamed conv(8, 3): name fc -> head",)
    ),
    "chain named": Case(
        "conv(8, 3) -> bn\nx = relu",
        "stem = conv(8, 3) -> bn\nx = relu",
        ("renamed conv(8, 3): name conv1 -> stem.0", "renamed bn: name bn1 -> stem.1"),
    ),
    "braces gone": Case(
        "trunk = { stage(res, 3, n=2); relu }",
        "stage(res, 3, n=2)\nrelu",
        (
            "renamed res x 2: name trunk.layer1 -> layer1",
            "renamed relu: name trunk.relu1 -> relu1",
        ),
        RES,
    ),
    # one line, many places
    "line of a block": Case(
        "stage(res, 3, n=4)",
        "stage(res, 3, n=4)",
        ("changed conv(3, 5): kernel 3 -> 5",),
        RES,
        RES.replace("conv(out, 3) -> bn -> relu", "conv(out, 5) -> bn -> relu"),
    ),
    "call": Case("unit(8)", "unit(16)", ("changed unit(16): out 8 -> 16",), UNIT, follows=1),
    "stage": Case(
        "stage(unit, 8, n=2)",
        "stage(unit, 16, n=4)",
        ("changed unit x 4: n 2 -> 4, out 8 -> 16",),
        UNIT,
        follows=2,
    ),
    "default": Case(
        "unit(8)\nunit(9, act=gelu)",
        "unit(8)\nunit(9, act=gelu)",
        ("changed unit: act relu -> silu",),
        UNIT,
        UNIT.replace("act=relu", "act=silu"),
        follows=1,
    ),
    "constant of the file": Case(
        "unit(w)",
        "unit(w)",
        ("changed unit(16): out 8 -> 16",),
        f"let w = 8\n{UNIT}",
        f"let w = 16\n{UNIT}",
        follows=1,
    ),
    "let": Case(
        "let w = 8\nconv(w, 3)", "let w = 9\nconv(w, 3)", ("changed conv(9, 3): out 8 -> 9",)
    ),
    "what comes in": Case(
        "conv(8, 3)\nconv(channels, 3)",
        "conv(12, 3)\nconv(channels, 3)",
        ("changed conv(12, 3): out 8 -> 12",),
        follows=1,
    ),
    "loop": Case(
        "for w in [8, 16] { conv(w, 3) }",
        "for w in [8, 16, 32] { conv(w, 3) }",
        ("added conv(32, 3)",),
    ),
    # wiring
    "branch dropped": Case(
        "concat { a = conv(8, 1); b = conv(8, 3) }",
        "concat { a = conv(8, 1) }",
        ("removed conv(8, 3)",),
    ),
    "shortcut dropped": Case("add { bn; identity }", "bn", ("removed add",)),
    "identity dropped": Case(
        "concat { a = conv(8, 1); identity }",
        "concat { a = conv(8, 1) }",
        ("changed concat: from a, input -> a",),
    ),
    "sum for product": Case(
        "add { conv(3, 1); identity }", "mul { conv(3, 1); identity }", ("removed add", "added mul")
    ),
    "another source": Case(
        "a = bn\nb = relu\nadd { from a; from b }",
        "a = bn\nb = relu\nadd { from b; from a }",
        ("changed add: from a, b -> b, a",),
    ),
    "reuse": Case(
        "a = bn\nrelu\nb = bn",
        "a = bn\nrelu\nreuse a",
        ("changed bn: reuse None -> a", "renamed bn: name b -> a"),
    ),
    # the network
    "outputs": Case(
        "a = bn\nb = relu\noutput a, b",
        "a = bn\nb = relu\noutput b, a",
        ("changed net: output a, b -> b, a",),
    ),
    "head gone": Case("bn\naux h = conv(2, 1)\nrelu", "bn\nrelu", ("removed conv(2, 1)",)),
    "init": Case(
        "init(conv.weight, zeros)\nconv(8, 3)\nconv(4, 1)",
        "init(conv.weight, ones)\nconv(8, 3)\nconv(4, 1)",
        ("changed conv(8, 3): init weight zeros -> ones",),
    ),
    "init of a path": Case(
        'fc = conv(4, 1)\ninit("fc.weight", zeros)',
        "fc = conv(4, 1)",
        ("changed net: init fc.weight zeros -> None",),
    ),
    "parameter": Case(
        "mul { identity; s = param([3, 1, 1], init=ones) }",
        "mul { identity; s = param([3, 1, 1], init=zeros) }",
        ("changed param([3, 1, 1]): init ones -> zeros",),
    ),
}


def spelled(edit: Edit) -> str:
    arguments = ", ".join(f"{each.name} {each.before} -> {each.after}" for each in edit.arguments)
    return f"{edit.kind} {edit.what}" + (f": {arguments}" if arguments else "")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_said_of_an_edit(case: Case) -> None:
    found = case.compared()
    assert sorted(map(spelled, found.edits)) == sorted(case.edits)
    assert len(found.follows) == case.follows
    assert found.same == (not case.edits)


def test_an_edit_has_its_place_on_both_sides() -> None:
    (edit,) = CASES["line of a block"].compared().edits
    assert edit.old
    assert edit.new
    assert (edit.old.span.text, edit.new.span.text) == ("conv(out, 3)", "conv(out, 5)")
    assert (edit.paths, edit.count) == (("layer1.0-3.conv1",), 4)


def test_parameters_of_the_arch() -> None:
    found = difference(archgen.load("resnet18"), archgen.load("resnet34"))
    assert [spelled(edit) for edit in found.edits] == [
        "changed resnet34: depths [2, 2, 2, 2] -> [3, 4, 6, 3]"
    ]
    given = difference(archgen.load("resnet18"), archgen.load("resnet18", classes=10))
    assert [spelled(edit) for edit in given.edits] == ["changed resnet18: classes 1000 -> 10"]
    assert (given.keys.reshaped, given.keys.kept) == (2, 120)


def test_other_inputs() -> None:
    old, new = archgen.load("resnet18"), archgen.load("resnet18", input=(3, 192, 192))
    found = difference(old, new)
    (edit,) = found.edits
    assert (edit.aspect, spelled(edit)) == (
        "input",
        "changed resnet18: input 3 x 224 x 224 -> 3 x 192 x 192",
    )
    assert found.keys.changed == 0


def test_a_stage_of_any_length_costs_what_one_costs() -> None:
    """Answered, not computed: 10^9 blocks, of which one line changed."""
    block = "block unit(out, k) {{ conv(out, k) -> bn }}\n"
    stage = block + "arch net {{ input(8, 8, 8); stage(unit, 8, k={k}, n={n}) }}\n"
    old = archgen.loads(stage.format(k=3, n="1G"))
    found = difference(old, archgen.loads(stage.format(k=5, n="2G")))
    assert (found.keys.kept, found.keys.reshaped) == (5 * 10**9, 10**9)
    assert found.keys.new == 6 * 10**9
    first = next(found.state("new"))
    assert first.new
    assert first.new.key == "layer1.1000000000.conv1.weight"
    assert next(found.state("gone"), None) is None


def test_resnet_1202_takes_no_more_comparing_than_resnet_20() -> None:
    small = difference(archgen.load("resnet20"), archgen.load("resnet20"))
    large = difference(archgen.load("resnet20"), archgen.load("resnet1202"))
    assert len(pairs(large.match)) == len(pairs(small.match))
    assert [spelled(edit) for edit in large.edits] == ["changed resnet1202: n 3 -> 200"]


def pairs(match: BodyMatch) -> set[tuple[int, int]]:
    """The bodies that were laid side by side, each pair once."""
    found = {(id(match.old.body), id(match.new.body))}
    return found.union(*(pairs(each.inner) for each in match.matched if each.inner))
