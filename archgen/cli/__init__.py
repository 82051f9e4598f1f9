"""The command line: what people touch. Each command is a module, imported when it is called."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command of `sys.argv` and exit with its status; 130 after Ctrl-C."""
    # Imports and trees are hardly garbage: looking for it takes a thirtieth of a short run.
    gc.set_threshold(100_000)
    # Pydantic looks for plugins in the metadata of every installed package; we use none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from archgen.cli.app import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    # The process ends: what is alive need not be searched for garbage on the way out.
    gc.freeze()
    sys.exit(status)
