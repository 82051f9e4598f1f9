"""What those see whose checkpoints still load: another function, in evaluation or in training."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.analysis.breaking.carried import carried
from archgen.analysis.breaking.causes import Cause, Causes
from archgen.analysis.breaking.finding import Finding, finding
from archgen.analysis.breaking.numbering import MOST_STEPS, Numbering, count_steps
from archgen.analysis.difference import Difference
from archgen.network import Body, Network, heads_of

MOST_SHOWN = 4  # paths of a finding
_OVER = "with the weights that `archgen transfer` carries"


def numerics(old: Network, new: Network) -> Iterator[Finding]:
    """Where evaluation computes something else with the same weights."""
    yield from _changes(old, new, training=False)


def over_carried(old: Network, new: Network, found: Difference) -> Iterator[Finding]:
    """Where evaluation computes something else with the weights that `transfer` carries, of
    networks that do not hold the same ones."""
    both = carried(old, new, found.match)
    by_name = {*old.body.input_names} == {*new.body.input_names}
    numbering = Numbering(training=False, by_name=by_name, aside=both.aside)
    if not _same(numbering, both.old, both.new):
        for cause in Causes(numbering, both.labels).between(both.old.body, both.new.body):
            yield _finding("B301", cause, new, _OVER)


def training(old: Network, new: Network) -> Iterator[Finding]:
    """Where training does, in networks that are the same in evaluation."""
    yield from _changes(old, new, training=True)


def _changes(old: Network, new: Network, *, training: bool) -> Iterator[Finding]:
    by_name = {*old.body.input_names} == {*new.body.input_names}
    numbering = Numbering(training=training, by_name=by_name)
    if _same(numbering, old, new):
        return
    code = "B501" if training else "B301"
    causes = Causes(numbering).between(old.body, new.body)
    for cause in causes:
        yield _finding(code, cause, new)
    if not causes:
        message = "the network computes something else"
        yield finding(code, message, None, None, otherwise=new.span)


def _same(numbering: Numbering, old: Network, new: Network) -> bool:
    """Whether the results that both have are equal, as far as it can be shown."""
    forms = {(numbering.form(each.body), *_names(each.body)) for each in (old, new)}
    if len(forms) == 1:
        return True
    if max(count_steps(old), count_steps(new)) > MOST_STEPS:
        return False
    before, after = numbering.outputs(old), numbering.outputs(new)
    return all(after[name] == number for name, number in before.items() if name in after)


def _names(body: Body) -> Iterator[str]:
    """Those of its results, of training too."""
    yield from (output.name for output in body.outputs)
    yield from (name for name, _ in heads_of(body))


def _finding(code: str, cause: Cause, new: Network, *notes: str) -> Finding:
    paths = tuple(path for path in cause.paths if path)
    shown = ", ".join(f"`{path}`" for path in paths[:MOST_SHOWN])
    more = cause.times - min(len(paths), MOST_SHOWN)
    where = f"in {shown}" + (f" and {more:,} more" if more > 0 else "")
    return finding(
        code,
        cause.what,
        cause.place,
        cause.old,
        otherwise=new.span,
        paths=paths,
        notes=(where, *notes) if paths else notes,
        trail=cause.trail,
        whole=cause.times <= len(paths),
    )
