"""The process that runs a stranger's Python: does one request, and answers on a channel of its own.

What the stranger prints goes to standard error, and standard input is empty, so that nothing gets
into the answers. They are lines of JSON: `{"step": "calling resnet50"}` as often as wanted, then
`{"fault": ...}`, or what was asked for. It ends at once when its parent does.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from archgen.importers.compared import Comparison
from archgen.importers.factory import check_places, made, origin_of
from archgen.importers.fault import ImportFault, Place, failed, is_theirs, too_long
from archgen.importers.request import Answer, Live, Request, Task, ToCompare
from archgen.network import Network

if TYPE_CHECKING:
    from torch import nn


def main() -> None:
    """Do the request on standard input, and end without what others registered for the end."""
    sys.dont_write_bytecode = True
    request: Request = pickle.load(sys.stdin.buffer)
    channel = _Channel()
    _limit_memory()
    threading.Thread(target=_end_with, args=(os.dup(0),), daemon=True).start()
    threading.Thread(target=_watch, args=(request.seconds, channel), daemon=True).start()
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.chdir(request.places.folder)
    sys.path.insert(0, request.places.path)
    try:
        answer = done(request.task, lambda step: channel.send({"step": step}))
        check_places(request.places.elsewhere)
        channel.send(answer)
    except ImportFault as fault:
        channel.send(as_answer(fault))
    except BaseException as problem:  # whatever it is, the parent says it
        channel.send(as_answer(failed("importing it", problem)))
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):  # whatever a stranger put there
            stream.flush()
    os._exit(0)


def done(task: Task, told: Callable[[str], None]) -> Answer:
    """The answer to a request. Raises `ImportFault`."""
    if isinstance(task, ToCompare):
        return {"compared": asdict(_compared(task, told))}
    from archgen.importers.api import imported, is_name

    model = made(task.live.factory, task.live.arguments, told)
    name = task.name or (task.live.title if is_name(task.live.title) else None)
    found = imported(model, task.shapes, name, fixed=task.fixed, told=told)
    origin = origin_of(task.live.factory.partition(".")[0].partition(":")[0])
    return {"text": found.text, "proof": str(found.proof), "origin": origin}


def _compared(task: ToCompare, told: Callable[[str], None]) -> Comparison:
    from archgen import trial
    from archgen.importers.measure import compare
    from archgen.importers.surroundings import running, seed

    def model(side: Live | Network) -> nn.Module:
        if isinstance(side, Live):
            return made(side.factory, side.arguments, told)
        return trial.build(side)

    (old, one), (new, other) = task.old, task.new
    seed()  # the same numbers in every run
    models = model(one), model(other)
    with running("running a module"):
        return compare(models, (old, new), task.shapes, told)


def as_answer(fault: ImportFault) -> Answer:
    return {"fault": [fault.message, fault.code, fault.at, fault.help]}


class _Channel:
    """Where answers go: what was standard output. A process that forked off here has none."""

    def __init__(self) -> None:
        self._file = os.dup(1)
        self._owner = os.getpid()
        self._lock = threading.Lock()
        os.dup2(2, 1)

    def send(self, answer: Answer) -> None:
        if os.getpid() != self._owner:
            os._exit(0)
        with self._lock:
            line = json.dumps(answer).encode() + b"\n"
            while line:
                line = line[os.write(self._file, line) :]


def _end_with(lifeline: int) -> None:
    """Wait for the parent's end of standard input to close."""
    while os.read(lifeline, 1):
        pass
    os._exit(1)


def _watch(seconds: float, channel: _Channel) -> None:
    """After so long, say what is being run, and end."""
    time.sleep(seconds)
    channel.send(as_answer(too_long(seconds, _running())))
    os._exit(1)


def _running() -> Place | None:
    """The innermost line of the main thread that is a stranger's."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None:
        name, file = frame.f_globals.get("__name__", ""), frame.f_code.co_filename
        if is_theirs(name, file):
            return file, frame.f_lineno
        frame = frame.f_back
    return None


def _limit_memory() -> None:
    """As much as the machine has: an allocation fails before the system has to kill."""
    try:
        import resource

        have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        if most == resource.RLIM_INFINITY or have < most:
            resource.setrlimit(resource.RLIMIT_DATA, (have, most))
    except (ImportError, OSError, ValueError):
        return  # not on this system
