"""`archgen ir`: what a spec is on its way: a tree, bodies, a network as JSON, plans of classes."""

from __future__ import annotations

import click

from archgen.cli.operands import load
from archgen.cli.spec import Settings, spec_options

FORMATS = ("json", "tree", "bodies", "plan")


@click.command("ir")
@spec_options
@click.option("--format", "form", type=click.Choice(FORMATS), default="json", show_default=True)
@click.option("--class", "name", metavar="NAME", help="of `--format plan`, this class only")
def command(spec: str, settings: Settings, form: str, name: str | None) -> None:
    """Print what SPEC is on its way to a model.

    "tree" is the text as parsed: of the whole file, or of FILE:NAME, a block or an arch. "bodies"
    are the resolved network, each distinct body once. "json" is the same for programs:
    definitions, calls, shapes. "plan" is what each class of its PyTorch source will say.
    """
    if name is not None and form != "plan":
        raise click.UsageError("--class is for --format plan")
    if form == "tree":
        click.echo(_tree(spec).rstrip("\n"))
    elif form == "plan":
        click.echo(_plans(spec, settings, name))
    elif form == "bodies":
        from archgen.backends import bodies

        click.echo(bodies.render(load(spec, settings)).rstrip("\n"))
    else:
        from archgen.backends.json import render

        click.echo(render(load(spec, settings)).rstrip("\n"))


def _tree(spec: str) -> str:
    """The tree of a file, or of one of its definitions. Raises `ArchError`."""
    from archgen.diagnostics import ArchError, error
    from archgen.specs import locate
    from archgen.syntax.dump import dump
    from archgen.syntax.parse import parse
    from archgen.syntax.read import read_source
    from archgen.text import Source

    path, name = locate(spec)
    parsed = parse(read_source(path))
    if parsed.diagnostics:
        raise ArchError(list(parsed.diagnostics))
    if name is None:
        return dump(parsed.tree)
    found = [item for item in parsed.tree.items if getattr(item, "name", None) == name]
    if not found:
        place = Source("<command line>", spec).span(0, len(spec))
        raise ArchError([error("A122", f"{path} defines no `{name}`", place)])
    return "\n".join(map(dump, found))


def _plans(spec: str, settings: Settings, name: str | None) -> str:
    from archgen.backends.pytorch import plans

    known = plans(load(spec, settings))
    if name is None:
        return "\n\n".join(known.values())
    if name not in known:
        raise click.UsageError(f"no class is called {name}: there are {', '.join(known)}")
    return known[name]
