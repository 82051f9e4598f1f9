"""`archgen lint`: what is legal in specs, and suspicious; `--fix` mends what is certain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from archgen.cli import files
from archgen.cli.failures import Stopped
from archgen.cli.folders import specs_of
from archgen.cli.reports import format_option, report
from archgen.report import counts, plural

if TYPE_CHECKING:
    from archgen.diagnostics import Diagnostic

_ROUNDS: Final = 20  # edits that touch one another take turns
_PLEA: Final = "this is a bug of archgen: please report it, with the file"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@click.command("lint")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@format_option
@click.option("--fix", is_flag=True, help="Mend what is certain in the files themselves.")
def command(paths: tuple[str, ...], form: str, fix: bool) -> None:
    """Warn of what is legal in specs and suspicious: files, and folders with all below them.

    `# lint: off W001: why` behind a statement, or alone above it, silences a warning; an
    `archgen.toml` does for a project. Errors of the specs are reported too, and a file that has
    any is neither linted nor mended.

    The status is 0 if there is nothing to say, 1 if there is, 2 if the call is wrong.
    """
    from archgen import api

    names = specs_of(paths)
    found = api.check_paths(names, lint=True)
    fixed = 0
    for _ in range(_ROUNDS if fix else 0):
        count = sum(_mend(name, found) for name in names)
        if not count:
            break
        fixed += count
        found = api.check_paths(names, lint=True)
    mended = f", {plural(fixed, 'warning')} mended" if fixed else ""
    errors, warnings = counts(found)
    parts = [plural(errors, "error")] if errors else []
    parts += [plural(warnings, "warning")] if warnings else []
    done = f"{plural(len(names), 'file')} linted{mended}"
    report(found, form, done, ", ".join(parts) or "no warnings")
    if errors or warnings:
        raise click.exceptions.Exit(1)


def _mend(path: str, found: Sequence[Diagnostic]) -> int:
    """Apply the edits for one file; how many warnings they mend. The file is replaced whole."""
    from archgen.diagnostics import Fault
    from archgen.lint.fix import NotTheSame, mended
    from archgen.syntax.read import decode, read_bytes

    own = [item for item in found if item.edits and item.span.source.path == path]
    if not own:
        return 0
    try:
        content = read_bytes(path)
        source = decode(path, content)
        if source.text != own[0].span.source.text:
            return 0  # it has changed since it was read
        text, count = mended(source, own)
    except Fault:
        return 0  # it can be read no more
    except NotTheSame as bug:
        raise Stopped(f"{path}: left as it was, for {bug}; {_PLEA}") from bug
    mark = _BYTE_ORDER_MARK if content.startswith(_BYTE_ORDER_MARK) else b""
    if count:
        files.write(path, mark + text.encode())
    return count
