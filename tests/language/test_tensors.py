"""Parameters and buffers as values: `param`, `buffer`, formulas, `take`, and what has no batch."""

from __future__ import annotations

import pytest

import archgen
from tests.language.ask import arch, diagnostics, fault, faults, result, sizes, value

TABLE = "let table = param([5, 4], init=normal)"
INDEX = "let index = buffer([[abs(i - j) for j in range(3)] for i in range(3)])"
TAKEN = "from table -> take(from index)"


def net(*lines: str, size: str = "4, 8, 8") -> str:
    return arch(*lines, size=size)


# --- what they are called, and what they hold ---------------------------------------------------


def test_let_names_a_value_and_is_no_step() -> None:
    """The key is the name, and the current value stays."""
    text = net(
        "conv(6, 1)", "let shift = param([6], init=ones)", "bn", "add { identity; from shift }"
    )
    assert result(text) == (6, 8, 8)
    assert list(sizes(text)) == ["shift", "conv1.weight", "bn1.weight", "bn1.bias"] + [
        f"bn1.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")
    ]


def test_named_ones_are_steps_and_branches_as_a_param_is() -> None:
    text = net("mul { identity; wave = buffer([sin(i) for i in range(4)]) }")
    assert sizes(text) == {"wave": (4,)}


def test_a_module_has_its_parameters_before_its_buffers_before_its_children() -> None:
    lines = ["conv(4, 1)", "let b = buffer([1.0])", "let a = param([1])"]
    text = net(*lines, "add { identity; from a; from b }")
    assert list(sizes(text)) == ["a", "b", "conv1.weight"]


def test_a_buffer_that_is_not_persistent_has_no_key() -> None:
    text = net("add { identity; w = buffer([1.0, 2.0, 3.0, 4.0], persistent=false) }", "conv(1, 1)")
    assert sizes(text) == {"conv1.weight": (1, 4, 1, 1)}


def test_counts() -> None:
    """A parameter counts, learned or not; of buffers those that are kept."""
    lines = [TABLE, INDEX, "let fixed = param(values=[1.0, 0.5], trainable=false)"]
    lines += ["let gone = buffer([1.0], persistent=false)", "from input"]
    more = "from gone; from fixed -> mean(0, keep=true)"
    reads = f"add {{ identity; {{ {TAKEN} -> mean([0, 1]) }}; {more} }}"
    network = archgen.loads(net(*lines, reads))
    assert (network.params, network.figures.buffers) == (22, 9)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("let a = param()", "A107"),
        ("let a = param([0])", "A109"),
        ("let a = param([2], values=[1.0, 2.0])", "A108"),
        ("let a = param(values=[1, 2])", "A109"),  # a parameter holds floats
        ("let a = param([2], persistent=false)", "A106"),
        ("let a = buffer([2.0], trainable=false)", "A106"),
        ("let a = buffer([2.0, true])", "A109"),
        ("let a = buffer([[1.0, 2.0], [3.0]])", "A109"),
        ('let a = buffer(["x"])', "A109"),
        ("let a = buffer([])", "A109"),
        ("let a = buffer(3.0)", "A109"),
        ("let a = buffer([2, 3], init=normal(std=-1.0))", "A119"),
        ("let a = param([2, 3], batch=true)", "A109"),
        ("let a = param([2, 3], features=2)", "A109"),
        ("let a, b = param([2])", "A116"),
        ("let conv1 = param([2])\nconv(1, 1)", "A103"),
        ("let forward = param([2])", "A104"),
        ("let a = buffer([1 / (i - 2) for i in range(4)])", "A111"),
        ("let a = buffer([sqrt(i - 2) for i in range(4)])", "A111"),
        ("let a = buffer([exp(1000 * i) for i in range(4)])", "A403"),
        ("let a = buffer([2 ** (i + 62) for i in range(4)])", "A403"),
        ("let a = buffer([[i for j in range(2000)] for i in range(2000)])", "A402"),
    ],
)
def test_what_does_not_fit_is_refused(line: str, code: str) -> None:
    found = [each for each, _, _ in faults(net(*line.split("\n"), "identity"))]
    assert code in found, found


def test_a_formula_says_where_it_has_no_result() -> None:
    found = diagnostics(net("let a = buffer([[1 / (i - j) for j in range(3)] for i in range(4)])"))
    assert found[0].code == "A111"
    assert found[0].labels[0].text == "at [0, 0]"


def test_a_name_of_another_meaning_hides_buffer() -> None:
    """`buffer` is newer than 0.1: a block of this name is one as before."""
    text = "block buffer(out) { conv(out, 1) }\n" + net("buffer(7)", "x = buffer(8)")
    assert list(sizes(text)) == ["buffer1.conv1.weight", "x.conv1.weight"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("pi", 3.141592653589793), ("sin(0)", 0.0), ("cos(0.0)", 1.0), ("exp(0)", 1.0)],
)
def test_functions_of_expressions(text: str, expected: float) -> None:
    assert value(text) == expected


