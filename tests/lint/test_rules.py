"""Where each rule speaks, and where it must not: the legal and the published are no faults.

That an example of each code is found, and its mended form is not, is a law of `test_codes`.
"""

from __future__ import annotations

import re

import pytest

from tests.lint.ask import body, codes, found

BN = "x = bn -> relu -> conv(8, 1) -> bn"  # something that follows


# --- W001, W002: biases ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "conv(8, 3, bias=true) -> bn",
        "conv(8, 3, bias=true) -> instance_norm",
        "conv(8, 3, bias=true) -> group_norm(8)",
        "conv_transpose(8, 2, stride=2, bias=true) -> bn",
        "x = seq { conv(8, 3, bias=true); identity; bn }",
        "x = { conv(8, 3, bias=true) }; bn",  # through the end of a submodule
        "conv(8, 3, bias=true); x = { bn }",  # and into one
    ],
)
def test_a_bias_before_what_subtracts_the_mean(line: str) -> None:
    assert body(line) == [("W001", 1)]


@pytest.mark.parametrize(
    "line",
    [
        "conv(8, 3, bias=true) -> group_norm(2)",  # takes the mean of several channels
        "conv(8, 3, bias=true) -> layer_norm2d",
        "conv(8, 3, bias=true) -> relu -> bn",
        "conv(8, 3, bias=true) -> dropout(0.1) -> bn",
        "x = conv(8, 3, bias=true); bn; add { identity; from x }",  # the other reader needs it
        "add { conv(8, 3, bias=true); identity }; bn",
    ],
)
def test_a_bias_that_does_something(line: str) -> None:
    assert body(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "conv(8, 3) -> relu",
        "conv(8, 3) -> dropout2d(0.1) -> relu",
        "conv(8, 1)",
        "conv(8, 1) -> flatten",
        "x = { conv(8, 3) }; relu",
    ],
)
def test_a_convolution_without_bias_and_norm(line: str) -> None:
    assert body(line) == [("W002", 1)]


@pytest.mark.parametrize(
    "line",
    [
        "conv(8, 3) -> bn -> relu",
        "conv(8, 3) -> layer_norm2d",
        "conv(8, 3, groups=8) -> conv(8, 1) -> bn",  # depthwise, and a norm after both
        "add { conv(8, 3); identity }; bn -> relu",  # pre-activation
        "concat { conv(8, 3); identity }; bn -> relu",  # densely connected
        "x = conv(8, 3); relu; add { from x -> bn; conv(8, 1) -> bn }",
        "global_avgpool -> flatten -> linear(8, bias=false)",  # heads of metric learning
        "mul { identity; { global_avgpool; conv(8, 1) -> relu -> conv(8, 1) -> sigmoid } }",
        "mul { identity; { conv(1, 7) -> sigmoid } }",  # attention over places
    ],
)
def test_convolutions_that_miss_nothing(line: str) -> None:
    assert body(line) == []


# --- W003: activations before additions -----------------------------------------------------------

CLOSED = "conv(8, 3) -> bn -> relu"
OPEN = "conv(8, 3) -> bn"


@pytest.mark.parametrize(
    "branches",
    [
        f"{{ {CLOSED} }}; identity",
        f"identity; {{ {CLOSED} }}",
        f"{{ {CLOSED} }}; conv(8, 1) -> bn",
        f"x = {{ {CLOSED} }}; identity",
        "x = seq { conv(8, 3) -> bn -> relu6 -> dropout(0.1) -> relu6 }; identity",
        f"{{ {CLOSED} }}; from input",
    ],
)
def test_a_residual_branch_that_ends_in_relu(branches: str) -> None:
    assert body(f"add {{ {branches} }}") == [("W003", 1)]


