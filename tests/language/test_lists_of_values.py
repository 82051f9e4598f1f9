"""Values in loops and lists: names of a pass, items with several results, `reuse` with values."""

from __future__ import annotations

import pytest

import archgen
from tests.language.ask import arch, diagnostics, fault, faults, keys, paths, result

TWO = "block two(out=4) { a = conv(out, 3); b = conv(out, 3); output a, b }\n"
CELL = "block cell(h, act=relu) { concat { identity; from h }; conv(3, 3); act }\n"


def codes_of(text: str) -> list[str]:
    return [code for code, _, _ in faults(text)]


# --- names in loops -------------------------------------------------------------------------------


def test_a_name_of_a_pass() -> None:
    text = arch(
        "conv(6, 1)",
        "for i in range(3) { a, b = split(2); c = from a; concat { from b; from c } }",
        "for i in range(2) { a, b = split(2); concat { from b; from a } }",
    )
    assert result(text) == (6, 32, 32)
    assert "a" not in archgen.loads(text).body.names


@pytest.mark.parametrize(
    ("lines", "code", "hint"),
    [
        (["for i in range(2) { x = add { identity; relu } }", "from x"], "A113", "number it"),
        (["for i in range(2) { x = conv(3, 3) }"], "A103", "number it"),
        (["for i in range(2) { x = identity; x = relu6 }"], "A103", "another name"),
        (["x = identity", "for i in range(2) { x = identity }"], "A103", "another name"),
        (["for i in range(2) { x = identity; for j in range(2) { x = identity } }"], "A103", ""),
        (["for i in range(2) { if i > 0 { from x }; x = relu6 }"], "A113", "number it"),
        (["for i in range(3) { if i > 1 { from x[i - 3] }; x[i] = relu6 }"], "A113", "so far"),
        (["for i in range(3) { if i > 0 { from x[i] }; x[i] = relu6 }"], "A113", "so far"),
        (["if channels > 5 { x = relu6 }", "if channels > 2 { from x }"], "A113", "behind a cond"),
        (["if channels > 5 { x = relu6 }", "from x"], "A113", "on the other side"),
    ],
)
def test_what_is_not_known(lines: list[str], code: str, hint: str) -> None:
    found = diagnostics(arch(*lines))[0]
    assert found.code == code
    assert hint in (found.help or "")


def test_a_name_that_one_pass_gave_is_known_behind_the_loop() -> None:
    assert result(
        arch("for i in range(1) { x = conv(8, 3) }", "conv(8, 1)", "add { identity; from x }")
    ) == (
        8,
        32,
        32,
    )


def test_names_are_judged_in_the_passes_that_read_them() -> None:
    text = arch(
        "for i in range(3) {",
        "  if i > 0 { add { identity; from y[i - 1] } }",
        "  y[i] = conv(3, 3)",
        "}",
    )
    assert paths(text) == ["y.0", "y.1", "y.2"]
    chosen = "block plus(v) { if v != none { add { identity; from v } } }\n" + arch(
        "for i in range(3) { plus(none if i == 0 else from y[i - 1]); y[i] = conv(3, 3) }"
    )
    assert [each for each in paths(chosen) if each.startswith("y")] == ["y.0", "y.1", "y.2"]
    shortcut = "if deep { add { identity; from x } }"
    optional = f"block b(deep) {{ if deep {{ x = relu6 }}; conv(3, 3); {shortcut} }}\n"
    assert codes_of(optional + arch("b(true)", "b(false)")) == []


def test_a_block_that_nothing_calls_is_judged_by_its_text() -> None:
    assert (
        codes_of("block b { for i in range(3) { if i > 0 { from y[i - 1] }; y[i] = relu } }") == []
    )
    assert codes_of(
        "block b { for i in range(3) { if i > 0 { from z[i - 1] }; y[i] = relu } }"
    ) == ["A113"]


# --- lists ----------------------------------------------------------------------------------------

ITEMS = "for i in range(4) { xs[i] = conv(i + 1, 3) }"


@pytest.mark.parametrize(
    ("branches", "channels"),
    [
        ("for x in from xs[:2] { from x }", 3),
        ("for x in from xs[1:3] { from x }", 5),
        ("for x in from xs[:-1][1:] { from x }", 5),
        ("for x in [from xs[i] for i in range(4) if i % 2 == 1] { from x }", 6),
        ("for x in [from xs[3 - i] for i in range(2)] + from xs[:1] { from x }", 8),
        ("for i in range(len(from xs)) { from xs[i] }", 10),
        ("for x in from xs[4:] { from x }", 0),
    ],
)
def test_lists_of_values_are_lists(branches: str, channels: int) -> None:
    assert result(arch(ITEMS, f"concat {{ identity; {branches} }}")) == (4 + channels, 32, 32)


