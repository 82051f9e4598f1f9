"""The classes of shipped networks are right for every other value of each of their parameters."""

from __future__ import annotations

import pytest

import archgen
from tests.backends.pytorch.test_constructors import facts, parameters

pytestmark = pytest.mark.torch


FILES: dict[str, list[str]] = {}
for name, path in archgen.shipped():
    FILES.setdefault(path.stem, []).append(name)


@pytest.mark.parametrize("file", FILES)
def test_other_values(file: str) -> None:
    known: set[str] = set()
    for name in FILES[file]:
        network = archgen.load(name)
        for parameter, value in parameters(network).items():
            found = None if parameter in known else with_another(name, parameter, value)
            if found is not None:
                known.add(parameter)
                other, loaded = found
                assert facts(network, **{parameter: other}) == facts(loaded)


def with_another(name: str, parameter: str, value: float) -> tuple[float, archgen.Network] | None:
    """The network with another value that it can have; None if its alias fixes the parameter."""
    for other in others(value):
        try:
            return other, archgen.load(name, **{parameter: other})
        except archgen.ArchError as problem:
            reason = problem
    if {each.code for each in reason.diagnostics} == {"A106"}:
        return None
    raise reason


def others(value: float) -> list[float]:
    if isinstance(value, int):
        return [value + 1, value + 2, 2 * value, value - 1]
    return [value / 2 + 0.125]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("resnet50", "classes"),
        ("googlenet", "classes drop drop_aux"),
        ("inception_v3", "classes drop"),
        ("yolo_v3", "classes boxes"),
        ("regnet_x_400mf", "classes"),
        ("densenet121", "classes"),
    ],
)
def test_what_a_class_takes(name: str, taken: str) -> None:
    assert " ".join(parameters(archgen.load(name))) == taken
