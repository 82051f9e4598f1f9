"""Running a stranger's Python apart: a process that is bounded in time, and of which nothing stays.

Knows no torch. The process may print, change what is global, fork, exit or hang: here that is a
fault, or nothing. It is no sandbox: the code may do all that its user may.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from archgen.importers.fault import ImportFault, too_long
from archgen.importers.request import Answer, Request

GRACE = 5.0  # seconds in which the process may say itself where it was
_START = "import sys; sys.path[:] = {path!r}; from archgen.importers.worker import main; main()"


def run(request: Request, told: Callable[[str], None]) -> Answer:
    """What a process of its own answers to a request.

    told: is given each step as it begins, in words. Raises `ImportFault`.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _START.format(path=sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdin
        assert process.stdout
        with suppress(BrokenPipeError):
            process.stdin.write(pickle.dumps(request))
            process.stdin.flush()
        return _answer(process.stdout, request.seconds, told, process)
    finally:
        _end(process)


def _answer(
    channel: IO[bytes],
    seconds: float,
    told: Callable[[str], None],
    process: subprocess.Popen[bytes],
) -> Answer:
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(channel, lines), daemon=True).start()
    end = time.monotonic() + seconds + GRACE
    while True:
        try:
            line = lines.get(timeout=max(end - time.monotonic(), 0))
        except queue.Empty:
            raise too_long(seconds) from None
        if not line:
            raise _ended(process)
        answer: Answer = json.loads(line)
        if "fault" in answer:
            message, code, at, help = answer["fault"]
            raise ImportFault(message, code, at=at and tuple(at), help=help)
        if "step" not in answer:
            return answer
        told(answer["step"])


def _read(channel: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    with channel:
        for line in channel:
            lines.put(line)
    lines.put(b"")


def _ended(process: subprocess.Popen[bytes]) -> ImportFault:
    """The fault of a process that ended without an answer."""
    status = process.wait()
    if status >= 0:
        return ImportFault(f"its code ended the process, with status {status}", "A535")
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = "the system does that when memory runs out" if name == "SIGKILL" else None
    return ImportFault(f"the process was ended by {name}", "A535", help=hint)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    with suppress(OSError):
        if process.stdin:
            process.stdin.close()
