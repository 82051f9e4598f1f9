"""`archgen review`: a change as one comment for its reviewers."""

from __future__ import annotations

import re

import click

from archgen.cli.against import compared, is_spec, rules_of
from archgen.cli.operands import Sides
from archgen.cli.spec import pair_options


def _key(_: click.Context, __: click.Parameter, value: str) -> str:
    """It stands in a comment of HTML, and there may be nothing in it that ends one."""
    if not re.fullmatch(r"(\w[\w ./-]{,99})?", value, re.ASCII) or "--" in value:
        raise click.BadParameter("a key is letters, digits, and single characters of `_ ./-`")
    return value


@click.command("review")
@click.argument("paths", nargs=-1, metavar="[PATH...]", type=click.Path())
@click.option(
    "--against",
    required=True,
    metavar="REV|SPEC|FOLDER",
    help="The git revision, spec or folder that the specs are compared with.",
)
@click.option(
    "--key",
    default="",
    callback=_key,
    metavar="KEY",
    help="What tells this comment apart from others on the same change.",
)
@pair_options
def command(paths: tuple[str, ...], against: str, key: str, sides: Sides) -> None:
    """Write a Markdown comment on a change: figures, what breaks, the edits, drawings.

    Compared is what `archgen breaking` compares; with a git revision, a change of the
    configuration is mentioned too. The first line is a hidden mark, by which a bot finds the
    comment that it wrote before.

    PATHs may be modules of PyTorch, as py:MODULE:NAME: their two versions are run, the old one in a
    temporary folder with the files of the revision. So this runs the code of both.
    """
    from archgen.breakage import judge
    from archgen.review import review
    from archgen.versions import reconfigured

    report = judge(compared(against, paths, sides), rules_of(), everything=not paths)
    settings = [] if is_spec(against) else reconfigured(against)
    click.echo(review(report, against, key, settings), nl=False)
