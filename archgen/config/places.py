"""Where a setting stands in the text of a TOML file that parses.

`tomllib` gives values without places. Here lines are read, not TOML: a setting that is written in
an unusual way (a table in one line, a quoted dotted key) is shown by the nearest thing around it
that is found. Only messages depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from archgen.text import Source, Span

_HEADER: Final = re.compile(r"^[ \t]*(\[\[?)([^\]\n]+)\]", re.MULTILINE)
_KEY: Final = re.compile(r"^[ \t]*([A-Za-z0-9_.\-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*=", re.MULTILINE)

Path = tuple[str | int, ...]


def place_of(source: Source, path: Sequence[str | int]) -> Span:
    """The key of a setting, or of the innermost table or list around it that can be found."""
    places = _places(source)
    wanted: Path = tuple(path)
    while wanted:
        if wanted in places:
            return places[wanted]
        wanted = wanted[:-1]
    return source.span(0, 0)


def _places(source: Source) -> dict[Path, Span]:
    """Each key and each table header by its path; the first one of a path counts."""
    places: dict[Path, Span] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    found = [*_HEADER.finditer(source.text), *_KEY.finditer(source.text)]
    for match in sorted(found, key=lambda each: each.start()):
        if match.re is _HEADER:
            table = _parts(match[2])
            if match[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                places.setdefault(table, source.span(*match.span(2)))
                table = (*table, counts[table])
            places.setdefault(table, source.span(*match.span(2)))
        else:
            places.setdefault((*table, *_parts(match[1])), source.span(*match.span(1)))
    return places


def _parts(key: str) -> Path:
    key = key.strip()
    if key[:1] in "\"'":
        return (key[1:-1],)
    parts = re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", key)
    return tuple(part.strip("\"'") for part in parts)
