"""`archgen check`: every error of every spec, in one run, and what is suspicious in them."""

from __future__ import annotations

import click

from archgen.cli.folders import specs_of
from archgen.cli.reports import format_option, report
from archgen.report import counts, plural


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@format_option
@click.option("--lint/--no-lint", default=True, help="Whether to warn of what is suspicious too.")
@click.option("--strict", is_flag=True, help="Fail for warnings as for errors.")
def command(paths: tuple[str, ...], form: str, lint: bool, strict: bool) -> None:
    """Check specs: files, folders with all that is below them, and shipped networks by name.

    The status is 0 if there is no error, 1 if there is one (with --strict: or a warning), 2 if
    the call is wrong. A file with errors is not linted: its errors come first.
    """
    from archgen import api
    from archgen.specs import spec_file

    files = specs_of([spec_file(path) for path in paths])
    found = api.check_paths(files, lint=lint)
    report(found, form, f"{plural(len(files), 'file')} checked")
    errors, warnings = counts(found)
    if errors or (strict and warnings):
        raise click.exceptions.Exit(1)
