"""`archgen breaking`: what a change does to those who depend on the networks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archgen.cli.terminal import wants_color
from archgen.report import counts, plural, render_json, render_text

if TYPE_CHECKING:
    from archgen.breakage import Report, Rules
    from archgen.git import Revision
    from archgen.versions import Broken, Pair

CATEGORIES = ("interface", "weights", "numerics", "cost", "training")


@click.command("breaking")
@click.argument("paths", nargs=-1, metavar="[PATH...]", type=click.Path())
@click.option(
    "--against",
    required=True,
    metavar="REV|PATH",
    help="The git revision, spec or folder that the specs are compared with.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="CATEGORY",
    type=click.Choice(CATEGORIES),
    help=f"Ask for this category alone; may be repeated. One of {', '.join(CATEGORIES)}.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(min=0),
    metavar="PERCENT",
    help="By how much parameters, MACs and activations may grow (5).",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to report."
)
def command(
    paths: tuple[str, ...],
    against: str,
    only: tuple[str, ...],
    threshold: float | None,
    form: str,
) -> None:
    """Say what a change breaks: interface, weights, numerics, cost.

    Compared are the specs that changed since a revision of git, or those at PATH of them, arch by
    arch; or the spec or folder PATH with another one. The status is 0 if nothing breaks, 1 if
    something does or a spec is faulty, 2 if the call is wrong.
    """
    from archgen.breakage import judge

    rules = rules_of(only, threshold)
    report = judge(compared(against, paths), rules, everything=not paths)
    found = report.diagnostics
    if form == "json":
        click.echo(render_json(found))
    else:
        _report(report)
    errors, _ = counts(found)
    if errors:
        raise click.exceptions.Exit(1)


def rules_of(only: Sequence[str] = (), threshold: float | None = None) -> Rules:
    """What counts here, as the configuration and the call say."""
    from archgen import config
    from archgen.breakage import Rules
    from archgen.diagnostics import ArchError, Fault

    try:
        return Rules.of(config.find(), only, threshold)
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None


def compared(against: str, paths: Sequence[str]) -> Iterator[Pair | Broken]:
    """The pairs of archs that a call is about. Raises `ArchError`."""
    from archgen import versions
    from archgen.diagnostics import ArchError, Fault
    from archgen.git import Revision

    if is_spec(against):
        if len(paths) != 1:
            raise click.UsageError(f"to compare with {against}, name one PATH")
        return versions.between(against, paths[0])
    try:
        revision = Revision.find(against)
        if unknown := [path for path in paths if not _is_known(path, revision)]:
            raise click.UsageError(f"no spec or folder {unknown[0]}, here or at {against}")
        return versions.changed(revision, paths)
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None


def _is_known(path: str, revision: Revision) -> bool:
    """Whether a path is there, or was."""
    inside = revision.inside(Path(path))
    below = (name == inside or name.startswith(f"{inside}/") for name in revision.specs)
    return os.path.exists(path) or any(below)


def is_spec(against: str) -> bool:
    """Whether it is a spec (`old.arch`, `main:old.arch:net`) or a folder, and not a revision."""
    name = against.rpartition(":")[0] if not against.endswith(".arch") else against
    return os.path.isdir(against) or name.endswith(".arch")


def _report(report: Report) -> None:
    found = report.diagnostics
    if found:
        click.echo(render_text(found, color=wants_color(sys.stdout)) + "\n")
    errors, warnings = counts(found)
    allowed = sum(bool(each.reason) for each in report.met)
    broken = plural(errors, "breaking change") if errors else "nothing breaks"
    broken += f", {allowed:,} allowed" if allowed else ""
    broken += f", {plural(warnings, 'warning')}" if warnings else ""
    click.echo(f"{plural(len(report.pairs), 'network')} compared: {broken}")
