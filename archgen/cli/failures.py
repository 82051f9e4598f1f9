"""How a command refuses: click's exceptions with archgen's words."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

import click

from archgen.cli.terminal import wants_color
from archgen.closest import closest
from archgen.diagnostics import Diagnostic
from archgen.report import printable, render_text


class Refused(click.ClickException):
    """Faults of a spec, rendered on standard error. Status 1."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("; ".join(item.message for item in diagnostics))
        self.diagnostics = diagnostics

    def show(self, file: IO[Any] | None = None) -> None:
        text = render_text(self.diagnostics, color=wants_color(sys.stderr))
        click.echo(text, file=file, err=file is None)


class Stopped(click.ClickException):
    """What no spec is to blame for: a file that cannot be written, a device that is not there."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "bottleneck"?` if a known word is close, else nothing."""
    close = closest(word, known)
    return f'; did you mean "{close}"?' if close else ""
