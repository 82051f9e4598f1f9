"""Diagram -> Mermaid, which GitHub and many editors draw by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.backends.drawing.diagram import Box, Diagram, Edge, Group, Item, Word, boxes
from archgen.backends.drawing.palette import (
    FRAMES,
    INK,
    MARKS,
    NOT_IN_LEGEND,
    UNCHANGED,
    Colours,
    colours,
)

# Characters that mean something to Mermaid, or to the HTML or Markdown in its labels (a lone
# `+` would be a list).
_SPECIAL = frozenset('"#<>&`\\|{}[]+*~') | {chr(code) for code in range(32)}

# A frame's title has a line of its own above the boxes.
_LAYOUT = '%%{init: {"flowchart": {"subGraphTitleMargin": {"top": 4, "bottom": 14}}}}%%'

# What renderers take by default, and GitHub's does not let a page change (Mermaid's `maxEdges`
# and `maxTextSize`).
MOST_EDGES = 500
MOST_TEXT = 50_000


def renders(text: str) -> bool:
    """Whether GitHub and other renderers with Mermaid's own limits will draw this flowchart."""
    return len(text) <= MOST_TEXT and sum("->" in line for line in text.splitlines()) <= MOST_EDGES


def to_mermaid(diagram: Diagram) -> str:
    """The drawing as a `flowchart`."""
    return "".join(f"{line}\n" for line in _lines(diagram))


def _lines(diagram: Diagram) -> Iterator[str]:
    yield _LAYOUT
    yield "flowchart TB"
    yield from _items(diagram.items, "  ")
    yield from (f"  {line}" for line in _edges(diagram))
    yield from _legend(diagram)
    yield from _styles(diagram)


def _items(items: tuple[Item, ...], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Group):
            yield from _group(item, indent)
        elif item.form != "fork":
            yield f"{indent}{item.id}{_shape(item)}"


def _group(group: Group, indent: str) -> Iterator[str]:
    # Mermaid keeps room for one line of title; more would lie on the boxes.
    note = f" · <small>{_text(group.note)}</small>" if group.note else ""
    yield f'{indent}subgraph {group.id}["{_text(" ".join(group.titles))}{note}"]'
    yield from _items(group.items, indent + "  ")
    yield f"{indent}end"


def _shape(box: Box) -> str:
    rows = [" · ".join(map(_word, line)) for line in box.lines]
    rows += [f"<small>{_text(box.note)}</small>"] if box.note else []
    label = f'"{"<br/>".join(rows)}"'
    match box.form:
        case "merge":
            return f"(({label}))"
        case "terminal":
            return f"([{label}])"
        case _:
            return f"({label})"


def _word(word: Word) -> str:
    text = f"<b>{_text(word.text)}</b>" if word.strong else _text(word.text)
    match word.mark:
        case "added":
            return f"<u>{text}</u>"
        case "removed":
            return f"<s>{text}</s>"
        case "changed":
            return f"<i>{text}</i>"
        case _:
            return text


# --- edges --------------------------------------------------------------------------------


def _edges(diagram: Diagram) -> Iterator[str]:
    """Mermaid has no points: an edge from a fork begins where the edge into the fork does."""
    forks = {box.id for box in boxes(diagram.items) if box.form == "fork"}
    origins: dict[str, Edge] = {}
    for edge in diagram.edges:
        source, label = edge.source, edge.label
        while source in forks:
            into = origins[source]
            label = label or into.label
            source = into.source
        dashed = edge.dashed or edge.mark is not None
        resolved = Edge(source, edge.target, label, edge.shortcut, dashed)
        if edge.target in forks:
            origins[edge.target] = resolved
        else:
            yield _edge(resolved)


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.dashed else "-->"
    label = f'|"{_text(edge.label)}"|' if edge.label and not edge.shortcut else ""
    return f"{edge.source} {arrow}{label} {edge.target}"


# --- colours ------------------------------------------------------------------------------


def _legend(diagram: Diagram) -> Iterator[str]:
    looks = _legend_looks(diagram)
    if not looks:
        return
    yield '  subgraph legend["legend"]'
    yield "    direction TB"  # boxes without edges stand side by side across the direction
    for kind in looks:
        yield f'    legend_{kind}("{kind}")'
    yield "  end"


def _legend_looks(diagram: Diagram) -> dict[str, Colours]:
    """What is explained: kinds of boxes, or in the drawing of a difference the marks."""
    if diagram.compared:
        return {"unchanged": UNCHANGED, **MARKS}
    return {kind: colours(kind) for kind in diagram.kinds if kind not in NOT_IN_LEGEND}


def _styles(diagram: Diagram) -> Iterator[str]:
    legend = _legend_looks(diagram)
    members: dict[str, list[str]] = {}
    for box in boxes(diagram.items):
        if box.form != "fork":
            members.setdefault(_kind(box, diagram), []).append(box.id)
    if diagram.compared:
        members = {kind: members.get(kind, []) for kind in (*members, *legend)}
    for kind, ids in members.items():
        look = legend.get(kind) or colours(kind)
        names = [*ids, *([f"legend_{kind}"] if kind in legend else [])]
        yield f"  classDef kind_{kind} fill:{look.fill},stroke:{look.line},color:{INK}"
        yield f"  class {','.join(names)} kind_{kind}"
    if legend:
        yield "  style legend fill:none,stroke:none"
    for group in _groups(diagram.items):
        look = FRAMES[group.kind]
        line = MARKS[group.mark].line if group.mark else look.line
        yield f"  style {group.id} fill:{look.fill},stroke:{line},color:{INK}"


def _kind(box: Box, diagram: Diagram) -> str:
    """What chooses the colours of a box."""
    if box.mark:
        return box.mark
    return "unchanged" if diagram.compared and box.kind not in NOT_IN_LEGEND else box.kind


def _groups(items: tuple[Item, ...]) -> Iterator[Group]:
    for item in items:
        if isinstance(item, Group):
            yield item
            yield from _groups(item.items)


def _text(text: str) -> str:
    """Text in a quoted label: what could mean something is written by its number."""
    return "".join(f"#{ord(char)};" if char in _SPECIAL else char for char in text)
