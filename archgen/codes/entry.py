"""What is known of an error code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One error code. `fails` is a complete spec that shows it, `passes` the same, mended; or, for
    what no text of a spec can show, a command line."""

    code: str
    title: str
    explanation: str
    fails: str
    passes: str
    before: str = ""
