"""Why a module has no spec, as a diagnostic whose place is a line of its own Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from archgen.diagnostics import ArchError, error
from archgen.text import NOWHERE, Source, Span

Place = tuple[str, int]  # a file of Python and a line of it, from 1
LARGEST = 1 << 20  # bytes of a file that is shown
_NOT_THEIRS = sys.stdlib_module_names | {"torch", "archgen"}


class ImportFault(ArchError):
    """A module of PyTorch that was not imported. Its one diagnostic says what has no form, or what
    differs, and where.

    at: the line of Python that is to blame.
    """

    def __init__(
        self, message: str, code: str = "A534", *, at: Place | None = None, help: str | None = None
    ) -> None:
        super().__init__([error(code, message, span_of(at), help=help)])
        self.message = message
        self.code = code
        self.at = at
        self.help = help


def failed(what: str, problem: BaseException) -> ImportFault:
    """The fault of code that raised: what was being done, and the line that did."""
    return ImportFault(f"{what}: {said(problem)}", "A531", at=place_of(problem))


def too_long(seconds: float, at: Place | None = None) -> ImportFault:
    """The fault of code that was still running after its time: at which line."""
    hint = "--timeout SECONDS gives it more"
    return ImportFault(f"not done after {seconds:g} seconds", "A535", at=at, help=hint)


def said(problem: BaseException) -> str:
    """An exception in a line, as Python shows it."""
    if isinstance(problem, SystemExit):
        return f"sys.exit({'' if problem.code is None else repr(problem.code)})"
    try:
        text = str(problem).strip().partition("\n")[0]
    except Exception:  # a stranger's `__str__`
        text = ""
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def place_of(problem: BaseException) -> Place | None:
    """The innermost line that is neither torch's nor this package's, below one of this package."""
    if isinstance(problem, SyntaxError) and problem.filename:
        return problem.filename, problem.lineno or 1
    theirs: Place | None = None
    inside = False
    for name, file, line in _frames(problem.__traceback__):
        inside = inside or name.partition(".")[0] == "archgen"
        if inside and is_theirs(name, file):
            theirs = file, line
    return theirs


def is_theirs(name: str, file: str) -> bool:
    """Whether a module of Python is of those who wrote the network."""
    return name.partition(".")[0] not in _NOT_THEIRS and not file.startswith("<")


def _frames(traceback: TracebackType | None) -> Iterator[tuple[str, str, int]]:
    while traceback is not None:
        frame = traceback.tb_frame
        yield frame.f_globals.get("__name__", ""), frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next


def span_of(at: Place | None) -> Span:
    """A line of Python in its text, without what is left and right of it."""
    if at is None:
        return NOWHERE
    file, number = at
    shown = _shown(file)
    try:
        if os.path.getsize(file) > LARGEST:
            return Source(shown, "").span(0, 0)
        source = Source(shown, Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Source(shown, "").span(0, 0)
    if not 0 < number <= len(source.line_starts):
        return source.span(0, 0)
    text = source.line_text(number)
    start = source.line_starts[number - 1] + len(text) - len(text.lstrip())
    return source.span(start, max(start, start + len(text.strip())))


def _shown(file: str) -> str:
    """A path below the current folder from there."""
    here = os.path.join(os.path.realpath(os.curdir), "")
    whole = os.path.realpath(file)
    return whole.removeprefix(here) if whole.startswith(here) else file
