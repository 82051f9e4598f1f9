"""A difference for a terminal. Nothing from a spec reaches it unescaped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from archgen.analysis.difference import Difference, Edit, KeyPair
from archgen.backends.difference import words
from archgen.report import plural, printable

MOST_PATHS = 6  # of one edit
MOST_KEYS = 8  # of one fate
_SGR = {"+": "32", "-": "31", "~": "33", ">": "36", "=": "36"}

Paint = Callable[[str, str], str]


def render(found: Difference, *, detail: bool = False, color: bool = False) -> str:
    """The edits, the figures before and after, and what becomes of the `state_dict`.

    detail: also what follows from the edits, every path and every key.
    """
    paint = _paint if color else _plain
    lines = [printable(f"{title(found.old)} -> {title(found.new)}")]
    if found.same:
        return f"{lines[0]}\nno difference\n"
    lines += [""]
    most = None if detail else MOST_PATHS
    for edit in found.edits:
        lines += _edit(edit, paint, most)
    lines += _follows(found, paint, detail)
    lines += ["", *_figures(found), "", *_state(found, detail)]
    return "\n".join(lines) + "\n"


def title(network: object) -> str:
    """`resnet50 (resnet50.arch)`."""
    return f"{network.name} ({network.span.source.path})"  # type: ignore[attr-defined]


def _edit(edit: Edit, paint: Paint, most: int | None) -> Iterator[str]:
    sign = words.SIGNS[edit.kind]
    changed = "; ".join(words.details(edit))
    said = f"{words.subject(edit)}: {changed}" if changed else words.subject(edit)
    yield f"{paint(sign, sign)} {printable(said)}"
    spots = [words.place(edit.place.span)]
    if at := words.paths(edit, most or len(edit.paths)):
        spots.append(at)
    yield f"    {printable('  '.join(spots))}"


def _follows(found: Difference, paint: Paint, detail: bool) -> Iterator[str]:
    if not found.follows:
        return
    yield ""
    if not detail:
        yield f"and what follows from it: {plural(len(found.follows), 'more row')} (--detail)"
        return
    yield "what follows from it:"
    yield ""
    for edit in found.follows:
        yield from _edit(edit, paint, None)


def _figures(found: Difference) -> Iterator[str]:
    rows = [("", "before", "after", "change")]
    rows += [(row.name, row.before, row.after, row.change) for row in words.figures(found)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for name, *cells in rows:
        right = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join((name.ljust(widths[0]), *right)).rstrip()


def _state(found: Difference, detail: bool) -> Iterator[str]:
    yield f"state_dict: {words.fates(found.keys)}"
    for fate in words.CHANGED:
        count = getattr(found.keys, fate)
        most = count if detail else MOST_KEYS
        yield from (f"  {fate}: {printable(key(pair))}" for pair in islice(found.state(fate), most))
        if count > most:
            yield f"  {fate}: ... {count - most:,} more"


def key(pair: KeyPair) -> str:
    """`conv1.weight -> stem.0.weight`, `fc.weight 1000 x 512 -> 10 x 512`."""
    old, new = pair.old, pair.new
    if old and new:
        names = old.key if old.key == new.key else f"{old.key} -> {new.key}"
        if old.sizes == new.sizes:
            return names
        return f"{names}: {_sizes(old.sizes)} -> {_sizes(new.sizes)}"
    entry = new or old
    assert entry
    return f"{entry.key} {_sizes(entry.sizes)}".rstrip()


def _sizes(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes)) or "()"


def _paint(text: str, sign: str) -> str:
    return f"\x1b[{_SGR[sign]}m{text}\x1b[0m"


def _plain(text: str, sign: str) -> str:
    return text
