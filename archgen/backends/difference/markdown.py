"""A difference as Markdown, for a comment of a review. What comes from a spec stands in code
spans, where nothing of it is markup, a link or a mention."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from archgen.analysis.difference import Difference, Edit
from archgen.backends.difference import words
from archgen.backends.difference.text import key, title
from archgen.report import plural, printable

MOST_PATHS = 6
MOST_EDITS = 100
MOST_KEYS = 20


def render(found: Difference, *, detail: bool = False) -> str:
    """A heading, the edits as a list, a table of the figures, and the `state_dict`."""
    head = f"### {code(title(found.old))} → {code(title(found.new))}"
    if found.same:
        return f"{head}\n\nNo difference.\n"
    parts = [head, "\n".join(edits(found.edits)), table(found), "\n".join(_state(found))]
    if found.follows:
        rows = "\n".join(edits(found.follows))
        what = f"What follows from it: {plural(len(found.follows), 'row')}"
        folded = f"<details><summary>{what}</summary>\n\n{rows}\n\n</details>"
        parts.insert(2, folded if detail else f"{what}.")
    return "\n\n".join(parts) + "\n"


def edits(found: tuple[Edit, ...]) -> Iterator[str]:
    """A list item for each edit."""
    for edit in found[:MOST_EDITS]:
        changed = "; ".join(map(code, words.details(edit)))
        said = f"{code(words.subject(edit))}: {changed}" if changed else code(words.subject(edit))
        at = words.paths(edit, MOST_PATHS)
        where = f", at {code(at)}" if at else ""
        yield f"- **{edit.kind}** {said} ({code(words.place(edit.place.span))}{where})"
    if len(found) > MOST_EDITS:
        yield f"- ... {len(found) - MOST_EDITS:,} more"


def table(found: Difference) -> str:
    """The figures before and after."""
    rows = ["|  | before | after | change |", "| --- | ---: | ---: | ---: |"]
    rows += [
        f"| {row.name} | {row.before} | {row.after} | {row.change} |"
        for row in words.figures(found)
    ]
    return "\n".join(rows)


def _state(found: Difference) -> Iterator[str]:
    yield f"`state_dict`: {words.fates(found.keys)}."
    if not found.keys.changed:
        return
    yield ""
    for fate in words.CHANGED:
        count = getattr(found.keys, fate)
        yield from (f"- {fate} {code(key(pair))}" for pair in islice(found.state(fate), MOST_KEYS))
        if count > MOST_KEYS:
            yield f"- {fate}: {count - MOST_KEYS:,} more"


def code(text: str) -> str:
    """A code span of any text: fenced by more backticks than it holds."""
    text = printable(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"
