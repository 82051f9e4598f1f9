"""Weights of an old network as weights of a new one, by a plan. Torch is needed for what is
computed or initialised; tensors that are carried may be in a file (`Held`)."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from archgen.checkpoint.contents import State, look
from archgen.checkpoint.grouping import layer_of
from archgen.checkpoint.plan import Plan

Fresh = Callable[[], State]


def transferred(plan: Plan, state: State, fresh: Fresh) -> OrderedDict[str, Any]:
    """The new `state_dict`: carried tensors are the old ones themselves.

    fresh: makes the `state_dict` of the new network as its spec initialises it; called if some of
    it is needed. It gets the floating-point dtype that most others have.
    """
    started: State = fresh() if plan.initialised else {}
    dtype = _usual_dtype(state)
    initialised = {entry.key for entry in plan.initialised}
    combined = {new.key: (old.key, new.sizes[1]) for old, new in plan.combined}
    carried = plan.carried
    made: OrderedDict[str, Any] = OrderedDict()
    for pair in plan.pairs:
        key = pair.new.key if pair.new else ""
        if key in initialised:
            made[key] = _converted(started[key], dtype)
        elif key in combined:
            old, count = combined[key]
            made[key] = _combined(state[old], count, plan)
        elif key in carried and carried[key] in state:  # an old count of batches may be missing
            made[key] = state[carried[key]]
    _keep_versions(plan, state, started, made)
    return made


def _converted(tensor: Any, dtype: str | None) -> Any:
    from archgen.checkpoint.tensors import converted

    return converted(tensor, dtype) if dtype else tensor


def _combined(tensor: Any, count: int, plan: Plan) -> Any:
    from archgen.checkpoint.tensors import combined

    assert plan.channels
    return combined(tensor, count, plan.channels)


def _usual_dtype(state: State) -> str | None:
    """The floating-point dtype of most tensors; None without any."""
    held = map(look, state.values())
    dtypes = Counter(each.dtype for each in held if each.is_float)
    return dtypes.most_common(1)[0][0] if dtypes else None


def _keep_versions(plan: Plan, state: State, started: State, made: Any) -> None:
    """Torch notes beside a `state_dict` which format each module's weights have."""
    before = getattr(state, "_metadata", None)
    if not isinstance(before, Mapping):
        return
    made._metadata = OrderedDict(getattr(started, "_metadata", {}))
    for new, old in plan.carried.items():
        made._metadata[layer_of(new)] = before.get(layer_of(old), {})
