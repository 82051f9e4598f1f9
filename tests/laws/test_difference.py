"""Laws of the difference of any two networks.

Nothing that PyTorch could notice gives an empty difference, and nothing else gives another; the
changes of the bodies, applied to the old network, give the new one; what is said of keys is true of
both `state_dict`s.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from hypothesis import assume, event, example, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import archgen
from archgen.analysis.difference import Argument, Difference, difference
from archgen.analysis.difference.changes import Change, changes
from archgen.analysis.difference.matching import BodyMatch, Matched
from archgen.analysis.difference.meaning import effective, key_of
from archgen.analysis.difference.sites import joined, sites
from archgen.analysis.difference.units import INPUT, Row, Source, Unit, cut
from archgen.analysis.weights import state
from archgen.backends.difference import json as as_json
from archgen.backends.difference import markdown, text
from archgen.backends.drawing import LEVELS, draw_difference
from archgen.backends.drawing.diagram import Group, Item, Word, boxes
from archgen.backends.drawing.marks import caption_of
from archgen.network import LayerNode, MergeNode, ParamNode
from tests.laws.plain import Plain, describe
from tests.laws.writing import specs
from tests.sweeps import examples

LINES = (
    "relu",
    "gelu -> bn",
    "conv(8, 3)",
    "extra_ = conv(channels, 1) -> bn",
    "add { identity; conv(channels, 3) }",
    "maxpool(2)",
    "dropout(0.1)",
)
WORDS = ("relu", "gelu", "bn", "identity", "3", "1", "2", "8", "true", "add", "mul", "concat")


@st.composite
def edited(draw: DrawFn, spec: str) -> str:
    """A spec with one to three lines left out, doubled, swapped, put in or made a chain of their
    own, or a word exchanged."""
    lines = spec.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 2))
        match draw(st.sampled_from(["out", "twice", "swap", "in", "chain", "word", "word"])):
            case "out":
                del lines[at]
            case "twice":
                lines.insert(at, lines[at])
            case "swap":
                lines[at : at + 2] = lines[at + 1], lines[at]
            case "chain":
                if "->" in lines[at] and "=" not in lines[at]:
                    lines[at] = f"chain{at}_ = {lines[at].strip()}"
            case "in":
                lines.insert(at, draw(st.sampled_from(LINES)))
            case _:
                places = list(re.finditer(r"\w+", lines[at]))
                if places:
                    word = draw(st.sampled_from(places))
                    new = draw(st.sampled_from(WORDS))
                    lines[at] = lines[at][: word.start()] + new + lines[at][word.end() :]
    return "\n".join(lines) + "\n"


@st.composite
def versions(draw: DrawFn) -> tuple[str, str]:
    """A spec, and what some edits make of it."""
    text = draw(specs())
    return text, draw(edited(text))


def loaded(text: str) -> archgen.Network:
    try:
        return archgen.loads(text, "net")
    except archgen.ArchError:
        assume(False)
        raise


def hold(old: archgen.Network, new: archgen.Network) -> Difference:
    """All laws of the difference of two networks."""
    found = difference(old, new)
    assert found.same == (describe(old) == describe(new))
    assert Applied(found.match).body() == written(found.match.new)
    pairs = list(found.state())
    assert [item.new for item in pairs if item.new] == list(state(new))
    before = [item.old for item in pairs if item.old]
    assert Counter(before) == Counter(state(old))
    counted = Counter(item.fate for item in pairs)
    assert {fate: getattr(found.keys, fate) for fate in counted} == counted
    assert sum(counted.values()) == found.keys.kept + found.keys.changed
    assert [each for each in pairs if each.fate != "kept"] == list(found.state(changed=True))
    told(found)
    return found


def told(found: Difference) -> None:
    """Every format says something of it, and the picture can be drawn."""
    assert text.render(found, detail=True, color=True).count("\n") > 1
    assert markdown.render(found, detail=True)
    assert (found.keys.changed > 0) == bool(report(found)["changed"])
    assert draw_difference(found).dot.startswith("digraph")
    assert draw_difference(found, "layer").mermaid
    drawn(found)
    placed(found)


def placed(found: Difference) -> None:
    """What an edit says of an argument is so at every place that it names, and where it varies
    there is another."""
    at: dict[tuple[str, ...], list[Argument]] = {}
    for match, where in sites(found.match).items():
        for each in changes(match):
            if each.kind == "changed" and each.new and each.old:
                name = each.new.unit.named(each.new.start, each.new.count)
                for _, prefix in where.paths:
                    for path in expanded(joined(prefix, each.new.unit.node, name)):
                        key = (each.aspect, path)
                        at.setdefault(key, []).extend(each.arguments)
    for edit in (*found.edits, *found.follows):
        if edit.kind != "changed" or edit.aspect != "layer":
            continue
        whole = {path for each in edit.paths for path in expanded(each)}
        for argument in edit.arguments:
            said = replace(argument, varies=False, paths=())
            true = {path for path in whole if said in at.get((edit.aspect, path), [])}
            named = {path for each in argument.paths for path in expanded(each)}
            assert true >= (named if argument.varies else whole), (edit, argument)
            assert argument.varies == bool(argument.paths)


def expanded(path: str) -> list[str]:
    """`layer1.0-1.conv1` as `layer1.0.conv1` and `layer1.1.conv1`."""
    parts = [re.fullmatch(r"(\d+)-(\d+)", part) or part for part in path.split(".")]
    every = [
        [part] if isinstance(part, str) else list(map(str, range(int(part[1]), int(part[2]) + 1)))
        for part in parts
    ]
    return [".".join(each) for each in product(*every)]


def drawn(found: Difference) -> None:
    """What is new, gone or changed bears its mark at every level; nothing else is said to be."""
    every = [(match, each) for match in sites(found.match) for each in changes(match)]
    kinds = {each.kind for _, each in every if each.new or each.old}
    telling = kinds - {"renamed"}
    where = sites(found.match)

    def places(match: BodyMatch, each: Change) -> Iterator[str]:
        if each.new:
            name = each.new.unit.named(0, each.new.unit.count)
            yield from (f"{prefix}{name}" for _, prefix in where[match].paths)

    compared = {at for one, each in every if each.kind != "added" for at in places(one, each)}
    for level in LEVELS:
        diagram = draw_difference(found, level).diagram
        marked = set(marks_of(diagram.items))
        assert bool(marked) == bool(telling), level
        assert ("added" in marked) <= ("added" in kinds), level
        assert ("removed" in marked) <= ("removed" in kinds), level
        for match, each in every:
            is_added = each.kind == "added" and each.new and not each.new.unit.reused
            # What is called twice may be compared twice, with two answers for one place.
            if is_added and not set(places(match, each)) & compared:
                are_new(diagram.items, [new for _, new in sites(found.match)[match].paths], each)
    gone = {caption_of(each.old.unit) for _, each in every if each.kind == "removed" and each.old}
    struck = {word.text for word in words(diagram.items) if word.mark == "removed"}
    assert gone == struck  # at the last level, that of layers


def are_new(items: tuple[Item, ...], prefixes: list[str], change: Change) -> None:
    """Whatever is drawn of a new node is drawn as new."""
    assert change.new
    if change.new.count < change.new.unit.count:
        return
    name = change.new.unit.named(0, change.new.unit.count)
    inside = tuple(f"{prefix}{name}" for prefix in prefixes if "-" not in f"{prefix}{name}")
    for box in boxes(items):
        if name and any(box.path == path or box.path.startswith(f"{path}.") for path in inside):
            assert box.mark == "added" or box.lines[0][0].mark == "added", (box, inside)


def words(items: tuple[Item, ...]) -> Iterator[Word]:
    for box in boxes(items):
        yield from (word for line in box.lines for word in line)


def marks_of(items: tuple[Item, ...]) -> Iterator[str]:
    """Every mark of a drawing."""
    for item in items:
        if item.mark:
            yield item.mark
        if isinstance(item, Group):
            yield from marks_of(item.items)
        else:
            yield from (word.mark for line in item.lines for word in line if word.mark)


def report(found: Difference) -> dict[str, object]:
    rendered = json.loads(as_json.render([("net.arch", "net", found.old, found.new, found)]))
    assert rendered["same"] == found.same
    (comparison,) = rendered["comparisons"]
    assert len(comparison["edits"]) == len(found.edits)
    counts: dict[str, object] = comparison["state_dict"]
    return counts


@examples(sample=20, full=1000, of="random specs, compared with themselves")
@given(specs())
def test_a_network_does_not_differ_from_itself(text: str) -> None:
    found = hold(loaded(text), loaded(text))
    assert found.same
    assert not found.follows
    assert not found.keys.changed
    assert not any(figure.change for figure in found.figures)


# A name alone, inside of a part: no box is marked for it.
INNER = "arch net { input(3, 8, 8); part = { inner = { conv(4, 1); relu }; conv(4, 3) } }"


@examples(sample=60, full=3000, of="random specs and edits of them, compared")
@given(versions())
@example((INNER, INNER.replace("inner", "other")))
def test_the_difference_of_a_network_and_what_edits_make_of_it(pair: tuple[str, str]) -> None:
    found = hold(loaded(pair[0]), loaded(pair[1]))
    event("same" if found.same else "different")


# What is gone stood behind the second output of a layer.
SPLIT = """block unit { tanh; conv(2, 1) }
arch net { input(4, 8, 8); a, b = split(2); concat { from a; { from b; unit } } }"""


@examples(sample=15, full=500, of="pairs of random specs, compared")
@given(specs(), specs())
@example(SPLIT, SPLIT.replace("tanh; ", ""))
def test_of_two_networks_that_have_nothing_to_do_with_each_other(one: str, other: str) -> None:
    hold(loaded(one), loaded(other))


# --- applying -----------------------------------------------------------------------------------


def written(row: Row) -> Plain:
    """A row of units as plain values."""
    return {
        "units": [of_unit(unit) for unit in row.units],
        "heads": [of_unit(unit) for unit in row.heads],
        "outputs": [
            (output.name, source)
            for output, source in zip(row.body.outputs, row.outputs, strict=True)
        ],
        "inputs": len(row.body.inputs),
        "listed": row.body.listed,
        "values": dict(row.values),
        "init": dict(row.body.path_init),
    }


def of_unit(unit: Unit) -> Plain:
    plain: Plain = {
        "name": unit.name,
        "head": unit.head,
        "count": unit.count,
        "reads": unit.inputs,
        "reused": unit.reused,
    }
    node = unit.node
    if isinstance(node, LayerNode):
        values = effective(node.layer, unit.body.shape_in(node))
        plain["layer"] = node.layer.keyword
        plain["values"] = {name: key_of(value) for name, value in values.items()}
        plain["init"] = dict(node.init)
    elif isinstance(node, MergeNode):
        plain["merge"], plain["values"] = node.kind, {"axis": node.axis}
    elif isinstance(node, ParamNode):
        plain["values"], plain["init"] = {"sizes": node.sizes}, {"": node.init}
    else:
        plain["inner"] = written_inner(unit)
    return plain


def written_inner(unit: Unit) -> Plain:
    from archgen.analysis.difference.meaning import Meanings

    assert unit.inner
    return written(cut(Meanings().row(unit.inner), lambda _: False))


class Applied:
    """The old body with the changes of a match made: what no change names is the old one's."""

    def __init__(self, match: BodyMatch) -> None:
        self.match = match
        self.found = changes(match)
        self.pairs = {id(each.new): each for each in match.matched}
        self.back = {old: new for new, old in match.partner.items()}

    def body(self) -> Plain:
        match, new = self.match, written(self.match.new)
        plain = written(match.old)
        plain["units"] = [self.unit(unit, of_unit(unit)) for unit in match.new.units]
        plain["heads"] = [self.unit(unit, of_unit(unit)) for unit in match.new.heads]
        named = self.flagged(None)
        if "output" in named:
            plain["outputs"], plain["listed"] = new["outputs"], new["listed"]
        else:
            sources = self.rerouted(match.old.outputs, match.new.outputs)
            plain["outputs"] = [
                (name, source) for (name, _), source in zip(plain["outputs"], sources, strict=True)
            ]
        plain["values"] = new["values"]  # said by name below, or gone with what made them
        if "inputs" in named:
            plain["inputs"] = new["inputs"]
        for path in (name.removeprefix("init ") for name in named if name.startswith("init ")):
            plain["init"].pop(path, None)
            if path in new["init"]:
                plain["init"][path] = new["init"][path]
        return plain

    def flagged(self, unit: Unit | None) -> dict[str, Change]:
        """What the changes name about a unit, or about the body."""
        mine = (
            [each for each in self.found if (each.new.unit if each.new else None) is unit]
            if unit
            else [each for each in self.found if each.new is None and each.old is None]
        )
        return {item.name: each for each in mine for item in each.arguments}

    def unit(self, unit: Unit, new: Plain) -> Plain:
        each = self.pairs.get(id(unit))
        if each is None or each.count < unit.count:
            return new  # added, or repeats of it are
        plain, named = of_unit(each.old), self.flagged(unit)
        plain["count"] = each.count
        plain["reads"] = self.reads(each, named)
        for name in named:
            match name.split(" ")[0]:
                case "name":
                    plain["name"] = new["name"]
                case "head":
                    plain["head"] = new["head"]
                case "reuse":
                    plain["reused"], plain["name"] = new["reused"], new["name"]
                case "layer":
                    plain["layer"], plain["values"] = new["layer"], new["values"]
                case "init":
                    label = name.removeprefix("init").strip()
                    plain["init"].pop(label, None)
                    if label in new["init"]:
                        plain["init"][label] = new["init"][label]
                case _ if "values" in plain and name in plain["values"]:
                    plain["values"][name] = new["values"][name]
        if each.old.reused and each.new.reused:
            plain["name"] = new["name"] if self.follows(each) else plain["name"]
        if each.inner is not None:
            # By its own rows: in them chains are opened that `new` has closed.
            assert Applied(each.inner).body() == written(each.inner.new)
            plain["inner"] = new["inner"]
        return plain

    def follows(self, each: Matched) -> bool:
        """Whether what is used again is the same unit under its new name."""
        return any(
            (pair.old.name, pair.new.name) == (each.old.name, each.new.name)
            for pair in self.match.matched
            if not pair.old.reused and not pair.new.reused
        )

    def reads(self, each: Matched, named: dict[str, Change]) -> tuple[Source, ...]:
        if "from" in named or each.moved or each.new.offset or each.old.offset:
            return each.new.inputs
        return self.rerouted(each.old.inputs, each.new.inputs)

    def rerouted(self, before: tuple[Source, ...], after: tuple[Source, ...]) -> tuple[Source, ...]:
        """Sources round what is added, removed or moved; any other is the old one."""
        if any(self.is_news(source) for source in after) or any(
            at != INPUT and (at not in self.back or self.is_moved(self.back[at]))
            for at, _ in before
        ):
            return after
        return tuple((self.back.get(at, INPUT), out) for at, out in before)

    def is_news(self, source: Source) -> bool:
        at, _ = source
        return at != INPUT and (at not in self.match.partner or self.is_moved(at))

    def is_moved(self, new: int) -> bool:
        return self.pairs[id(self.match.new.units[new])].moved
