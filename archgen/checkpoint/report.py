"""How weights fit a network, as text for people and as JSON for programs.

The JSON is one object, its structure stable within a `version`:

    {"version": 1, "checkpoint": "model.pt", "network": "resnet50", "fits": false,
     "tensors": 320, "dtypes": {"float32": 267, "int64": 53},
     "missing": [{"key", "shape", "place"}], "unexpected": [{"key", "shape", "dtype"}],
     "reshaped": [{"key", "shape", "held", "place"}], "hints": ["..."]}

where `shape` is the network's (of unexpected keys the checkpoint's), `held` the checkpoint's,
null for what is no tensor, and `place` is "path", "line", "column", or null.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from archgen.checkpoint.contents import Contents
from archgen.checkpoint.fit import Difference, Fit, Part, place_of
from archgen.checkpoint.hints import renames
from archgen.checkpoint.identify import Match
from archgen.report import plural, printable
from archgen.text import Span

MOST_ROWS = 50


def render_text(fit: Fit, shown: str, hints: Sequence[str] = ()) -> str:
    """A line that says it, then one for each layer that differs."""
    verb = "fits" if fit.fits else "does not fit"
    lines = [f"{printable(shown)} {verb} {fit.network.name}: {_counted(fit.contents)}"]
    lines += table(list(_rows(fit)))
    return "\n".join([*lines, *(f"  = help: {printable(hint)}" for hint in hints)])


def render_json(fit: Fit, shown: str, hints: Sequence[str] = ()) -> str:
    report = {
        "version": 1,
        "checkpoint": shown,
        "network": fit.network.name,
        "fits": fit.fits,
        "tensors": sum(fit.contents.dtypes.values()),
        "dtypes": fit.contents.dtypes,
        "missing": [_wanted(fit, each) for each in fit.of("missing")],
        "unexpected": [_unexpected(each) for each in fit.of("unexpected")],
        "reshaped": [_wanted(fit, each) | _held(each) for each in fit.of("reshaped")],
        "hints": list(hints),
    }
    return json.dumps(report, indent=2)


def matches_text(matches: Sequence[Match], contents: Contents, shown: str) -> str:
    """Which shipped networks a checkpoint is of."""
    lines = [f"{printable(shown)}: {_counted(contents)}"]
    for each in matches:
        verb = "fits" if each.fit.fits else "has the keys of"
        verb = f"without `{printable(each.prefix)}` {verb}" if each.prefix else verb
        other = "; ".join(text for part in each.fit.parts for text in _what(part, full=True))
        lines.append(f"  {verb} {each.name} ({each.file})" + (f": {other}" if other else ""))
    if not matches:
        lines.append("  no shipped network has its keys")
    return "\n".join(lines)


def matches_json(matches: Sequence[Match], contents: Contents, shown: str) -> str:
    """The same: `networks` has those with its keys, `prefix` is what has to be taken off."""
    report = {
        "version": 1,
        "checkpoint": shown,
        "tensors": sum(contents.dtypes.values()),
        "dtypes": contents.dtypes,
        "networks": [
            {
                "name": each.name,
                "file": each.file,
                "prefix": each.prefix,
                "fits": each.fits,
                "reshaped": [_wanted(each.fit, key) | _held(key) for key in each.fit.differences],
            }
            for each in matches
        ],
    }
    return json.dumps(report, indent=2)


# --- text ---------------------------------------------------------------------------------


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells, the first of them aligned, as many as anybody reads."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)][:-1]
    lines = []
    for row in rows[:MOST_ROWS]:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=False))
        lines.append("  " + "  ".join((*cells, row[-1])).rstrip())
    if len(rows) > MOST_ROWS:
        lines.append(f"  ... and {len(rows) - MOST_ROWS:,} more; --format json has them all")
    return lines


def _counted(contents: Contents) -> str:
    """`320 tensors (float32 267, int64 53)`."""
    dtypes = contents.dtypes
    kinds = ", ".join(f"{dtype} {count:,}" for dtype, count in dtypes.items())
    kinds = next(iter(dtypes)) if len(dtypes) == 1 else kinds
    return plural(sum(dtypes.values()), "tensor") + (f" ({kinds})" if kinds else "")


def _rows(fit: Fit) -> Iterator[tuple[str, str, str, str]]:
    parts = fit.parts
    renamed = renames(parts)
    for part in parts:
        what = "; ".join(_what(part)) if part.kind == "reshaped" else _how_much(part)
        remark = f"did you mean `{printable(renamed[part.path])}`?" if part.path in renamed else ""
        place = place_text(part.place)
        yield part.kind, printable(part.path), what, "  ".join(filter(None, (place, remark)))


def _how_much(part: Part) -> str:
    if len(part.differences) > 1:
        return plural(len(part.differences), "tensor")
    (each,) = part.differences
    name = each.key.removeprefix(part.path).removeprefix(".")
    return f"{printable(name)} {_shape(each)}".strip()


def _what(part: Part, *, full: bool = False) -> Iterator[str]:
    for each in part.differences:
        name = printable(each.key if full else each.key.removeprefix(part.path).removeprefix("."))
        wanted = sizes_text(each.wanted.sizes) if each.wanted else ""
        yield f"{name} is {_shape(each, of_checkpoint=True)}, not {wanted}".strip()


def _shape(each: Difference, *, of_checkpoint: bool = False) -> str:
    if each.wanted and not of_checkpoint:
        return sizes_text(each.wanted.sizes)
    if each.held is None or each.held.shape is None:
        return f"no tensor but of type {each.held.dtype}" if each.held else ""
    return sizes_text(each.held.shape)


def sizes_text(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes)) or "one number"


def place_text(span: Span | None) -> str:
    if span is None:
        return ""
    line, column = span.source.line_column(span.start)
    return f"{printable(span.source.path)}:{line}:{column}"


# --- JSON ---------------------------------------------------------------------------------


def _wanted(fit: Fit, each: Difference) -> dict[str, object]:
    assert each.wanted
    place = place_json(place_of(fit.network, each.key))
    return {"key": each.key, "shape": each.wanted.sizes, "place": place}


def place_json(span: Span | None) -> dict[str, object] | None:
    if span is None:
        return None
    line, column = span.source.line_column(span.start)
    return {"path": span.source.path, "line": line, "column": column}


def _unexpected(each: Difference) -> dict[str, object]:
    assert each.held
    return {"key": each.key, "shape": each.held.shape, "dtype": each.held.dtype}


def _held(each: Difference) -> dict[str, object]:
    assert each.held
    return {"held": each.held.shape, "dtype": each.held.dtype}
