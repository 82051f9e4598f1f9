"""How values show themselves, and what functions take in their place: names and paths."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import archgen
from archgen.backends import drawing
from archgen.backends.drawing import NoRenderer
from archgen.diagnostics import ArchError

NET = "arch net(n=10) {\n  input(3, 8, 8)\n  conv(8, 3) -> bn\n  flatten -> linear(n)\n}\n"
BROKEN = "arch net(n=8) {\n  input(3, 8, 8)\n  conv(n, 3)\n  expect params == 1\n}\n"


def test_a_network_is_printed_in_a_few_lines() -> None:
    net = archgen.load("resnet50")
    lines = str(net).splitlines()
    assert 1 <= len(lines) <= 10
    assert lines[0] == "resnet50: 3 x 224 x 224 -> 1000"
    assert "25,557,032 parameters" in str(net)
    assert "classes=1000" in str(net)
    assert "\n" not in repr(net)
    assert "25,557,032" in repr(net)


def test_other_values_are_printed_in_a_few_lines() -> None:
    findings = archgen.breaking("resnet18", "resnet34")
    fit = archgen.check_weights({}, "resnet18")
    for value in (*findings, fit):
        assert "\n" not in repr(value)
        assert len(repr(value)) < 300
    assert findings[0].code in repr(findings[0])
    assert "missing" in repr(fit)


def test_a_diagnostic_is_printed_as_the_command_line_shows_it() -> None:
    with pytest.raises(ArchError) as caught:
        archgen.loads("arch net { input(3, 8, 8); covn(8, 3) }")
    (item,) = caught.value.diagnostics
    assert str(item) == str(caught.value).rstrip()
    assert "did you mean `conv`?" in str(item)
    assert repr(item).count("\n") == 0


def test_a_notebook_shows_the_drawing_and_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(dot: str, format: str) -> bytes:
        raise NoRenderer("no Graphviz")

    monkeypatch.setattr(drawing, "render", absent)
    net = archgen.loads(NET)
    shown = net._repr_mimebundle_()
    assert shown["text/plain"] == str(net)
    assert shown["text/vnd.mermaid"] == archgen.draw(net).mermaid


@pytest.mark.parametrize("name", ["resnet50", "unet", "densenet121", "googlenet"])
def test_rows_add_up(name: str) -> None:
    net = archgen.load(name)
    rows = net.rows()
    assert sum(int(str(row["params"])) for row in rows) == net.params
    assert sum(int(str(row["macs"])) for row in rows) == net.macs
    assert json.loads(json.dumps(rows)) == rows
    assert len({tuple(row) for row in rows}) == 1  # the same columns in all


def test_rows_to_a_depth_are_those_of_the_summary() -> None:
    net = archgen.load("resnet18")
    paths = [str(row["path"]) for row in net.rows(depth=1)]
    assert paths == [node.name for node in net.body.nodes if hasattr(node, "name")]
    assert all(path in archgen.summary(net) for path in paths)


def test_functions_take_names_paths_and_parameters(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(NET)
    net = archgen.load(path, n=3)
    assert archgen.summary(path, n=3) == archgen.summary(net)
    assert archgen.source(path, n=3) == archgen.source(net)
    assert archgen.draw(path, n=3).dot == archgen.draw(net).dot
    assert archgen.summary("resnet18", 2) == archgen.summary(archgen.load("resnet18"), 2)
    with pytest.raises(TypeError, match="`load`"):
        archgen.summary(net, n=4)


def test_a_broken_expect_raises_of_the_network_that_it_is_about(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(BROKEN)
    for load in (lambda: archgen.loads(BROKEN), lambda: archgen.load(path)):
        with pytest.raises(ArchError) as caught:
            load()
        assert [item.code for item in caught.value.diagnostics] == ["A301"]
    assert archgen.loads(BROKEN, n=4).params == 4 * 27
    assert archgen.load(path, input=(3, 16, 16)).output == (8, 16, 16)


def test_check_takes_shipped_names() -> None:
    assert archgen.check("resnet50", "unet") == []
    with pytest.raises(ArchError, match="no shipped network"):
        archgen.check("resnet5")
