"""`archgen fmt`: specs in the one canonical layout.

A file is replaced whole or not at all: one with errors, or one that the formatter would harm, is
left as it was.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from difflib import unified_diff
from typing import Final, Literal

import click

from archgen.cli import files
from archgen.cli.failures import Refused, Stopped
from archgen.cli.folders import specs_of
from archgen.diagnostics import ArchError, Fault
from archgen.report import plural, printable

_INPUT: Final = "<standard input>"
_PLEA: Final = "this is a bug of archgen: please report it, with the file"
_Outcome = Literal["changed", "unchanged", "failed"]


@dataclass(frozen=True)
class _Spec:
    """What a file holds, and what it would hold."""

    path: str
    before: bytes
    after: bytes

    @property
    def changes(self) -> bool:
        return self.before != self.after

    @property
    def diff(self) -> str:
        """In the form of `diff -u`; empty if nothing changes."""
        old, new = _lines(self.before.decode()), _lines(self.after.decode())
        path = printable(self.path)
        return "".join(map(_ended, unified_diff(old, new, path, f"{path} (formatted)")))


@click.command("fmt")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option("--check", is_flag=True, help="Write nothing: list the files that would change.")
@click.option("--diff", is_flag=True, help="Write nothing: show what would change.")
def command(paths: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay specs out in one way: files, and folders with all that is below them.

    `-` formats standard input to standard output. A file with errors is left as it is.

    The status is 0 if all is well, 1 if a file has errors or, with --check or --diff, would
    change, 2 if the call is wrong.
    """
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("`-` stands alone: standard input is one spec")
    write = not (check or diff)
    if paths == ("-",):
        outcomes = [_format_input(write=write, diff=diff)]
    else:
        outcomes = [_format_file(path, write=write, diff=diff) for path in specs_of(paths)]
        click.echo(_summary(outcomes, "reformatted" if write else "would change"), err=diff)
    if "failed" in outcomes or ("changed" in outcomes and not write):
        raise click.exceptions.Exit(1)


def _format_file(path: str, *, write: bool, diff: bool) -> _Outcome:
    from archgen.syntax.read import read_bytes

    try:
        spec = _formatted(path, read_bytes(path))
        if write and spec.changes:
            files.write(path, spec.after)
    except (Fault, click.ClickException) as problem:
        return _failed(problem)
    if not spec.changes:
        return "unchanged"
    if diff:
        click.echo(spec.diff, nl=False)
    else:
        click.echo(f"{'reformatted' if write else 'would change'}: {printable(path)}")
    return "changed"


def _format_input(*, write: bool, diff: bool) -> _Outcome:
    from archgen.syntax.limits import MAX_BYTES

    try:
        spec = _formatted(_INPUT, sys.stdin.buffer.read(MAX_BYTES + 1))
    except (Fault, click.ClickException) as problem:
        return _failed(problem)
    if write:
        click.echo(spec.after, nl=False)
    elif diff:
        click.echo(spec.diff, nl=False)
    elif spec.changes:
        click.echo(f"would change: {_INPUT}")
    return "changed" if spec.changes else "unchanged"


def _formatted(path: str, content: bytes) -> _Spec:
    """Raises `Fault`, `Refused` for errors in the text, and `Stopped` for a formatter in error."""
    from archgen.syntax.read import decode
    from archgen.syntax.reformat import LawBroken, reformat

    try:
        return _Spec(path, content, reformat(decode(path, content)).encode())
    except ArchError as faults:
        raise Refused(faults.diagnostics) from None
    except LawBroken as bug:
        raise Stopped(f"{path}: left as it was, for {bug}; {_PLEA}") from bug


def _failed(problem: Fault | click.ClickException) -> Literal["failed"]:
    """Say why a file is left as it is, and go on with the others."""
    if isinstance(problem, Fault):
        problem = Refused([problem.diagnostic])
    problem.show()
    return "failed"


def _summary(outcomes: list[_Outcome], verb: str) -> str:
    """`3 files: 1 reformatted, 2 unchanged`."""
    words: dict[_Outcome, str] = {"changed": verb, "unchanged": "unchanged", "failed": "failed"}
    counted = ((outcomes.count(outcome), word) for outcome, word in words.items())
    return f"{plural(len(outcomes), 'file')}: " + ", ".join(
        f"{n} {word}" for n, word in counted if n
    )


def _lines(text: str) -> list[str]:
    """Lines with their ends; `splitlines` would end them at form feeds too."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
