"""A module named on the command line: its file is imported, its factory called.

Runs the code of whoever wrote it; called in a process that is made for that (`worker`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from archgen.arguments import is_module
from archgen.closest import closest
from archgen.importers.fault import ImportFault, failed, is_theirs

if TYPE_CHECKING:
    from torch import nn


def made(
    factory: str,
    arguments: Mapping[str, object],
    told: Callable[[str], None] = lambda step: None,
) -> nn.Module:
    """What `package.module:name` is, called with these arguments unless it is an `nn.Module`.

    told: is given each step as it begins, in words. Raises `ImportFault`.
    """
    module, _, name = factory.partition(":")
    told(f"importing {module}")
    found = _attribute(_module(module), module, name)
    if is_module(found):
        if arguments:
            raise ImportFault(f"`{name}` is a module already: it takes no arguments", "A530")
        return found
    if not callable(found):
        what = f"`{name}` is no class and no function, but of type {type(found).__name__}"
        raise ImportFault(what, "A530")
    told(f"calling {name}")
    try:
        result = found(**arguments)
    except (Exception, SystemExit) as problem:
        raise failed(f"calling `{name}`", problem) from None
    if not is_module(result):
        hint = "name a class that is an `nn.Module`, or a function that makes one"
        made = type(result).__name__
        raise ImportFault(f"`{name}` gives no nn.Module, but a {made}", "A532", help=hint)
    return result


def origin_of(package: str) -> str:
    """The folder of the path of imports that a module was found in; empty if it has none."""
    module = sys.modules[package]
    folders = list(getattr(module, "__path__", ()))
    place = folders[0] if folders else getattr(module, "__file__", None)
    return os.path.dirname(os.path.realpath(place)) if place else ""


def check_places(elsewhere: str) -> None:
    """Raise `ImportFault` for a module that was imported from a folder, unless that is where
    packages are installed: another version of it was meant. Nothing is checked without a folder."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not elsewhere or not isinstance(file, str) or not is_theirs(name, file):
            continue
        parts = os.path.realpath(file).removeprefix(os.path.join(elsewhere, "")).split(os.sep)
        if parts[0] and not {"site-packages", "dist-packages"} & set(parts):
            hint = "another folder of the path of imports comes before that of the revision"
            message = f"`{name}` is that of the work tree, not of the revision"
            raise ImportFault(message, "A515", at=(file, 1), help=hint)


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as problem:
        if problem.name and (name == problem.name or name.startswith(f"{problem.name}.")):
            hint = "looked for in the current folder, then where this Python has its packages"
            message = f"there is no module `{problem.name}`"
            raise ImportFault(message, "A530", help=hint) from None
        raise failed(f"importing `{name}`", problem) from None
    except (Exception, SystemExit) as problem:
        raise failed(f"importing `{name}`", problem) from None


def _attribute(module: Any, path: str, name: str) -> Any:
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            close = closest(part, [each for each in dir(found) if not each.startswith("_")])
            hint = f"did you mean `{close}`?" if close else None
            raise ImportFault(f"`{path}` has no `{name}`", "A530", help=hint)
        found = getattr(found, part)
    return found