@pytest.mark.parametrize(
    "lines",
    [
        f"add {{ {{ {OPEN} }}; identity }}; relu",
        f"relu; add {{ {{ {OPEN} }}; identity }}",  # the shortcut is activated, not the branch
        f"add {{ {{ {CLOSED} }}; {{ conv(8, 1) -> bn -> relu }} }}",  # paths side by side
        "add { { conv(8, 3) -> bn -> leaky_relu(0.1) }; identity }",  # Darknet
        "add { identity; relu }",  # nothing is learned in it
        "add { identity; { multiply(-1) -> relu } }",
        "c = multiply(-1); add { from input -> relu; from c -> relu }",  # an absolute value
        f"a = {CLOSED}; b = from a -> {OPEN}; add {{ from input; from a; from b }}",  # of features
        "add { { conv(8, 3) -> bn -> silu }; identity }",
        f"mul {{ {{ {CLOSED} }}; identity }}",
        f"a = {CLOSED}; b = from input -> conv(8, 1) -> bn -> relu; add {{ from a; from b }}",
    ],
)
def test_additions_of_another_kind(lines: str) -> None:
    assert body(lines) == []


# --- W004, W005, W007: windows --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "size", "expected"),
    [
        ("conv(8, 5) -> bn", 2, ["W004"]),
        ("conv(8, 5) -> bn", 3, []),  # with padding 2 the first weight reads place 0 for output 2
        ("conv(8, 3, dilation=2) -> bn", 2, ["W004"]),
        ("conv(8, 3, dilation=2) -> bn", 3, []),
        ("conv(8, [1, 5]) -> bn", 2, ["W004"]),
        ("conv(8, [1, 9]) -> bn", 7, []),
        ("conv(8, 3, padding=2) -> bn", 1, []),  # each weight reads the one place for some output
        ("maxpool(3, stride=1)", 1, ["W004"]),
        ("maxpool(3, stride=1)", 2, []),
        ("avgpool(3, stride=2)", 2, []),
        ("global_avgpool", 2, []),
        ("maxpool(2)", 9, ["W007"]),
        ("maxpool(2)", 8, []),
        ("maxpool(2, ceil_mode=true)", 9, []),
        ("avgpool(3)", 8, ["W007"]),
        ("maxpool(3, stride=2)", 9, []),
        ("maxpool(3, stride=2)", 8, []),  # what is dropped is padding
        ("maxpool(3, stride=2, padding=0)", 8, ["W007"]),
        ("conv(8, 7, stride=2) -> bn", 224, []),
        ("conv(8, 2, stride=2) -> bn", 7, ["W007"]),
        ("conv(8, 1, stride=2) -> bn", 8, []),  # skips rows on purpose
        ("maxpool(1, stride=2)", 8, []),
        ("conv(8, 3) -> bn -> maxpool(2)", 9, []),  # the row before the last has seen its pixels
        ("conv(8, 5, stride=2) -> bn -> relu -> maxpool(2)", 105, []),
        ("conv(8, 1) -> bn -> relu -> maxpool(2)", 9, ["W007"]),
        ("x = seq { conv(8, 1) -> bn }; relu -> maxpool(2)", 9, ["W007"]),
        ("x = seq { conv(8, 3) -> bn }; relu -> maxpool(2)", 9, []),
        ("add { identity; { conv(8, 1) -> bn } }; maxpool(2)", 9, ["W007"]),
        ("add { identity; { conv(8, 3) -> bn } }; maxpool(2)", 9, []),
        ("adaptive_avgpool(4)", 6, []),
        ("adaptive_maxpool(4)", 6, ["W005"]),
        ("adaptive_maxpool([3, 2])", 6, []),
        ("adaptive_maxpool([3, 4])", 6, ["W005"]),
        ("aux head = adaptive_maxpool(4)", 6, []),  # nothing exports it
    ],
)
def test_windows(line: str, size: int, expected: list[str]) -> None:
    assert [code for code, _ in body(line, size=size)] == expected


