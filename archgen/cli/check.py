"""`archgen check`: every error of every spec, in one run, and what is suspicious in them."""

from __future__ import annotations

import click

from archgen.cli.folders import specs_of
from archgen.cli.reports import format_option, report
from archgen.cli.spec import (
    Settings,
    argument_option,
    check_for_specs,
    input_option,
    is_live,
    live_options,
)
from archgen.report import counts, plural


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@argument_option()
@input_option("Of a module: sizes without the batch, once for each input.")
@live_options
@format_option
@click.option("--lint/--no-lint", default=True, help="Whether to warn of what is suspicious too.")
@click.option("--strict", is_flag=True, help="Fail for warnings as for errors.")
def command(
    paths: tuple[str, ...],
    arguments: tuple[str, ...],
    inputs: tuple[str, ...],
    fixed: bool,
    timeout: float,
    form: str,
    lint: bool,
    strict: bool,
) -> None:
    """Check specs: files, folders with all that is below them, shipped networks by name, and
    modules of PyTorch, as py:MODULE:NAME, which are imported for it.

    The status is 0 if there is no error, 1 if there is one (with --strict: or a warning), 2 if
    the call is wrong. A file with errors is not linted: its errors come first.
    """
    from archgen import api
    from archgen.specs import spec_file

    settings = Settings((), inputs, None, arguments, fixed, timeout)
    live = [path for path in paths if is_live(path)]
    if not live:
        check_for_specs(settings)
        if inputs:
            raise click.UsageError("--input is for modules: a spec is checked as it is")
    texts = {path: _text(path, settings) for path in live}
    files = specs_of([path if path in texts else spec_file(path) for path in paths])
    found = api.check_paths(files, lint=lint, texts=texts)
    report(found, form, f"{plural(len(files), 'file')} checked")
    errors, warnings = counts(found)
    if errors or (strict and warnings):
        raise click.exceptions.Exit(1)


def _text(spec: str, settings: Settings) -> str:
    from archgen.cli.operands import imported

    return str(imported(spec, settings)["text"])
