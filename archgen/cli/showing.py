"""`archgen show`: a network, block, layer or library with its documentation, arguments and text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill, indent
from typing import TYPE_CHECKING

import click

from archgen.cli.details import detail, first_line
from archgen.cli.failures import did_you_mean

if TYPE_CHECKING:
    from archgen.library import Entry, Library

WIDTH = 100


@click.command("show")
@click.argument("name", metavar="NAME")
def command(name: str) -> None:
    """Print a network, block, layer or initialiser with its documentation, arguments and text.

    NAME is one of `archgen list`, `archgen list --blocks` or `archgen layers`; LIBRARY.NAME, if
    several files have such a block; a library; or a file of your own, FILE or FILE:NAME.
    """
    found = list(_texts(name))
    if not found:
        raise click.UsageError(f"nothing is called {name!r}" + did_you_mean(name, _known()))
    click.echo("\n\n".join(found))


def _texts(name: str) -> Iterator[str]:
    from archgen import library
    from archgen.layers import LAYERS
    from archgen.layers.initialisers import INITIALISERS

    path, _, last = name.rpartition(":") if ".arch:" in name else (name, "", "")
    if path.endswith(".arch"):
        file = library.read(Path(path))
        entries = [entry for entry in file.entries if entry.name == last]
        yield from map(_entry, entries) if last else [_library(file)]
        return
    if name in LAYERS:
        yield detail(LAYERS[name])
    if name in INITIALISERS:
        yield _initialiser(name)
    yield from map(_entry, library.find(name))
    yield from (_library(each) for each in library.libraries() if each.name == name)


def _entry(entry: Entry) -> str:
    what = "network" if entry.is_network else "block"
    place = f"{what}, {entry.file}:{entry.line}"
    if how := _use(entry):
        place += f"; `{how}`"
    head = [entry.headline, *([fill(entry.doc, WIDTH)] if entry.doc else [])]
    return "\n".join([*head, "", place, "", indent(entry.text, "    ")])


def _use(entry: Entry) -> str:
    """What brings it into a spec; nothing, if its file has to be copied."""
    folder, _, file = entry.file.rpartition("/")
    if folder == "specs/blocks":
        return f"use {file.removesuffix('.arch')}"
    return f"use arch {entry.name}" if folder == "specs" and entry.is_network else ""


def _library(library: Library) -> str:
    lines = [f"{library.name}: {library.file}", fill(library.doc, WIDTH), ""]
    for entry in library.entries:
        lines += [f"  {entry.headline}", *([_short(entry.doc)] if entry.doc else [])]
    return "\n".join(lines)


def _short(doc: str) -> str:
    return fill(doc, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _initialiser(name: str) -> str:
    from archgen.layers.initialisers import INITIALISERS
    from archgen.layers.signature import headline

    cls = INITIALISERS[name]
    return f"{headline(cls)}\n{first_line(cls)}\n\ninitialiser, for `init` and `param`"


def _known() -> list[str]:
    from archgen.layers import LAYERS
    from archgen.layers.initialisers import INITIALISERS
    from archgen.library import libraries, names

    return [*LAYERS, *INITIALISERS, *names(), *(library.name for library in libraries())]
