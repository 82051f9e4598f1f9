"""What those see who have checkpoints: which keys and shapes of the `state_dict` changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from archgen.analysis.breaking.finding import Finding, finding
from archgen.analysis.breaking.states import Change, States
from archgen.analysis.difference import difference
from archgen.analysis.paths import node_at
from archgen.network import Network
from archgen.text import Span

MOST_CHANGES = 1_000  # that are looked at; there could be one for each of 10^9 blocks
MOST_LINES = 8  # of a finding
_KINDS = (
    ("B201", "gone", "no longer in the `state_dict`"),
    ("B202", "new", "new in the `state_dict`"),
    ("B203", "reshaped", "of another shape"),
)


def weights(old: Network, new: Network) -> Iterator[Finding]:
    """Why a checkpoint of the old network does not load into the new one, if it does not."""
    states = States()
    every = states.changes(states.of(old.body), states.of(new.body))
    changes = list(islice(every, MOST_CHANGES))
    help = _help(old, new) if changes else None
    for code, kind, what in _KINDS:
        if some := [change for change in changes if change.kind == kind]:
            cut = len(changes) == MOST_CHANGES
            yield _finding(code, what, some, old, new, cut=cut, help=help)


def _help(old: Network, new: Network) -> str:
    keys = difference(old, new).keys
    carried = keys.kept + keys.renamed
    total = carried + keys.reshaped + keys.new
    return f"`archgen transfer` carries {carried:,} of the {total:,} tensors of the new network"


def starts(old: Network, new: Network) -> Iterator[Finding]:
    """Which weights of a new network start differently, where the same ones are in both."""
    states = States(starts=True)
    every = states.changes(states.of(old.body), states.of(new.body))
    changes = list(islice(every, MOST_CHANGES))
    if changes:
        what = "started otherwise"
        yield _finding("B502", what, changes, old, new, cut=len(changes) == MOST_CHANGES)


def _finding(
    code: str,
    what: str,
    changes: Sequence[Change],
    old: Network,
    new: Network,
    *,
    cut: bool,
    help: str | None = None,
) -> Finding:
    keys = sum(change.keys for change in changes)
    least = "at least " if cut else ""
    message = f"{least}{keys:,} {'key is' if keys == 1 else 'keys are'} {what}"
    first = changes[0]
    place = None if first.kind == "gone" else _place(new, first)
    was = None if first.kind == "new" else _place(old, first)
    lines = list(map(_line, changes[:MOST_LINES]))
    if len(changes) > MOST_LINES:
        lines.append(f"and {len(changes) - MOST_LINES:,} more")
    paths = tuple(change.shown for change in changes)
    notes = ("\n".join(lines),)
    return finding(
        code,
        message,
        place,
        was,
        otherwise=new.span,
        paths=paths,
        notes=notes,
        help=help,
        whole=not cut,
    )


def _line(change: Change) -> str:
    """`layer1.0.conv1.weight: 64 x 3 x 7 x 7, it was 64 x 3 x 3 x 3`, `layer4 (60 keys)`."""
    if change.old is not None and change.new is not None and change.old != change.new:
        return f"{change.shown}: {_sizes(change.new)}, it was {_sizes(change.old)}"
    sizes = change.new if change.old is None else change.old
    if sizes is not None:
        return f"{change.shown}: {_sizes(sizes)}"
    return f"{change.shown} ({change.keys:,} {'key' if change.keys == 1 else 'keys'})"


def _sizes(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes)) or "one number"


def _place(network: Network, change: Change) -> Span | None:
    """The node that a path leads to, as far as it does."""
    node = node_at(network.body, change.path)
    return node.span if node else None