# --- W006: multiples of 8 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"conv(12, 3) -> bn; {BN}", ["W006"]),
        (f"conv_transpose(12, 2, stride=2) -> bn; {BN}", ["W006"]),
        ("global_avgpool -> flatten -> linear(12) -> relu -> linear(10)", ["W006"]),
        (f"conv(16, 3) -> bn; {BN}", []),
        ("global_avgpool -> flatten -> linear(10) -> softmax(0)", []),  # the classifier
        ("a = conv(12, 1, bias=true); b = from input -> conv(5, 1, bias=true); output a, b", []),
        ("concat { conv(3, 1, bias=true); conv(4, 1, bias=true) }; flatten", []),  # heads
        (f"conv(12, 3, groups=4) -> bn; {BN}", []),
        (f"mul {{ identity; {{ conv(1, 7) -> sigmoid }} }}; {BN}", []),
        ("global_avgpool; fc1 = conv(2, 1, bias=true); relu; conv(8, 1, bias=true)", []),  # SE
        (f"aux early = global_avgpool -> flatten -> linear(10); {BN}", []),
    ],
)
def test_channels(line: str, expected: list[str]) -> None:
    assert [code for code, _ in body(line)] == expected


# --- W009: promises -------------------------------------------------------------------------------


def test_a_network_without_promises_is_told_which_would_hold() -> None:
    text = "arch net { input(8, 8, 8); conv(8, 3) -> bn; {} }\n"
    (warning,) = found(text.replace("{}", "relu"))
    promises = re.findall(r"`(expect [^`]+)`", warning.help or "")
    assert promises == ["expect params == 592", "expect depth == 1"]
    assert codes(text.replace("{}", "; ".join(promises))) == []


# --- W010 to W013: what nobody uses ---------------------------------------------------------------

NET = "arch net { input(8, 8, 8); unit(8); expect depth > 0 }\n"


@pytest.mark.parametrize(
    "text",
    [
        "block unit(n, stride=1) { conv(n, 3, stride=stride) -> bn }\n",
        "block unit(n, m=n) { conv(m, 3) -> bn }\n",  # read by a default
        "block unit(n, act=relu) { conv(n, 3) -> bn -> act }\n",
        "block unit(n) = seq { conv(n, 3) -> bn }\n",
        'block unit(n) { "part{n}" = conv(8, 3) -> bn }\n',  # read in a name
        "block unit(n) { let m = n; conv(m, 3) -> bn }\n",
        "block unit(n) { for i in range(2) { conv(n, 3) -> bn } }\n",  # `i` counts
        "block unit(n) { expect n % 8 == 0; conv(8, 3) -> bn }\n",
        "block unit(n) { x = { conv(n, 3) -> bn } }\n",
        "let w = 3\nblock unit(n) { conv(n, w) -> bn }\n",
        "block inner(n) { conv(n, 3) -> bn }\nblock unit(n) { inner(n) }\n",
        "use residual\nblock unit(n) { basic(n) }\n",
        "use residual as r\nblock unit(n) { r.basic(n) }\n",
        "use residual\nblock unit(n, b=basic) { b(n) }\n",
        "block unit(n) { if n > 8 { unit(n - 1) } else { conv(n, 3) -> bn } }\n",
    ],
)
def test_what_is_used(text: str) -> None:
    assert codes(text + NET) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("block unit(n, m=1) { conv(n, 3) -> bn }\n", "W010"),
        ("block unit(n, m=1) = conv(n, 3) -> bn\n", "W010"),
        ("block unit(n) { let m = n; conv(n, 3) -> bn }\n", "W012"),
        ("block unit(n) { x = { let m = n; conv(n, 3) -> bn } }\n", "W012"),
        ("let w = 3\nblock unit(n) { conv(n, 3) -> bn }\n", "W012"),
        ("let a, b = [1, 2]\nblock unit(n) { conv(n, 3) -> bn }\n", "W012"),
        ("use residual\nblock unit(n) { conv(n, 3) -> bn }\n", "W013"),
        ("use residual as r\nblock unit(n) { conv(n, 3) -> bn }\n", "W013"),
        ("block other { relu }\nblock unit(n) { conv(n, 3) -> bn }\n", "W011"),
        ("block other { other }\nblock unit(n) { conv(n, 3) -> bn }\n", "W011"),  # by itself alone
        ("block other = bn -> relu\nblock unit(n) { conv(n, 3) -> bn }\n", "W011"),
    ],
)
def test_what_is_not_used(text: str, expected: str) -> None:
    assert [code for code, _ in codes(text + NET)] == [expected]


