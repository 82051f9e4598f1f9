"""`archgen lint --fix`: what is mended, what is left alone; networks stay what they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archgen import api, resources
from archgen.cli.app import group
from archgen.diagnostics import Edit
from archgen.lint.edits import apply, removal
from archgen.lint.fix import NotTheSame, mended
from archgen.syntax import tree
from archgen.syntax.parse import parse
from archgen.syntax.walk import nodes_in
from archgen.text import Source


def lint(*arguments: str) -> Result:
    result = CliRunner().invoke(group, ["lint", *arguments], prog_name="archgen")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def fixed(text: str) -> str:
    Path("net.arch").write_bytes(text.encode())
    lint("net.arch", "--fix")
    return Path("net.arch").read_bytes().decode()


# --- what is mended -------------------------------------------------------------------------------

NET = "arch net {\n  input(8, 8, 8)\n  bn\n  expect depth == 0\n}\n"


def test_what_nobody_uses_is_taken_away() -> None:
    assert fixed("use residual\nuse mobile as m\nlet a, b = [1, 2]\n" + NET) == NET
    inside = NET.replace("  bn\n", "  let a = 8  # why\n  bn\n")
    assert fixed(inside) == NET.replace("  bn\n", "  # why\n  bn\n")


def test_a_constant_that_only_an_unused_one_reads_goes_in_the_next_round() -> None:
    Path("net.arch").write_text("let a = 1\nlet b = a\nlet c = b\n" + NET)
    done = lint("net.arch", "--fix")
    assert (done.exit_code, done.stdout) == (
        0,
        "1 file linted, 3 warnings mended: no warnings\n",
    )
    assert Path("net.arch").read_text() == NET


def test_branches_get_braces() -> None:
    branch = "  add {\n    conv(8, 3)  # first\n      -> bn\n    identity\n  }\n"
    text = NET.replace("  bn\n", branch).replace("depth == 0", "depth == 1")
    braced = "  add {\n    {\n      conv(8, 3)  # first\n        -> bn\n    }\n    identity\n  }\n"
    assert fixed(text) == text.replace(branch, braced)
    assert fixed(text.replace(branch, braced)) == text.replace(branch, braced)
    odd = text.replace("depth ==", "depth  ==")  # whose author lays out otherwise
    assert "depth  ==" in fixed(odd)
    assert not [item for item in api.check_paths(["net.arch"], lint=True) if item.code == "W014"]


def test_idle_comments_go() -> None:
    assert fixed(NET.replace("  bn\n", "  bn  # lint: off W001: it was so\n")) == NET
    assert fixed(NET.replace("  bn\n", "  # lint: off W001\n  bn\n")) == NET
    both = "  conv(8, 3) -> relu  # lint: off W001, W002: as published\n"
    one = "  conv(8, 3) -> relu  # lint: off W002: as published\n"
    expected = NET.replace("depth == 0", "depth == 1").replace("  bn\n", one)
    assert fixed(expected.replace(one, both)) == expected


SPECS = ["resnet50", "densenet", "mobilenet", "unet"]


@pytest.mark.parametrize("name", SPECS)
def test_what_was_put_into_a_shipped_spec_is_taken_out_again(name: str) -> None:
    """An unused constant before every statement, and unused libraries: the text is the old one."""
    text = (resources.root("specs") / f"{name}.arch").read_text(encoding="utf-8")
    parsed = parse(Source("net.arch", text)).tree
    places = sorted(
        statement.span.start
        for item in parsed.items
        if isinstance(item, tree.Arch | tree.Block)
        for body in nodes_in(item)
        if isinstance(body, tree.Body) and "\n" in body.span.text
        for statement in body.statements
        if not isinstance(statement, tree.Doc)
    )
    assert len(places) > 5
    spoiled = text
    for number, place in reversed(list(enumerate(places))):
        indent = place - (text.rfind("\n", 0, place) + 1)
        if not text[place - indent : place].strip():
            line = f"let idle{number} = {number}\n" + " " * indent
            spoiled = spoiled[:place] + line + spoiled[place:]
    assert spoiled.count("idle") > 5
    assert fixed("use yolo_of_nobody\n" + spoiled) != text  # with an error nothing is mended
    assert fixed("use shuffle as idle\n" + spoiled) == text


# --- what is left alone ---------------------------------------------------------------------------


def test_a_file_with_errors_is_left_as_it_is() -> None:
    text = "let a = 1\n" + NET.replace("bn", "bm")
    assert fixed(text) == text


def test_each_use_of_a_file_that_is_not_there_is_at_fault() -> None:
    """Several files that use it, in one run: an error in each, nothing unused, nothing to mend."""
    text = "use nothere\n" + NET.replace("bn", "thing(8)")
    for name in ("one.arch", "two.arch"):
        Path(name).write_text(text)
    done = lint("one.arch", "two.arch", "--fix", "--format", "json")
    found = [
        (item["code"], item["labels"][0]["path"]) for item in json.loads(done.stdout)["diagnostics"]
    ]
    assert (done.exit_code, found) == (1, [("A509", "one.arch"), ("A509", "two.arch")])
    assert {Path(name).read_text() for name in ("one.arch", "two.arch")} == {text}


def test_layout_is_kept_unless_it_was_canonical() -> None:
    odd = "let  a = 1\narch net{input(8,8,8);bn;expect depth==0}\n"
    assert fixed(odd) == odd.removeprefix("let  a = 1\n")


def test_line_ends_and_marks_are_kept() -> None:
    crlf = NET.replace("\n", "\r\n")
    assert fixed("let a = 1\r\n" + crlf) == crlf
    assert fixed("\ufefflet a = 1\n" + NET) == "\ufeff" + NET


def test_a_file_that_would_hold_nothing_is_kept() -> None:
    assert fixed("use residual\n") == "use residual\n"


@pytest.mark.parametrize(
    "statement",
    [
        "let a = 1",
        "if true { let a = 1 }",
        "x = { let a = 1 }",
        "add { identity; if true { let a = 1 } }",
        "add { identity; for i in range(2) { let a = i } }",
        "add { identity; let a = 1 }",
        "add { identity; { let a = 1 } }",
    ],
)
def test_braces_that_would_hold_nothing(statement: str) -> None:
    text = NET.replace("  bn\n", f"  bn\n  {statement}\n")
    result = fixed(text)
    assert "let" not in result
    assert not [item for item in api.check_paths(["net.arch"]) if item.code]


@pytest.mark.skipif(os.name == "nt", reason="needs permissions and links")
def test_files_are_replaced_through_links_with_their_permissions() -> None:
    Path("real.arch").write_text("let a = 1\n" + NET)
    Path("real.arch").chmod(0o640)
    Path("net.arch").symlink_to("real.arch")
    lint("net.arch", "--fix")
    assert Path("net.arch").is_symlink()
    assert Path("real.arch").read_text() == NET
    assert Path("real.arch").stat().st_mode & 0o777 == 0o640


def test_an_edit_that_would_change_the_network_is_refused() -> None:
    source = Source("net.arch", NET)
    Path("net.arch").write_text("let a = 1\n" + NET)
    (found,) = api.check_paths(["net.arch"], lint=True)
    at = NET.index("bn")
    wrong = [
        type(found)(found.code, found.message, found.labels, edits=(edit,))
        for edit in (
            Edit(source.span(at, at + 2), "relu"),
            Edit(source.span(at, at + 2), "("),
        )
    ]
    for item in wrong:
        with pytest.raises(NotTheSame):
            mended(source, [item])


def test_a_file_that_cannot_be_written_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("net.arch").write_text("let a = 1\n" + NET)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = lint("net.arch", "--fix")
    assert done.exit_code == 1
    assert "net.arch: cannot be written: No space left on device" in done.stderr
    assert Path("net.arch").read_text() == "let a = 1\n" + NET
    assert [each.name for each in Path().iterdir()] == [".git", "net.arch"]


# --- edits ----------------------------------------------------------------------------------------


def test_edits_that_touch_wait_for_the_next_round() -> None:
    source = Source("x", "abcdef")

    def edit(start: int, end: int, text: str) -> Edit:
        return Edit(source.span(start, end), text)

    first, touching, apart = [edit(0, 2, "X")], [edit(2, 3, "Y")], [edit(4, 5, "Z")]
    assert apply("abcdef", [first, touching, apart]) == ("XcdZf", 2)
    half = [edit(5, 6, "!"), edit(1, 1, "?")]  # whole or not at all
    assert apply("abcdef", [first, half]) == ("Xcdef", 1)
    assert apply("abcdef", []) == ("abcdef", 0)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\n  xx\nb", "a\nb"),
        ("a\nxx", "a\n"),
        ("xx\nb", "b"),
        ("a  xx\nb", "a\nb"),
        ("{ xx }", "{ }"),
        ("a\r\n  xx\r\nb", "a\r\nb"),
    ],
)
def test_removal_takes_the_line_if_nothing_else_is_on_it(text: str, left: str) -> None:
    at = text.index("xx")
    assert apply(text, [[removal(Source("x", text).span(at, at + 2))]]) == (left, 1)


def test_programs_read_the_edits() -> None:
    text = "let a = 1\n" + NET
    Path("net.arch").write_text(text)
    done = lint("net.arch", "--format", "json")
    (found,) = json.loads(done.stdout)["diagnostics"]
    (edit,) = found["edits"]
    assert (done.exit_code, found["code"]) == (1, "W012")
    place = [edit[key] for key in ("line", "column", "end_line", "end_column", "replacement")]
    assert place == [1, 1, 2, 1, ""]
