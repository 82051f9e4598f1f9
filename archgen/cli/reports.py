"""How findings are reported: the formats of `check` and `lint`, each made where it is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from archgen.cli.terminal import wants_color
from archgen.report import counts, plural, render_json, render_text

if TYPE_CHECKING:
    from archgen.diagnostics import Diagnostic

FORMATS: Final = ("text", "json", "sarif", "github")
Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(command: Command) -> Command:
    """Give a command the option `--format`."""
    option = click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="text",
        help="How to report: for people, for programs, for code scanning, as GitHub annotations.",
    )
    return option(command)


def report(found: Sequence[Diagnostic], form: str, done: str, said: str = "") -> None:
    """Write findings to standard output; `done` is what was done, for a last line, and `said`
    what is said of it there, if not how many errors there are."""
    match form:
        case "json":
            click.echo(render_json(found))
        case "sarif":
            from archgen import __version__
            from archgen.sarif import render_sarif

            click.echo(render_sarif(found, __version__))
        case _:
            for_people = _annotations if form == "github" else _text
            if found:
                click.echo(for_people(found))
            click.echo(f"{done}: {said or counted(found)}")


def _text(found: Sequence[Diagnostic]) -> str:
    return render_text(found, color=wants_color(sys.stdout)) + "\n"


def _annotations(found: Sequence[Diagnostic]) -> str:
    from archgen.annotations import render_annotations

    return render_annotations(found, _in_checkout)


def _in_checkout(path: str) -> str | None:
    """The path of a file from the top of GitHub's checkout; as it is, where there is none."""
    if not os.path.isfile(path):
        return None
    top = os.environ.get("GITHUB_WORKSPACE")
    if not top:
        return path
    folder, name = os.path.split(os.path.abspath(path))
    try:
        inside = os.path.relpath(
            os.path.join(os.path.realpath(folder), name), os.path.realpath(top)
        )
    except ValueError:  # another drive of Windows
        return None
    return None if inside.startswith(os.pardir + os.sep) else inside.replace(os.sep, "/")


def counted(found: Sequence[Diagnostic]) -> str:
    """`no errors`, `2 errors, 1 warning`."""
    errors, warnings = counts(found)
    said = plural(errors, "error") if errors else "no errors"
    return said + (f", {plural(warnings, 'warning')}" if warnings else "")
