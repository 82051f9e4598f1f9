"""`explain`, `list`, `layers`, `summary`, `ir`, `draw`: what they print, and that it is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import archgen
from archgen import library
from archgen.cli import draw
from archgen.codes import CODES
from archgen.layers import LAYERS
from archgen.resources import root
from tests.cli.conftest import Run


def test_explain_shows_both_examples(run: Run) -> None:
    result = run("explain", "a401")
    assert result.exit_code == 0
    entry = CODES["A401"]
    assert result.stdout.startswith(f"A401: {entry.title}\n")
    lines = [line.removeprefix("    ") for line in result.stdout.splitlines()]
    for example in (entry.fails, entry.passes):
        assert "\n".join(example.strip("\n").splitlines()) in "\n".join(lines)


def test_explain_a_change_shows_what_was_there(run: Run) -> None:
    said = run("explain", "b301").stdout
    before, fails, passes = (
        said.index(f"This {what}:") for what in ("was there", "fails", "passes")
    )
    assert before < fails < passes
    assert "relu" in said[before:fails]
    assert "gelu" in said[fails:passes]


def test_explain_a_warning(run: Run) -> None:
    said = run("explain", "w001").stdout
    assert said.startswith("W001: a bias that the normalisation takes away\n")
    assert said.index("This is warned of:") < said.index("bias=true") < said.index("This is not:")
    assert "`# lint: off W001: why`" in said


def test_explain_lists_all_codes(run: Run) -> None:
    listed = run("explain").stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(CODES)


def test_list_names_every_shipped_network_with_its_figures(run: Run) -> None:
    head, *rows = run("list").stdout.splitlines()
    assert head.split() == ["network", "parameters", "MACs", "source"]
    assert [row.split()[0] for row in rows] == [name for name, _ in archgen.shipped()]
    resnet50 = next(row for row in rows if row.startswith("resnet50 "))
    assert resnet50.split()[1:5] == ["25.56", "M", "4.09", "G"]
    assert "arXiv:1512.03385" in resnet50


def test_layers_lists_every_signature(run: Run) -> None:
    listed = [line.strip() for line in run("layers").stdout.splitlines()]
    for keyword, layer in LAYERS.items():
        assert any(line.partition("(")[0] == keyword for line in listed)
        assert layer.group in listed


@pytest.mark.parametrize("keyword", LAYERS)
def test_a_layer_in_detail_names_each_argument(run: Run, keyword: str) -> None:
    shown = run("layers", keyword).stdout
    for name in LAYERS[keyword].model_fields:
        assert f"\n  {name} " in shown
    assert f"Example: {LAYERS[keyword].example[0]}" in shown


def test_summary_in_three_formats(run: Run) -> None:
    table = run("summary", "net.arch").stdout
    assert table.startswith("net: 3 x 32 x 32 -> 10\n")
    assert run("summary", "net.arch", "--format", "markdown").stdout.count("|") > 20
    report = json.loads(run("summary", "net.arch", "--format", "json").stdout)
    assert f"{report['params']:,}" in table


def test_summary_deeper(run: Run) -> None:
    assert "stem.0" not in run("summary", "net.arch").stdout
    assert "conv(16, 3, stride=2)" in run("summary", "net.arch", "--depth", "2").stdout
    assert run("summary", "net.arch", "--depth", "0").exit_code == 2


def test_ir_is_json(run: Run) -> None:
    assert json.loads(run("ir", "net.arch").stdout)["name"] == "net"


def test_a_path_with_an_arch(run: Run, folder: Path) -> None:
    (folder / "two.arch").write_text(
        "arch one { input(8); flatten }\narch two { input(9); flatten }\n"
    )
    assert run("summary", "two.arch").exit_code == 1
    assert run("summary", "two.arch:two").stdout.startswith("two: 9 -> 9\n")


def test_draw_knows_the_backend() -> None:
    from archgen.backends import drawing

    assert (draw.LEVELS, draw.SUFFIXES) == (drawing.LEVELS, drawing.SUFFIXES)


def test_draw_prints_dot_or_writes_what_the_suffix_says(run: Run, folder: Path) -> None:
    dot = run("draw", "net.arch").stdout
    assert dot.startswith('digraph "net"')
    assert run("draw", "net.arch", "-o", "net.dot").stdout == "net.dot\n"
    assert (folder / "net.dot").read_text() == dot
    run("draw", "net.arch", "-o", "net.mmd", "--level", "layer")
    assert "\nflowchart TB\n" in (folder / "net.mmd").read_text()


def test_draw_says_what_mermaid_will_not_draw(run: Run) -> None:
    large = run("draw", "efficientnet_b7", "-o", "b7.mmd", "--level", "layer")
    assert (large.exit_code, "500 edges" in large.stderr) == (0, True)
    assert run("draw", "net.arch", "-o", "net.mmd").stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [("-o", "net.jpg"), ("-o", "net"), ("--level", "atom")],
)
def test_draw_called_wrongly(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    assert run("draw", "net.arch", *arguments).exit_code == 2
    assert {path.name for path in folder.iterdir()} == {"net.arch"}


def test_draw_to_where_nothing_can_be_written(run: Run) -> None:
    result = run("draw", "net.arch", "-o", "no/folder/net.dot")
    assert result.exit_code == 1
    assert "no/folder/net.dot: cannot be written: No such file or directory" in result.stderr


def test_draw_expands_what_exists(run: Run) -> None:
    assert run("draw", "net.arch", "--expand", "stem").exit_code == 0
    result = run("draw", "net.arch", "--expand", "stam")
    assert result.exit_code == 1
    assert "no node `stam`" in result.stderr


def test_ir_prints_plans_of_classes(run: Run, folder: Path) -> None:
    """The way of a block to its class: `docs/ARCHITECTURE.md` shows it."""
    text = "block b(out) { conv(out, 3) -> relu }\narch net { input(3, 8, 8); b(8) -> b(4) }\n"
    (folder / "net.arch").write_text(text, encoding="utf-8")
    plan = ("ir", "--format", "plan", "net.arch")
    both = run(*plan).stdout
    assert both.startswith("class B(in_channels, out)\n  input x %1: in_channels\n")
    assert "%2: 8 = b1 := B(3, 8)(%1)" in both
    assert both.startswith(run(*plan, "--class", "B").stdout.rstrip("\n"))
    assert "there are B, Net" in run(*plan, "--class", "C").output
    assert run("ir", "--class", "B", "net.arch").exit_code == 2


def test_list_blocks_has_every_library_and_block(run: Run) -> None:
    lines = run("list", "--blocks").stdout.splitlines()
    for each in library.libraries():
        assert f"use {each.name}" in lines
        assert all(f"  {entry.headline}" in lines for entry in each.entries)


def test_show_prints_a_block_with_its_arguments_and_text(run: Run) -> None:
    head, doc, _, _, place, _, *text = run("show", "wide_bottleneck").stdout.splitlines()
    assert head == "wide_bottleneck(out, stride=1, dilation=1, entry=dilation)"
    assert doc.startswith("Wide residual networks double the inner channels")
    assert re.fullmatch(r"block, specs/blocks/residual\.arch:\d+; `use residual`", place)
    shipped = (root("specs") / "blocks" / "residual.arch").read_text(encoding="utf-8")
    assert "\n".join(line.removeprefix("    ") for line in text) in shipped


def test_show_prints_a_network_a_layer_an_initialiser_and_a_library(run: Run) -> None:
    assert run("show", "resnet18").stdout.startswith("resnet18(out=64, classes=1000, strides=")
    assert "`use arch resnet18`" in run("show", "resnet18").stdout
    assert run("show", "conv").stdout == run("layers", "conv").stdout
    assert run("show", "zeros").stdout.startswith("zeros\n")
    listed = run("show", "dense").stdout
    assert listed.startswith("dense: specs/blocks/dense.arch\n")
    assert "\n  dense_layer(growth)\n" in listed


def test_show_takes_files_of_ones_own(run: Run) -> None:
    assert "  net" in run("show", "net.arch").stdout
    assert "    arch net" in run("show", "net.arch:net").stdout
    assert run("show", "net.arch:nothing").exit_code == 2
    assert run("show", "missing.arch").exit_code == 1


def test_show_suggests_a_name(run: Run) -> None:
    result = run("show", "bottelneck")
    assert result.exit_code == 2
    assert 'did you mean "bottleneck"?' in result.stderr
