"""How diagnostics look. The text of each kind is a reviewed file; what a terminal would see of a
hostile spec, and the agreement of text and JSON with the source, are laws."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgen.diagnostics import Diagnostic, Frame, Label, Severity, error
from archgen.report import render_json, render_text
from archgen.snippet import LONGEST_LINE
from archgen.text import Source, Span

SPEC = Source(
    "specs/mynet.arch",
    """\
use residual

arch mynet {
  input(3, 224, 224)

  add {
    conv(256, 3, stride=2) -> bn
    identity
  }
\ttab -> "日本語" -> relu
  a(b, c) -> a(d)
}
""",
)
LIBRARY = Source("specs/blocks/far.arch", "block far(out) {\n}\n" + "\n" * 120 + "last\n")


def span(text: str, until: str | None = None, source: Source = SPEC) -> Span:
    """The first occurrence of a text, up to the end of the first occurrence of another."""
    start = source.text.index(text)
    end = source.text.index(until, start) + len(until) if until else start + len(text)
    return source.span(start, end)


BRANCHES = error(
    "A203",
    "add: branches disagree",
    span("add"),
    also=[
        Label(span("conv(256, 3, stride=2) -> bn"), "256 x 28 x 28"),
        Label(span("identity"), "128 x 56 x 56"),
    ],
    help="project the shortcut, as `bottleneck` in residual does",
).within(Frame("stage layer2, bottleneck, call 1 of 4", span("input")))

LONG = Source("long.arch", "x" * 500 + "here" + "y" * 500)

CASES = {
    "branches": BRANCHES,
    "warning": error("W001", "suspicious", span("relu"), severity=Severity.WARNING),
    "wide": error(
        "A101",
        "columns of wide characters and tabs",
        span("-> relu"),
        "after them",
        also=[Label(span("本"), "one wide character"), Label(span("tab"), "after a tab")],
    ),
    "crowded": error(
        "A104",
        "several labels in a line",
        span("b, c"),
        "inside",
        also=[
            Label(span("(b, c)"), "around"),
            Label(span("a(d)"), "right"),
            Label(span("d)"), "in it"),
        ],
    ),
    "twice": error(
        "A103", "two labels at one place", span("relu"), also=[Label(span("relu"), "first here")]
    ),
    "tall": error(
        "A203",
        "spans over several lines that overlap",
        span("add", "}"),
        "here",
        also=[Label(span("identity"), "inside"), Label(span("mynet", "->"), "from the name on")],
    ),
    "tallest": error("A001", "a span over many lines", span("arch", "a(d)\n}"), "all of it"),
    "files": error(
        "A301",
        "places in two files",
        span("use"),
        "here",
        also=[
            Label(span("far", source=LIBRARY), "there"),
            Label(span("last", source=LIBRARY), "end"),
        ],
        notes=["a note\nof two lines", "another"],
        help="and help",
    ),
    "missing": error("A501", "no such file", Source("no.arch", "").span(0, 0), help="look again"),
    "end": error("A002", "the text ends here", SPEC.span(len(SPEC.text), len(SPEC.text)), "`}`?"),
    "long": error("A001", "a long line is cut around the mark", LONG.span(500, 504), "here"),
    "longest": error("A001", "a mark longer than the cut", LONG.span(0, 1004), "all of it"),
    "hostile": error(
        "A001",
        "a name \x1b[31mred\r\nerror[A999]: forged",
        Source("a\x1b]0;title\x07.arch", "conv\u202e(64)\x1b[2J\u00a0bn\n").span(5, 6),
        "label \x9b2J",
        help="help\x08",
    ),
    "deep": error("A403", "recursion that does not end", span("input")).within(
        *(Frame(f"block tree, level {level}", span("a(b")) for level in range(64, 0, -1))
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_diagnostic_looks_as_reviewed(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"report/{name}.txt", render_text([CASES[name]]) + "\n")


def test_the_example_of_the_language_page_to_the_letter() -> None:
    text = "\n" * 13 + "  add {\n    conv(256, 3, stride=2) -> bn\n    identity\n  }\n" + "\n" * 13
    source = Source("specs/mynet.arch", text + "  stage(bottleneck, 512, n=4)\n")
    diagnostic = error(
        "A203",
        "add: branches disagree",
        span("add", source=source),
        also=[
            Label(span("conv(256, 3, stride=2) -> bn", source=source), "256 x 28 x 28"),
            Label(span("identity", source=source), "128 x 56 x 56"),
        ],
        help="project the shortcut, as `bottleneck` in residual does",
    ).within(Frame("stage layer2, bottleneck, call 1 of 4", span("stage", source=source)))
    assert render_text([diagnostic]) == PAGE


PAGE = """\
error[A203]: add: branches disagree
  --> specs/mynet.arch:14:3
   |
14 |   add {
   |   ^^^
15 |     conv(256, 3, stride=2) -> bn
   |     ---------------------------- 256 x 28 x 28
16 |     identity
   |     -------- 128 x 56 x 56
   |
   = in: stage layer2, bottleneck, call 1 of 4 (specs/mynet.arch:31:3)
   = help: project the shortcut, as `bottleneck` in residual does"""


def test_several_are_set_apart_by_an_empty_line() -> None:
    assert render_text([BRANCHES, BRANCHES]).count("\n\n") == 1
    assert render_text([]) == ""


def test_color_adds_nothing_but_color() -> None:
    for case in CASES.values():
        colored = render_text([case], color=True)
        assert colored != render_text([case])
        bare = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", colored).split("\n")]
        assert bare == render_text([case]).split("\n")


texts = st.text(max_size=200) | st.text(alphabet="ab\t\n {}日\x1b\u202e", max_size=200)


@given(
    texts,
    st.lists(st.tuples(st.integers(0, 220), st.integers(0, 40), texts), min_size=1, max_size=5),
)
def test_any_text_with_any_labels_renders_without_control_characters(
    text: str, places: list[tuple[int, int, str]]
) -> None:
    source = Source("any.arch", text)
    labels = tuple(Label(source.span(start, start + size), said) for start, size, said in places)
    rendered = render_text([Diagnostic("A001", text, labels)])
    assert all(char == "\n" or char.isprintable() for char in rendered)
    assert "Cc" not in {unicodedata.category(char) for char in rendered if char != "\n"}


def test_a_long_line_stays_short() -> None:
    source = Source("flat.arch", "a" * 10_000_000)
    rendered = render_text(
        [error("A001", "m" * 10_000_000, source.span(9_000_000, 9_000_001), "x")]
    )
    widest = max(len(line) for line in rendered.split("\n")[1:])
    assert widest < LONGEST_LINE + 20
    assert len(rendered) < 2_000


def test_json_says_the_same_places() -> None:
    report = json.loads(render_json([BRANCHES, CASES["files"], CASES["warning"]]))
    assert (report["version"], report["errors"], report["warnings"]) == (1, 2, 1)
    first = report["diagnostics"][0]
    assert first["severity"] == "error"
    assert first["help"] == BRANCHES.help
    lines = SPEC.text.split("\n")
    for label, expected in zip(first["labels"], BRANCHES.labels, strict=True):
        assert label["text"] == expected.text
        line = lines[label["line"] - 1]
        assert line[label["column"] - 1 : label["end_column"] - 1] == expected.span.text
    assert first["trail"][0]["line"] == 4
    assert {label["path"] for label in report["diagnostics"][1]["labels"]} == {
        SPEC.path,
        LIBRARY.path,
    }


def test_json_is_ascii() -> None:
    assert render_json([CASES["hostile"], CASES["wide"]]).isascii()
