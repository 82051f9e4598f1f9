"""`archgen explain`: what an error code means and how to mend it."""

from __future__ import annotations

from textwrap import indent

import click

from archgen.cli.failures import did_you_mean
from archgen.cli.terminal import columns


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain an error code, with an example that fails and one that passes.

    Without CODE, list all codes.
    """
    from archgen.codes import CODES, explain

    if code is None:
        click.echo("\n".join(columns([(entry.code, entry.title) for entry in CODES.values()])))
        return
    entry = explain(code)
    if entry is None:
        raise click.UsageError(
            f"no error has the code {code!r}" + did_you_mean(code.upper(), CODES)
        )
    click.echo(f"{entry.code}: {entry.title}\n\n{entry.explanation.strip()}")
    if entry.before:
        click.echo("\nThis was there:\n\n" + indent(entry.before.strip("\n"), "    "))
    click.echo("\nThis fails:\n\n" + indent(entry.fails.strip("\n"), "    "))
    click.echo("\nThis passes:\n\n" + indent(entry.passes.strip("\n"), "    "))
