"""`archgen diff`: two versions of a network, compared by meaning."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from archgen.cli.against import since
from archgen.cli.failures import Refused
from archgen.cli.operands import Sides, inputs_for, pair
from archgen.cli.spec import Settings, is_live, pair_options, parameters
from archgen.cli.terminal import columns, wants_color
from archgen.diagnostics import ArchError
from archgen.report import plural, printable

if TYPE_CHECKING:
    from archgen.comparison import Difference
    from archgen.versions import Broken, Pair

SAME, DIFFERENT, ERROR = 0, 1, 2


@click.command("diff")
@click.argument("specs", nargs=-1, metavar="OLD NEW")
@click.option("--against", metavar="REV", help="Compare all changed specs with a git revision.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Give a parameter of both archs another value; may be repeated.",
)
@pair_options
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text")
@click.option("--stat", is_flag=True, help="One line for each network.")
@click.option("--detail", is_flag=True, help="Show what follows from the edits, and every key.")
def command(
    specs: tuple[str, ...],
    against: str | None,
    settings: tuple[str, ...],
    sides: Sides,
    form: str,
    stat: bool,
    detail: bool,
) -> None:
    """Compare two networks: what was added, removed, moved, renamed and changed.

    OLD and NEW are a file, FILE:ARCH, REV:FILE[:ARCH] at a git revision, the name of a shipped
    network, or py:MODULE:NAME, a module of PyTorch, which is imported: this runs its code. With
    `--against REV`, files and folders follow instead (none: all specs): every spec that means
    something else than at that revision, or uses what does.

    The status is 0 if they are the same, 1 if they differ, 2 if there is an error.
    """
    if stat and form != "text":
        raise click.UsageError("--stat is a table for people: it has no --format")
    try:
        found, broken = _compared(specs, against, settings, sides)
    except ArchError as fault:
        Refused(fault.diagnostics).show()
        raise click.exceptions.Exit(ERROR) from fault
    show = {"text": _text, "markdown": _markdown, "json": _json}[form]
    click.echo(_stat(found) if stat else show(found, detail), nl=False)
    for each in broken:
        Refused(each.faults).show()
    status = ERROR if broken else DIFFERENT if _differ(found) else SAME
    raise click.exceptions.Exit(status)


Compared = tuple["Pair", "Difference | None"]


def _compared(
    specs: Sequence[str], against: str | None, settings: Sequence[str], sides: Sides
) -> tuple[list[Compared], list[Broken]]:
    """What was asked for, compared; and specs that cannot be."""
    from archgen import comparison, versions

    if against is None:
        if len(specs) != 2:
            raise click.UsageError("two specs are compared: OLD NEW; or --against REV [PATH...]")
        old, new = pair(specs[0], specs[1], sides)
        inputs = inputs_for(old, sides[0]), inputs_for(new, sides[1])
        named = comparison.pairs(old, new, parameters(settings), inputs)
        return [_difference(pair) for pair in named], []
    live = any(map(is_live, specs))
    if settings or not (live or sides == (Settings(), Settings())):
        message = "--set, --input and those of modules are for OLD and NEW, not for --against"
        raise click.UsageError(message)
    items = list(since(against, specs, sides))
    broken = [item for item in items if isinstance(item, versions.Broken)]
    pairs = comparison.followed(item for item in items if isinstance(item, versions.Pair))
    compared = map(_difference, pairs)
    return [each for each in compared if _is_news(each)], broken


def _difference(pair: Pair) -> Compared:
    from archgen.comparison import diff

    return pair, diff(pair.old, pair.new) if pair.old and pair.new else None


def _is_news(compared: Compared) -> bool:
    _, found = compared
    return found is None or not found.same


def _differ(found: Sequence[Compared]) -> bool:
    return any(map(_is_news, found))


# --- formats --------------------------------------------------------------------------------------


def _text(found: Sequence[Compared], detail: bool) -> str:
    from archgen.backends.difference import text

    color = wants_color(sys.stdout)
    return _joined(
        found,
        printable,
        lambda each: text.render(each, detail=detail, color=color),
        "no difference",
    )


def _markdown(found: Sequence[Compared], detail: bool) -> str:
    from archgen.backends.difference import markdown

    return _joined(
        found,
        lambda line: f"### {markdown.code(line)}",
        lambda each: markdown.render(each, detail=detail),
        "No difference.",
    )


def _joined(
    found: Sequence[Compared],
    head: Callable[[str], str],
    render: Callable[[Difference], str],
    nothing: str,
) -> str:
    texts = [
        render(each) if each else f"{head(f'{_name(pair)}: {_fate(pair)}')}\n"
        for pair, each in found
    ]
    return "\n".join(texts) or f"{nothing}\n"


def _name(pair: Pair) -> str:
    return f"{pair.path}:{pair.arch}"


def _fate(pair: Pair) -> str:
    network = pair.new or pair.old
    assert network
    what = "added" if pair.new else "removed"
    return f"{what}, {network.params:,} parameters"


def _json(found: Sequence[Compared], detail: bool) -> str:
    from archgen.backends.difference import json

    rows = [(pair.path, pair.arch, pair.old, pair.new, each) for pair, each in found]
    return json.render(rows) + "\n"


def _stat(found: Sequence[Compared]) -> str:
    rows = [tuple(_cells(pair, each)) for pair, each in found]
    return "".join(f"{line}\n" for line in columns(rows, right=(1, 2, 3))) or "no difference\n"


def _cells(pair: Pair, found: Difference | None) -> Iterator[str]:
    from archgen.backends.difference import words

    yield printable(_name(pair))
    if found is None:
        yield from ("", "", "", _fate(pair))
        return
    changes = {each.name: each.change for each in found.figures}
    yield plural(len(found.edits), "edit") if found.edits else "same"
    yield f"{words.signed(changes['params'])} params"
    yield f"{words.signed(changes['macs'])} MACs"
    yield f"keys: {words.fates(found.keys)}"