def test_a_list_is_unpacked_and_is_the_result() -> None:
    assert result(arch(ITEMS, "a, b = from xs[2:]", "concat { from b; from a }")) == (7, 32, 32)
    both = archgen.loads(arch(ITEMS, "output xs[2:]")).body
    assert [output.name for output in both.outputs] == ["xs0", "xs1"]
    assert both.listed
    pairs = TWO + arch(
        "for i in range(2) { u[i] = from input -> two }",
        "p, q = from u",
        "add { from p.a; from q.b }",
    )
    assert paths(pairs) == ["u.0", "u.0.a", "u.0.b", "u.1", "u.1.a", "u.1.b"]


def test_items_with_several_results() -> None:
    text = TWO + arch(
        "for i in range(2) { units[i] = two(4); from units[i].b }",
        "parts[0] = split(2)",
        "from units[1].b",
        "add { for u in from units { from u.a }; identity }",
        "concat { from parts[0][0]; identity; from parts[0][1] }",
    )
    assert result(text) == (8, 32, 32)
    assert keys(text)[0] == "units.0.a.weight"


def test_a_number_without_a_submodule_has_no_key() -> None:
    text = arch("for i in range(3) { xs[i] = from input -> conv(4, 3) }").replace(
        "xs[i] = from input -> conv(4, 3)",
        "if i == 1 { xs[i] = from xs[0] } else { xs[i] = conv(4, 3) }",
    )
    assert keys(text) == ["xs.0.weight", "xs.2.weight"]


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        ([ITEMS, "from xs[4:]"], "A115", "empty"),
        ([ITEMS, "from xs[:2]", "conv(2, 1)"], "A115", "2 values"),
        ([ITEMS, "a, b = from xs"], "A116", "2 names for 4 values"),
        (
            ["xs[0] = relu", "xs[2] = relu", "concat { for x in from xs[:1] { from x } }"],
            "A113",
            "no",
        ),
        (["x = relu", "from x[:1]"], "A113", "no items"),
        ([ITEMS, "from xs[0].a"], "A113", "no output `a`"),
        ([ITEMS, "reuse xs[:1]"], "A118", "no list"),
        ([ITEMS, "from xs[:1.5]"], "A109", "integer"),
        ([ITEMS, "expect [from xs[i] for i in range(2)] != []"], "A101", "cannot number"),
    ],
)
def test_what_is_no_list(lines: list[str], code: str, words: str) -> None:
    found = diagnostics(arch(*lines))[0]
    assert found.code == code
    assert words in found.message


# --- reuse with values ----------------------------------------------------------------------------


def test_reuse_takes_values() -> None:
    text = CELL + arch(
        "c[0] = cell(from input)",
        "for t in range(1, 3) { c[t] = reuse c[0](h=from c[t - 1]) }",
        "add { for x in from c { from x } }",
    )
    assert keys(text) == ["c.0.conv1.weight"]
    nodes = archgen.loads(text).body.nodes
    assert [node.inputs for node in nodes[:3]] == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        (["c = cell(from input)", "reuse c(act=gelu)"], "A109", "takes values"),
        (["c = cell(from input)", "reuse c(h=[from c])"], "A109", "a list here"),
        (["c = cell(from input)", "reuse c(h=3)"], "A109", "an integer here"),
        (["c = cell(from input)", "reuse c(g=from c)"], "A106", "no argument `g`"),
        (["c = conv(3, 3)", "reuse c(kernel=from c)"], "A109", "it was an integer"),
        (["c = conv(3, 3) -> bn", "reuse c(h=from c)"], "A117", "takes no arguments"),
        (["c = cell(from input)", "reuse c(h=from d)"], "A113", "`d`"),
        (["c = cell(from input)", "d = conv(8, 3)", "from c -> reuse c(h=from d)"], "A118", "fit"),
    ],
)
def test_what_reuse_is_not_given(lines: list[str], code: str, words: str) -> None:
    found = fault(CELL + arch(*lines))
    assert found.code == code
    assert words in found.message


# --- lists in lists, layers in lists, numbered children -------------------------------------------


