"""`archgen breaking`: what a change does to those who depend on the networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archgen.cli import reports
from archgen.cli.against import compared, rules_of
from archgen.cli.operands import Sides
from archgen.cli.spec import pair_options
from archgen.report import counts, plural

if TYPE_CHECKING:
    from archgen.breakage import Report

CATEGORIES = ("interface", "weights", "numerics", "cost", "training")


@click.command("breaking")
@click.argument("paths", nargs=-1, metavar="[PATH...]", type=click.Path())
@click.option(
    "--against",
    required=True,
    metavar="REV|SPEC|FOLDER",
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
@pair_options
@reports.format_option
def command(
    paths: tuple[str, ...],
    against: str,
    only: tuple[str, ...],
    threshold: float | None,
    sides: Sides,
    form: str,
) -> None:
    """Say what a change breaks: interface, weights, numerics, cost.

    Compared are the specs that changed since a revision of git, or those at PATH of them, arch by
    arch; or the spec or folder PATH with another one, named as for `archgen diff`: a file,
    FILE:ARCH, REV:FILE[:ARCH], a shipped network or py:MODULE:NAME. The status is 0 if nothing
    breaks, 1 if something does or a spec is faulty, 2 if the call is wrong.
    """
    from archgen.breakage import judge

    rules = rules_of(only, threshold)
    report = judge(compared(against, paths, sides), rules, everything=not paths)
    found = report.diagnostics
    reports.report(found, form, f"{plural(len(report.pairs), 'network')} compared", _said(report))
    errors, _ = counts(found)
    if errors:
        raise click.exceptions.Exit(1)


def _said(report: Report) -> str:
    """`2 breaking changes, 1 allowed`."""
    from archgen.breakage import verdict

    parts = [verdict(report)]
    errors, warnings = counts([*report.faults, *report.unused])
    parts += [plural(errors, "error")] if errors else []
    parts += [plural(warnings, "warning")] if warnings else []
    return ", ".join(parts)
