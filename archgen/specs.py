"""Finding specs: what a SPEC of a command or function means, and what is shipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from archgen import resources
from archgen.catalogue import shipped_file
from archgen.diagnostics import ArchError, error
from archgen.resolve.arguments import suggest
from archgen.syntax import tree
from archgen.text import Source, Span


def shipped() -> list[tuple[str, Path]]:
    """Every shipped network with its file, by name."""
    found = []
    for path in sorted(resources.root("specs").glob("*.arch")):
        found += [(name, path) for name in _archs_in(path)]
    return sorted(found)


def _archs_in(path: Path) -> Iterator[str]:
    """The archs of a file, by its tree alone."""
    from archgen.syntax.parse import parse
    from archgen.syntax.read import read_source

    for item in parse(read_source(path)).tree.items:
        if isinstance(item, tree.Arch | tree.Alias) and not any(
            parameter.default is None for parameter in item.parameters
        ):
            yield item.name


def spec_file(path: str) -> str:
    """The file of a shipped network, where that is what a path names; the path itself else.

    Raises `ArchError` for what is neither a path nor such a name.
    """
    named = path.endswith(".arch") or os.sep in path or not path.isprintable()
    return path if named or os.path.exists(path) else locate(path)[0]


def locate(spec: str) -> tuple[str, str | None]:
    """The file and the arch that a SPEC means. Raises `ArchError` for an unknown name."""
    path, colon, name = spec.rpartition(":")
    if not colon or not path.endswith(".arch"):
        path, name = spec, ""
    if path.endswith(".arch") or os.sep in path:
        return path, name or None
    if file := shipped_file(path):
        return str(file), path
    known = [shipped_name for shipped_name, _ in shipped()]
    hint = suggest(path, known) or "`archgen list` names them; a path ends in .arch"
    if os.path.isfile(path):
        hint = "the name of a spec ends in .arch; a checkpoint stands before the specs"
    place = Span(Source("<command line>", spec), 0, len(spec))
    raise ArchError([error("A501", f"no shipped network is called `{path}`", place, help=hint)])


def is_shipped(name: str) -> bool:
    """Whether a shipped network has this name."""
    return shipped_file(name) is not None
