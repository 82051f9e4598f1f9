"""Diagram -> DOT, the language of Graphviz. The text depends on the diagram alone."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from archgen.backends.drawing.diagram import Box, Diagram, Edge, Group, Item, Line, Word, boxes
from archgen.backends.drawing.palette import (
    FAINT,
    FRAMES,
    INK,
    MARKS,
    NOT_IN_LEGEND,
    UNCHANGED,
    Colours,
    colours,
)

_FONT = "Helvetica,Arial,sans-serif"
_HEAD = f"""\
  graph [rankdir=TB, nodesep=0.28, ranksep=0.26, margin=0.1, fontname="{_FONT}", fontsize=11, \
fontcolor="{INK}", labeljust=l, newrank=true]
  node [shape=box, style="rounded,filled", penwidth=1.1, margin="0.13,0.05", height=0.3, \
fontname="{_FONT}", fontsize=11, fontcolor="{INK}"]
  edge [color="{INK}", penwidth=0.9, arrowsize=0.6, fontname="{_FONT}", fontsize=9, \
fontcolor="{FAINT}"]
"""


def to_dot(diagram: Diagram) -> str:
    """The drawing as a `digraph`."""
    return "".join(f"{line}\n" for line in _Text(diagram).lines())


class _Text:
    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.spine = spine(diagram)
        self.forks = {box.id for box in boxes(diagram.items) if box.form == "fork"}

    def lines(self) -> Iterator[str]:
        yield f"digraph {_quoted(self.diagram.name)} {{"
        yield _HEAD.rstrip("\n")
        yield from self._items(self.diagram.items, "  ")
        yield from map(self._edge, self.diagram.edges)
        yield from _legend(self.diagram)
        yield "}"

    def _items(self, items: tuple[Item, ...], indent: str) -> Iterator[str]:
        for item in items:
            if isinstance(item, Group):
                yield from self._group(item, indent)
            else:
                yield indent + self._box(item)

    def _group(self, group: Group, indent: str) -> Iterator[str]:
        look = FRAMES[group.kind]
        beside = isinstance(group.items[0], Box)
        attributes = {
            "label": '""' if beside else _title(group),
            "style": _quoted("rounded,filled"),
            "color": _quoted(MARKS[group.mark].line if group.mark else look.line),
            "fillcolor": _quoted(look.fill),
            "margin": "8",
            "tooltip": _quoted(group.path or group.titles[0]),
        }
        yield f"{indent}subgraph cluster_{group.id} {{"
        yield f"{indent}  graph {_attributes(attributes)}"
        if beside:
            yield from self._title_beside(group, indent + "  ")
        yield from self._items(group.items, indent + "  ")
        yield f"{indent}}}"

    def _title_beside(self, group: Group, indent: str) -> Iterator[str]:
        """The title as a node left of the first box of the spine, where no edge crosses it."""
        inner = [box.id for box in boxes(group.items) if box.form != "fork"]
        first = next((box for box in inner if box in self.spine), inner[0])
        yield f'{indent}{group.id} [shape=plain, style="", label={_title(group)}]'
        yield f"{indent}{{rank=same; {group.id}; {first}}}"
        yield f"{indent}{group.id} -> {first} [style=invis]"

    def _box(self, box: Box) -> str:
        look = self._look(box)
        attributes = {
            "label": _label(box),
            "fillcolor": _quoted(look.fill),
            "color": _quoted(look.line),
            "tooltip": _quoted(box.path or box.kind),
        }
        if box.id in self.spine:
            attributes["group"] = "spine"
        return f"{box.id} {_attributes(attributes | _form(box))}"

    def _look(self, box: Box) -> Colours:
        if box.mark:
            return MARKS[box.mark]
        plain = self.diagram.compared and box.kind not in NOT_IN_LEGEND
        return UNCHANGED if plain else colours(box.kind)

    def _edge(self, edge: Edge) -> str:
        attributes: dict[str, str] = {}
        if edge.mark:
            colour = _quoted(MARKS[edge.mark].line)
            attributes |= {"style": "dashed", "color": colour, "arrowhead": "none"}
        if edge.label:
            attributes["label"] = f"<&#160;{_text(edge.label)}>"
        if edge.target in self.forks:
            attributes["arrowhead"] = "none"
        if edge.dashed:
            attributes |= {"style": "dashed", "color": _quoted(FAINT)}
        attributes["weight"] = self._weight(edge)
        return f"  {edge.source} -> {edge.target} {_attributes(attributes)}"

    def _weight(self, edge: Edge) -> str:
        """How short and straight an edge should be."""
        if not edge.shortcut and {edge.source, edge.target} <= self.spine:
            return "100"
        return "2" if edge.source in self.forks else "1"  # side paths begin with the main one


def spine(diagram: Diagram) -> frozenset[str]:
    """The boxes of the longest way through the drawing: Graphviz keeps them in one line.

    Edges go from boxes made before to boxes made after, so one pass finds it.
    """
    longest: dict[str, tuple[int, str | None]] = {}
    sizes = {box.id: len(box.lines) for box in boxes(diagram.items)}
    incoming: dict[str, list[str]] = {}
    for edge in diagram.edges:
        if not edge.dashed and not edge.mark:
            incoming.setdefault(edge.target, []).append(edge.source)
    for box, size in sizes.items():
        ways = [(longest[source][0], source) for source in incoming.get(box, [])]
        length, source = max(ways, key=lambda way: way[0], default=(0, None))
        longest[box] = (length + size, source)
    return frozenset(_back_from(max(longest, key=lambda box: longest[box][0]), longest))


def _back_from(box: str | None, longest: dict[str, tuple[int, str | None]]) -> Iterator[str]:
    while box is not None:
        yield box
        box = longest[box][1]


def _title(group: Group) -> str:
    rows = list(map(_strong, group.titles))
    if group.note:
        rows.append(_small(group.note))
    left = '<br align="left"/>'
    return f"<{left.join(rows)}{left}>"


def _form(box: Box) -> dict[str, str]:
    if box.form == "merge":
        return {
            "shape": "circle",
            "width": "0.24",
            "fixedsize": "true",
            "margin": "0",
            "style": "filled",
        }
    if box.form == "fork":
        return {"shape": "point", "width": "0.04"}
    if box.form == "terminal":
        return {"style": _quoted("filled"), "penwidth": "0", "margin": _quoted("0.05,0.02")}
    dashed = box.dashed or box.mark == "removed"
    return {"style": _quoted("rounded,filled,dashed")} if dashed else {}


def _label(box: Box) -> str:
    rows = [*map(_line, box.lines)]
    if box.note:
        rows.append(_small(box.note))
    return f"<{'<br/>'.join(rows)}>"


def _line(line: Line) -> str:
    return " · ".join(map(_word, line))


def _word(word: Word) -> str:
    text = _strong(word.text) if word.strong else _text(word.text)
    if word.mark is None:
        return text
    text = {"removed": f"<s>{text}</s>", "added": f"<u>{text}</u>"}.get(word.mark, text)
    return f'<font color="{MARKS[word.mark].line}">{text}</font>'


def _strong(text: str) -> str:
    return f"<b>{_text(text)}</b>"


def _small(text: str) -> str:
    return f'<font point-size="9" color="{FAINT}">{_text(text)}</font>'


def _legend(diagram: Diagram) -> Iterator[str]:
    kinds = [kind for kind in diagram.kinds if kind not in NOT_IN_LEGEND]
    looks = {"unchanged": UNCHANGED, **MARKS}
    if not diagram.compared:
        looks = {kind: colours(kind) for kind in kinds}
    cells = "".join(_swatch(kind, look) for kind, look in looks.items())
    table = f'<table border="0" cellborder="0" cellspacing="4"><tr>{cells}</tr></table>'
    last = diagram.edges[-1].target if diagram.edges else ""
    if not kinds:
        return
    yield f'  legend [shape=plain, style="", label=<{table}>]'
    if last:
        yield f"  {last} -> legend [style=invis]"


def _swatch(kind: str, look: Colours) -> str:
    size = 'width="14" height="10" fixedsize="true" border="1"'
    box = f'<td {size} color="{look.line}" bgcolor="{look.fill}"></td>'
    return f'{box}<td align="left">{_small(kind)}</td>'


def _attributes(attributes: dict[str, str]) -> str:
    return f"[{', '.join(f'{name}={value}' for name, value in attributes.items())}]"


def _quoted(text: str) -> str:
    """A DOT string. Backslashes would begin an escape that Graphviz replaces."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def _text(text: str) -> str:
    """Text in an HTML-like label."""
    return escape(text, quote=True)
