"""A module named on the command line: its file is imported, its factory called.

Runs the code of whoever wrote it. One of the modules that import torch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from torch import nn

from archgen.importers.program import ImportFault


def made(factory: str, arguments: Mapping[str, object]) -> nn.Module:
    """What `package.module:name` is, called with these arguments, with the current folder on the
    path. Raises `ImportFault` with what it raised.
    """
    module, colon, name = factory.partition(":")
    if not colon or not name:
        raise ImportFault(f"{factory}: say MODULE:NAME")
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        result = found if isinstance(found, nn.Module) else found(**arguments)
    except Exception as error:
        raise ImportFault(f"{factory}: {type(error).__name__}: {error}") from None
    finally:
        sys.path.remove(os.getcwd())
    if not isinstance(result, nn.Module):
        raise ImportFault(f"{factory} makes a {type(result).__name__}, not an nn.Module")
    return result
