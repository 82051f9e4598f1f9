"""Any name of an author in any role is refused, or the model is as predicted."""

from __future__ import annotations

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from tests.laws.naming import NAMES, ROLES, network
from tests.sweeps import examples

pytestmark = pytest.mark.torch


@examples(sample=120, full=15_000, of="names of authors in their roles, built and trained")
@given(st.sampled_from(sorted(ROLES)), st.sampled_from(NAMES))
@example("value", "x")
@example("block", "__b")
@example("default", "__x")
@example("output", "Tensor")
@example("loop in a sequence", "layers")
@example("list of values", "__")
@example("parameter beside a class", "U")
def test_a_name_is_refused_or_right(role: str, name: str) -> None:
    from tests.laws.judge import Judge

    made = network(role, name)
    event("refused" if made is None else "right")
    if made is not None:
        Judge(made).all()
