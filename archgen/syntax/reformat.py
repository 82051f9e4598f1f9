"""The canonical text of a whole spec, given out only if it keeps the laws of a formatter.

The text parses, means what it meant, has every comment, and formats to itself. The laws are
tested; they are checked in every run all the same, since a formatter may never harm a file.
"""

from __future__ import annotations

from archgen.diagnostics import ArchError
from archgen.syntax.format import format
from archgen.syntax.parse import Parsed, parse
from archgen.text import Source

__all__ = ["LawBroken", "reformat"]


class LawBroken(Exception):
    """The formatter is wrong about a spec, and its result is not to be used."""


def reformat(source: Source) -> str:
    """Lay a spec out in the one canonical way, with the line ends of its first line.

    Raises `ArchError` for the faults of the text and `LawBroken` for those of the formatter.
    """
    before = parse(source)
    if before.diagnostics:
        raise ArchError(before.diagnostics)
    text = _formatted(source)
    if text != source.text:
        _check(before, Source(source.path, text))
    return text


def _check(before: Parsed, source: Source) -> None:
    after = parse(source)
    if after.diagnostics:
        raise LawBroken(f"the result does not parse: {after.diagnostics[0].message}")
    if after.tree != before.tree:
        raise LawBroken("the result means something else")
    if _comments(after) != _comments(before):
        raise LawBroken("the result has other comments")
    if _formatted(source) != source.text:
        raise LawBroken("the result formats to something else")


def _formatted(source: Source) -> str:
    plain = Source(source.path, source.text.replace("\r\n", "\n"))
    parsed = parse(plain)
    try:
        text = format(parsed.tree, parsed.comments)
    except Exception as crash:
        raise LawBroken(f"the formatter failed: {crash!r}") from crash
    return text.replace("\n", "\r\n") if _ends_in_crlf(source.text) else text


def _ends_in_crlf(text: str) -> bool:
    return text[: text.find("\n") + 1].endswith("\r\n")


def _comments(parsed: Parsed) -> list[str]:
    """One inside a statement may move past another: their order is no law."""
    return sorted(comment.text for comment in parsed.comments)
