"""Colours by kind of box: light fills, dark borders, told apart by the colour-blind.

Hues after Okabe and Ito, "Color Universal Design" (2008).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colours:
    fill: str
    line: str


INK = "#1F2328"
FAINT = "#6E7781"
FRAMES = {
    "stage": Colours("#F6F8FA", "#AFB8C1"),
    "block": Colours("#FFFFFF", "#8C959F"),
}
_OTHER = Colours("#EFEFEF", "#6B6B6B")
_KINDS = {
    "convolution": Colours("#DCEBF7", "#0072B2"),
    "dense": Colours("#F6E3EE", "#A34B7F"),
    "normalisation": Colours("#FDF8D4", "#9A8700"),
    "activation": Colours("#DDF2EA", "#008060"),
    "pooling": Colours("#FBE5D8", "#C4560A"),
    "reductions": Colours("#FBE5D8", "#C4560A"),
    "tokens": Colours("#E2F2FC", "#2B8CC4"),
    "products": Colours("#E8E4F6", "#6A51A3"),
    "block": Colours("#FCF0DA", "#B67C00"),
    "parameter": Colours("#F6E3EE", "#A34B7F"),
    "merge": Colours("#FFFFFF", "#1F2328"),
    "paths": Colours("#FFFFFF", "#8C959F"),
    "fork": Colours("#1F2328", "#1F2328"),
    "terminal": Colours("#FFFFFF", "#6E7781"),
}
NOT_IN_LEGEND = frozenset({"terminal", "merge", "fork", "paths"})


# In the drawing of a difference; struck out, underlined and dashed besides.
MARKS = {
    "added": Colours("#DDF2EA", "#008060"),
    "removed": Colours("#FBE3DC", "#B5330A"),
    "changed": Colours("#FDF3C8", "#9A6B00"),
}
UNCHANGED = Colours("#FFFFFF", "#AFB8C1")


def colours(kind: str) -> Colours:
    """The colours of a kind of box, or of a layer's group."""
    return _KINDS.get(kind, _OTHER)
