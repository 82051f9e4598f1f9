"""What is being done, on standard error, once it takes over a second."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archgen.report import printable

PATIENCE = 1.0  # seconds


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Give what is to be told each step, in words. On a terminal the present one is shown, in a
    line that goes away; elsewhere a line is written, once.
    """
    shown = _Shown(printable(what))
    timer = threading.Timer(PATIENCE, shown.begin)
    timer.daemon = True
    timer.start()
    try:
        yield shown.tell
    finally:
        timer.cancel()
        shown.end()


class _Shown:
    def __init__(self, what: str) -> None:
        self._what = what
        self._step = "starting Python"
        self._lock = threading.Lock()
        self._is_shown = self._is_over = False
        self._changes = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def begin(self) -> None:
        with self._lock:
            self._is_shown = not self._is_over
            self._write()

    def tell(self, step: str) -> None:
        with self._lock:
            self._step = printable(step)
            if self._changes:
                self._write()

    def end(self) -> None:
        with self._lock:
            self._is_over = True
            if self._is_shown and self._changes:
                self._put("\r\x1b[2K")

    def _write(self) -> None:
        if self._is_shown:
            line = f"{self._what}: {self._step} ..."
            if self._changes:
                line = line[: shutil.get_terminal_size().columns - 1]
            self._put(f"\r\x1b[2K{line}" if self._changes else f"{line}\n")

    def _put(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
