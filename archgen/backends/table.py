"""A summary as text: an aligned table, Markdown, or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from textwrap import wrap

from archgen.analysis.figures import CONVENTION, Figures
from archgen.analysis.memory.amounts import KEPT, Training
from archgen.analysis.numerals import per_axis, plain, shapes, short
from archgen.analysis.sizes.words import (
    depend_on_sizes,
    input_text,
    output_text,
    requirement,
    row_texts,
    sizes_as_data,
)
from archgen.analysis.summary import Row, Summary, summarise
from archgen.backends.training import Told
from archgen.network import Network

FORMATS = ("table", "markdown", "json")
_HEADS = ("path", "layer", "output", "parameters", "MACs")
_NUMERIC = (False, False, False, True, True, True)
_REMARKS = {"run": "", "reused": " (weights of before)", "training": " (in training only)"}


def render(
    network: Network,
    depth: int = 1,
    format: str = "table",
    *,
    sizes: bool = False,
    training: Training | None = None,
) -> str:
    """The summary of a network down to `depth` levels, ending in a newline.

    With `sizes` the outputs are functions of the input's sizes: `2048 x ceil(H / 32) x ...`. With
    `training` there is a column of what such a step keeps, and the memory that it takes in all.
    Raises `ValueError` for a format that is not among `FORMATS`.
    """
    summary = summarise(network, depth)
    told = Told(network, depth, training) if training else None
    match format:
        case "table":
            return _as_table(summary, _outputs(summary, depth, sizes), told)
        case "markdown":
            return _as_markdown(summary, _outputs(summary, depth, sizes), told)
        case "json":
            data = _as_data(summary, told)
            return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        case _:
            raise ValueError(f"format is one of {', '.join(FORMATS)}, not {format!r}")


# --- text ---------------------------------------------------------------------------------


def _outputs(summary: Summary, depth: int, sizes: bool) -> list[str]:
    """What stands in the column of outputs, row by row."""
    known = row_texts(summary.sizes, depth) if sizes else {}
    return [known.get(row.path, shapes(row.outputs)) for row in summary.rows]


def _as_table(summary: Summary, outputs: Sequence[str], told: Told | None) -> str:
    heads, cells, total = _columns(summary, outputs, "  ", "total", told)
    widths = [max(map(len, column)) for column in zip(heads, *cells, total, strict=True)]
    rule = "  ".join("-" * width for width in widths)
    lines = [
        f"{summary.name}: {shapes(summary.inputs)} -> {shapes(summary.figures.outputs)}",
        "",
        _aligned(heads, widths),
        rule,
        *(_aligned(row, widths) for row in cells),
        rule,
        _aligned(total, widths),
        *_cut(summary),
        "",
        *(line for name, value in _facts(summary, told) for line in _fact(name, value)),
        "",
        *wrap(CONVENTION, width=88),
        *(["", *wrap(KEPT, width=88)] if told else []),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _as_markdown(summary: Summary, outputs: Sequence[str], told: Told | None) -> str:
    heads, cells, total = _columns(summary, outputs, "&nbsp;&nbsp;", "**total**", told)
    marks = ["---:" if numeric else "---" for numeric in _NUMERIC[: len(heads)]]
    lines = [
        f"### {_escaped(summary.name)}",
        "",
        *map(_line, (heads, marks, *(map(_escaped, row) for row in cells), total)),
        *_cut(summary),
        "",
        *(f"- {name}: {value}" for name, value in _facts(summary, told)),
        "",
        CONVENTION,
        *(["", KEPT] if told else []),
    ]
    return "\n".join(lines) + "\n"


def _columns(
    summary: Summary, outputs: Sequence[str], indent: str, whole: str, told: Told | None
) -> tuple[tuple[str, ...], list[tuple[str, ...]], tuple[str, ...]]:
    """Heads, cells and totals."""
    cells = _all_cells(summary.rows, outputs, indent)
    total = (whole, "", shapes(summary.figures.outputs), *_totals(summary.figures))
    if told is None:
        return _HEADS, cells, total
    kept = [told.kept(row) for row in summary.rows]
    more = [(*row, each) for row, each in zip(cells, kept, strict=True)]
    return (*_HEADS, "kept"), more, (*total, told.text(told.memory.kept))


def _cut(summary: Summary) -> list[str]:
    return ["", f"Only the first {len(summary.rows):,} rows are shown."] if summary.cut else []


def _all_cells(rows: Sequence[Row], outputs: Sequence[str], indent: str) -> list[tuple[str, ...]]:
    """A role is told where it begins, not again for what is inside."""
    cells = []
    roles: list[str] = []  # of the row itself and those that it is in
    for row, output in zip(rows, outputs, strict=True):
        roles = [*roles[: row.level], row.role]
        told = row.level > 0 and roles[-2] == row.role
        cells.append(_cells(row, output, indent, "" if told else _REMARKS[row.role]))
    return cells


def _cells(row: Row, output: str, indent: str, remark: str) -> tuple[str, ...]:
    times = f" x {row.count:,}" if row.count > 1 else ""
    return (
        indent * row.level + row.path,
        row.layer + times + remark,
        output,
        f"{row.params:,}",
        f"{row.macs:,}",
    )


def _totals(figures: Figures) -> tuple[str, str]:
    return f"{figures.params:,}", f"{figures.macs:,}"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        cell.rjust(width) if numeric else cell.ljust(width)
        for cell, width, numeric in zip(cells, widths, _NUMERIC, strict=False)
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text that Markdown and HTML in a table cell leave as it is."""
    for char in "\\|`*_[]<>":
        text = text.replace(char, f"\\{char}")
    return text


def _fact(name: str, value: str) -> list[str]:
    indent = " " * 16
    lines = wrap(value, width=88, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{name:<16}{lines[0]}", *(indent + line for line in lines[1:])]


def _facts(summary: Summary, told: Told | None) -> tuple[tuple[str, str], ...]:
    figures, sizes = summary.figures, summary.sizes
    taken = [("input", f"{input_text(sizes)}: {requirement(sizes)}")] if sizes.axes else []
    made = [("output", output_text(sizes))] if depend_on_sizes(sizes) else []
    return (
        *taken,
        *made,
        ("parameters", f"{figures.params:,}"),
        ("buffers", f"{figures.buffers:,}"),
        ("MACs", f"{figures.macs:,} ({short(figures.macs)})"),
        ("FLOPs", f"{figures.flops:,} ({short(figures.flops)})"),
        ("activations", f"{figures.activations:,}"),
        ("depth", f"{figures.depth:,}"),
        ("reduction", per_axis(figures.reduction)),
        ("receptive field", per_axis(figures.receptive_field)),
        *(told.facts() if told else ()),
    )


# --- data ---------------------------------------------------------------------------------


def _as_data(summary: Summary, told: Told | None) -> dict[str, object]:
    figures = summary.figures
    return {
        "name": summary.name,
        "doc": summary.doc,
        "convention": CONVENTION,
        "inputs": [list(shape.sizes) for shape in summary.inputs],
        "outputs": [list(shape.sizes) for shape in figures.outputs],
        "cut": summary.cut,
        "rows": [row.data | (told.row_data(row) if told else {}) for row in summary.rows],
        "params": figures.params,
        "buffers": figures.buffers,
        "macs": figures.macs,
        "flops": figures.flops,
        "activations": figures.activations,
        "depth": figures.depth,
        "reduction": [plain(ratio) for ratio in figures.reduction],
        "receptive_field": list(figures.receptive_field),
        "sizes": sizes_as_data(summary.sizes),
        **({"training": told.data()} if told else {}),
    }
