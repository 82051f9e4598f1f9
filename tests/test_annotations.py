"""GitHub's workflow commands: read back as its runner reads them; no spec can give one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from archgen import api
from archgen.annotations import render_annotations
from archgen.cli.app import group
from archgen.diagnostics import Diagnostic, Frame, Label, Severity, error
from archgen.text import Source


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Name, properties and message of every command in an output.

    As the runner does it (actions/runner, ActionCommand.cs): a line whose first word begins with
    `::` is a command; escapes are undone `%25` last.
    """
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        if not line.lstrip().startswith("::"):
            continue
        head, _, message = line.lstrip()[2:].partition("::")
        name, _, listed = head.partition(" ")
        pairs = (each.partition("=") for each in listed.split(",") if each)
        found.append((name, {key: undo(value) for key, _, value in pairs}, undo(message)))
    return found


def undo(text: str) -> str:
    for escape, sign in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escape, sign)
    return text


def test_an_error_at_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.arch").write_text("arch net {\n  input(3, 8, 8)\n  conv(8, 3) -> rely\n}\n")
    ((name, properties, message),) = commands(render_annotations(api.check_paths(["net.arch"])))
    assert name == "error"
    assert properties == {
        "file": "net.arch",
        "line": "3",
        "endLine": "3",
        "col": "17",
        "endColumn": "21",
        "title": "A102 an unknown layer or block",
    }
    assert message == "unknown layer or block `rely`\nhelp: did you mean `relu`?"


def test_several_lines_have_no_columns() -> None:
    source = Source("net.arch", "ab\ncd\n")
    text = render_annotations([error("A001", "odd", source.span(1, 4))])
    ((_, properties, _),) = commands(text)
    assert (properties["line"], properties["endLine"]) == ("1", "2")
    assert "col" not in properties


def test_a_missing_file_has_no_line() -> None:
    ((_, properties, _),) = commands(render_annotations(api.check_paths(["no.arch"])))
    assert set(properties) == {"file", "title"}


def test_a_file_that_is_not_in_the_checkout() -> None:
    """An old version, a shipped block: shown at the first place that GitHub has, or at none."""
    old, new = Source("main:net.arch", "a\nb\n"), Source("net.arch", "c\nd\n")
    locate = {"net.arch": "sub/net.arch"}.get
    gone = error("A001", "gone", old.span(2, 3))
    ((_, properties, message),) = commands(render_annotations([gone], locate))
    assert set(properties) == {"title"}
    assert message == "gone\nat: main:net.arch:2"
    called = gone.within(Frame("block", old.span(0, 1)), Frame("net", new.span(2, 3)))
    ((_, properties, message),) = commands(render_annotations([called], locate))
    assert (properties["file"], properties["line"]) == ("sub/net.arch", "2")
    assert message == "gone\nat: main:net.arch:2\nin: block\nin: net"


@pytest.mark.parametrize("workspace", [None, "..", "."])
def test_files_are_named_from_the_top_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: str | None
) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("net.arch").write_text("arch net { rely }\n")
    Path("../up.arch").write_text("arch up { rely }\n")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    if workspace:
        monkeypatch.setenv("GITHUB_WORKSPACE", os.path.abspath(workspace))
    result = CliRunner().invoke(group, ["check", "--format=github", "net.arch", "../up.arch"])
    found = [each[1].get("file") for each in commands(result.output)]
    assert (
        found
        == {
            None: ["net.arch", "../up.arch"],
            "..": ["sub/net.arch", "up.arch"],
            ".": ["net.arch", None],
        }[workspace]
    )


@pytest.mark.parametrize(
    ("severity", "name"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "notice")],
)
def test_severities(severity: Severity, name: str) -> None:
    item = error("A001", "odd", Source("x", "x").span(0, 1), severity=severity)
    assert commands(render_annotations([item]))[0][0] == name


signs = st.text(st.sampled_from("\n\r:,%=a\u2028\x1b\x00 ") | st.characters(), max_size=20)
hostile = signs | st.sampled_from(
    ["\n::set-env name=A::b", "%0A::error::", "::add-mask::a", "%250A"]
)


@given(hostile.filter(bool), hostile, hostile, hostile)
def test_no_text_gives_a_command(path: str, message: str, label: str, help: str) -> None:
    source = Source(path, "some text")
    also = [Label(source.span(0, 4), label)]
    items: list[Diagnostic] = [
        error("A001", message, source.span(5, 9), label, also=also, help=help),
        error("A002", "the next", source.span(5, 9)),
    ]
    read = commands(render_annotations(items))
    assert [name for name, _, _ in read] == ["error", "error"]
    assert read[0][1]["line"] == "1"
    assert read[1][2] == "the next"
    assert set(read[0][1]) == {"file", "line", "endLine", "col", "endColumn", "title"}
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", "".join([*read[0][1].values(), read[0][2]]))
