"""Modules that do what no module should: a clear fault or a right spec, and nothing is left."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.cli.operands import imported
from archgen.cli.spec import Settings
from archgen.diagnostics import ArchError

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

NETS = """
import os, sys, time

def net(before=lambda x: None):
    from torch import nn
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 2)
        def forward(self, x):
            before(x)
            return self.fc(x)
    return Net()

def prints():
    print('{"text": "arch spoofed { input(1); relu }"}')
    os.write(1, b'{"text": "arch spoofed { input(1); relu }"}\\n')
    sys.stdout = None
    return net()

def forks():
    os.fork()
    return net()

def global_state():
    import random, torch
    torch.manual_seed(3); random.seed(3)
    torch.set_default_dtype(torch.float16)
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    os.chdir("/")
    sys.path[:] = sys.path[::-1]
    sys.setrecursionlimit(300)
    return net()

def exits():
    sys.exit("enough")

def leaves():
    os._exit(0)

def killed():
    import signal
    os.kill(os.getpid(), signal.SIGKILL)

def waits_in_python():
    while True:
        time.sleep(0.01)

def deaf():
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    sys.setswitchinterval(1e9)
    sum(range(10**12))

def stays():
    import atexit, threading
    atexit.register(time.sleep, 1000)
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return net()

def child_stays():
    if not os.fork():
        open("child", "w").write(str(os.getpid()))
        time.sleep(1000)
    while not os.path.exists("child") or not open("child").read():
        time.sleep(0.01)
    return 3

def memory():
    return net(lambda x: x * len([0] * 2**46))

def python_memory():
    return [0] * 2**46

def asks():
    return input("your name? ")

def exits_in_forward():
    return net(lambda x: sys.exit(3))

def waits_in_forward():
    return net(lambda x: time.sleep(1000))

def unspeakable():
    class Odd(Exception):
        def __str__(self):
            raise ValueError
    raise Odd
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    return tmp_path


def text_of(name: str, seconds: float = 300) -> str:
    found = imported(f"py:nets:{name}", Settings((), ("4",), timeout=seconds))
    return str(found["text"])


SPEC = "  input(4)\n  fc = linear(2)\n"


@pytest.mark.parametrize("name", ["prints", "forks", "global_state", "stays"])
def test_a_right_spec_all_the_same(name: str, folder: Path) -> None:
    assert SPEC in text_of(name)
    assert os.listdir(folder) == ["nets.py"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("exits", "A531", "calling `exits`: sys.exit('enough')"),
        ("leaves", "A535", "its code ended the process, with status 0"),
        ("killed", "A535", "the process was ended by SIGKILL"),
        ("python_memory", "A531", "calling `python_memory`: MemoryError"),
        ("asks", "A531", "calling `asks`: EOFError"),
        ("unspeakable", "A531", "calling `unspeakable`: Odd"),
        ("memory", "A531", "running the module: MemoryError"),
        ("exits_in_forward", "A531", "running the module: sys.exit(3)"),
    ],
)
def test_a_clear_fault(name: str, code: str, said: str, folder: Path) -> None:
    with pytest.raises(ArchError) as fault:
        text_of(name)
    (found,) = fault.value.diagnostics
    assert (found.code, found.message.partition(" at alloc")[0][: len(said)]) == (code, said)
    assert os.listdir(folder) == ["nets.py"]


@pytest.mark.parametrize("name", ["waits_in_python", "waits_in_forward", "deaf"])
def test_a_time_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archgen.importers.process.GRACE", 3.0)
    # `forward` is only reached once torch is loaded, which takes long on a busy machine.
    for seconds in (6, 12, 24, 60) if name == "waits_in_forward" else (2,):
        start = time.monotonic()
        with pytest.raises(ArchError) as fault:
            text_of(name, seconds)
        assert time.monotonic() - start < seconds + 30
        (found,) = fault.value.diagnostics
        assert (found.code, found.message) == ("A535", f"not done after {seconds} seconds")
        if "time.sleep" in found.span.text:
            break
    if name != "deaf":
        assert found.span.source.path == "nets.py"
        assert "time.sleep" in found.span.text


def test_what_was_started_ends(folder: Path) -> None:
    with pytest.raises(ArchError, match="A532"):
        text_of("child_stays")
    pid = int((folder / "child").read_text())
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return  # it has ended; nobody has asked how
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("a child of the module's process is alive")


# --- in place, from Python ------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self, before: Any = None) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.before = before

    def forward(self, x: Any) -> Any:
        if self.before is not None:
            self.before()
        return self.fc(x)


def change_everything() -> None:
    torch.manual_seed(7)
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    os.chdir("/")
    sys.path.insert(0, "/nowhere")


def test_what_is_global_is_put_back() -> None:
    def state() -> list[object]:
        return [
            torch.get_rng_state().tolist(),
            torch.is_grad_enabled(),
            torch.get_default_dtype(),
            torch.get_num_threads(),
            os.getcwd(),
            sys.path[:],
        ]

    model = Net(change_everything)
    before = state()
    with pytest.raises(archgen.ImportFault, match="A534"):  # it has no gradients
        archgen.from_module(model, (4,))
    assert state() == before


def test_without_gradients_around_it() -> None:
    with torch.no_grad():
        assert SPEC in archgen.from_module(Net(), (4,)).text
        assert not torch.is_grad_enabled()


@pytest.mark.parametrize("kind", ["forward", "forward_pre", "full_backward"])
def test_hooks_are_refused(kind: str) -> None:
    model = Net()

    def spy(*_: object) -> None:
        raise AssertionError("it was called")

    getattr(model.fc, f"register_{kind}_hook")(spy)
    with pytest.raises(archgen.ImportFault, match="hook `spy` in `fc`"):
        archgen.from_module(model, (4,))


def test_exits_are_faults() -> None:
    with pytest.raises(archgen.ImportFault, match="A531"):
        archgen.summary(Net(lambda: sys.exit(3)), input=(4,))
