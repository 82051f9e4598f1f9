"""A change of specs as one Markdown comment for its reviewers.

    marker and heading, figures of each network, what breaks, the edits, drawings (folded)

Bounded: GitHub refuses a comment of more than 65,536 characters. Each part has a room of its own,
takes what the parts before it left, and says what it leaves out. Nothing from a spec is markup: it
stands in code spans, or in diagrams, whose labels are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from archgen.analysis.difference import Difference, difference
from archgen.analysis.figures import Figures, figures
from archgen.analysis.numerals import short
from archgen.backends.difference import markdown
from archgen.backends.difference.markdown import code
from archgen.backends.drawing import draw_difference
from archgen.backends.drawing.mermaid import renders
from archgen.breakage import Met, Report, verdict
from archgen.diagnostics import ArchError, Diagnostic
from archgen.network import Network
from archgen.report import plural, printable
from archgen.versions import Pair, Reconfigured

LARGEST = 60_000  # UTF-8 bytes of a comment: never more characters than GitHub takes (65,536)
MOST_DRAWINGS = 8
_FIGURES = ("params", "macs", "depth", "activations")
_ROOM = {"table": 16_000, "breaks": 34_000, "edits": 50_000, "drawings": LARGEST - 200}


def marker(key: str = "") -> str:
    """The first line, by which a bot finds the comment that it wrote before: one for each key."""
    return f"<!-- archgen review{f': {key}' if key else ''} -->"


def review(
    report: Report, against: str, key: str = "", settings: Sequence[Reconfigured] = ()
) -> str:
    """The comment for what was compared with a revision or path; ends in a newline.

    key: tells apart several comments on one change. settings: configuration that changed too.
    At most `LARGEST` bytes, whatever changed.
    """
    changes = [change for pair in report.pairs if (change := _change(pair)).is_news]
    shown = f"{code(key)}: " if key else ""
    if not (changes or report.diagnostics or settings):
        return f"{marker(key)}\n{shown}No network changed since {code(against)}.\n"
    comment = _Comment(marker(key), f"### {shown}{_heading(report, changes, against)}")
    comment.add_list("table", [*map(_reconfigured, settings)], "files")
    comment.add_list("table", [*_HEAD, *map(_row, changes)] if changes else [], "rows")
    comment.add_list("breaks", list(_breaks(report)), "findings")
    alike = _alike(changes)
    comment.add_all("edits", _edits(alike), "more lists of edits left out")
    comment.add_whole("drawings", _drawings(alike))
    return comment.text


@dataclass(frozen=True, slots=True)
class _Change:
    """A pair with its difference, if there are both sides."""

    pair: Pair
    found: Difference | None

    @property
    def is_news(self) -> bool:
        return self.found is None or not self.found.same

    @property
    def name(self) -> str:
        return f"{self.pair.path}:{self.pair.arch}"


def _change(pair: Pair) -> _Change:
    if pair.old is None or pair.new is None:
        return _Change(pair, None)
    return _Change(pair, difference(pair.old, pair.new))


def _heading(report: Report, changes: Sequence[_Change], against: str) -> str:
    what = verdict(report).replace("`", "")
    what += f", {plural(len(report.faults), 'fault')}" if report.faults else ""
    return f"{plural(len(changes), 'network')} changed since {code(against)}: {what}"


def _reconfigured(file: Reconfigured) -> str:
    tables = ", ".join(map(code, file.tables))
    return (
        f"- **configuration** {code(file.path)} changed ({tables}): "
        "what is checked, and what may break, can differ"
    )


# --- figures --------------------------------------------------------------------------------------

_HEAD = (
    "| network | parameters | MACs | depth | activations |",
    "| :--- | ---: | ---: | ---: | ---: |",
)


def _row(change: _Change) -> str:
    old, new = (_figures(each) for each in (change.pair.old, change.pair.new))
    name = code(change.name).replace("|", "\\|")
    if old is None or new is None:
        only = new or old
        cells = [_number(name, getattr(only, name)) for name in _FIGURES]
        return _cells(f"{name} ({'new' if new else 'removed'})", *cells)
    pairs = ((each, getattr(old, each), getattr(new, each)) for each in _FIGURES)
    return _cells(name, *(_cell(*each) for each in pairs))


def _figures(network: Network | None) -> Figures | None:
    return figures(network) if network else None


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(name: str, before: int, after: int) -> str:
    if before == after:
        return _number(name, after)
    change = f"{after - before:+,}"
    if before and name != "depth":
        change = f"{100 * (after - before) / before:+.3g} %"
    return f"{_number(name, before)} → {_number(name, after)} ({change})"


def _number(name: str, value: int) -> str:
    return f"{value:,}" if name in {"params", "depth"} else short(value)


# --- what breaks ----------------------------------------------------------------------------------


def _breaks(report: Report) -> Iterator[str]:
    for fault in (*report.faults, *report.unused):
        yield f"- **{fault.severity.value}** {_said(fault)}"
    for each in report.met:
        yield f"- **{each.finding.category.value}** {_said(each.finding.diagnostic)}{_of(each)}"


def _said(diagnostic: Diagnostic) -> str:
    """The message, its code and its place."""
    span = diagnostic.span
    line = f":{span.line}" if span.source.text else ""
    message = code(diagnostic.message.replace("`", ""))
    return f"{message} ({diagnostic.code}, {code(span.source.path + line)})"


def _of(met: Met) -> str:
    more = f" and {len(met.archs) - 1:,} more" if len(met.archs) > 1 else ""
    allowed = f"; allowed: {code(met.reason)}" if met.reason else ""
    return f", {code(met.archs[0])}{more}{allowed}"


# --- edits and drawings ---------------------------------------------------------------------------

Alike = list[tuple[str, list[_Change]]]


def _alike(changes: Sequence[_Change]) -> Alike:
    """The edits as a list, with the networks that all have them."""
    known: dict[str, list[_Change]] = {}
    for change in changes:
        if change.found is not None:
            known.setdefault("\n".join(markdown.edits(change.found.edits)), []).append(change)
    return list(known.items())


def _edits(alike: Alike) -> list[str]:
    return [f"{_names(group)}\n\n{edits}" for edits, group in alike]


def _names(group: Sequence[_Change]) -> str:
    shown = ", ".join(code(each.name) for each in group[:4])
    return f"{shown} and {len(group) - 4:,} more:" if len(group) > 4 else f"{shown}:"


def _drawings(alike: Alike) -> Iterator[str]:
    """What changed as a diagram, folded; of networks with the same edits the first."""
    for _, group in alike:
        found = group[0].found
        diagram = _diagram(found) if found else None
        if diagram:
            # In HTML no Markdown holds; GitHub looks for no mentions in `code`.
            name = f"<code>{escape(printable(group[0].name))}</code>"
            head = f"<details><summary>What changed in {name}, drawn</summary>"
            yield f"{head}\n\n```mermaid\n{diagram}```\n\n</details>"


def _diagram(found: Difference) -> str | None:
    """The most detailed Mermaid text that GitHub draws; None if it would draw none."""
    for level in ("block", "stage"):
        try:
            text = draw_difference(found, level).mermaid
        except ArchError:
            continue  # too large at this level
        if renders(text):
            return text
    return None


# --- room -----------------------------------------------------------------------------------------


class _Comment:
    """Parts one below the other, each in what room it has."""

    def __init__(self, *head: str) -> None:
        self._text = "\n".join(head)

    @property
    def text(self) -> str:
        return f"{self._text}\n"

    def add_list(self, part: str, lines: Sequence[str], noun: str) -> None:
        """One block, as many of its lines as there is room for."""
        kept = self._fitting(part, lines)
        self._add("\n".join(kept))
        self._tell(len(lines) - len(kept), f"more {noun} left out")

    def add_all(self, part: str, blocks: Sequence[str], noun: str) -> None:
        """Blocks, as many as there is room for, of the last one as many lines."""
        for number, block in enumerate(blocks):
            lines = block.split("\n")
            kept = self._fitting(part, lines)
            if len(kept) < len(lines):
                if len(kept) > 2:  # a heading, a line between, and something
                    self._add("\n".join(kept))
                    self._tell(len(lines) - len(kept), "more lines left out")
                    number += 1
                self._tell(len(blocks) - number, noun)
                return
            self._add(block)

    def add_whole(self, part: str, blocks: Iterable[str]) -> None:
        """Blocks that are nothing if they are cut, as many as there is room for."""
        for number, block in enumerate(blocks):
            if number == MOST_DRAWINGS or not self._fitting(part, [block]):
                self._add("… no more drawings: `archgen draw --diff` makes them.")
                return
            self._add(block)

    def _fitting(self, part: str, items: Sequence[str]) -> list[str]:
        left = _ROOM[part] - len(self._text.encode())
        kept: list[str] = []
        for item in items:
            left -= len(item.encode()) + 2
            if left < 0:
                break
            kept.append(item)
        return kept

    def _add(self, block: str) -> None:
        self._text += f"\n\n{block}" if block else ""

    def _tell(self, count: int, what: str) -> None:
        if count:
            self._add(f"… {count:,} {what}.")
