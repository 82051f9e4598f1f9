"""`archgen review`: a change as one comment for its reviewers."""

from __future__ import annotations

import click

from archgen.cli.breaking import compared, rules_of


@click.command("review")
@click.argument("paths", nargs=-1, metavar="[PATH...]", type=click.Path())
@click.option(
    "--against",
    required=True,
    metavar="REV|SPEC|FOLDER",
    help="The git revision, spec or folder that the specs are compared with.",
)
def command(paths: tuple[str, ...], against: str) -> None:
    """Write a Markdown comment on a change: figures, what breaks, the edits, drawings.

    Compared is what `archgen breaking` compares. The first line is a hidden mark, by which a bot
    finds the comment that it wrote before.
    """
    from archgen.breakage import judge
    from archgen.review import review

    report = judge(compared(against, paths), rules_of(), everything=not paths)
    click.echo(review(report, against), nl=False)