# --- values without a batch ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "shape"),
    [
        ([TABLE, "add { identity; { from table -> mean(0) } }"], (4, 8, 8)),
        (
            [
                TABLE,
                INDEX,
                f"{TAKEN} -> linear(8) -> mean([0, 1])",
                "add { from input; identity -> linear(4) }",
            ],
            (4, 8, 8),
        ),
        (["let p = param([8, 8])", "add { identity; from p }"], (4, 8, 8)),  # to the right
        (["let p = param([1, 8, 8])", "mul { identity; from p }"], (4, 8, 8)),
        (["let p = param([1, 4, 8, 8])", "mul { identity; from p }"], (4, 8, 8)),  # with the batch
        (
            [
                "let p = param([1, 4, 8, 8], batch=true, features=0)",
                "conv(4, 1)",
                "mul { identity; from p -> conv(4, 3) }",
            ],
            (4, 8, 8),
        ),
        (["let p = param([2, 8, 8])", "concat { identity; from p }"], (6, 8, 8)),
        (["block_value = held([4, 1, 1])", "mul { from input; from block_value }"], (4, 8, 8)),
        (
            [
                "let a = param([3, 1])",
                "let b = param([4])",
                "from a -> plus(from b) -> mean(0)",
                "s = identity",
                "add { from input; from s }",
            ],
            (4, 8, 8),
        ),
    ],
)
def test_values_without_a_batch_flow(lines: list[str], shape: tuple[int, ...]) -> None:
    blocks = """
block held(sizes) { p = param(sizes, init=ones); sigmoid }
block plus(other) { add { identity; from other } }
"""
    assert faults(blocks + net(*lines)) == []
    assert result(blocks + net(*lines)) == shape


@pytest.mark.parametrize(
    "lines",
    [
        ["let p = param([4, 8, 8])", "from p -> bn", "add { identity; from input }"],
        ["let p = param([4, 8, 8])", "from p -> drop_path(0.1)", "add { identity; from input }"],
        ["let p = param([4, 8, 8])", "from p -> conv(4, 1)"],
        ["let i = buffer([1, 2, 3, 0])", "add { identity; from i }"],
        ["let i = buffer([1, 2, 3, 0])", "from i -> relu", "add { identity; from input }"],
        ["let i = buffer([i > 1 for i in range(4)])", "mul { identity; from i }"],
        [
            TABLE,
            "let i = buffer([1.0])",
            "from table -> take(from i) -> mean(0)",
            "add { identity; from input }",
        ],
    ],
)
def test_where_a_batch_or_numbers_are_needed(lines: list[str]) -> None:
    assert [code for code, _, _ in faults(net(*lines))] == ["A201"]


def test_the_message_names_what_is_missing() -> None:
    found = fault(net("let p = param([4, 8, 8])", "from p -> relu"))
    assert (
        found.message
        == "a result of a network has a batch, and 4 x 8 x 8 is one value for all samples"
    )
    found = fault(net("let i = buffer([1, 2, 3, 0])", "add { identity; from i }"))
    assert found.message == "add: this branch is an index, not numbers"
    assert found.help == "write the numbers of its buffer as floats: `1.0 * (...)`"


# --- take ---------------------------------------------------------------------------------------


def test_take() -> None:
    lines = [TABLE, INDEX, f'{TAKEN} -> rearrange("i j c -> c i j")', "mean([1, 2])"]
    assert result(net(*lines, "add { from input; identity }")) == (4, 8, 8)


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("[5, 0]", "A202"),
        ("[-1, 0]", "A202"),
        ("[0.0, 1.0]", "A201"),
        ("[floor(log(i + 1)) for i in range(3)]", "A201"),  # its bounds hang on a last digit
    ],
)
def test_take_wants_an_index_within_the_axis(formula: str, code: str) -> None:
    lines = [TABLE, f"let index = buffer({formula})", f"{TAKEN} -> mean(0)"]
    assert faults(net(*lines, "add { identity; from input }"))[0][0] == code


def test_take_reorders_channels() -> None:
    assert result(net("let order = buffer([3, 1, 0])", "take(from order)")) == (3, 8, 8)


# --- what does not hold them --------------------------------------------------------------------


def test_no_feature_has_no_batch() -> None:
    text = net(
        TABLE, "from table -> mean(0)", "held = identity", "out = add { from input; from held }"
    )
    network = archgen.loads(text)
    assert [each for each in ("table", "held", "out") if _is_feature(text, each)] == ["out"]
    assert network.output == (4, 8, 8)


def _is_feature(text: str, name: str) -> bool:
    try:
        archgen.loads(text, features=[name])
    except archgen.ArchError:
        return False
    return True


def test_a_seq_holds_none() -> None:
    assert faults(net("seq { let p = param([4]); relu }"))[0][0] == "A117"
