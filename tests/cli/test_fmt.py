"""`archgen fmt`: one layout, three laws, and a file that is replaced whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archgen.cli.app import group
from archgen.diagnostics import ArchError
from archgen.syntax import reformat as module
from archgen.syntax import tree as t
from archgen.syntax.format import format as format_tree
from archgen.syntax.parse import parse
from archgen.syntax.reformat import reformat
from archgen.text import Source
from tests import strategies
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
UGLY = "block a(x)   { conv(3,\n x) -> bn # why\n }"
NEAT = "block a(x) {\n  conv(3, x) -> bn  # why\n}\n"
LAWS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture
def ugly(folder: Path) -> Path:
    """`ugly.arch`, beside the neat `net.arch`."""
    path = folder / "ugly.arch"
    path.write_text(UGLY)
    return path


def feed(text: str | bytes, *options: str) -> Result:
    """Run `archgen fmt -` on a text."""
    return CliRunner().invoke(group, ["fmt", "-", *options], input=text)


# --- what it writes and says --------------------------------------------------------------


def test_files_and_folders_are_formatted(run: Run, ugly: Path) -> None:
    result = run("fmt", ".")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "reformatted: ugly.arch\n2 files: 1 reformatted, 1 unchanged\n"
    assert ugly.read_text() == NEAT
    assert run("fmt", "ugly.arch").stdout == "1 file: 1 unchanged\n"
    assert run("fmt", "--check", "--diff", ".").exit_code == 0


def test_check_lists_and_writes_nothing(run: Run, ugly: Path) -> None:
    result = run("fmt", "--check", ".")
    assert result.exit_code == 1
    assert result.stdout == "would change: ugly.arch\n2 files: 1 would change, 1 unchanged\n"
    assert ugly.read_text() == UGLY


@pytest.mark.parametrize("options", [["--diff"], ["--diff", "--check"]])
def test_a_diff_is_one_that_patch_applies(run: Run, ugly: Path, options: list[str]) -> None:
    result = run("fmt", *options, ".")
    assert result.exit_code == 1
    assert result.stderr == "2 files: 1 would change, 1 unchanged\n"
    assert result.stdout.startswith("--- ugly.arch\n+++ ugly.arch (formatted)\n")
    assert "\\ No newline at end of file\n" in result.stdout
    assert ugly.read_text() == UGLY
    subprocess.run(["git", "apply", "-p0", "-"], input=result.stdout, text=True, check=True)
    assert ugly.read_text() == NEAT


def test_standard_input(folder: Path) -> None:
    assert (feed(UGLY).stdout, feed(UGLY).exit_code) == (NEAT, 0)
    assert feed(NEAT).stdout == NEAT
    checked = feed(UGLY, "--check")
    assert (checked.stdout, checked.exit_code) == ("would change: <standard input>\n", 1)
    assert (feed(NEAT, "--check").stdout, feed(NEAT, "--check").exit_code) == ("", 0)
    assert feed(UGLY, "--diff").stdout.endswith("\n+}\n")
    assert os.listdir(folder) == ["net.arch"]


def test_standard_input_with_errors(folder: Path) -> None:
    result = feed("block {")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert "--> <standard input>:1:" in result.stderr
    assert "A505" in feed(b"\xff").stderr
    assert "A504" in feed(b" " * ((1 << 20) + 1)).stderr


@pytest.mark.parametrize("arguments", [[], ["-", "net.arch"], ["--what", "net.arch"], ["empty"]])
def test_wrong_calls(run: Run, folder: Path, arguments: list[str]) -> None:
    (folder / "empty").mkdir()
    assert run("fmt", *arguments).exit_code == 2


def test_files_with_errors_are_left_and_the_others_formatted(run: Run, ugly: Path) -> None:
    Path("bad.arch").write_text("arch  bad {\n  conv(3\n}\n")
    Path("dark.arch").write_bytes(b"\xff")
    result = run("fmt", "bad.arch", "dark.arch", "gone.arch", "notes.txt", "ugly.arch")
    assert result.exit_code == 1
    assert result.stdout == "reformatted: ugly.arch\n5 files: 1 reformatted, 4 failed\n"
    assert re.findall(r"^error\[(A\d+)\]", result.stderr, re.MULTILINE) == [
        "A002", "A505", "A501", "A503",
    ]  # fmt: skip
    assert Path("bad.arch").read_text() == "arch  bad {\n  conv(3\n}\n"
    assert ugly.read_text() == NEAT


def test_meaning_is_not_asked(run: Run, folder: Path) -> None:
    (folder / "odd.arch").write_text("block a {\n  no_such_layer\n}\n")
    assert run("fmt", "--check", "odd.arch").exit_code == 0


# --- the file ------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="needs permissions and links")
def test_permissions_and_links_are_kept(run: Run, ugly: Path) -> None:
    ugly.chmod(0o640)
    link = ugly.with_name("link.arch")
    link.symlink_to("ugly.arch")
    run("fmt", "link.arch")
    assert link.is_symlink()
    assert ugly.read_text() == NEAT
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o640
    assert sorted(os.listdir()) == ["link.arch", "net.arch", "ugly.arch"]


def test_a_neat_file_is_not_touched(run: Run, folder: Path) -> None:
    os.utime("net.arch", (1, 1))
    run("fmt", "net.arch")
    assert os.stat("net.arch").st_mtime == 1


def test_a_failed_write_leaves_the_file_and_formats_the_others(
    run: Run, ugly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, failures = os.fsync, [OSError(28, "No space left on device")]

    def fail_once(handle: int) -> None:
        if failures:
            raise failures.pop()
        fsync(handle)

    Path("other.arch").write_text(UGLY)
    monkeypatch.setattr(os, "fsync", fail_once)
    result = run("fmt", "ugly.arch", "other.arch")
    assert result.exit_code == 1
    assert "ugly.arch: cannot be written: No space left on device" in result.stderr
    assert (ugly.read_text(), Path("other.arch").read_text()) == (UGLY, NEAT)
    assert sorted(os.listdir()) == ["net.arch", "other.arch", "ugly.arch"]


def test_line_ends_stay_and_a_byte_order_mark_goes(run: Run, ugly: Path) -> None:
    crlf = NEAT.replace("\n", "\r\n").encode()
    for before, after in [
        (crlf, crlf),
        (UGLY.replace("\n", "\r\n").encode(), crlf),
        (crlf.replace(b"bn  #", b"bn #"), crlf),
        (NEAT.replace("\n", "\r\n", 1).encode(), crlf),  # the first line decides
        (NEAT.replace("\n}\n", "\r\n}\r\n").encode(), NEAT.encode()),
        (b"\xef\xbb\xbf" + NEAT.encode(), NEAT.encode()),
        (b"\xef\xbb\xbf" + crlf, crlf),
    ]:
        ugly.write_bytes(before)
        assert run("fmt", "--check", "ugly.arch").exit_code == (before != after)
        run("fmt", "ugly.arch")
        assert ugly.read_bytes() == after


# --- the laws ------------------------------------------------------------------------------

Formatter = Callable[[t.File, object], str]


def _drop_an_item(tree: t.File, comments: object) -> str:
    return format_tree(t.File(tree.items[1:])) or "let a = 1\n"


def _drop_comments(tree: t.File, comments: object) -> str:
    return format_tree(tree)


def _write_nonsense(tree: t.File, comments: object) -> str:
    return "block {\n"


def _grow(tree: t.File, comments: object) -> str:
    blank_lines = "\n" * (tree.span.source.text.count("\n") + 1)
    return f"{format_tree(tree)}# why{blank_lines}"


def _crash(tree: t.File, comments: object) -> str:
    raise RecursionError("too deep")


@pytest.mark.parametrize(
    ("formatter", "why"),
    [
        (_drop_an_item, "the result means something else"),
        (_drop_comments, "the result has other comments"),
        (_write_nonsense, "the result does not parse: "),
        (_grow, "the result formats to something else"),
        (_crash, "the formatter failed: RecursionError('too deep')"),
    ],
)
def test_a_formatter_in_error_changes_no_file(
    run: Run, ugly: Path, monkeypatch: pytest.MonkeyPatch, formatter: Formatter, why: str
) -> None:
    monkeypatch.setattr(module, "format", formatter)
    for options in ([], ["--check"], ["--diff"]):
        result = run("fmt", *options, "ugly.arch")
        assert result.exit_code == 1
        assert f"ugly.arch: left as it was, for {why}" in result.stderr
        assert "this is a bug of archgen: please report it" in result.stderr
        assert ugly.read_text() == UGLY
    assert feed(UGLY).stdout == ""


def _scrambled(text: str, blanks: list[int], comments: list[int]) -> str:
    """Move lines sideways and put comments behind them, where no string goes over lines."""
    lines = text.split("\n")
    if '"""' in text:
        return text
    for i, line in enumerate(lines):
        remark = f" # {i}" if comments[i % len(comments)] else ""
        lines[i] = " " * blanks[i % len(blanks)] + line + remark
    return "\n".join(lines)


