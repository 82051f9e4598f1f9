"""Chapter "Promises": what `expect` knows, and when it is asked."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.promises import verify
from archgen.diagnostics import Severity
from archgen.resolve.program import Program
from tests.language.ask import arch, fault, faults

NET = ("conv(4, 3, stride=2) -> bn -> relu", "global_avgpool -> flatten -> linear(10)")


@pytest.mark.parametrize(
    "promise",
    [
        "params == 108 + 8 + 50",
        "buffers == 4 + 4 + 1",
        "macs == 108 * 16 * 16 + 40",
        "flops == 2 * macs",
        "depth == 2",
        "output == [10]",
        "receptive_field == 3",
        "params < 1K and depth == 2",
        "100 < params <= 166",
    ],
)
def test_what_is_known(promise: str) -> None:
    assert faults(arch(*NET, f"expect {promise}")) == []


def test_reduction_is_input_size_over_feature_size() -> None:
    assert faults(arch("conv(4, 3, stride=2) -> maxpool(2)", "expect reduction == 4")) == []


def test_output_is_a_shape() -> None:
    assert faults(arch("conv(4, 3)", "expect output == [4, 32, 32]")) == []
    text = arch("a = conv(4, 3)", "b = relu", "output a, b", "expect output[0] == [4, 32, 32]")
    assert faults(text) == []


def test_activations_are_the_outputs_of_convolutions() -> None:
    found = fault(arch(*NET, "expect activations == 0"))
    assert found.code == "A301"


def test_depth_is_of_the_longest_path() -> None:
    text = arch("add { conv(3, 3) -> conv(3, 3); conv(3, 1) }", "expect depth == 2")
    assert faults(text) == []


def test_a_failed_promise_shows_both_numbers() -> None:
    found = fault(arch(*NET, "expect params == 167"))
    assert (found.code, found.span.line, found.span.column) == ("A301", 5, 10)
    assert "166" in found.message
    assert "167" in found.message


def test_a_promise_may_use_parameters_constants_and_lets() -> None:
    text = "let k = 2\n" + arch(*NET, "let d = 1", "expect depth == d * k / n", head="net(n=1)")
    assert faults(text) == []


def test_promises_hold_for_the_defaults_and_are_notes_under_others() -> None:
    text = arch(*NET, "expect output == [10]", head="net(classes=10)").replace("(10)", "(classes)")
    assert faults(text) == []
    net = archgen.loads(text, classes=5)
    assert [each.severity for each in verify(net)] == [Severity.NOTE]


def test_figures_speak_of_evaluation_but_params_of_all() -> None:
    text = arch(*NET, "aux a = linear(7)", "expect params == 166 + 77 and depth == 2")
    assert faults(text) == []


def test_figures_are_known_in_expect_alone() -> None:
    assert faults(arch("conv(params, 1)")) == [("A101", 3, 8)]
    assert faults("block b { expect params == 1; relu }\n" + arch("b"))[0][0] == "A101"


def test_an_unknown_figure_is_an_error() -> None:
    found = fault(arch("relu", "expect parms == 1"))
    assert (found.code, found.span.line, found.span.column) == ("A101", 4, 10)


def test_promises_may_stand_in_an_if() -> None:
    text = arch(
        "relu", "if n == 1 { expect depth == 0 } else { expect depth == 1 }", head="net(n=1)"
    )
    assert faults(text) == []


def test_the_current_value_is_that_of_the_statement() -> None:
    """Not the last one of the body, although the figures are known only then."""
    text = """arch net {
  input(3, 8, 8)
  expect channels == 3 and shape == [3, 8, 8] and input.channels == 3
  a = conv(4, 3)
  expect channels == 4 and params > 0
  conv(5, 3)
  expect (from a) == from a and shape == output
}
"""
    assert verify(archgen.loads(text)) == []
    other = Program.of(text.replace("channels == 4 ", "channels == 5 ")).network("net")
    assert other is not None
    (broken,) = verify(other)
    assert broken.message.startswith("broken promise: channels is 4, 1 less than 5")
