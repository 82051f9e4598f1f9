"""What is done to the plan of a class between its walk and its text, in this order."""

from archgen.backends.pytorch.passes.either import either
from archgen.backends.pytorch.passes.inline import inline
from archgen.backends.pytorch.passes.inplace import inplace
from archgen.backends.pytorch.passes.prune import prune
from archgen.backends.pytorch.plan.ir import Plan
from archgen.backends.pytorch.plan.validate import validated

PASSES = (inplace, either, inline, prune)


def run(plan: Plan) -> None:
    """All passes over the plan of a class."""
    for each in PASSES:
        each(plan)
        validated(plan, each.__name__)
