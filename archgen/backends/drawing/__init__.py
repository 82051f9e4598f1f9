"""Pictures of networks: DOT and Mermaid by themselves, SVG, PNG and PDF with Graphviz.

network -> Diagram (`sketch`) -> text (`dot`, `mermaid`) -> picture (`render`)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeGuard, get_args

from archgen.analysis.difference import Difference
from archgen.analysis.paths import hint, locate
from archgen.backends.drawing.diagram import MOST_BOXES, Diagram, TooLarge, boxes
from archgen.backends.drawing.dot import to_dot
from archgen.backends.drawing.mermaid import to_mermaid
from archgen.backends.drawing.render import FORMATS, NoRenderer, RenderingFailed, render
from archgen.backends.drawing.sketch import Level, sketch, sketch_difference
from archgen.diagnostics import ArchError, error
from archgen.network import Network
from archgen.replacing import replace
from archgen.text import Source

__all__ = [
    "LEVELS",
    "SUFFIXES",
    "Drawing",
    "NoRenderer",
    "RenderingFailed",
    "draw",
    "draw_difference",
]

LEVELS: tuple[str, ...] = get_args(Level)
SUFFIXES = (".dot", ".gv", ".mmd", *(f".{format}" for format in FORMATS))


@dataclass(frozen=True, repr=False)
class Drawing:
    """The picture of a network. Shows itself in a notebook; `save` writes it."""

    diagram: Diagram

    @cached_property
    def dot(self) -> str:
        """For Graphviz."""
        return to_dot(self.diagram)

    @cached_property
    def mermaid(self) -> str:
        """For a ```mermaid block in Markdown."""
        return to_mermaid(self.diagram)

    @cached_property
    def svg(self) -> str:
        """Raises `NoRenderer` without Graphviz."""
        return render(self.dot, "svg").decode()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file that the suffix asks for: whole, or not at all.

        Raises `ValueError` for another suffix, `OSError` if it cannot be written.
        """
        target = Path(path)
        replace(target, self.to(target.suffix.lower()))
        return target

    def to(self, suffix: str) -> bytes:
        """The content of a file with one of `SUFFIXES`."""
        match suffix:
            case ".dot" | ".gv":
                return self.dot.encode()
            case ".mmd":
                return self.mermaid.encode()
            case ".svg" | ".png" | ".pdf":
                return render(self.dot, suffix[1:])
            case _:
                raise ValueError(f"a drawing ends in {', '.join(SUFFIXES)}, not in {suffix!r}")

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg
        except (NoRenderer, RenderingFailed):
            return None

    def _repr_mimebundle_(self, **_: object) -> Mapping[str, str]:
        """What a notebook shows: the picture, or where there is no Graphviz, the Mermaid text."""
        svg = self._repr_svg_()
        picture = {"image/svg+xml": svg} if svg else {"text/vnd.mermaid": self.mermaid}
        return {"text/plain": repr(self), **picture}

    def __repr__(self) -> str:
        count = sum(1 for _ in boxes(self.diagram.items))
        return f"<Drawing of {self.diagram.name}: {count} boxes>"


def draw(network: Network, level: str = "block", expand: Sequence[str] = ()) -> Drawing:
    """Draw a network, opened down to `level` ("stage", "block" or "layer").

    `expand` are paths to be opened down to their layers, whatever the level. Raises
    `ValueError` for another level, `ArchError` for a path that is not in the network and for
    a drawing that nobody could read.
    """
    if not _is_level(level):
        raise ValueError(f"level is one of {', '.join(LEVELS)}, not {level!r}")
    try:
        return Drawing(sketch(network, level, [_held(network, path) for path in expand]))
    except TooLarge:
        raise _too_large(network) from None


def draw_difference(found: Difference, level: str = "block") -> Drawing:
    """Draw what two networks differ in: the new one, with what is new, gone and changed marked.

    Raises as `draw`.
    """
    if not _is_level(level):
        raise ValueError(f"level is one of {', '.join(LEVELS)}, not {level!r}")
    try:
        return Drawing(sketch_difference(found, level))
    except TooLarge:
        raise _too_large(found.new) from None


def _is_level(level: str) -> TypeGuard[Level]:
    return level in LEVELS


def _held(network: Network, path: str) -> str:
    found = locate(network, path)
    if found is None:
        message = f"`{network.name}` has no node `{path}`"
        place = Source("<expand>", path).span(0, len(path))
        raise ArchError([error("A101", message, place, help=hint(network, path))])
    return found


def _too_large(network: Network) -> ArchError:
    message = f"a drawing of `{network.name}` would have more than {MOST_BOXES:,} boxes"
    help_ = "draw it with level=stage, and `expand` what is of interest"
    return ArchError([error("A404", message, network.span, help=help_)])
