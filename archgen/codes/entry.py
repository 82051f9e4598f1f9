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

    @property
    def is_warning(self) -> bool:
        return self.code.startswith("W")

    @property
    def examples(self) -> list[tuple[str, str]]:
        """Each example with the words that introduce it, in the order to show them."""
        shown, mended = ("This is warned of", "This is not") if self.is_warning else _STATES
        before = [("This was there", self.before)] if self.before else []
        return [*before, (shown, self.fails), (mended, self.passes)]


_STATES = ("This fails", "This passes")
