"""An `if` whose sides are one submodule or nothing becomes that submodule, or `nn.Identity`."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.backends.pytorch.plan.ir import Apply, Child, Either, If, Item, Module, Plan, Value
from archgen.backends.pytorch.plan.regions import change


def either(plan: Plan) -> None:
    """Rewrite such decisions of a class."""
    plan.items = change(plan.items, _rewritten)


def _rewritten(item: Item) -> list[Item]:
    if not isinstance(item, If):
        return [item]
    if not item.phis and not any(items for _, items in item.arms):
        return []
    return [_either(item) or item]


def _either(item: If) -> Apply | None:
    """The `if` as one submodule, if it is one."""
    if len(item.phis) != 1:
        return None
    (phi,) = item.phis
    applied = [_only_apply(inner) for _, inner in item.arms]
    children = [apply.child for apply in applied if apply is not None and apply.child]
    sources = [
        _source(inner, apply, side)
        for (_, inner), apply, side in zip(item.arms, applied, phi.arms, strict=True)
    ]
    source = sources[0]
    if not children or source is None or any(other is not source for other in sources):
        return None
    if any(child.name != children[0].name for child in children):
        return None
    arms: list[tuple[object, Module | None]] = [
        (condition, apply.child.module if apply and apply.child else None)
        for (condition, _), apply in zip(item.arms, applied, strict=True)
    ]
    child = Child(children[0].name, Either(arms))  # type: ignore[arg-type]
    return Apply(child, [source], [phi.value], block=any(a.block for a in applied if a))


def _only_apply(items: Sequence[Item]) -> Apply | None:
    if len(items) != 1 or not isinstance(items[0], Apply):
        return None
    apply = items[0]
    alone = len(apply.inputs) == len(apply.outputs) == 1
    whole = apply.child is not None and not apply.reused and not apply.piece
    return apply if alone and whole else None


def _source(items: Sequence[Item], apply: Apply | None, side: Value) -> Value | None:
    """What a side reads, if it hands on that or what its one submodule makes of it."""
    if not items:
        return side
    return apply.inputs[0] if apply is not None and apply.outputs[0] is side else None
