"""How weights fit a network, as text for people and as JSON for programs.

The JSON is one object, its structure stable within a `version`:

    {"version": 1, "checkpoint": "model.pt", "network": "resnet50", "fits": false,
     "tensors": 320, "dtypes": {"float32": 267, "int64": 53},
     "missing": [{"key", "shape", "place"}], "unexpected": [{"key", "shape", "dtype"}],
     "reshaped": [{"key", "shape", "held", "dtype", "place"}],
     "retyped": [{"key", "shape", "held", "dtype", "layout", "place"}], "hints": ["..."]}

where `shape` is the network's (of unexpected keys the checkpoint's), `held` the checkpoint's,
null for what is no tensor, and `place` is "path", "line", "column", or null.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from archgen.checkpoint.contents import STRIDED, Contents
from archgen.checkpoint.differences import Comparison, Difference, Part, place_of
from archgen.checkpoint.grouping import paths, whole
from archgen.checkpoint.renames import renames
from archgen.report import plural, printable
from archgen.text import Span

MOST_ROWS = 50
WANTED = {"float": "real floating-point numbers", "index": "integers", "bool": "booleans"}


def render_text(fit: Comparison, shown: str) -> str:
    """A line that says it, then one for each layer that differs."""
    verb = "fits" if fit.fits else "does not fit"
    lines = [f"{printable(shown)} {verb} {fit.network.name}: {counted(fit.contents)}"]
    return "\n".join([*lines, *rows(fit)])


def rows(fit: Comparison, most: int = MOST_ROWS) -> list[str]:
    """A line for each layer that differs, or for the largest block that does as a whole."""
    return table(list(_rows(fit)), most)


def hint_text(hint: str) -> str:
    return f"  = help: {printable(hint)}"


def render_json(fit: Comparison, shown: str, hints: Sequence[str] = ()) -> str:
    report = {
        "version": 1,
        "checkpoint": shown,
        "network": fit.network.name,
        "fits": fit.fits,
        "tensors": sum(fit.contents.dtypes.values()),
        "dtypes": fit.contents.dtypes,
        "missing": [wanted_json(fit, each) for each in fit.of("missing")],
        "unexpected": [_unexpected(each) for each in fit.of("unexpected")],
        "reshaped": [wanted_json(fit, each) | held_json(each) for each in fit.of("reshaped")],
        "retyped": [wanted_json(fit, each) | _retyped(each) for each in fit.of("retyped")],
        "hints": list(hints),
    }
    return json.dumps(report, indent=2)


# --- text ---------------------------------------------------------------------------------


def table(rows: Sequence[Sequence[str]], most: int = MOST_ROWS) -> list[str]:
    """Rows of cells, the first of them aligned, as many as anybody reads."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)][:-1]
    lines = []
    for row in rows[:most]:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=False))
        lines.append("  " + "  ".join((*cells, row[-1])).rstrip())
    if len(rows) > most:
        lines.append(f"  ... and {len(rows) - most:,} more; --format json has them all")
    return lines


def counted(contents: Contents) -> str:
    """`320 tensors (float32 267, int64 53)`."""
    dtypes = contents.dtypes
    kinds = ", ".join(f"{dtype} {count:,}" for dtype, count in dtypes.items())
    kinds = next(iter(dtypes)) if len(dtypes) == 1 else kinds
    return plural(sum(dtypes.values()), "tensor") + (f" ({kinds})" if kinds else "")


def _rows(fit: Comparison) -> Iterator[tuple[str, str, str, str]]:
    renamed = renames(fit)
    parts = chain.from_iterable(_split(fit, part, renamed) for part in fit.parts)
    for part in parts:
        alike = part.kind in ("missing", "unexpected")
        what = _how_much(part) if alike else "; ".join(what_differs(part))
        other = renamed.get(part.path) if part.kind == "missing" else None
        remark = f"did you mean `{printable(other)}`?" if other else ""
        place = place_text(part.place)
        yield part.kind, printable(part.path), what, "  ".join(filter(None, (place, remark)))


def _split(fit: Comparison, part: Part, renamed: Mapping[str, str]) -> Iterator[Part]:
    """A part that is missing, by what of it may have been renamed."""
    owners = {
        each.key: next((path for path in paths(each.key) if path in renamed), "")
        for each in part.differences
    }
    rest = [key for key, owner in owners.items() if not owner]
    if part.kind != "missing" or part.path in renamed or len(rest) == len(owners):
        yield part
        return
    groups: dict[str, list[str]] = {}
    for key, owner in owners.items():
        groups.setdefault(owner, []).append(key)
    groups.pop("", None)
    by_key = {each.key: each for each in part.differences}
    for path, keys in (groups | whole(rest, owners)).items():
        differences = tuple(by_key[key] for key in keys)
        yield Part(part.kind, path, differences, place_of(fit.network, path))


def _how_much(part: Part) -> str:
    if len(part.differences) > 1:
        return plural(len(part.differences), "tensor")
    (each,) = part.differences
    name = each.key.removeprefix(part.path).removeprefix(".")
    return f"{printable(name)} {_shape(each)}".strip()


def what_differs(part: Part, *, full: bool = False) -> Iterator[str]:
    for each in part.differences:
        name = printable(each.key if full else each.key.removeprefix(part.path).removeprefix("."))
        if part.kind == "retyped":
            wanted = WANTED[each.wanted.numbers if each.wanted else "float"]
            yield f"{name} holds {_kind(each)}, not {wanted}".strip()
            continue
        wanted = sizes_text(each.wanted.sizes) if each.wanted else ""
        yield f"{name} is {_shape(each, of_checkpoint=True)}, not {wanted}".strip()


def _kind(each: Difference) -> str:
    """`qint8`, `sparse_coo float32`."""
    assert each.held
    layout = "" if each.held.layout == STRIDED else f"{each.held.layout} "
    return printable(f"{layout}{each.held.dtype}")


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


def wanted_json(fit: Comparison, each: Difference) -> dict[str, object]:
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


def held_json(each: Difference) -> dict[str, object]:
    assert each.held
    return {"held": each.held.shape, "dtype": each.held.dtype}


def _retyped(each: Difference) -> dict[str, object]:
    assert each.held
    return held_json(each) | {"layout": each.held.layout}
