"""The commands by name, and how each run ends: a status, and never a traceback for a mistake.

Status 0 is success, 1 a fault that was found, 2 a wrong call, 130 an interrupt.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import click

from archgen import __version__
from archgen.cli.failures import Refused, did_you_mean
from archgen.diagnostics import ArchError

COMMANDS: Final = {  # name: module; in the order of the help
    "check": "check",
    "lint": "lint",
    "fmt": "fmt",
    "explain": "explain",
    "build": "build",
    "source": "source",
    "summary": "summary",
    "draw": "draw",
    "diff": "diff",
    "compare": "compare",
    "breaking": "breaking",
    "review": "review",
    "list": "listing",
    "show": "showing",
    "weights": "weights",
    "transfer": "transfer",
    "import": "importing",
    "layers": "layers",
    "ir": "ir",
}


class Commands(click.Group):
    """Imports the module of a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"archgen.cli.{COMMANDS[name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            ctx.fail(f"no command {name!r}" + did_you_mean(name, COMMANDS))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ArchError as fault:
            raise Refused(fault.diagnostics) from fault


@click.group("archgen", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="archgen %(version)s")
def group() -> None:
    """Check, build, draw and compare network architectures written as .arch files."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = group.main(list(arguments), prog_name="archgen", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.Abort as stopped:
        return 130 if isinstance(stopped.__cause__, KeyboardInterrupt) else 1
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except BrokenPipeError:
        _discard_output()
        return 1
    except OSError as problem:
        _discard_output()
        place = f"{problem.filename}: " if problem.filename else ""
        click.echo(f"Error: {place}{problem.strerror or problem}", err=True)
        return 1


def _discard_output() -> None:
    """Nobody reads standard output any more: let the flush at exit not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
