"""archgen: a small language and a code generator for network architectures."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from archgen.api import build, check, draw, load, source, summary
    from archgen.breakage import breaking
    from archgen.comparison import Difference, compare, diff
    from archgen.convert import convert_resnext
    from archgen.diagnostics import ArchError, Diagnostic
    from archgen.exporting import dynamic_shapes
    from archgen.importers.api import from_module
    from archgen.importers.fault import ImportFault
    from archgen.loaded import Network
    from archgen.loading import loads
    from archgen.overrides import expression
    from archgen.specs import shipped
    from archgen.weights import check_weights, transfer

# Where each public name lives. Imported when asked for: `import archgen` costs nothing.
_HOMES = {
    "ArchError": "archgen.diagnostics",
    "Diagnostic": "archgen.diagnostics",
    "Difference": "archgen.comparison",
    "ImportFault": "archgen.importers.fault",
    "Network": "archgen.loaded",
    "breaking": "archgen.breakage",
    "build": "archgen.api",
    "check": "archgen.api",
    "check_weights": "archgen.weights",
    "compare": "archgen.comparison",
    "convert_resnext": "archgen.convert",
    "diff": "archgen.comparison",
    "draw": "archgen.api",
    "dynamic_shapes": "archgen.exporting",
    "expression": "archgen.overrides",
    "from_module": "archgen.importers.api",
    "load": "archgen.api",
    "loads": "archgen.loading",
    "shipped": "archgen.specs",
    "source": "archgen.api",
    "summary": "archgen.api",
    "transfer": "archgen.weights",
}

__all__ = [
    "ArchError",
    "Diagnostic",
    "Difference",
    "ImportFault",
    "Network",
    "breaking",
    "build",
    "check",
    "check_weights",
    "compare",
    "convert_resnext",
    "diff",
    "draw",
    "dynamic_shapes",
    "expression",
    "from_module",
    "load",
    "loads",
    "shipped",
    "source",
    "summary",
    "transfer",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'archgen' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
