"""Sweeps: laws that the tests try on a seeded sample, and `make prove` on the full count.

Two forms. A law of random examples, over a Hypothesis test without fixtures:

    @examples(sample=60, full=10_000, of="random specs, built and trained")
    @given(specs())
    def test_what_is_accepted_is_what_torch_does(text): ...

The tests run 60 examples, always the same ones; `make prove` runs chunks of 60 with the seeds
0, 1, 2, ... until 10,000 were tried. A law of listed cases:

    @cases("name", NAMES, sample=12, of="networks exported to ONNX")
    def test_export(name): ...

The tests run 12 of the cases; `make prove` runs all. `tests/proofs.py` is the pytest plugin.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

T = TypeVar("T", bound=Callable[..., None])

calm = settings(
    deadline=None, suppress_health_check=list(HealthCheck), print_blob=False, derandomize=True
)


def examples(*, sample: int, full: int, of: str) -> Callable[[T], T]:
    """A law of random examples, above `@given`: `sample` in the tests, `full` in `make prove`."""

    def decorate(test: T) -> T:
        law = settings(calm, max_examples=sample)(test)
        return pytest.mark.sweep(of=of, chunks=-(-full // sample))(law)

    return decorate


def cases(
    name: str,
    items: Iterable[Hashable],
    *,
    sample: int | Collection[Hashable],
    of: str,
    ids: Callable[[Any], str] = str,
) -> Callable[[T], T]:
    """A law of listed cases, as `pytest.mark.parametrize`: the tests run `sample` of them."""
    params = sampled(items, sample, ids=ids)

    def decorate(test: T) -> T:
        law = pytest.mark.parametrize(name, params)(test)
        return pytest.mark.sweep(of=of)(law)

    return decorate


def sampled(
    items: Iterable[Hashable],
    sample: int | Collection[Hashable],
    *,
    ids: Callable[[Any], str] = str,
) -> list[Any]:
    """The items as parameters; those outside of the sample are left to `make prove`.

    `sample`: how many, drawn with a fixed seed; or which.
    """
    listed = list(items)
    if isinstance(sample, int):
        drawn = random.Random(0).sample(listed, min(sample, len(listed)))
    else:
        drawn = list(sample)
    return [
        pytest.param(item, id=ids(item), marks=() if item in drawn else pytest.mark.prove)
        for item in listed
    ]
