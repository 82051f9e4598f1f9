"""Check every hostile spec in this process and print what came of it, one JSON line each.

Run as a process of its own by `test_resolver`: what hangs is stopped by a timer, what eats
memory by a limit on the process.
"""

from __future__ import annotations

import json
import resource
import signal
from pathlib import Path
from types import FrameType

from tests.hostile.specs import SPECS
from tests.language.ask import diagnostics

MEMORY = 3 * 2**30  # of addresses, most of which are never touched
STATUS = Path("/proc/self/status")  # of Linux
SECONDS = 30  # of one case, on however slow a machine


class Timeout(BaseException):
    """The time for one case is over; nothing catches it on the way."""


def _stop(signal: int, frame: FrameType | None) -> None:
    raise Timeout


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, _stop)
    for name, (text, _) in SPECS.items():
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        print(json.dumps([name, _codes(text)]), flush=True)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if STATUS.exists():
        print(json.dumps(["peak", _peak()]))


def _peak() -> int:
    """The most memory that this process held, in bytes. `getrusage` would count that of the
    process from which it was forked."""
    status = STATUS.read_text(encoding="ascii")
    return next(
        1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")
    )


def _codes(text: str) -> list[str]:
    try:
        return sorted({each.code for each in diagnostics(text)})
    except (Exception, Timeout) as error:
        return [f"{type(error).__name__}: {error}"[:200]]


if __name__ == "__main__":
    main()
