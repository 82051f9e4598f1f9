"""Arguments that will not do, told in users' words; arguments that will."""

from __future__ import annotations

import pytest

from archgen.layers import LAYERS
from archgen.layers.base import AUTO
from archgen.layers.initialisers import Initialiser, misfit, torch_call, validate_initialiser
from archgen.layers.make import ArgumentFault, make
from archgen.shapes import Shape

LIST_OR = "must be an integer of at least 1 or a list of such"


@pytest.mark.parametrize(
    ("keyword", "arguments", "argument", "message", "help"),
    [
        ("conv", {"out": 64}, "kernel", "conv: `kernel` is missing", "conv(out, kernel,"),
        (
            "conv",
            {"out": 64, "kernel": 3, "strid": 2},
            "strid",
            "conv has no parameter `strid`",
            "did you mean `stride`?",
        ),
        ("relu", {"inplace": True}, "inplace", "relu has no parameter", "relu takes no arguments"),
        ("conv", {"out": 8, "kernel": 0}, "kernel", f"{LIST_OR}, not 0", None),
        ("conv", {"out": 8, "kernel": True}, "kernel", f"{LIST_OR}, not true", None),
        ("conv", {"out": 64.0, "kernel": 3}, "out", "not 64.0", "say `int(64.0)`"),
        ("conv", {"out": 8, "kernel": [3.0, 3]}, "kernel", "not [3.0, 3]", "say `int(3.0)`"),
        ("conv", {"out": "64", "kernel": 3}, "out", 'not "64"', "say `64`"),
        ("conv", {"out": 2**40, "kernel": 3}, "out", "an integer of at most 2147483647", None),
        ("linear", {"out": 8, "bias": 1}, "bias", "must be true or false, not 1", None),
        ("dropout", {"p": 2}, "p", "must be a number from 0 to 1, not 2", None),
        ("drop_path", {"p": 1}, "p", "of at least 0 and below 1, not 1", None),
        ("gelu", {"approximate": "tan"}, "approximate", '"none" or "tanh"', 'did you mean "tanh"?'),
        ("upsample", {}, None, "give one of scale, size and like", "upsample(scale=none,"),
        ("crop", {"size": 2, "like": Shape((3, 4, 4))}, None, "give one of size and like", "crop("),
        (
            "upsample",
            {"scale": 2, "align_corners": True},
            None,
            'align_corners has no meaning with mode="nearest"',
            "upsample(",
        ),
        ("permute", {"axes": list(range(9))}, "axes", "a list of at most 8", None),
    ],
)
def test_faults(
    keyword: str,
    arguments: dict[str, object],
    argument: str | None,
    message: str,
    help: str | None,
) -> None:
    fault = make(LAYERS[keyword], arguments)
    assert isinstance(fault, ArgumentFault)
    assert fault.argument == argument
    assert message in fault.message
    assert fault.help is None if help is None else help in str(fault.help)


def test_all_faults_of_a_call_are_told() -> None:
    fault = make(LAYERS["conv"], {"out": 0, "kernel": "x", "strid": 1})
    assert isinstance(fault, ArgumentFault)
    assert [one.argument for one in (fault, *fault.more)] == ["out", "kernel", "strid"]


def test_values_of_others_are_shown_by_their_owner() -> None:
    fault = make(LAYERS["linear"], {"out": object()}, lambda value: "the layer `relu`")
    assert isinstance(fault, ArgumentFault)
    assert fault.message.endswith("not the layer `relu`")


def test_lists_integers_and_auto_are_taken() -> None:
    made = make(LAYERS["conv"], {"out": 8, "kernel": [3, 5], "padding": AUTO})
    assert getattr(made, "kernel", None) == (3, 5)
    assert getattr(make(LAYERS["multiply"], {"by": -1}), "by", None) == -1.0


def test_initialiser_keeps_what_differs_from_torch() -> None:
    made = validate_initialiser("kaiming_normal", [0.0], {"mode": "fan_out"})
    assert made == Initialiser("kaiming_normal", (("mode", "fan_out"),))
    assert torch_call(made, "self.weight") == 'nn.init.kaiming_normal_(self.weight, mode="fan_out")'


@pytest.mark.parametrize(
    ("name", "positional", "named", "message"),
    [
        ("zeros", [1], {}, "zeros takes 0 arguments, not 1"),
        ("normal", [0.0], {"mean": 1.0}, "`mean` is given twice"),
        ("constant", [], {}, "`val` is missing"),
        ("uniform", [1, -1], {}, "a=1.0 is above b=-1.0"),
        ("normal", [], {"std": -1}, "must be a number of at least 0"),
    ],
)
def test_initialiser_faults(
    name: str, positional: list[object], named: dict[str, object], message: str
) -> None:
    fault = validate_initialiser(name, positional, named)
    assert isinstance(fault, ArgumentFault)
    assert message in fault.message


def test_misfit_names_the_axes() -> None:
    assert misfit(Initialiser("kaiming_normal"), (8, 3, 3, 3)) is None
    assert "at least 2 axes" in str(misfit(Initialiser("kaiming_normal"), (8,)))
