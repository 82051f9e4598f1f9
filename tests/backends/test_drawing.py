"""Diagrams: reviewed text, and laws that every drawing of every network keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape

import pytest

import archgen
from archgen.backends.drawing import LEVELS, draw
from archgen.backends.drawing.diagram import Box, Diagram, Group, Item, boxes
from archgen.diagnostics import ArchError
from tests import networks

Golden = Callable[[str, str], None]

NETWORKS = {name: archgen.loads(text) for name, text in networks.PECULIAR.items()} | {
    name: archgen.load(name)
    for name in (
        "resnet50",
        "resnet34_a",
        "resnet1202",
        "densenet121",
        "resnext50_32x4d_a",
        "resnext50_32x4d_b",
        "preact_resnet50",
        "resnet110_exclusive_gating",
    )
}
DRAWN = [(name, level) for name in NETWORKS for level in LEVELS]


def groups(items: tuple[Item, ...]) -> Iterator[Group]:
    for item in items:
        if isinstance(item, Group):
            yield item
            yield from groups(item.items)


def titles(diagram: Diagram) -> list[tuple[str, ...]]:
    return [group.titles for group in groups(diagram.items)]


def text_of(box: Box) -> str:
    return " / ".join(" · ".join(word.text for word in line) for line in box.lines)


# --- reviewed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("resnet50", "block"),
        ("resnet50", "stage"),
        ("densenet121", "block"),
        ("resnext50_32x4d_a", "block"),
        ("headed", "block"),
        ("unet", "layer"),
    ],
)
def test_reviewed_text(name: str, level: str, golden: Golden) -> None:
    drawing = draw(NETWORKS[name], level)
    golden(f"drawing/{name}-{level}.dot", drawing.dot)
    golden(f"drawing/{name}-{level}.mmd", drawing.mermaid)


# --- laws ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "level"), DRAWN)
def test_everything_lies_between_input_and_output(name: str, level: str) -> None:
    """Edges join boxes that are there, forwards; every box is reached, and leads on."""
    diagram = draw(NETWORKS[name], level).diagram
    order = {box.id: place for place, box in enumerate(boxes(diagram.items))}
    assert all(order[edge.source] < order[edge.target] for edge in diagram.edges)
    read = {edge.source for edge in diagram.edges}
    written = {edge.target for edge in diagram.edges}
    for box in boxes(diagram.items):
        starts = box.kind == "parameter" or text_of(box).startswith("input")
        ends = box.dashed or text_of(box).startswith("output")
        assert (box.id in written) is not starts, text_of(box)
        assert (box.id in read) is not ends, text_of(box)


@pytest.mark.parametrize(("name", "level"), DRAWN)
def test_merges_join_and_forks_part(name: str, level: str) -> None:
    diagram = draw(NETWORKS[name], level).diagram
    into = Counter(edge.target for edge in diagram.edges)
    out_of = Counter(edge.source for edge in diagram.edges)
    for box in boxes(diagram.items):
        if box.kind == "merge":
            assert into[box.id] >= 2
        if box.form == "fork":
            assert (into[box.id], out_of[box.id] >= 2) == (1, True)


@pytest.mark.parametrize(("name", "level"), DRAWN)
def test_same_network_same_text(name: str, level: str) -> None:
    once, again = draw(NETWORKS[name], level), draw(NETWORKS[name], level)
    assert (once.dot, once.mermaid) == (again.dot, again.mermaid)


@pytest.mark.parametrize(("name", "level"), DRAWN)
def test_graphviz_reads_the_dot(name: str, level: str) -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    drawing = draw(NETWORKS[name], level)
    graph = pygraphviz.AGraph(string=drawing.dot)
    drawn = {box.id for box in boxes(drawing.diagram.items)}
    assert drawn <= set(graph.nodes())
    visible = [edge for edge in graph.edges() if edge.attr["style"] != "invis"]
    assert len(visible) == len(drawing.diagram.edges)


# --- folding ------------------------------------------------------------------------------


def test_a_first_block_that_differs_stands_apart() -> None:
    assert titles(draw(NETWORKS["resnet50"]).diagram)[:6] == [
        ("layer1",),
        ("bottleneck(256)",),
        ("bottleneck(256)", "x 2"),
        ("layer2",),
        ("bottleneck(512, stride=2)",),
        ("bottleneck(512)", "x 3"),
    ]


def test_dense_layers_fold_though_their_channels_grow() -> None:
    assert titles(draw(NETWORKS["densenet121"]).diagram) == [
        ("denseblock1", "dense_layer_b(32)", "x 6"),
        ("denseblock2", "dense_layer_b(32)", "x 12"),
        ("denseblock3", "dense_layer_b(32)", "x 24"),
        ("denseblock4", "dense_layer_b(32)", "x 16"),
    ]
    opened = draw(NETWORKS["densenet121"], "layer").diagram
    assert "64..224 x 56 x 56" not in {edge.label for edge in opened.edges}  # said at the door
    assert "128 x 56 x 56" in {edge.label for edge in opened.edges}


def test_a_drawing_does_not_grow_with_the_depth() -> None:
    small, large = (draw(archgen.load(name)).diagram for name in ("resnet20", "resnet1202"))
    assert len(list(boxes(small.items))) == len(list(boxes(large.items)))


def test_equal_paths_are_drawn_once() -> None:
    drawn = [text_of(box) for box in boxes(draw(NETWORKS["resnext50_32x4d_a"]).diagram.items)]
    assert drawn.count("31 more paths / like this one") == 8


def test_the_shortcut_goes_from_fork_to_merge() -> None:
    diagram = draw(NETWORKS["resnet50"]).diagram
    known = {box.id: box for box in boxes(diagram.items)}
    shortcuts = [edge for edge in diagram.edges if edge.shortcut]
    assert len(shortcuts) == 4  # one for each folded row; first blocks have projections
    for edge in shortcuts:
        assert (known[edge.source].form, known[edge.target].form) == ("fork", "merge")


def test_a_training_head_is_dashed() -> None:
    drawn = boxes(draw(NETWORKS["headed"]).diagram.items)
    assert [text_of(box) for box in drawn if box.dashed] == ["head(10) / early"]


# --- levels and paths ---------------------------------------------------------------------


def test_stages_are_boxes() -> None:
    drawn = [text_of(box) for box in boxes(draw(NETWORKS["resnet50"], "stage").diagram.items)]
    assert drawn == [
        "input / 3 x 224 x 224",
        "7x7 conv, 64, stride 2 / bn · relu",
        "3x3 maxpool, stride 2",
        "layer1 / bottleneck x 3",
        "layer2 / bottleneck x 4",
        "layer3 / bottleneck x 6",
        "layer4 / bottleneck x 3",
        "global avgpool / flatten",
        "linear, 1000",
        "output / 1000",
    ]


@pytest.mark.parametrize("path", ["layer2.1", "layer2.3"])
def test_expanding_one_repeat_opens_its_row(path: str) -> None:
    diagram = draw(NETWORKS["resnet50"], "stage", [path]).diagram
    assert titles(diagram) == [("layer2",), ("bottleneck(512)", "x 3")]
    assert "3x3 conv, 128 / bn · relu" in map(text_of, boxes(diagram.items))


def test_expanding_one_of_a_fold_takes_it_out() -> None:
    path = "features.denseblock1.denselayer3"
    diagram = draw(NETWORKS["densenet121"], "stage", [path]).diagram
    drawn = list(map(text_of, boxes(diagram.items)))
    assert titles(diagram) == [("denseblock1",), ("dense_layer_b(32)",)]
    assert "dense_layer_b(32) x 2" in drawn
    assert "dense_layer_b(32) x 3" in drawn


def test_an_unknown_path() -> None:
    with pytest.raises(ArchError) as caught:
        draw(NETWORKS["resnet50"], expand=["layer2.0.dwnsample"])
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "A101"
    assert diagnostic.help == "did you mean `layer2.0.downsample`?"


def test_an_unknown_level() -> None:
    with pytest.raises(ValueError, match="stage, block, layer"):
        draw(NETWORKS["resnet50"], "everything")


def test_folds_in_folds() -> None:
    diagram = draw(archgen.loads(networks.TOWER), "layer").diagram
    assert titles(diagram)[-1] == ("twice(1)", "x 2")
    assert len(titles(diagram)) == 40


@pytest.mark.parametrize("level", ["block", "layer"])
def test_a_drawing_that_nobody_could_read(level: str) -> None:
    """Calls of one block with a layer between: 2 ** 40 boxes."""
    text = networks.TOWER.replace("; b =", "; conv(4, 1); b =")
    with pytest.raises(ArchError, match="A404"):
        draw(archgen.loads(text), level)


# --- strangers ----------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_texts_of_a_spec_stay_texts(level: str) -> None:
    """Names and strings reach labels as what they are, in DOT and in Mermaid."""
    pygraphviz = pytest.importorskip("pygraphviz")
    marks = ["</b>];x->y[label=<", "a<b>& `|#\\N\\", "--> %% x"]
    spec = f"""
        block unit(mark) {{ add {{ conv(3, 1); identity }} }}
        arch hostile {{
          input(3, 8, 8)
          s = seq {{ "{marks[0]}" = unit("{marks[1]}"); unit("{marks[2]}") }}
        }}
    """
    drawing = draw(archgen.loads(spec), level)
    graph = pygraphviz.AGraph(string=drawing.dot)
    assert {node for node in graph.nodes() if str(node) in {"x", "y"}} == set()
    assert drawing.svg.count("<script") == 0
    said = unescape(drawing.dot)
    if level != "stage":
        assert marks[1] in said
        assert all(mark not in drawing.mermaid for mark in marks[:2])


def test_braces_may_be_empty() -> None:
    network = archgen.loads("arch net { input(3, 8, 8); conv(4, 3); part = { }; relu }")
    assert "part" in archgen.draw(network).dot


def test_a_head_may_read_a_value_between_layers_in_a_row() -> None:
    network = archgen.loads(
        "arch net { input(3, 8, 8); conv(4, 3); aux head = conv(2, 1); bn -> relu }"
    )
    assert "in training only" in archgen.draw(network).dot


def test_a_value_whose_numbers_are_read_is_drawn_as_one() -> None:
    """Dashed is a value of which the sizes alone are read; a word does not fit into a circle."""
    text = """arch a {
      input(16, 32, axis=1)
      q = linear(32)
      k = from q -> linear(32)
      from q -> attend(from k, from k)
      maximum { identity; from q }
    }"""
    diagram = draw(archgen.loads(text)).diagram
    assert not any(edge.dashed for edge in diagram.edges)
    assert [box.form for box in boxes(diagram.items) if box.kind == "merge"] == ["box"]
