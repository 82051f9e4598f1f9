"""Whether weights fit is what torch's strict load says; and what differs is what it names."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archgen
from archgen.checkpoint.fit import Fit
from archgen.checkpoint.hints import prefix
from archgen.checkpoint.renames import renames
from archgen.diagnostics import ArchError

pytestmark = pytest.mark.torch

SPEC = """
block unit(out) { add { { conv(out, 3) -> bn -> relu; conv(out, 3) -> bn }; identity }; relu }
arch net(classes=4) {
  input(3, 8, 8)
  stem = conv(6, 3) -> bn
  stage(unit, 6, n=2)
  mul { identity; scale = param([6, 1, 1], init=ones) }
  global_avgpool -> flatten
  aux head = linear(2)
  fc = linear(classes)
}
"""
NET = archgen.loads(SPEC)
MODEL = archgen.build(NET)
State = dict[str, Any]


def fresh() -> State:
    return dict(MODEL.state_dict())


def check(state: Any) -> Fit:
    return archgen.check_weights(state, NET)


def refusal(state: Any) -> str | None:
    """What a strict load says against a state."""
    try:
        archgen.build(NET).load_state_dict(state, strict=True)
    except RuntimeError as problem:
        return str(problem)
    return None


def quoted(message: str, kind: str) -> set[str]:
    found = re.search(rf"{kind} key\(s\) in state_dict: (.*)\.", message)
    return set(re.findall(r'"([^"]+)"', found[1])) if found else set()


Edit = Callable[[State], Any]
EDITS: dict[str, Edit] = {
    "nothing": lambda s: s,
    "a weight is gone": lambda s: s.pop("fc.bias"),
    "a buffer is gone": lambda s: s.pop("stem.1.running_mean"),
    "a count is gone": lambda s: s.pop("stem.1.num_batches_tracked"),
    "a free parameter is gone": lambda s: s.pop("scale"),
    "a head is gone": lambda s: [s.pop("head.weight"), s.pop("head.bias")],
    "a block is gone": lambda s: [s.pop(key) for key in list(s) if key.startswith("layer1.1.")],
    "one more": lambda s: s.update(more=torch.zeros(3)),
    "one more, no tensor": lambda s: s.update(epoch=3),
    "another name": lambda s: s.update({"classifier.bias": s.pop("fc.bias")}),
    "another shape": lambda s: s.update({"fc.bias": torch.zeros(5)}),
    "another rank": lambda s: s.update({"fc.bias": torch.zeros(4, 1)}),
    "another dtype": lambda s: s.update({"fc.bias": torch.zeros(4, dtype=torch.float16)}),
    "a text for a tensor": lambda s: s.update({"fc.bias": "zeros"}),
    "a count in a vector": lambda s: s.update(
        {"stem.1.num_batches_tracked": torch.zeros(1).long()}
    ),
    "a count in two": lambda s: s.update({"stem.1.num_batches_tracked": torch.zeros(2).long()}),
    "a vector for a matrix": lambda s: s.update({"scale": torch.zeros(6)}),
    "a number for a vector": lambda s: s.update({"fc.bias": torch.tensor(1.0)}),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_it_fits_exactly_when_a_strict_load_takes_it(edit: Edit) -> None:
    state = fresh()
    edit(state)
    found, message = check(state), refusal(state)
    assert found.fits == (message is None)
    if message is not None:
        counts = {key for key in quoted(message, "Missing") if key.endswith("batches_tracked")}
        missing = {each.key for each in found.of("missing")}
        assert missing <= quoted(message, "Missing") <= missing | counts
        assert {each.key for each in found.of("unexpected")} == quoted(message, "Unexpected")
        reshaped = set(re.findall(r"(?:mismatch for|named) \"?([\w.]+)", message))
        assert {each.key for each in found.of("reshaped")} == reshaped


@pytest.mark.parametrize("version", [None, 1, 2, 3])
def test_a_count_may_be_missing_in_weights_that_are_older(version: int | None) -> None:
    state = OrderedDict(fresh())
    state._metadata = {"stem.1": {"version": version} if version else {}}  # type: ignore[attr-defined]
    del state["stem.1.num_batches_tracked"]
    assert check(state).fits == (refusal(state) is None) == (version in (None, 1))


KEYS = list(fresh())


@given(
    gone=st.sets(st.sampled_from(KEYS), max_size=3),
    renamed=st.dictionaries(
        st.sampled_from(KEYS), st.sampled_from([*KEYS, "a", "fc.a"]), max_size=2
    ),
    reshaped=st.dictionaries(
        st.sampled_from(KEYS), st.lists(st.integers(0, 6), max_size=4), max_size=2
    ),
)
@settings(deadline=None, max_examples=60)
def test_random_edits(
    gone: set[str], renamed: dict[str, str], reshaped: dict[str, list[int]]
) -> None:
    state = fresh()
    for key, sizes in reshaped.items():
        state[key] = torch.zeros(sizes)
    for old, new in renamed.items():
        if old in state:
            state[new] = state.pop(old)
    for key in gone:
        state.pop(key, None)
    assert check(state).fits == (refusal(state) is None)


def test_what_is_missing_whole_is_one_part() -> None:
    state = {key: value for key, value in fresh().items() if not key.startswith("layer1.1.")}
    state |= {"extra.0.weight": torch.zeros(1), "extra.1.weight": torch.zeros(1)}
    state["fc.weight"] = torch.zeros(9, 6)
    parts = check(state).parts
    assert [(each.kind, each.path, len(each.differences)) for each in parts] == [
        ("missing", "layer1.1", 12 - 2),
        ("unexpected", "extra", 2),
        ("reshaped", "fc", 1),
    ]
    place = parts[0].place
    assert place is not None
    assert place.text == "stage(unit, 6, n=2)"


def test_a_prefix_is_found() -> None:
    found = prefix(check({f"module.model.{key}": value for key, value in fresh().items()}))
    assert found is not None
    assert (found.text, found.matched) == ("module.model.", len(KEYS))
    assert archgen.check_weights(
        {f"module.{k}": v for k, v in fresh().items()}, NET, prefix="module."
    ).fits
    assert prefix(check(fresh())) is None


def test_two_keys_are_not_made_one() -> None:
    with pytest.raises(ValueError, match="two keys"):
        archgen.check_weights(fresh() | {"module.scale": 1}, NET, prefix="module.")


def test_a_rename_is_found_by_its_shapes() -> None:
    state = {key.replace("stem", "start"): value for key, value in fresh().items()}
    assert renames(check(state)) == {"stem": "start"}


def test_it_says_so_in_text() -> None:
    assert str(check(fresh())) == (
        f"the checkpoint fits net: {len(KEYS)} tensors (float32 {len(KEYS) - 5}, int64 5)"
    )


def test_a_network_that_cannot_be_built_has_no_weights() -> None:
    huge = archgen.loads(
        "arch a { input(3, 8, 8); stage(u, n=1_000_000_000) }\nblock u { conv(3, 3) }"
    )
    with pytest.raises(ArchError) as refused:
        archgen.check_weights({}, huge)
    assert [each.code for each in refused.value.diagnostics] == ["A405"]


def test_keys_are_texts() -> None:
    with pytest.raises(TypeError, match="which are strings"):
        check({3: torch.zeros(1)})
