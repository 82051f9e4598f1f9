"""Edits: what changed, where, and that one edit of the text is one."""

from __future__ import annotations

import archgen
from archgen.analysis.difference import Difference, difference


def compare(old: str, new: str, *, head: str = "") -> Difference:
    """The difference of two bodies after `input(3, 32, 32)`."""
    texts = (f"{head}arch net {{\n  input(3, 32, 32)\n{body}}}\n" for body in (old, new))
    one, other = (archgen.loads(text) for text in texts)
    return difference(one, other)


def kinds(found: Difference) -> list[tuple[str, str]]:
    return [(edit.kind, edit.what) for edit in found.edits]


def test_the_stride_of_resnet_50_moved() -> None:
    old, new = archgen.load("specs/resnet_v1.arch:resnet50_v1"), archgen.load("resnet50")
    found = difference(old, new)
    seen = {
        (
            edit.kind,
            *(f"{each.name} {each.before} -> {each.after}" for each in edit.arguments),
        ): edit.paths
        for edit in found.edits
        if edit.aspect != "parameter"  # of the archs, which people set
    }
    stages = ("layer2.0", "layer3.0", "layer4.0")
    assert seen == {
        ("changed", "stride 2 -> 1"): tuple(f"{stage}.conv1" for stage in stages),
        ("changed", "stride 1 -> 2"): tuple(f"{stage}.conv2" for stage in stages),
    }
    figures = {figure.name: figure.change for figure in found.figures}
    assert (figures["params"], figures["macs"]) == (0, 231_211_008)
    assert (found.keys.kept, found.keys.changed) == (320, 0)


def test_an_inserted_layer_is_one_insertion() -> None:
    old = "conv(8, 3) -> bn -> relu\nconv(16, 3) -> bn -> relu\nconv(32, 3) -> bn\n"
    new = "conv(8, 3) -> bn -> relu\nconv(16, 3) -> bn -> gelu -> relu\nconv(32, 3) -> bn\n"
    assert kinds(compare(old, new)) == [("added", "gelu")]


def test_a_network_of_itself_is_the_same() -> None:
    network = archgen.load("googlenet")
    found = difference(network, archgen.load("googlenet"))
    assert found.same
    assert (found.edits, found.follows, found.keys.changed) == ((), (), 0)
