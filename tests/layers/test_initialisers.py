"""The table of initialisers against `torch.nn.init` itself."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from archgen.layers.initialisers import (  # noqa: E402
    INITIALISERS,
    Initialiser,
    misfit,
    torch_call,
    validate_initialiser,
)

pytestmark = pytest.mark.torch
every_initialiser = pytest.mark.parametrize("name", INITIALISERS)
REQUIRED = {"constant": {"val": 0.5}, "sparse": {"sparsity": 0.25}}


@every_initialiser
def test_parameters_and_defaults_are_torchs(name: str) -> None:
    theirs = list(inspect.signature(getattr(nn.init, f"{name}_")).parameters.values())[1:]
    expected = [(item.name, item.default) for item in theirs if item.name != "generator"]
    fields = INITIALISERS[name].model_fields.items()
    empty = inspect.Parameter.empty
    assert [(key, empty if f.is_required() else f.default) for key, f in fields] == expected


@every_initialiser
@pytest.mark.parametrize("sizes", [(), (4,), (4, 3), (4, 3, 3), (4, 3, 3, 3), (4, 3, 1, 1, 1)])
def test_misfit_is_what_torch_refuses(name: str, sizes: tuple[int, ...]) -> None:
    made = validate_initialiser(name, [], REQUIRED.get(name, {}))
    assert isinstance(made, Initialiser)
    agree(made, sizes)


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_dirac_groups(groups: int) -> None:
    agree(Initialiser("dirac", (("groups", groups),)), (4, 3, 3, 3))


def agree(made: Initialiser, sizes: tuple[int, ...]) -> None:
    """We refuse exactly what torch refuses."""
    names: dict[str, Any] = {"nn": nn, "weight": torch.empty(sizes)}
    if misfit(made, sizes) is None:
        assert eval(torch_call(made, "weight"), names).isfinite().all()
    else:
        with pytest.raises(ValueError):  # noqa: PT011  the words are torch's
            eval(torch_call(made, "weight"), names)