@pytest.mark.parametrize(
    ("head", "channels"),
    [
        ("for i, [a, b] in enumerate([[1, 2], [3, 4]])", 0 + 1 + 2 + 1 + 3 + 4),
        ("for i, [a, [b]] in [[0, [1, [2]]]]", 3),
        ("for [i, [a, b]] in [[0, [1, 2]]]", 3),
        ("for [i, a, b] in [[0, 1, 2]]", 3),
        ("let i, [a, b] = [5, [6, 7]]; for _ in [0]", 18),
        ("for i in [i + a * b for i, [a, b] in [[1, [2, 3]], [0, [1, 1]]]]", 8),
    ],
)
def test_lists_in_lists_are_unpacked(head: str, channels: int) -> None:
    last = "i" if head.startswith("for i in") else "i + a + b"
    head, _, loop = head.rpartition("; ")
    text = arch(f"{head}", f"concat {{ {loop} {{ conv({last}, 1) }} }}")
    assert result(text) == (channels, 32, 32)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("for i, [a, b] in enumerate([[1, 3], [3]]) { conv(a, b) }", "2 names for a list of 1"),
        ("for i, [a, b] in enumerate([1, 2]) { conv(a, b) }", "2 names for an integer"),
        ("let a, [b, c] = [1, 2, 3]", "2 names for a list of 3"),
    ],
)
def test_lists_in_lists_that_do_not_fit(line: str, words: str) -> None:
    found = fault(arch(line))
    assert found.code == "A116"
    assert words in found.message


def test_pythons_tuples_of_names() -> None:
    found = fault(arch("for i, (a, b) in enumerate([[1, 2]]) { conv(a, b) }"))
    assert (found.code, found.help) == ("A011", "names stand in square brackets: `[a, b]`")


RULES = "block u(rules, at=0) { conv(8, 3); norm = rules[at]; rules[at + 1]; rules[2](0.3) }\n"


def test_a_layer_in_a_list_is_applied() -> None:
    text = RULES + arch("u([bn, relu, leaky_relu])", "u([relu, bn, elu, gelu], at=1)")
    assert paths(text)[1:5] == ["u1.conv1", "u1.norm", "u1.rules1", "u1.rules2"]
    assert keys(text)[1] == "u1.norm.weight"
    nested = "let acts = [[relu, tanh], [gelu, none]]\n" + arch(
        "acts[0][1] -> acts[1][1] -> acts[1][0]"
    )
    assert paths(nested) == ["acts1", "acts3"]


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("u([bn, relu, elu], at=2)", "A111", ""),
        ("u([8, relu, elu])", "A112", "`rules[at]` is an integer, not a layer or block"),
        ("u([bn, relu, elu])", "A101", "`channels` is"),
    ],
)
def test_what_is_no_layer_in_a_list(line: str, code: str, words: str) -> None:
    if code == "A101":
        assert fault(arch("conv[0]")).code == "A110"
        assert fault(arch("convs[0]")).code == "A101"
        return
    found = diagnostics(RULES + arch(line))[0]
    assert found.code == code
    assert words in found.message


NUMBERED = """
block parts(n) {
  xs = split(n)
  concat { for i in range(n) { { from xs[i]; "{i}" = conv(4, 1) } } }
  "{n}" = { conv(8, 1); relu }
  add { identity; "10" = param([channels]) }
}
"""


def test_children_may_be_called_by_numbers() -> None:
    text = NUMBERED + arch("conv(8, 1)", "conv_pw = parts(2)", 'init("conv_pw.1.weight", zeros)')
    assert keys(text)[1:] == [
        "conv_pw.10",
        "conv_pw.0.weight",
        "conv_pw.1.weight",
        "conv_pw.2.conv1.weight",
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['"0" = relu', '"1" = relu', 'output "0", "1"'], "results are fields"),
        (['aux "0" = global_avgpool'], "results are fields"),
        (['"0" = input(3, 8, 8)'], "cannot name an input"),
        (['"0.1" = relu'], "cannot be a name"),
        (['"\u0663" = relu'], "cannot be a name"),
        (['"0x" = relu'], "cannot be a name"),
    ],
)
def test_what_a_number_cannot_name(lines: list[str], words: str) -> None:
    found = diagnostics(arch(*lines))[0]
    assert found.code == "A104"
    assert words in found.message


def test_features_of_numbered_children() -> None:
    text = NUMBERED + arch("conv(8, 1)", "a = parts(2)")
    backbone = archgen.loads(text, features="a.2,a.0")
    assert [output.name for output in backbone.body.outputs] == ["a_2", "a_0"]
