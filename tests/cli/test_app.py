"""The group of commands, and how a real process ends: pipes, full disks, interrupts, imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archgen.cli.app import COMMANDS
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}
ARCHGEN = [sys.executable, "-m", "archgen"]


def test_every_command_explains_itself(run: Run) -> None:
    listed = run("--help").stdout
    for name in COMMANDS:
        assert f"  {name} " in listed
        assert run(name, "--help").stdout.startswith(f"Usage: archgen {name} ")


def test_version(run: Run) -> None:
    assert run("--version").stdout.startswith("archgen 0.")


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("chekc", "net.arch"), "no command 'chekc'; did you mean \"check\"?"),
        (("layers", "maxpol"), "no layer 'maxpol'; did you mean \"maxpool\"?"),
        (("explain", "A4O1"), "no error or warning has the code 'A4O1'; did you mean \"A401\"?"),
        (("summary", "densnet121"), "did you mean `densenet121`?"),
        (("summary", "net.arch:nett"), "did you mean `net`?"),
        (("summary", "net.arch", "--set", "clases=3"), "did you mean `classes`?"),
    ],
)
def test_did_you_mean(run: Run, arguments: tuple[str, ...], meant: str) -> None:
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert meant in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("setting", ["classes", "=3", "classes=", "2x=3", "input=3"])
def test_a_setting_that_is_none_is_a_wrong_call(run: Run, setting: str) -> None:
    assert run("summary", "net.arch", "--set", setting).exit_code == 2


def test_the_value_of_a_setting_is_an_expression(run: Run) -> None:
    shown = run("summary", "net.arch", "--set", "classes=2 ** 3 + 1", "--format", "json").stdout
    assert json.loads(shown)["outputs"] == [[9]]


def test_a_fault_in_a_setting_is_shown_on_the_command_line(run: Run) -> None:
    result = run("summary", "net.arch", "--set", "classes = 1 + fo")
    assert result.exit_code == 1
    assert "<command line>:1:15" in result.stderr
    assert "1 | classes = 1 + fo" in result.stderr


# --- processes ----------------------------------------------------------------------------

SLOW = {"torch", "jinja2", "rich", "graphviz", "pygraphviz", "numpy"}
LOADED = """
import sys
from archgen.cli.app import run
status = run(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], SLOW | {"pydantic", "lark"}),
        (["check", "net.arch"], SLOW),
        (["explain", "A203"], SLOW | {"pydantic", "lark"}),
        (["summary", "net.arch"], SLOW),
    ],
)
def test_a_command_imports_what_it_needs(
    folder: Path, arguments: list[str], absent: set[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env=ENV,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "archgen" in loaded
    assert not loaded & absent


def test_errors_of_a_spec_are_no_traceback(folder: Path) -> None:
    (folder / "bad.arch").write_text("arch bad {\n  input(3, 8, 8)\n  conf(3)\n}\n")
    done = subprocess.run(
        [*ARCHGEN, "summary", "bad.arch"], env=ENV, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error[A102]")
    assert done.stdout == ""


def test_a_reader_that_goes_away_is_no_traceback(folder: Path) -> None:
    with subprocess.Popen(
        [*ARCHGEN, "layers"],
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["layers"], ["check", "net.arch"]])
def test_a_full_disk_is_no_traceback(folder: Path, arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*ARCHGEN, *arguments],
            env=ENV,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: No space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_an_interrupt_is_no_traceback(folder: Path) -> None:
    with subprocess.Popen(
        [*ARCHGEN, "fmt", "-"],  # waits for its input
        env=ENV,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A job in the background is started with interrupts ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        time.sleep(3)
        running.send_signal(signal.SIGINT)
        said = running.stderr.read() if running.stderr else ""
        running.wait()
    assert running.returncode == 130
    assert "Traceback" not in said


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_unicode_is_no_traceback(folder: Path, encoding: str) -> None:
    (folder / "wide.arch").write_text("arch \u65e5\u672c {\n")
    done = subprocess.run(
        [*ARCHGEN, "check", "wide.arch"],
        env={**ENV, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"error[A004]" in done.stdout
    assert b"Traceback" not in done.stderr
