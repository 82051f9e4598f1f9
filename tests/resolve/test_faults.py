"""What faults look like: the words, the places, and one of them for one mistake."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from archgen.diagnostics import Diagnostic
from archgen.report import render_text
from archgen.resolve.modules import Loader
from archgen.resolve.program import Program


def found(text: str, path: str = "<text>.arch", folder: Path | None = None) -> list[Diagnostic]:
    program = Program.of(text, path, folder)
    for name in program.archs:
        program.network(name)
    return list(program.sink)


def codes(text: str, folder: Path | None = None) -> list[str]:
    return [each.code for each in found(text, folder=folder)]


def test_the_example_of_the_language_reference() -> None:
    """To the letter, at the lines that it names."""
    text = (
        "\n" * 12
        + "block plain_unit(out) {\n"
        + "  add {\n"
        + "    conv(256, 3, stride=2) -> bn\n"
        + "    identity\n"
        + "  }\n"
        + "}\n"
        + "\n" * 8
        + "arch mynet {\n"
        + "  input(64, 56, 56)\n"
        + "  conv(128, 3) -> bn -> relu\n"
        + "  layer1 = relu\n"
        + "  layer2 = stage(plain_unit, 256, n=4)\n"
        + "}\n"
    )
    assert render_text(found(text, "specs/mynet.arch")) == (
        "error[A203]: add: branches disagree\n"
        "  --> specs/mynet.arch:14:3\n"
        "   |\n"
        "14 |   add {\n"
        "   |   ^^^\n"
        "15 |     conv(256, 3, stride=2) -> bn\n"
        "   |     ---------------------------- 256 x 28 x 28\n"
        "16 |     identity\n"
        "   |     -------- 128 x 56 x 56\n"
        "   |\n"
        "   = in: stage layer2, plain_unit, call 1 of 4 (specs/mynet.arch:31:12)\n"
        "   = help: project the shortcut, as `bottleneck` in residual does"
    )


# --- one mistake, one fault -----------------------------------------------------------------------

ARCH = "arch net {{ input(4, 8, 8); {} }}\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ARCH.format("x = relu; x = conv(4, 3)"), "A103"),
        (ARCH.format("conv(4, 3); conv1 = conv(4, 3)"), "A103"),
        (ARCH.format("for i in range(3) { x = conv(4, 3) }"), "A103"),
        (ARCH.format("let n = 1 // 0; conv(n, 3) -> conv(n, 5); linear(n)"), "A111"),
        ("let n = 1 // 0\n" + ARCH.format("conv(n, 3) -> conv(2 * n, 3)"), "A111"),
        ("let n = m\n" + ARCH.format("conv(n, 3)"), "A101"),
        ("block b(x, x) { conv(x, 3) }\n" + ARCH.format("b(4); b(8)"), "A103"),
        ("use residuals\n" + ARCH.format("bottleneck(64) -> unheard(3)"), "A509"),
        ('use "gone.arch"\n' + ARCH.format("mine(64); conv(widths[0], 3)"), "A501"),
        ('use "gone.arch" as m\n' + ARCH.format("m.mine(64); conv(m.width, 3)"), "A501"),
        ('use "gone.arch" as m\narch other = m.net(3)\n' + ARCH.format("relu"), "A501"),
        ("arch a = nothing(3)\narch b = a\n" + ARCH.format("relu"), "A102"),
        ("block b { relu -> }\n" + ARCH.format("b -> c"), "A017"),
        (
            ARCH.format('for i in range(2) { "s{i}" = conv(4, 4) }; add { from "s0"; from "s1" }'),
            "A205",
        ),
        (
            ARCH.format('for i in range(2) { "s{i // 0}" = relu }; add { from "s0"; from "s1" }'),
            "A111",
        ),
        (
            ARCH.format("for k in [3, 4] { x[k] = conv(4, k) }; add { from x[3]; from x[4] }"),
            "A205",
        ),
        (ARCH.format("for k in [3, 4] { x[k] = conv(4, k) }; concat { from x }"), "A205"),
        (ARCH.format("for i in many { x[i] = relu }; from x"), "A101"),
        (ARCH.format('for i in many { "x{i}" = relu }; from "x0"'), "A101"),
        (ARCH.format("{ conv(4, 4); x = relu }; from x"), "A205"),
    ],
)
def test_one_mistake_is_one_fault(text: str, code: str, tmp_path: Path) -> None:
    assert codes(text, tmp_path) == [code]


def test_a_library_that_does_not_parse_is_its_own_fault_alone(tmp_path: Path) -> None:
    (tmp_path / "broken.arch").write_text("block fine { relu }\nblock broken { relu -> }\n")
    text = 'use "broken.arch"\n' + ARCH.format("fine -> broken -> conv(width, 3)")
    assert codes(text, tmp_path) == ["A017"]


def test_only_names_of_what_failed_are_silent(tmp_path: Path) -> None:
    text = 'use "gone.arch" as m\n' + ARCH.format("m.mine(64); mine(3)")
    assert sorted(codes(text, tmp_path)) == ["A102", "A501"]


def test_all_mistakes_of_a_text_are_found_at_once() -> None:
    text = (
        "block never(out) {\n  cunv(out, 3)\n}\n"
        "arch net {\n"
        "  input(4, 8, 8)\n"
        "  conv(4.0, 3)\n"
        "  if false { from nowhere }\n"
        "  bn(epsilon=1)\n"
        "}\n"
        "arch other {\n"
        "  input(4, 8, 8)\n"
        "  a = relu\n"
        "  b = from input -> relu\n"
        "  c = from input\n"
        "}\n"
    )
    places = [(each.code, each.span.line) for each in found(text)]
    expected = [("A102", 2), ("A109", 6), ("A113", 7), ("A106", 8), ("A114", 12), ("A114", 13)]
    assert sorted(places) == sorted(expected)


# --- hints ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("bottleneck(64)", "`use residual` imports it"),
        ("covn(8, 3)", "did you mean `conv`?"),
        ("conv(8, 3, strid=2)", "did you mean `stride`?"),
        ("conv(8.0, 3)", "say `int(8.0)`"),
        ("x = relu; conv(x, 3)", "`from x` reads a value"),
        ("x = relu; x", "write `from x`"),
        ("x, y = split(2); from x -> y(3)", "write `from y`"),
        ("for einsum in [1] { einsum }", "it hides the layer `einsum` here"),
        ("x = param([4, 1, 1], colour=1)", "param([sizes], init=zeros)"),
        ("for i in range(2) { x = relu }", "names[i] = ..."),
        ("for i in 3 { relu }", "range(n)"),
        ("conv(8, 4)", "padding=1 or padding=2"),
        ("linear(10)", "flatten"),
    ],
)
def test_help_says_how_to_mend_it(body: str, hint: str) -> None:
    (fault,) = found(ARCH.format(body))
    assert fault.help is not None
    assert hint in fault.help


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("for i in one { relu }", "a list is needed here, not the block `one`"),
        ("for i in relu { relu }", "a list is needed here, not the layer `relu`"),
        ("if one { relu }", "the block `one` is not a condition"),
        ("conv(one + 1, 3)", "`+` takes numbers, not the block `one`"),
        ("conv(tanh + 1, 3)", "`+` takes numbers, not the layer `tanh`"),
        ("conv(1 + true, 3)", "`+` takes numbers, not a boolean"),
        ('conv("a" * 2, 3)', "`*` takes numbers, not a string"),
        ("conv(auto + 1, 3)", "`+` takes numbers, not auto"),
        ("conv(none + 1, 3)", "`+` takes numbers, not none"),
        ("conv([1] - 2, 3)", "`-` takes numbers, not a list"),
        ("for i in 3 { relu }", "a list is needed here, not an integer"),
        ("for i in 0.5 { relu }", "a list is needed here, not a float"),
    ],
)
def test_messages_say_what_a_value_is(body: str, message: str) -> None:
    (fault,) = found("block one { relu }\n" + ARCH.format(body))
    assert fault.message == message


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_text_that_is_given_stands_for_its_path(tmp_path: Path) -> None:
    """It is no file: its path is not looked up. A file is one, however it is named."""
    path, link = tmp_path / "net.arch", tmp_path / "link.arch"
    path.write_text(ARCH.format("tanh"))
    link.symlink_to(path)
    loader = Loader.with_texts({str(link): ARCH.format("relu")})
    for name, word in ((path, "tanh"), (link, "relu")):
        module = loader.load(name, str(name))
        assert module is not None
        assert module.source.text == ARCH.format(word)
    loader = Loader.with_texts({"py:nets:net": ARCH.format("relu")})
    assert loader.load(path, "one") is loader.load(link, "other")


# --- lists of submodules --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("for i in range(3) { x[200 * i] = relu }", "A125"),
        ("x = conv(4, 3); x[0] = relu", "A103"),
        ("x[0][0] = conv(4, 3); x[0] = relu", "A103"),
    ],
)
def test_lists_that_cannot_be_module_lists(body: str, code: str) -> None:
    assert codes(ARCH.format(body)) == [code]


@pytest.mark.parametrize(
    "body",
    [
        "for i in [2, 0, 1] { x[i] = relu }",
        "for i in range(2) { for j in range(2) { x[i][j] = conv(4, 3) } }",
        "x[0] = identity; x[1] = add { identity; relu }",
    ],
)
def test_lists_that_can(body: str) -> None:
    assert codes(ARCH.format(body)) == []


@pytest.mark.parametrize("block", ["conv, 4, 3", "synonym, 4"])
def test_a_stage_of_too_many_layers_says_what_can_be_repeated(block: str) -> None:
    text = "block synonym(out) = conv(out, 3)\n" + ARCH.format(f"stage({block}, n=10 ** 9)")
    (fault,) = found(text)
    assert (fault.code, fault.message.partition(",")[0]) == (
        "A404",
        "1_000_000_000 times the layer `conv`",
    )
    assert fault.help is not None
    assert "seq" in fault.help
    assert (
        found("block unit(out) = seq { conv(out, 3) }\n" + ARCH.format("stage(unit, 4, n=10 ** 9)"))
        == []
    )
