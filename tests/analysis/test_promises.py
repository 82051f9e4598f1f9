"""What a broken promise says, and when it is only a note."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.promises import verify
from archgen.diagnostics import Diagnostic, Severity
from archgen.resolve.program import Program

BODY = "input(3, 8, 8); conv(4, 3, stride=2); flatten; linear(classes)"
# 3 * 4 * 9 = 108 and 64 * 10 + 10 = 650 parameters; 108 * 16 + 640 = 2_368 multiply-adds.


def broken(promises: str, **parameters: object) -> list[Diagnostic]:
    """What does not hold; `loads` would raise it."""
    network = Program.of(f"arch small(classes=10) {{ {BODY}; {promises} }}").network(
        "small", parameters
    )
    assert network is not None
    return verify(network)


@pytest.mark.parametrize(
    "kept",
    [
        "params == 758",
        "buffers == 0",
        "macs == 2_368 and flops == 2 * macs",
        "4 * 16 < activations < 75",
        "depth == 2",
        "output == [classes]",
        "reduction == 2",
        "receptive_field == 3",
        "params / macs < 0.5",
    ],
)
def test_promises_that_are_kept(kept: str) -> None:
    assert broken(f"expect {kept}") == []


@pytest.mark.parametrize(
    ("promise", "message"),
    [
        ("params == 750", "broken promise: params is 758, 8 more than 750 (1.07%)"),
        ("macs <= 2K", "broken promise: macs is 2_368, 368 more than 2_000 (18.40%)"),
        ("1M <= params", "broken promise: params is 758, 999_242 less than 1_000_000 (99.92%)"),
        ("params > 758", "broken promise: params is 758"),
        ("output == [11]", "broken promise: output is [10], not [11]"),
        ("depth == 2 and reduction == 4", "broken promise: reduction is 2, 2 less than 4 (50.00%)"),
        ("not (depth == 2)", "broken promise: this does not hold"),
    ],
)
def test_what_is_broken_is_said_with_both_numbers(promise: str, message: str) -> None:
    (diagnostic,) = broken(f"expect {promise}")
    assert diagnostic.code == "A301"
    assert diagnostic.severity is Severity.ERROR
    assert diagnostic.message == message


def test_the_place_is_the_part_that_does_not_hold() -> None:
    (diagnostic,) = broken("expect depth == 2 and params == 1")
    assert diagnostic.span.text == "params == 1"
    assert diagnostic.labels[0].text == "params is 758"


def test_every_broken_promise_is_told() -> None:
    assert len(broken("expect params == 1; expect macs == 1; expect depth == 2")) == 2


def test_other_parameters_make_it_a_note() -> None:
    (diagnostic,) = broken("expect params == 758", classes=11)
    assert diagnostic.severity is Severity.NOTE


def test_axes_that_differ_are_a_list() -> None:
    network = archgen.loads(
        "arch a { input(1, 8, 8); conv(1, [3, 1], stride=[2, 1]); "
        "expect reduction == [2, 1]; expect receptive_field == [3, 1] }"
    )
    assert verify(network) == []


def test_several_outputs_are_a_list_of_shapes() -> None:
    network = archgen.loads(
        "arch a { input(1, 8, 8); p = conv(2, 1); q = conv(3, 2, stride=2); output p, q; "
        "expect output == [[2, 8, 8], [3, 4, 4]] }"
    )
    assert verify(network) == []


def test_what_training_keeps() -> None:
    """The input of the convolution, what the linear layer reads; a sample in float32."""
    assert broken("expect kept == 4 * (3 * 8 * 8 + 4 * 4 * 4)") == []
    (diagnostic,) = broken("expect kept <= 1_000")
    assert diagnostic.message == "broken promise: kept is 1_024, 24 more than 1_000 (2.40%)"


def test_a_name_of_the_spec_goes_before_a_figure_that_is_newer() -> None:
    text = "arch small(kept=3) { input(3, 8, 8); conv(4, kept); expect kept == 3 }"
    network = Program.of(text).network("small", {})
    assert network is not None
    assert verify(network) == []
