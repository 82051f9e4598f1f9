"""Kinds of numbers: what torch cannot put into a parameter, or would change, does not fit."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
import torch

import archgen
from archgen.checkpoint.contents import FLOATS, INTEGERS

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:.*(omplex|quantize)"),  # torch says some once a process
]

NET = archgen.loads("arch net { input(3, 8, 8); conv(4, 1) -> bn }")
WEIGHT, COUNT, MEAN = "conv1.weight", "bn1.num_batches_tracked", "bn1.running_mean"
DTYPES = sorted({each for each in vars(torch).values() if isinstance(each, torch.dtype)}, key=str)


def state(**changed: Any) -> dict[str, Any]:
    return dict(archgen.build(NET).state_dict()) | changed


def loads(state: dict[str, Any]) -> bool:
    """Whether a strict load takes it."""
    try:
        archgen.build(NET).load_state_dict(state, strict=True)
    except RuntimeError:
        return False
    return True


def fits(state: dict[str, Any]) -> bool:
    return archgen.check_weights(state, NET).fits


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_what_fits_loads(dtype: torch.dtype) -> None:
    for key in (WEIGHT, MEAN, COUNT):
        try:
            value = torch.empty_like(state()[key], dtype=dtype)
        except (RuntimeError, NotImplementedError):  # no tensor can be made of it
            value = torch.empty((), dtype=torch.float32)
        changed = state(**{key: value})
        if fits(changed):
            assert loads(changed)
        name = str(value.dtype).removeprefix("torch.")
        kinds = FLOATS | INTEGERS if key == COUNT else FLOATS
        right = value.shape == state()[key].shape and name in kinds
        assert fits(changed) == right


def test_what_does_not_fit_is_not_loaded_or_changed() -> None:
    """Of the dtypes that are refused torch loads integers, truths and complex numbers alone."""
    taken = set()
    for dtype in DTYPES:
        name = str(dtype).removeprefix("torch.")
        try:
            changed = state(**{WEIGHT: torch.empty(4, 3, 1, 1, dtype=dtype)})
        except (RuntimeError, NotImplementedError):
            continue
        if name not in FLOATS and loads(changed):
            taken.add(name)
    assert {name for name in taken if "complex" not in name} <= INTEGERS | {"bool"}


LAYOUTS = {
    "quantised": lambda tensor: torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8),
    "sparse": lambda tensor: tensor.to_sparse(),
    "of another library": lambda tensor: numpy.asarray(tensor.detach()),
    "complex": lambda tensor: tensor.to(torch.complex64),
    "a list": lambda tensor: tensor.tolist(),
}


@pytest.mark.parametrize("change", LAYOUTS.values(), ids=LAYOUTS)
def test_what_torch_does_not_load_is_told_and_not_carried(change: Any) -> None:
    changed = state()
    changed[WEIGHT] = change(changed[WEIGHT])
    found = archgen.check_weights(changed, NET)
    assert not found.fits
    # What is left of complex numbers is their real part.
    assert not loads(changed) or changed[WEIGHT].is_complex()
    assert [each.key for each in found.differences] == [WEIGHT]
    assert str(found.parts[0].path) in str(found)
    with pytest.raises(archgen.ArchError) as refused:
        archgen.transfer(NET, NET, changed)
    assert [each.code for each in refused.value.diagnostics] == ["A522"]


def test_the_report_says_what_kind_it_is() -> None:
    changed = state()
    changed[WEIGHT] = changed[WEIGHT].to_sparse()
    changed[MEAN] = changed[MEAN].to(torch.int32)
    lines = str(archgen.check_weights(changed, NET)).splitlines()[1:]
    assert "weight holds sparse_coo float32, not real floating-point numbers" in lines[0]
    assert "running_mean holds int32, not real floating-point numbers" in lines[1]
