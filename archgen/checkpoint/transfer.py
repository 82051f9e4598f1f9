"""Weights of an old network as weights of a new one, by a plan. Needs torch for what is new."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any

from archgen.api import build
from archgen.checkpoint.contents import State, look
from archgen.checkpoint.grouping import layer_of
from archgen.checkpoint.plan import Plan


def transferred(plan: Plan, state: State, *, seed: int | None = None) -> OrderedDict[str, Any]:
    """The new `state_dict`: carried tensors are the old ones themselves, others start anew.

    seed: decides those that start anew; they get the floating-point dtype that most others have.
    """
    fresh: State = build(plan.new, seed=seed).state_dict() if plan.initialised else {}
    dtype = _usual_dtype(state)
    anew = {entry.key for entry in plan.initialised}
    carried = plan.carried
    made: OrderedDict[str, Any] = OrderedDict()
    for pair in plan.pairs:
        key = pair.new.key if pair.new else ""
        if key in anew:
            tensor = fresh[key]
            made[key] = tensor.to(dtype) if dtype and tensor.is_floating_point() else tensor
        elif key in carried and carried[key] in state:  # an old count of batches may be missing
            made[key] = state[carried[key]]
    _keep_versions(plan, state, fresh, made)
    return made


def _usual_dtype(state: State) -> Any:
    """The floating-point dtype of most tensors; None without any."""
    dtypes = Counter(
        tensor.dtype
        for tensor in state.values()
        if look(tensor).is_tensor and tensor.is_floating_point()
    )
    return dtypes.most_common(1)[0][0] if dtypes else None


def _keep_versions(plan: Plan, state: State, fresh: State, made: Any) -> None:
    """Torch notes beside a `state_dict` which format each module's weights have."""
    before = getattr(state, "_metadata", None)
    if not isinstance(before, Mapping):
        return
    made._metadata = OrderedDict(getattr(fresh, "_metadata", {}))
    for new, old in plan.carried.items():
        made._metadata[layer_of(new)] = before.get(layer_of(old), {})
