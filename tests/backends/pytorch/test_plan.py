"""The plan of a class: what it looks like, and that its validator notices what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import archgen
from archgen.backends.pytorch import plans
from archgen.backends.pytorch.classes import classes_of
from archgen.backends.pytorch.plan.ir import Apply, Build, For, Gather, Give, If, Merge, Plan, Value
from archgen.backends.pytorch.plan.regions import all_items, everything
from archgen.backends.pytorch.plan.validate import validate
from archgen.syntax import tree

SPECS = {
    "decision": """block b(out, deep=false) {
          if deep { conv(out, 3) -> relu } else { conv(out, 1) }
          if channels != input.channels { bn }
        }
        arch net { input(4, 8, 8); b(8, deep=true) -> b(8) }""",
    "gather": """block b(out, deep=true, n=5) {
          concat {
            identity
            if deep { conv(out, 3) -> relu }
            for i in range(n) { conv(out, 1, dilation=i + 1) }
          }
        }
        arch net { input(4, 8, 8); b(8) -> b(4, deep=false, n=6) }""",
    "loop": """block dense(growth, n) {
          for i in range(n) { concat { identity; conv(growth, 3) -> relu } }
        }
        arch net { input(4, 8, 8); dense(8, 5) -> dense(4, 6) }""",
    "container": """block b(widths, n=2) {
          body = seq {
            for w in widths { conv(w, 3) -> bn -> relu }
            if n > 1 { stage(conv, channels, 1, n=n) }
          }
        }
        arch net { input(4, 8, 8); b([8, 16, 8, 4, 8]) -> b([8, 8, 4, 4], n=1) }""",
    "head": """block b(out) { conv(out, 3); aux side = global_avgpool -> flatten -> linear(3) }
        arch net(classes=5) { input(4, 8, 8); b(8); flatten; linear(classes) }""",
    "shared": """block b(out) {
          mul { c = conv(out, 3, bias=true); scale = param([channels, 1, 1], init=ones) }
          relu
          add { reuse c; identity }
        }
        arch net { input(8, 8, 8); b(8) }""",
    "folded": """arch net(width=16, depth=3, classes=10) {
          input(3, 8, 8)
          conv(width, 3)
          for i in range(depth) { conv(channels + width, 3) -> relu }
          flatten
          linear(classes)
        }""",
}
CLASSES = {
    "bottleneck": ("resnet50", "Bottleneck"),
    "gate": ("efficientnet_b0", "SqueezeExcite"),
    "stages": ("efficientnet_b0", "EfficientnetB0"),
}


def plans_of(name: str) -> list[Plan]:
    return classes_of(archgen.loads(SPECS[name])).file.plans


@pytest.mark.parametrize("name", SPECS)
def test_plans(name: str, golden: Callable[[str, str], None]) -> None:
    text = "\n\n".join(plans(archgen.loads(SPECS[name])).values())
    golden(f"plan/{name}.txt", f"{text}\n")


@pytest.mark.parametrize("name", CLASSES)
def test_plans_of_shipped_blocks(name: str, golden: Callable[[str, str], None]) -> None:
    network, block = CLASSES[name]
    golden(f"plan/{name}.txt", f"{plans(archgen.load(network))[block]}\n")


# --- the validator ------------------------------------------------------------------------------


def first(plan: Plan, kind: type) -> object:
    return next(item for item in all_items(plan) if isinstance(item, kind))


def read_nothing(plan: Plan) -> None:
    merge = first(plan, Merge)
    assert isinstance(merge, Merge)
    merge.operands[0] = Value()


def make_twice(plan: Plan) -> None:
    plan.items.append(plan.items[0])


def read_an_arm(plan: Plan) -> None:
    decision = first(plan, If)
    assert isinstance(decision, If)
    inside = next(item for item in everything(decision.arms[0][1]) if isinstance(item, Apply))
    plan.outputs = [("", inside.outputs[0])]


def forget_an_arm(plan: Plan) -> None:
    decision = first(plan, If)
    assert isinstance(decision, If)
    del decision.phis[0].arms[0]


def carry_nothing(plan: Plan) -> None:
    loop = first(plan, For)
    assert isinstance(loop, For)
    loop.carry = None


def name_nothing(plan: Plan) -> None:
    loop = first(plan, For)
    assert isinstance(loop, For)
    loop.iterable = tree.Name(("nothing",))


def order_arguments(plan: Plan) -> None:
    apply = next(
        item
        for item in all_items(plan)
        if isinstance(item, Apply) and item.child and isinstance(item.child.module, Build)
    )
    assert apply.child is not None
    assert isinstance(apply.child.module, Build)
    apply.child.module.arguments.reverse()


def give_outside(plan: Plan) -> None:
    plan.items.append(Give(plan.inputs[0][1]))


def gather_nothing(plan: Plan) -> None:
    gather = first(plan, Gather)
    assert isinstance(gather, Gather)
    gather.items = []


def end_with_a_condition(plan: Plan) -> None:
    decision = first(plan, If)
    assert isinstance(decision, If)
    (_, arm) = decision.arms[-1]
    decision.arms[-1] = (tree.Boolean(True), arm)


def reuse_before(plan: Plan) -> None:
    again = next(item for item in all_items(plan) if isinstance(item, Apply) and item.reused)
    plan.items.remove(again)
    plan.items.insert(0, again)
    again.inputs = [plan.inputs[0][1]]


FAULTS: dict[str, tuple[str, Callable[[Plan], None], str]] = {
    "a value that nothing makes": ("loop", read_nothing, "reads a value that is not there"),
    "a value made twice": ("shared", make_twice, "makes a value again"),
    "a value of one arm": ("decision", read_an_arm, "the result reads a value that is not there"),
    "a phi that lacks an arm": ("decision", forget_an_arm, "not one value for each arm"),
    "a loop without a value": ("loop", carry_nothing, "a loop carries no value"),
    "a name that nothing binds": ("loop", name_nothing, "`nothing` is read and not known"),
    "arguments out of order": ("shared", order_arguments, "with arguments out of order"),
    "an operand outside": ("gather", give_outside, "an operand stands in no merge"),
    "a merge of nothing": ("gather", gather_nothing, "a merge has no operand"),
    "no last arm": ("decision", end_with_a_condition, "the last arm, and no other"),
    "a reuse too early": ("shared", reuse_before, "applied again that is not made"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_validator_notices(name: str) -> None:
    spec, spoil, message = FAULTS[name]
    plan = plans_of(spec)[0]
    assert validate(plan) == []
    spoil(plan)
    assert any(message in fault for fault in validate(plan))
