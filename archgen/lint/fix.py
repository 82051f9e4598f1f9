"""Edits that warnings carry, applied to the text of a file, and proof that it still means the same.

What is mended this way never changes a network; each result is checked for it all the same, since
a tool may never harm a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from archgen.diagnostics import ArchError, Diagnostic, Edit
from archgen.lint.edits import apply
from archgen.resolve.program import Program
from archgen.syntax.reformat import LawBroken, reformat
from archgen.text import Source

Networks = Mapping[str, object]
_OF_THE_TEXT: Final = ("digest", "definitions")  # parts of the IR that other words may change


class NotTheSame(Exception):
    """An edit that would change what a spec means: a bug of the rule that offers it."""


def mended(source: Source, found: Sequence[Diagnostic]) -> tuple[str, int]:
    """The text after the edits of as many warnings as fit together; how many those were.

    A text that was in the canonical layout is so again. Raises `NotTheSame`.
    """
    groups = [item.edits for item in found if _is_for(source, item.edits)]
    text, count = apply(source.text, groups)
    if not count:
        return source.text, 0
    try:
        text = _laid_out(source, text)
    except (ArchError, LawBroken) as broken:
        raise NotTheSame(f"the result cannot be read: {broken}") from broken
    if _networks(Source(source.path, text)) != _networks(source):
        raise NotTheSame("the result means something else")
    return text, count


def _is_for(source: Source, edits: Sequence[Edit]) -> bool:
    return bool(edits) and all(edit.span.source.path == source.path for edit in edits)


def _laid_out(source: Source, text: str) -> str:
    formatted = reformat(source) == source.text
    laid_out = reformat(Source(source.path, text))
    return laid_out if formatted else text


def _networks(source: Source) -> Networks:
    """What a text says, arch by arch; the faults of one that says nothing."""
    from archgen.backends.json import data

    program = Program.of(source.text, source.path, Path(source.path).parent)
    found: dict[str, object] = {}
    for name, definition in program.archs.items():
        if all(parameter.default is not None for parameter in definition.parameters):
            network = program.network(name)
            whole = data(network) if network is not None else {}
            found[name] = {key: item for key, item in whole.items() if key not in _OF_THE_TEXT}
    return found | {"": sorted(item.code for item in program.sink)}
