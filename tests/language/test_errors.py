"""Chapter "Errors": a code, a place, a hint, the calls that led there; all of them in one run."""

from __future__ import annotations

import pytest

from archgen.report import render_text
from tests.language.ask import arch, diagnostics, fault, faults

BASIC = """\
block basic(out) {
  add {
    conv(out, 3, stride=2) -> bn
    identity
  }
}
"""


def test_the_example_of_the_page() -> None:
    found = fault("use residual\n" + BASIC.replace("basic", "mine") + arch("stage(mine, 8, n=4)"))
    assert (found.code, found.message) == ("A203", "add: branches disagree")
    assert (found.span.line, found.span.column) == (3, 3)
    assert [(each.span.line, each.span.column, each.text) for each in found.labels[1:]] == [
        (4, 5, "8 x 16 x 16"),
        (5, 5, "3 x 32 x 32"),
    ]
    assert [(frame.text, frame.span.line) for frame in found.trail] == [
        ("stage layer1, mine, call 1 of 4", 10)
    ]
    assert found.help == "project the shortcut, as `bottleneck` in residual does"
    shown = render_text([found])
    assert "= in: stage layer1, mine, call 1 of 4 (<text>.arch:10:3)" in shown


def test_the_trail_names_every_call_innermost_first() -> None:
    text = """\
block c(n) { conv(n // 0, 1) }
block b { x = c(3) }
block a { part = { b } }
""" + arch("s = seq { a }")
    found = fault(text)
    assert (found.code, found.span.line, found.span.column) == ("A111", 1, 19)
    assert [(frame.text, frame.span.line) for frame in found.trail] == [
        ("c, called x", 2),
        ("b", 3),
        ("part", 3),
        ("a", 6),
    ]


def test_a_long_trail_is_shown_by_its_two_ends() -> None:
    text = "block down(n) { if n > 0 { down(n - 1) } else { conv(1 // 0, 1) } }\n" + arch(
        "down(20)"
    )
    trail = [frame.text for frame in fault(text).trail]
    assert trail == ["down"] * 3 + ["... 15 calls more ..."] + ["down"] * 3


def test_as_many_as_can_be_found_are_reported_in_one_run() -> None:
    text = arch(
        "conv(4, 1, strid=2)",
        "rleu",
        "a = conv(8, 3)",
        "linear(10)",
        "from b -> relu",
    )
    assert [found[:2] for found in faults(text)] == [("A106", 3), ("A102", 4), ("A113", 7)]


def test_faults_of_different_archs_and_blocks_are_all_reported() -> None:
    text = arch("conv(0, 1)", head="a") + arch("linear(3)", head="b") + arch("relu", head="c")
    assert [found[:2] for found in faults(text)] == [("A109", 3), ("A201", 7)]


def test_one_fault_one_error() -> None:
    text = BASIC + arch("basic(8) -> basic(16)", "basic(8)", "conv(4, 1) -> linear(3)")
    assert [found[0] for found in faults(text)] == ["A203"]


def test_what_depends_on_a_fault_stays_silent() -> None:
    text = arch("let n = 1 // 0", "conv(n, 1)", "a = conv(-1, 1)", "from a -> conv(channels, 1)")
    assert faults(text) == [("A111", 3, 11), ("A109", 5, 12)]


def test_two_faults_of_one_call_are_two_errors() -> None:
    assert faults(arch('conv(-1, "3", bias=2)')) == [
        ("A109", 3, 8),
        ("A109", 3, 12),
        ("A109", 3, 17),
    ]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("cnov(3, 1)", "did you mean `conv`?"),
        ("conv(3, 1, strid=2)", "did you mean `stride`?"),
        ("conv(widht, 1)", "did you mean `width`?"),
        ("conv(lenn([1]), 1)", "did you mean `len`?"),
        ("bottleneck(256)", "`use residual` imports it"),
        ("conv(3, 1, bias=none)", None),
        ("from stme", "did you mean `stem`?"),
        ("init(cnov.weight, zeros)", "did you mean `conv`?"),
        ("init(conv.weight, zeross)", "did you mean `zeros`?"),
    ],
)
def test_did_you_mean(line: str, hint: str | None) -> None:
    text = arch("stem = relu", "relu", "add { identity; from stem }", line, head="net(width=3)")
    found = [each for each in diagnostics(text) if each.span.line == 6]
    assert [each.help for each in found] == [hint]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("conv(4, 3", "A002"),
        ("conv(4, 3))", "A003"),
        ("conv(4, 3) relu", "A012"),
        ("conv(4 3)", "A009"),
        ("conv(4, 3, bias=True)", "A011"),
        ("conv(1, 2, 3, 4, 5, 6, 7, 8, 9)", "A108"),
        ("conv(4, 3, out=3)", "A108"),
        ("conv(out=4, 3)", "A108"),
        ("conv(4)", "A107"),
        ("conv(4, 3, groups=2)", "A202"),
        ("conv(4, 99, padding=0)", "A205"),
        ("reshape([7])", "A202"),
        ("conv(kernel=3, 4)", "A108"),
        ("conv(3000000000, 1)", "A109"),
        ("reshape([3, 1024]) -> reshape([-5])", "A109"),
        ("conv(2 ** 64, 1)", "A403"),
        ("upsample(scale=2 ** 20) -> upsample(scale=2 ** 20)", "A403"),
        ("output nothing", "A113"),
    ],
)
def test_codes(line: str, code: str) -> None:
    assert code in [found for found, _, _ in faults(arch(line))]


def test_an_empty_arch_and_one_without_input() -> None:
    assert faults("arch net { }\n") == [("A124", 1, 6)]
    assert [found[:2] for found in faults("arch net {\n  conv(3, 1)\n}\n")] == [("A113", 2)]
    assert [found[0] for found in faults("block b { input(3); relu }\n" + arch("b"))] == ["A123"]
    assert [found[0] for found in faults(arch("relu", "input(3)"))] == ["A123"]


def test_places_count_characters_not_bytes() -> None:
    assert faults('arch net { "größe 🙂"; input(3); rleu }\n') == [("A102", 1, 33)]


def test_a_fault_in_a_library_points_into_the_library() -> None:
    text = "use residual\n" + arch("bottleneck(8, width=3, groups=2)")
    (found,) = diagnostics(text)
    assert found.span.source.path == "specs/blocks/residual.arch"
    assert [frame.span.line for frame in found.trail] == [4]