_few = st.lists(st.integers(0, 3), min_size=1, max_size=7)


@LAWS
@given(strategies.written_files, _few, _few, st.sampled_from(["\n", "\r\n"]))
def test_the_laws_hold(
    written: strategies.Written, blanks: list[int], comments: list[int], end: str
) -> None:
    text = _scrambled(written.text, blanks, comments).replace("\n", end)
    before = parse(Source("x.arch", text))
    formatted = reformat(Source("x.arch", text))
    after = parse(Source("x.arch", formatted))
    assert after.diagnostics == ()
    assert after.tree == before.tree
    assert sorted(one.text for one in after.comments) == sorted(one.text for one in before.comments)
    assert reformat(Source("x.arch", formatted)) == formatted
    assert set(re.findall(r"\r?\n", formatted)) <= {end}


@LAWS
@given(st.text('ab1 \n{}()[],;=->#"', max_size=40))
def test_any_text_is_formatted_or_refused(text: str) -> None:
    try:
        formatted = reformat(Source("x.arch", text))
    except ArchError:
        return
    assert reformat(Source("x.arch", formatted)) == formatted


# --- what is shipped ------------------------------------------------------------------------


def test_shipped_specs_are_formatted(run: Run) -> None:
    result = run("fmt", "--check", str(ROOT / "specs"))
    assert result.exit_code == 0, result.output


_FENCE = re.compile(r"^```arch(?: (?P<info>[^\n]*))?\n(?P<text>.*?)^```$", re.M | re.S)
_PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_specs_in_pages_are_formatted(page: Path) -> None:
    for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
        text = _as_spec(dedent(match["text"]))
        if parse(Source(page.name, text)).diagnostics:
            assert match["info"], f"does not parse, and does not say so: {text}"
            continue
        assert reformat(Source(page.name, text)) == text


def _as_spec(text: str) -> str:
    """A fragment of statements, as a spec; definitions are one already."""
    if not parse(Source("x.arch", text)).diagnostics:
        return text
    return f"block fragment {{\n{indent(text, '  ')}}}\n"
