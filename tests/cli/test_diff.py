"""`archgen diff`: what it shows, in which form, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.repositories import Repository

NET = """\
arch net(classes=10) {{
  input(3, 32, 32)
  conv(8, {kernel}) -> bn -> relu
  global_avgpool -> flatten
  fc = linear(classes)
}}
"""


@pytest.fixture
def specs(folder: Path) -> Path:
    """`old.arch` and `new.arch`, whose kernels are 3 and 5."""
    (folder / "old.arch").write_text(NET.format(kernel=3))
    (folder / "new.arch").write_text(NET.format(kernel=5))
    return folder


def test_status_0_is_the_same_and_1_is_different(run: Run, specs: Path) -> None:
    same = run("diff", "old.arch", "old.arch")
    assert (same.exit_code, "no difference" in same.output) == (0, True)
    other = run("diff", "old.arch", "new.arch")
    assert other.exit_code == 1
    assert "~ conv(8, 5): kernel 3 -> 5\n    new.arch:3:3  conv1\n" in other.output
    assert "reshaped: conv1.weight: 8 x 3 x 3 x 3 -> 8 x 3 x 5 x 5" in other.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["old.arch"],
        ["old.arch", "nowhere.arch"],
        ["old.arch", "HEAD:new.arch"],
        ["old.arch", "new.arch", "--stat", "--format", "json"],
        ["--against", "HEAD", "--set", "classes=3"],
        ["old.arch", "new.arch", "--set", "nothing=3"],
    ],
)
def test_status_2_is_an_error(run: Run, specs: Path, arguments: list[str]) -> None:
    assert run("diff", *arguments).exit_code == 2


def test_parameters_are_set_on_both_sides(run: Run, specs: Path) -> None:
    result = run("diff", "old.arch", "new.arch", "--set", "classes=7", "--format", "json")
    (comparison,) = json.loads(result.output)["comparisons"]
    assert comparison["old"]["output"] == comparison["new"]["output"] == [[7]]


def test_json_says_what_the_text_says(run: Run, specs: Path) -> None:
    report = json.loads(run("diff", "old.arch", "new.arch", "--format", "json").output)
    assert (report["version"], report["same"]) == (1, False)
    (comparison,) = report["comparisons"]
    assert comparison["status"] == "changed"
    (edit,) = comparison["edits"]
    assert (edit["kind"], edit["aspect"], edit["paths"]) == ("changed", "layer", ["conv1"])
    changed = {"name": "kernel", "before": "3", "after": "5", "varies": False, "paths": []}
    assert edit["arguments"] == [changed]
    assert (edit["new"]["file"], edit["new"]["line"], edit["new"]["column"]) == ("new.arch", 3, 3)
    assert comparison["figures"]["params"]["change"] == 8 * 3 * (25 - 9)
    assert comparison["state_dict"]["counts"]["reshaped"] == 1
    assert comparison["state_dict"]["changed"] == [
        {
            "fate": "reshaped",
            "old": {"key": "conv1.weight", "shape": [8, 3, 3, 3]},
            "new": {"key": "conv1.weight", "shape": [8, 3, 5, 5]},
        }
    ]
    assert not comparison["state_dict"]["cut"]


ARGUMENT = """\
block unit(out{parameters}) {{
  conv(out, 3, {given}) -> bn -> relu
  {after}
}}
arch net {{ input(3, 64, 64); layer1 = seq {{ unit(32, stride=2); unit(32{more}) }} }}
"""


def test_each_place_changed_what_it_changed(run: Run, specs: Path) -> None:
    """The stride of one call and the dilation of another, in one line of their block."""
    before = ARGUMENT.format(parameters=", stride=1", given="stride=stride", after="", more="")
    after = ARGUMENT.format(
        parameters=", stride=1, dilation=1",
        given="dilation=dilation",
        after="if stride != 1 { maxpool(2) }",
        more=", dilation=2",
    )
    (specs / "old.arch").write_text(before)
    (specs / "new.arch").write_text(after)
    report = json.loads(run("diff", "old.arch", "new.arch", "--format", "json").output)
    changed, added = report["comparisons"][0]["edits"]
    assert (changed["kind"], added["kind"]) == ("changed", "added")
    assert changed["paths"] == ["layer1.0-1.conv1"]
    assert changed["arguments"] == [
        {"name": name, "before": before, "after": after, "varies": True, "paths": [path]}
        for name, before, after, path in (
            ("stride", "2", "1", "layer1.0.conv1"),
            ("dilation", "1", "2", "layer1.1.conv1"),
        )
    ]
    said = "stride 2 -> 1 (only in layer1.0.conv1); dilation 1 -> 2 (only in layer1.1.conv1)"
    assert said in run("diff", "old.arch", "new.arch").output


def test_files_of_several_archs_are_compared_arch_by_arch(run: Run, specs: Path) -> None:
    one = "arch {name} {{ input(3, 8, 8); conv({out}, 3) }}\n"
    (specs / "a.arch").write_text(one.format(name="x", out=1) + one.format(name="y", out=1))
    (specs / "b.arch").write_text(one.format(name="y", out=2) + one.format(name="z", out=1))
    report = json.loads(run("diff", "a.arch", "b.arch", "--format", "json").output)
    found = {each["arch"]: each["status"] for each in report["comparisons"]}
    assert found == {"x": "removed", "y": "changed", "z": "added"}
    alone = run("diff", "a.arch:x", "b.arch:z")
    assert alone.exit_code == 0


def test_against_a_revision(run: Run, specs: Path) -> None:
    repository = Repository(specs)
    block = "block unit(out) {{ conv(out, {kernel}) -> bn -> relu }}\n"
    user = 'use "unit.arch"\narch user { input(3, 8, 8); unit(8) }\n'
    repository.commit({"unit.arch": block.format(kernel=3), "user.arch": user})
    assert run("diff", "--against", "HEAD").exit_code == 0
    repository.write({"unit.arch": block.format(kernel=5), "old.arch": NET.format(kernel="3  ")})
    result = run("diff", "--against", "main", "--stat")
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.split() == [
        *("user.arch:user", "1", "edit", "+384", "params", "+24.576", "K", "MACs"),
        *("keys:", "5", "kept,", "1", "reshaped"),
    ]
    repository.commit({})
    (specs / "user.arch").rename(specs / "moved.arch")
    assert run("diff", "--against", "main").exit_code == 0  # the same network in another file
    (specs / "moved.arch").unlink()
    assert "removed" in run("diff", "--against", "main").output
    repository.write({"user.arch": "arch user {"})
    broken = run("diff", "--against", "main")
    assert (broken.exit_code, "error[A002]" in broken.output) == (2, True)
    assert run("diff", "--against", "main", "nowhere").exit_code == 2


def test_a_spec_cannot_write_to_the_terminal_nor_into_a_comment(run: Run, specs: Path) -> None:
    hostile = 'arch net {{ input(3, 8, 8); seq {{ "{name}" = conv(4, {kernel}) }} }}\n'
    name = "a`@all|<b>"
    (specs / "old.arch").write_text(hostile.format(name=name, kernel=1))
    (specs / "new.arch").write_text(hostile.format(name=name, kernel=3))
    assert name in run("diff", "old.arch", "new.arch").output
    markdown = run("diff", "old.arch", "new.arch", "--format", "markdown").output
    assert f"`` seq1.{name} ``" in markdown
    assert name not in markdown.replace(f"`` seq1.{name} ``", "").replace(
        f"`` seq1.{name}.weight: 4 x 3 x 1 x 1 -> 4 x 3 x 3 x 3 ``", ""
    )


def test_the_picture_of_a_difference(run: Run, specs: Path) -> None:
    result = run("draw", "--diff", "old.arch", "new.arch")
    assert result.exit_code == 0
    assert "5x5 conv, 8 (kernel 3 → 5" in result.output
    assert all(word in result.output for word in ("unchanged", "added", "removed", "changed"))
    mermaid = run("draw", "--diff", "old.arch", "new.arch", "-o", "x.mmd")
    assert mermaid.exit_code == 0
    assert "classDef kind_changed" in (specs / "x.mmd").read_text()
    assert run("draw", "--diff", "old.arch", "new.arch", "--expand", "conv1").exit_code == 2


@pytest.mark.parametrize(
    "new", ["conv(8, 5) -> bn", "x = conv(8, 5) -> bn", "x = seq { conv(8, 5) }"]
)
def test_what_is_new_is_drawn_as_new_in_a_chain_too(run: Run, specs: Path, new: str) -> None:
    longer = NET.format(kernel=3).replace("  global", f"  {new}\n  global")
    (specs / "new.arch").write_text(longer)
    drawn = run("draw", "--diff", "old.arch", "new.arch").output
    assert "<u><b>5x5 conv, 8</b></u>" in drawn
    assert "<u><b>3x3 conv, 8</b></u>" not in drawn


def test_inputs_of_both(folder: Path, run: Run) -> None:
    text = NET.format(kernel=3)
    (folder / "net.arch").write_text(text)
    (folder / "other.arch").write_text(text.replace("input(3, 32, 32)", "input(3, 64, 64)"))
    assert run("diff", "net.arch", "other.arch").exit_code == 1
    result = run("diff", "net.arch", "other.arch", "--input", "3x48x48")
    assert result.exit_code == 0
    assert result.stdout.endswith("no difference\n")
    result = run("diff", "--against", "HEAD", "--input", "3x48x48")
    assert result.exit_code == 2
    assert "--set, --input and those of modules are for OLD and NEW" in result.stderr
