"""`archgen draw`: a network as a diagram."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from archgen.cli.failures import Stopped
from archgen.cli.files import write
from archgen.cli.operands import load, network, pair
from archgen.cli.spec import Settings, spec_options

if TYPE_CHECKING:
    from archgen.backends.drawing import Drawing

# As the drawing backend has them; a test holds it. Its import would slow every `--help`.
LEVELS: Final = ("stage", "block", "layer")
SUFFIXES: Final = (".dot", ".gv", ".mmd", ".svg", ".png", ".pdf")
_TOO_LARGE: Final = (
    "GitHub's Mermaid draws at most 500 edges and 50,000 characters; this has more. "
    "A lower --level has fewer."
)


@click.command("draw")
@spec_options
@click.option("-o", "--output", metavar="FILE", help="x.dot, .mmd, .svg, .png or .pdf.")
@click.option("--level", type=click.Choice(LEVELS), default="block", help="What is opened.")
@click.option("--expand", multiple=True, metavar="PATH", help="Open this node to its layers.")
@click.option("--diff", "old", metavar="OLD", help="Mark what was added, removed, changed.")
def command(
    spec: str,
    settings: Settings,
    output: str | None,
    level: str,
    expand: tuple[str, ...],
    old: str | None,
) -> None:
    """Draw SPEC as a diagram: on standard output as DOT, or to the FILE of `-o`.

    DOT and Mermaid need nothing else; SVG, PNG and PDF need Graphviz. `--diff OLD SPEC` colours
    what was added, removed and changed since OLD; both may be at a git revision there, as for
    `archgen diff`.
    """
    from archgen.backends.drawing import NoRenderer, RenderingFailed
    from archgen.backends.drawing.mermaid import renders

    suffix = _suffix(output)
    if old is None:
        drawing = _drawing(spec, settings, level, expand)
    else:
        drawing = _difference(old, spec, settings, level, expand)
    try:
        content = drawing.to(suffix)
    except (NoRenderer, RenderingFailed) as problem:
        raise Stopped(str(problem)) from None
    if output is None or output == "-":
        click.echo(content, nl=False)
    else:
        write(output, content)
        click.echo(output)
    if suffix == ".mmd" and not renders(drawing.mermaid):
        click.echo(f"note: {_TOO_LARGE}", err=True)


def _drawing(spec: str, settings: Settings, level: str, expand: tuple[str, ...]) -> Drawing:
    from archgen import api

    return api.draw(load(spec, settings), level, expand)


def _difference(
    old: str, new: str, settings: Settings, level: str, expand: tuple[str, ...]
) -> Drawing:
    from archgen import comparison
    from archgen.backends.drawing import draw_difference

    if expand:
        raise click.UsageError("--expand opens nodes of one network; with --diff, use --level")
    if settings.features is not None:
        raise click.UsageError("--features is for one network, not for --diff")
    before, after = pair(old, new, (settings, settings))
    found = comparison.diff(network(before, settings), network(after, settings))
    return draw_difference(found, level)


def _suffix(output: str | None) -> str:
    if output is None or output == "-":
        return ".dot"
    suffix = os.path.splitext(output)[1].lower()
    if suffix not in SUFFIXES:
        raise click.BadParameter(
            f"{output!r} does not end in {', '.join(SUFFIXES)}", param_hint="'-o'"
        )
    return suffix
