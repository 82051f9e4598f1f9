"""A difference in words, the same for every format. Knows neither terminals nor Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from archgen.analysis.difference import Difference
from archgen.analysis.difference.model import Argument, Edit, Fate, KeyCounts
from archgen.analysis.numerals import shapes
from archgen.text import Span

SIGNS: Final = {"added": "+", "removed": "-", "changed": "~", "moved": ">", "renamed": "="}
CHANGED: Final[tuple[Fate, ...]] = ("renamed", "reshaped", "gone", "new")
_UNITS = ((12, "T"), (9, "G"), (6, "M"), (3, "K"))
_FIGURES: Final = {
    "params": "parameters",
    "buffers": "buffers",
    "macs": "MACs",
    "activations": "activations",
    "depth": "depth",
}
_SHORT = {"macs", "activations"}
MOST_PLACES = 3  # of a value that is not the same everywhere
_REPLACED = {"layer", "block"}  # one thing became another
_LABELS = {"from": "reads", "name": "called"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of figures."""

    name: str
    before: str
    after: str
    change: str


def subject(edit: Edit) -> str:
    """What an edit is about: `conv(64, 3)`, `relu -> gelu`."""
    match edit.aspect:
        case "input":
            return "input"
        case "parameter":
            return f"parameter {edit.arguments[0].name}"
        case "head":
            return f"training head {edit.what}"
        case _ if edit.old and edit.new and _is_replaced(edit):
            return f"{edit.old.what} -> {edit.new.what}"
        case _:
            return edit.what


def _is_replaced(edit: Edit) -> bool:
    """Whether one layer or block became another one."""
    if edit.kind != "changed" or not edit.old or not edit.new:
        return False
    names = {re.split(r"[( ]", each.what)[0] for each in (edit.old, edit.new)}
    return len(names) > 1 or any(each.name in _REPLACED for each in edit.arguments)


def details(edit: Edit) -> list[str]:
    """What changed about it: `stride 2 -> 1`."""
    shown = [each for each in edit.arguments if each.name not in _REPLACED]
    if edit.aspect in {"input", "parameter"}:
        return [_arrow(each) for each in shown]
    if edit.aspect == "value":
        return [f"value {_arrow(each)}" for each in shown]
    return [f"{_LABELS.get(each.name, each.name)} {_arrow(each)}" for each in shown]


def _arrow(argument: Argument) -> str:
    more = f" (only in {_listed(argument.paths, MOST_PLACES)})" if argument.varies else ""
    before, after = argument.before, argument.after
    if before is None and after is None:
        return "other"
    if before is None:
        return f"{after} (new){more}"
    if after is None:
        return f"{before} (gone){more}"
    return f"{before} -> {after}{more}"


def place(span: Span) -> str:
    """`specs/net.arch:14:3`."""
    line, column = span.source.line_column(span.start)
    return f"{span.source.path}:{line}:{column}" if span.source.text else span.source.path


def paths(edit: Edit, most: int) -> str:
    """`layer2.0.conv1, layer3.0.conv1`, at most so many; "" for the network itself."""
    return _listed([path for path in edit.paths if path], most)


def _listed(named: Sequence[str], most: int) -> str:
    more = f", ... ({len(named) - most} more)" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def figures(found: Difference) -> Iterator[Row]:
    """The figures of both, and how they changed; the shape of the output where it did."""
    for figure in found.figures:
        if figure.name == "buffers" and not figure.change:
            continue
        short = figure.name in _SHORT
        unit = _unit(max(figure.before, figure.after)) if short else (0, "")
        before, after = _amount(figure.before, unit), _amount(figure.after, unit)
        yield Row(_FIGURES[figure.name], before, after, signed(figure.change, unit))
    outputs = [
        shapes(each.body.values[output.value] for output in each.body.outputs)
        for each in (found.old, found.new)
    ]
    yield Row("output", outputs[0], outputs[1], "" if outputs[0] == outputs[1] else "other")


def _unit(number: int) -> tuple[int, str]:
    return next(((power, unit) for power, unit in _UNITS if number >= 10**power), (0, ""))


def _amount(number: int, unit: tuple[int, str]) -> str:
    power, name = unit
    return f"{number:,}" if not power else f"{number / 10**power:,.3f} {name}"


def signed(change: int, unit: tuple[int, str] | None = None) -> str:
    """`+0.231 G`, `0`, `-1,024`."""
    power, name = unit or _unit(abs(change))
    if not change:
        return "0"
    return f"{change:+,}" if not power else f"{change / 10**power:+,.3f} {name}"


def fates(counts: KeyCounts) -> str:
    """`637 kept, 90 reshaped, 288 new`."""
    named = ("kept", "renamed", "reshaped", "gone", "new")
    parts = [f"{getattr(counts, name):,} {name}" for name in named if getattr(counts, name)]
    return ", ".join(parts) or "empty"
