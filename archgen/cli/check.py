"""`archgen check`: every error of every spec, in one run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from archgen.cli.terminal import wants_color
from archgen.report import counts, plural, render_json, render_text

if TYPE_CHECKING:
    from archgen.diagnostics import Diagnostic


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to report."
)
def command(paths: tuple[str, ...], form: str) -> None:
    """Check specs: files, and folders with all that is below them.

    The status is 0 if they are clean, 1 if there is an error, 2 if the call is wrong.
    """
    from archgen import api

    files = specs_of(paths)
    found = api.check_paths(files)
    if form == "json":
        click.echo(render_json(found))
    else:
        _report(found, len(files))
    errors, _ = counts(found)
    if errors:
        raise click.exceptions.Exit(1)


def specs_of(paths: Sequence[str]) -> list[str]:
    """The files themselves, and every `.arch` file below the folders, each once, in order."""
    found: dict[str, None] = {}
    for path in paths:
        if not os.path.isdir(path):
            found[path] = None
            continue
        below = dict.fromkeys(_below(path))
        if not below:
            raise click.UsageError(f"no .arch file below {path}")
        found |= below
    return list(found)


def _below(folder: str) -> Iterator[str]:
    """Specs in a folder and its folders, but not in hidden ones (`.git`, `.venv`)."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        specs = sorted(name for name in files if name.endswith(".arch"))
        yield from (os.path.join(place, name).removeprefix("./") for name in specs)


def _report(found: Sequence[Diagnostic], files: int) -> None:
    if found:
        click.echo(render_text(found, color=wants_color(sys.stdout)) + "\n")
    errors, warnings = counts(found)
    counted = plural(errors, "error") if errors else "no errors"
    if warnings:
        counted += f", {plural(warnings, 'warning')}"
    click.echo(f"{plural(files, 'file')} checked: {counted}")
