"""What is done to the plan of a class between its walk and its text, in this order."""

from archgen.backends.pytorch.passes.either import either
from archgen.backends.pytorch.passes.inline import inline
from archgen.backends.pytorch.passes.inplace import inplace
from archgen.backends.pytorch.passes.prune import prune

PASSES = (inplace, either, inline, prune)
