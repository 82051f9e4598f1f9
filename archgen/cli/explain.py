"""`archgen explain`: what an error code means and how to mend it."""

from __future__ import annotations

from textwrap import indent

import click

from archgen.cli.failures import did_you_mean
from archgen.cli.terminal import columns


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain an error or warning, with an example that shows it and one that does not.

    Without CODE, list all codes.
    """
    from archgen.codes import CODES, explain

    if code is None:
        click.echo("\n".join(columns([(entry.code, entry.title) for entry in CODES.values()])))
        return
    entry = explain(code)
    if entry is None:
        raise click.UsageError(
            f"no error or warning has the code {code!r}" + did_you_mean(code.upper(), CODES)
        )
    click.echo(f"{entry.code}: {entry.title}\n\n{entry.explanation.strip()}")
    for heading, example in entry.examples:
        click.echo(f"\n{heading}:\n\n" + indent(example.strip("\n"), "    "))
    if entry.is_warning:
        click.echo(f"\nA comment silences it, `# lint: off {entry.code}: why`, or an archgen.toml.")
