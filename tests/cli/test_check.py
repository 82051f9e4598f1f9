"""`archgen check`: every error of every file, statuses, formats."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archgen import api
from archgen.diagnostics import Severity, error
from archgen.text import Source
from tests.cli.conftest import Run


def test_clean_specs_exit_0(run: Run) -> None:
    result = run("check", "net.arch")
    assert (result.exit_code, result.stdout) == (0, "1 file checked: no errors\n")


def test_errors_exit_1_and_all_of_them_are_told(run: Run, broken: Path, folder: Path) -> None:
    (folder / "other.arch").write_text("arch other {\n  input(3, 8, 8)\n  conv(0, 3)\n}\n")
    result = run("check", "broken.arch", "net.arch", "other.arch")
    assert result.exit_code == 1
    assert "broken.arch:3:31" in result.stdout
    assert "did you mean `relu`?" in result.stdout
    assert "other.arch:3:8" in result.stdout
    assert result.stdout.endswith("\n3 files checked: 2 errors\n")


def test_warnings_are_no_errors(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Source("odd.arch", "relu").span(0, 4)
    odd = error("W001", "odd", place, severity=Severity.WARNING)
    monkeypatch.setattr(api, "check_paths", lambda files, **_: [odd])
    result = run("check", "net.arch")
    assert result.exit_code == 0
    assert result.stdout.startswith("warning[W001]: odd\n")
    assert result.stdout.endswith("\n1 file checked: no errors, 1 warning\n")


WORTH_A_WARNING = "arch odd {\n  input(8, 8, 8)\n  conv(8, 3) -> relu\n  expect depth == 1\n}\n"


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        ((), 0, True),
        (("--strict",), 1, True),
        (("--no-lint",), 0, False),
        (("--no-lint", "--strict"), 0, False),
    ],
)
def test_warnings_fail_where_that_is_asked_for(
    run: Run, folder: Path, options: tuple[str, ...], status: int, told: bool
) -> None:
    (folder / "odd.arch").write_text(WORTH_A_WARNING)
    result = run("check", "odd.arch", *options)
    assert result.exit_code == status
    assert ("warning[W002]" in result.stdout) is told


def test_lint_exits_1_for_warnings_and_errors(run: Run, folder: Path, broken: Path) -> None:
    (folder / "odd.arch").write_text(WORTH_A_WARNING)
    assert run("lint", "net.arch").stdout == "1 file linted: no warnings\n"
    assert run("lint", "net.arch").exit_code == 0
    warned = run("lint", "odd.arch")
    assert (warned.exit_code, "warning[W002]" in warned.stdout) == (1, True)
    assert warned.stdout.endswith("1 file linted: 1 warning\n")
    failed = run("lint", "broken.arch", "odd.arch")
    assert failed.exit_code == 1
    assert failed.stdout.endswith("2 files linted: 1 error, 1 warning\n")
    assert failed.stdout.index("error[A102]") < failed.stdout.index("warning[W002]")


@pytest.mark.parametrize("command", ["check", "lint"])
def test_formats_for_hosts(run: Run, broken: Path, command: str) -> None:
    log = json.loads(run(command, "broken.arch", "--format", "sarif").stdout)
    assert [each["ruleId"] for each in log["runs"][0]["results"]] == ["A102"]
    lines = run(command, "broken.arch", "--format", "github").stdout.splitlines()
    assert lines[0].startswith("::error file=broken.arch,line=3,")
    assert lines[1].endswith(": 1 error")
    assert run(command, "broken.arch", "--format", "github").exit_code == 1


def test_json(run: Run, broken: Path) -> None:
    result = run("check", "broken.arch", "--format", "json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert report["errors"] == len(report["diagnostics"]) == 1
    assert report["diagnostics"][0]["labels"][0]["path"] == "broken.arch"
    assert json.loads(run("check", "net.arch", "--format", "json").stdout)["diagnostics"] == []


def test_folders_are_searched(run: Run, broken: Path, folder: Path) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "bad.arch").write_bytes(b"\xff")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "hidden.arch").write_text("nonsense")
    result = run("check", ".", "net.arch")
    assert result.stdout.endswith("3 files checked: 2 errors\n")
    assert " --> deep/er/bad.arch\n" in result.stdout
    assert "hidden" not in result.stdout


def test_a_missing_file_is_an_error_of_the_run(run: Run) -> None:
    result = run("check", "no.arch", "net.arch")
    assert result.exit_code == 1
    assert "error[A501]" in result.stdout


def test_what_hostile_files_are_called_and_hold_cannot_reach_the_terminal(
    run: Run, folder: Path
) -> None:
    (folder / "a\x1b[2J.arch").write_text("arch \x1b]0;owned\x07 {\n")
    result = run("check", ".")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_refused_at_once(run: Run, folder: Path) -> None:
    os.mkfifo(folder / "pipe.arch")
    result = run("check", "pipe.arch")
    assert result.exit_code == 1
    assert "error[A502]" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("check", "net.arch", "--form", "text"), ("check", "net.arch", "--format", "xml")],
)
def test_wrong_calls_exit_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_folder_without_specs_is_a_wrong_call(run: Run, folder: Path) -> None:
    (folder / "empty").mkdir()
    result = run("check", "empty")
    assert result.exit_code == 2
    assert "no .arch file below empty" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs file names that are bytes")
@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize("command", ["check", "lint"])
def test_a_file_name_that_is_not_utf_8_is_reported(
    run: Run, folder: Path, command: str, form: str
) -> None:
    names = [os.fsdecode(name) for name in (b"bad\xff.arch", b"none\xfe.arch")]
    Path(names[0]).write_text("arch net { input(3, 8, 8); conf(4, 1) }\n")
    result = run(command, "--format", form, *names)
    assert result.exit_code == 1
    written = result.stdout_bytes.decode("utf-8")
    for name, escaped, uri in zip(names, ("\\udcff", "\\udcfe"), ("%FF", "%FE"), strict=True):
        assert name not in written
        assert escaped in written or uri in written
    if form in {"json", "sarif"}:
        for text in strings(json.loads(written)):
            text.encode("utf-8")  # no half of a surrogate pair


def strings(value: object) -> Iterator[str]:
    """Every string of a JSON value."""
    match value:
        case str():
            yield value
        case dict() | list():
            for each in value.values() if isinstance(value, dict) else value:
                yield from strings(each)
