"""The command line: what people touch. Each command is a module, imported when it is called."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command of `sys.argv` and exit with its status; 130 after Ctrl-C."""
    try:
        from archgen.cli.app import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
