"""`archgen weights`: whether a checkpoint fits a spec, and if not, which layers differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from archgen.cli.checkpoints import Under, contents_of
from archgen.cli.operands import load
from archgen.cli.spec import Settings, is_live, network_options
from archgen.diagnostics import ArchError
from archgen.report import plural

if TYPE_CHECKING:
    from archgen.checkpoint.contents import Contents
    from archgen.checkpoint.fit import Fit

_MOST_TRIED: Final = 5  # networks whose options are looked for


@click.command("weights")
@click.argument("checkpoint", type=click.Path())
@click.argument("spec", metavar="[SPEC[:ARCH]]", required=False)
@network_options
@click.option("--under", multiple=True, metavar="KEY", help="Where in a .pt the weights lie.")
@click.option("--prefix", default="", help="What to take off the keys, as `module.`.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to report."
)
def command(
    checkpoint: str,
    spec: str | None,
    settings: Settings,
    under: Under,
    prefix: str,
    form: str,
) -> None:
    """Tell whether CHECKPOINT fits SPEC, and if not, which layers differ.

    CHECKPOINT is a file of safetensors, or one that torch.save wrote. It fits if a strict
    load_state_dict takes it. No number in it is read. Without SPEC, name the shipped networks
    that it fits.

    The status is 0 if it fits, 1 if it does not, 2 if the call is wrong.
    """
    from archgen.checkpoint.fit import fit

    if spec is None and settings != Settings(()):
        raise click.UsageError("--set, --input, --features and --arg are for a SPEC")
    network = load(spec, settings) if spec else None
    contents = contents_of(checkpoint, under, prefix)
    if network is None or spec is None:
        fits = _identify(checkpoint, contents, form)
    else:
        found = fit(network, contents)
        fits = found.fits
        _show(found, checkpoint, () if fits else _hints(found, spec, settings, prefix), form)
    if not fits:
        raise click.exceptions.Exit(1)


def _identify(checkpoint: str, contents: Contents, form: str) -> bool:
    from archgen.checkpoint import survey_report as report
    from archgen.checkpoint.identify import survey

    found = survey(contents)
    if form == "json":
        click.echo(report.survey_json(found, contents, checkpoint))
    else:
        others = [each for each in found.matches if not each.fit.fits][:_MOST_TRIED]
        tried = {each.name: _options(each.fit, each.name, Settings(())) for each in others}
        hints = {name: options.text for name, options in tried.items() if not options.left}
        click.echo(report.survey_text(found, contents, checkpoint, hints))
    return any(each.fits for each in found.matches)


def _show(found: Fit, checkpoint: str, hints: Iterable[str], form: str) -> None:
    """Print a report, and each hint as soon as it is found: some take seconds."""
    from archgen.checkpoint import report

    if form == "json":
        click.echo(report.render_json(found, checkpoint, list(hints)))
        return
    click.echo(report.render_text(found, checkpoint))
    for hint in hints:
        click.echo(report.hint_text(hint))


def _hints(found: Fit, spec: str, settings: Settings, prefix: str) -> Iterator[str]:
    """What would make it fit, or more of it; tried before it is said."""
    from archgen.checkpoint import hints

    if start := hints.prefix(found):
        keys = plural(len(found.contents.held), "key")
        counted = f"{start.matched:,} of {keys} are the network's"
        yield f"without `{start.text}` {counted}: --prefix {prefix}{start.text}"
    options = _Options("", len(found.differences))
    if not is_live(spec):  # each try would import it again
        options = _options(found, spec, settings)
    if options.text:
        yield f"other sizes: {options.text}"
    if options.left:
        yield from _nearest(found)


def _nearest(found: Fit) -> Iterator[str]:
    """A shipped network that it fits much better."""
    from archgen.checkpoint.identify import survey
    from archgen.checkpoint.survey_report import nearest_text

    surveyed = survey(found.contents)
    best = next(iter([*surveyed.matches, *filter(None, [surveyed.nearest])]), None)
    if best and 2 * len(best.fit.differences) < len(found.differences):
        yield f"the closest shipped network is {nearest_text(best)}"


@dataclass(frozen=True, slots=True)
class _Options:
    """Options with which fewer keys differ, and how many still do."""

    text: str
    left: int


def _options(found: Fit, spec: str, settings: Settings) -> _Options:
    from archgen.checkpoint import hints

    best, left, text = settings, len(found.differences), []
    if others := hints.settings(found):
        kept = (each for each in settings.parameters if _name(each) not in others)
        given = [f"{name}={value}" for name, value in others.items()]
        other = replace(settings, parameters=(*kept, *given))
        if (count := _differences(found, spec, other)) < left:
            best, left = other, count
            text += [f"--set {each}" for each in given]
    for sizes in hints.inputs(found):
        other = replace(best, inputs=(sizes,))
        if (count := _differences(found, spec, other)) < left:
            return _Options(" ".join([*text, f"--input {sizes}"]), count)
    return _Options(" ".join(text), left)


def _name(setting: str) -> str:
    return setting.partition("=")[0].strip()


def _differences(found: Fit, spec: str, settings: Settings) -> int:
    """How many keys would differ with other settings; as many as now if the spec has none such."""
    from archgen.checkpoint.fit import fit

    try:
        return len(fit(load(spec, settings), found.contents).differences)
    except ArchError:
        return len(found.differences)
