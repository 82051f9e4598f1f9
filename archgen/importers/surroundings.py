"""What a module changes or brings besides its forward pass: global settings, and hooks.

One of the modules that import torch.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from archgen.diagnostics import ArchError
from archgen.importers.fault import failed, place_of
from archgen.importers.program import Unsupported

_HOOKS = {
    "_forward_pre_hooks": "forward pre-hook",
    "_forward_hooks": "forward hook",
    "_backward_pre_hooks": "backward pre-hook",
    "_backward_hooks": "backward hook",
}


def check_hooks(model: nn.Module) -> None:
    """Raise `Unsupported` for a module with a hook: it may do anything, and no spec has one."""
    for path, module in model.named_modules():
        for name, kind in _HOOKS.items():
            for hook in getattr(module, name).values():
                called = getattr(hook, "__name__", type(hook).__name__)
                raise Unsupported(f"the {kind} `{called}`", path)


def seed() -> None:
    """Start torch's generators, so that what is made next has the same weights in every run."""
    torch.manual_seed(0)


@contextlib.contextmanager
def running(what: str) -> Iterator[None]:
    """Run a stranger's code: what it changes is put back, what it raises is an `ImportFault` that
    says what was being done."""
    try:
        with kept():
            yield
    except (ArchError, Unsupported):
        raise
    except (Exception, SystemExit) as problem:
        if place_of(problem) is None:
            raise
        raise failed(what, problem) from problem


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Put back what a module's code may change of its surroundings: the current folder, the path
    of imports, the states of random generators, and torch's settings."""
    states: list[Any] = [
        (os.chdir, os.getcwd()),
        (sys.path.__setitem__, slice(None), list(sys.path)),
        (random.setstate, random.getstate()),
        (torch.set_rng_state, torch.get_rng_state()),
        (torch.set_default_dtype, torch.get_default_dtype()),
        (torch.set_num_threads, torch.get_num_threads()),
        (torch.set_grad_enabled, torch.is_grad_enabled()),
        (torch.use_deterministic_algorithms, torch.are_deterministic_algorithms_enabled()),
    ]
    if numpy := sys.modules.get("numpy"):
        states.append((numpy.random.set_state, numpy.random.get_state()))
    torch.set_grad_enabled(True)
    try:
        yield
    finally:
        for put_back, *state in states:
            put_back(*state)
