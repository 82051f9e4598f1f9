"""`archgen ir`: the tree of a text and the bodies of a network, for people."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import archgen
from archgen import resources
from archgen.cli.app import group
from archgen.network import MergeNode
from archgen.syntax.dump import dump
from archgen.syntax.parse import parse
from archgen.syntax.read import read_source
from archgen.syntax.walk import nodes_in
from archgen.traversal import bodies


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["ir", *arguments], prog_name="archgen")


FILES = sorted(resources.root("specs").rglob("*.arch"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_tree_has_a_line_for_every_statement(path: Path) -> None:
    tree = parse(read_source(path)).tree
    lines = [line.split()[0].partition("(")[0] for line in dump(tree).splitlines() if line.strip()]
    for kind in ("Chain", "Named", "If", "For", "Call", "Stage", "Merge", "Block", "Arch"):
        assert lines.count(kind) == sum(type(node).__name__ == kind for node in nodes_in(tree))


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "googlenet", "unet"])
def test_bodies_have_a_line_for_every_node(name: str) -> None:
    found = list(bodies(archgen.load(name).body))
    parts = run("--format", "bodies", name).output.rstrip("\n").split("\n\n")
    assert len(parts) == len(found)
    for text, body in zip(parts, reversed(found), strict=True):
        rows = text.splitlines()[1:]
        assert len(rows) == len(body.inputs) + len(body.nodes) + len(body.aux) + 1
        for row, node in zip(rows[len(body.inputs) :], body.nodes, strict=False):
            assert str(body.values[node.outputs[0]]) in row
            assert row.split()[0] == (node.kind if isinstance(node, MergeNode) else node.name)


def test_a_definition_that_is_not_there(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text("block b { relu }\narch n { input(3, 8, 8); b }\n", encoding="utf-8")
    assert run("--format", "tree", f"{spec}:b").output.startswith("Block b\n")
    assert "defines no `c`" in run("--format", "tree", f"{spec}:c").output
    spec.write_text("arch n { input(3, 8, 8; relu }\n", encoding="utf-8")
    assert run("--format", "tree", str(spec)).exit_code == 1