def test_a_library_exports_what_it_defines() -> None:
    assert codes("let w = 3\nblock unit(n) { conv(n, 3) -> bn }\n") == []
    assert codes("use residual\nlet w = 3\n") == [("W013", 1)]


def test_parameters_of_aliases() -> None:
    arch = "arch base(n) { input(8, 8, 8); conv(n, 3) -> bn }\n"
    alias = "arch net(m=8, k=1) = base(m) { expect depth == 1 }\n"
    assert codes(arch + alias) == [("W010", 2)]


# --- W014 to W017: how it is written --------------------------------------------------------------


def test_leading_arrows() -> None:
    assert body("add {", "conv(8, 3)", "-> bn", "identity", "}") == [("W014", 3)]
    assert body("add {", "x = conv(8, 3)", "  # why", "  -> bn", "identity", "}") == [("W014", 4)]
    assert body("add {", "{ conv(8, 3)", "-> bn }", "identity", "}") == []
    assert body("add {", "conv(8, 3) ->", "bn", "identity", "}") == []
    assert body("conv(8, 3)", "-> bn") == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("conv1 = conv(8, 3) -> bn", True),
        ("fc1 = conv(8, 1, bias=true) -> relu", True),
        ("x1 = conv(8, 3) -> bn", False),
        ("conv = conv(8, 3) -> bn", False),
        ("conv1 = conv(8, 3, bias=true)", False),
        ("conv1x = conv(8, 3) -> bn", False),
        ("y = identity; conv1 = from y -> conv(8, 3) -> bn", True),
        ("y = identity; conv1 = from y -> conv(8, 3, bias=true)", False),
    ],
)
def test_names_of_chains(line: str, found: bool) -> None:
    assert body(line) == ([("W015", 1)] if found else [])


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (("if channels > 8 { conv(8, 3) -> bn }", "conv(8, 3) -> relu -> bn"), 2),
        (("add { identity; if channels > 8 { conv(8, 1) -> bn } }", "conv(8, 3) -> relu; bn"), 2),
        (("if true { conv(8, 3) -> bn } else { conv(8, 1); conv(8, 3) -> bn }", "conv(8, 3)"), 2),
    ],
)
def test_nameless_behind_conditional(lines: tuple[str, ...], line: int) -> None:
    assert ("W016", line) in body(*lines)


@pytest.mark.parametrize(
    "lines",
    [
        "if channels > 8 { x = conv(8, 3) -> bn }; conv(8, 3) -> bn",
        "if channels > 8 { conv(8, 3) } else { conv(8, 1) }; relu; conv(8, 3) -> bn",
        "if channels > 8 { relu }; conv(8, 3) -> bn -> relu",  # no keys
        "if channels > 8 { conv(8, 3) }; last = conv(8, 3); bn",
        "x = seq { if channels > 8 { conv(8, 3) -> bn }; conv(8, 3) -> bn }",
        "conv(8, 3) -> bn; if channels > 8 { conv(8, 3) }",
        "if channels > 8 { conv(8, 3) }; x = { conv(8, 3) -> bn }",  # numbered by itself
    ],
)
def test_nameless_that_are_safe(lines: str) -> None:
    assert "W016" not in dict(body(lines))
