"""What is given from outside: parameters and sizes of inputs; and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

import archgen
from archgen.diagnostics import Diagnostic
from tests import networks


def faults(spec: str, **given: object) -> list[Diagnostic]:
    with pytest.raises(archgen.ArchError) as raised:
        archgen.load(spec, **given)
    return list(raised.value.diagnostics)


# --- inputs ---------------------------------------------------------------------------------------

GIVEN = [(3, 320, 256), [3, 320, 256], [(3, 320, 256)], {"input": (3, 320, 256)}]


@pytest.mark.parametrize("given", GIVEN)
def test_one_input(given: Sequence[int]) -> None:
    network = archgen.load("resnet18", input=given)
    assert network.input == (3, 320, 256)
    assert not network.defaults


def test_other_channels() -> None:
    grey = archgen.load("resnet18", input=(1, 224, 224))
    assert grey.params == archgen.load("resnet18").params - 2 * 64 * 7 * 7
    assert "nn.Conv2d" in archgen.source(grey) or "Conv2d(1, 64" in archgen.source(grey)


@pytest.mark.parametrize(
    ("given", "left", "right"),
    [
        ([(1, 40, 40), (1, 24, 24)], (1, 40, 40), (1, 24, 24)),
        ({"right": (1, 24, 24)}, (1, 32, 32), (1, 24, 24)),
        ([(1, 40, 40)], (1, 40, 40), (1, 32, 32)),
    ],
)
def test_several_inputs(
    given: Sequence[Sequence[int]] | Mapping[str, Sequence[int]],
    left: tuple[int, ...],
    right: tuple[int, ...],
) -> None:
    text = networks.SIAMESE.replace("mul {", "concat {").replace("reuse a", "encoder(16)")
    assert archgen.loads(text, input=given).input == {"left": left, "right": right}


@pytest.mark.parametrize(
    ("given", "code", "place", "message"),
    [
        ((3, 0, 3), "A109", "0", "at least 1"),
        ((3, -1, 3), "A109", "-1", "at least 1"),
        ((3, 1.5, 3), "A109", "1.5", "`1.5` is not a size"),
        ((True, 8, 8), "A109", "True", "`True` is not a size"),
        ((3, 10**30, 3), "A403", str(10**30), "too large"),
        ((3, 10**9, 10**9), "A403", "input(3, 224, 224)", "too large"),
        ((3, 224), "A204", "input(3, 224, 224)", "has 3 sizes (3 x 224 x 224), not 2 (3 x 224)"),
        ((3, 1, 224, 224), "A204", "input(3, 224, 224)", "has 3 sizes"),
        ({"image": (3, 8, 8)}, "A204", "resnet50", "has no input `image`"),
        ([(3, 8, 8), (3, 8, 8)], "A204", "resnet50", "sizes for 2 inputs"),
        ({"2x": (3, 8, 8)}, "A109", "2x", "cannot be the name of an input"),
    ],
)
def test_sizes_that_are_none(given: object, code: str, place: str, message: str) -> None:
    (fault,) = faults("resnet50", input=given)
    assert (fault.code, fault.span.text) == (code, place)
    assert message in fault.message


def test_where_a_network_cannot_take_it_the_layer_is_named() -> None:
    (fault,) = faults("alexnet", input=(3, 32, 32))
    assert (fault.code, fault.span.text) == ("A205", "3")
    assert fault.labels[0].text == "input: 256 x 1 x 1"
    assert fault.notes == (
        "given from outside: input 3x32x32",
        "it takes 3 x H x W: H >= 63, W likewise; 63 would do for H and W, not 32",
    )


def test_one_fault_one_error() -> None:
    """The items of a list whose statement failed are not missed by what reads them."""
    (fault,) = faults("ssd300_vgg16", input=(3, 200, 200))
    assert fault.code == "A205"


# --- parameters -----------------------------------------------------------------------------------


def test_a_block_as_a_parameter() -> None:
    spec = "specs/resnet.arch:resnet"
    basic = archgen.expression("basic")
    assert archgen.load(spec, unit=basic, depths=[2, 2, 2, 2]).params == 11_689_512
    (fault,) = faults(spec, unit=archgen.expression("basci"), depths=[2, 2, 2, 2])
    assert (fault.code, fault.span.text, fault.help) == ("A101", "basci", "did you mean `basic`?")
    with pytest.raises(archgen.ArchError):
        archgen.expression("basic(")


@pytest.mark.parametrize(
    ("given", "code", "place", "help"),
    [
        ({"clases": 10}, "A106", "clases", "did you mean `classes`?"),
        ({"depths": [1]}, "A106", "depths", "gives it to `resnet`"),
        ({"classes": 1.5}, "A109", "classes", "say `int(1.5)`"),
        ({"classes": object}, "A109", "classes=", "a number, a string"),
    ],
)
def test_parameters_that_are_none(
    given: dict[str, object], code: str, place: str, help: str
) -> None:
    (fault,) = faults("resnet18", **given)
    assert fault.code == code
    assert fault.span.text.startswith(place)
    assert help in str(fault.help)


def test_a_fault_of_the_spec_says_what_was_given() -> None:
    (fault,) = faults("resnet18", classes=1.5)
    assert fault.notes == ("given from outside: classes=1.5",)
    (fault,) = faults("resnet18", clases=3)
    assert fault.notes == ()


def test_promises_under_overrides_are_not_asked() -> None:
    assert archgen.load("resnet18", input=(3, 64, 64), classes=3).macs < 10**9
