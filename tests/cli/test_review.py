"""`archgen review`: what is in the comment, how long it gets, and that specs cannot break out."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import NET, Run
from tests.repositories import Repository

MARKER = "<!-- archgen review -->\n"
GITHUB = 65_536  # characters of a comment


@pytest.fixture
def repository(folder: object, run: Run) -> Repository:
    from pathlib import Path

    made = Repository(Path())
    made.commit({"net.arch": NET})
    return made


def test_nothing_changed_is_one_line(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("# ", "") + "# the end\n"})
    result = run("review", "--against", "main")
    assert (result.exit_code, result.output) == (
        0,
        MARKER + "No network changed since `main`.\n",
    )


def test_a_changed_network(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("conv(16, 3", "conv(16, 5").replace("relu", "gelu")})
    result = run("review", "--against", "main")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[:2] == [
        MARKER.strip(),
        "### 1 network changed since `main`: 4 breaking changes; numerics of 1 network compared "
        "only over the weights that archgen transfer carries",
    ]
    row = next(line for line in lines if line.startswith("| `net.arch:net`"))
    # a convolution with a kernel of 5 x 5 for one of 3 x 3, counted by hand
    was, now = (16 * 3 * k * k + 2 * 16 + 16 * 10 + 10 for k in (3, 5))
    assert f"| {was} → {now:,} (+{100 * (now - was) / was:.3g} %) |" in row
    weights = next(line for line in lines if line.startswith("- **weights**"))
    assert "`1 key is of another shape` (B203, `net.arch:5`), `net.arch:net`" in weights
    assert any(line.startswith("- **changed**") and "kernel 3 -> 5" in line for line in lines)


def test_new_and_removed_networks(repository: Repository, run: Run) -> None:
    repository.write({"new.arch": NET.replace("arch net", "arch other")})
    (repository.folder / "net.arch").unlink()
    output = run("review", "--against", "main").output
    assert "| `new.arch:other` (new) |" in output
    assert "| `net.arch:net` (removed) |" in output
    said = "the arch net is gone from net.arch; other in new.arch computes the same"
    assert f"- **interface** `{said}` (B101, `main:net.arch:1`)" in output


def test_a_faulty_spec_is_told(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("relu", "rely")})
    result = run("review", "--against", "main")
    assert result.exit_code == 0
    assert "- **error** `unknown layer or block rely` (A102, `net.arch:5`)" in result.output


def test_exceptions_give_their_reason(repository: Repository, run: Run) -> None:
    exception = (
        '[[breaking.exceptions]]\nspec = "*.arch"\ncategory = "numerics"\nreason = "@all | `x`"\n'
    )
    repository.write({"net.arch": NET.replace("relu", "gelu"), "archgen.toml": exception})
    output = run("review", "--against", "main").output
    assert "nothing breaks, 1 allowed" in output
    assert "; allowed: `` @all | `x` ``" in output


def test_a_comment_fits_whatever_changed(repository: Repository, run: Run) -> None:
    layers = "".join(f'  "layer_{i}_{"x" * 60}" = conv({i % 9 + 1}, 3)\n' for i in range(900))
    archs = [f"arch n{i} {{ input(3, 8, 8); a = conv({i + 1}, 3) }}\n" for i in range(700)]
    long = f"arch long {{\n  input(3, 8, 8)\n{layers}}}\n"
    repository.commit({"many.arch": "".join(archs), "long.arch": long})
    changed = "".join(archs).replace(", 3) }", ", 5, bias=true) }")
    repository.write({"many.arch": changed, "long.arch": long.replace(", 3)", ", 1)")})
    output = run("review", "--against", "main").output
    assert len(output) < GITHUB
    assert len(output.encode()) < GITHUB
    assert "### 701 networks changed since `main`" in output
    assert re.search(r"^… [\d,]+ more rows left out\.$", output, re.MULTILINE)
    assert re.search(r"^… [\d,]+ more findings left out\.$", output, re.MULTILINE)
    assert re.search(r"^… [\d,]+ more lists of edits left out\.$", output, re.MULTILINE)


EVIL = "`` ``` @octocat | <img src=x onerror=alert(1)> <!-- --> ]( javascript:x ) </details> # *b*"


def test_a_spec_cannot_break_out(repository: Repository, run: Run) -> None:
    """Its text stands in code spans, whose fences it cannot hold; a table has its own bars only."""
    quoted = EVIL.replace("{", "{{")
    before = f'arch net {{ input(3, 8, 8); a = seq {{ "{quoted}" = conv(4, 3) -> relu }} }}\n'
    repository.commit({"a|b`c @x.arch": before})
    repository.write({"a|b`c @x.arch": before.replace("relu", "gelu").replace("4, 3", "4, 1")})
    output = run("review", "--against", "main").output
    drawn = "".join(re.findall(r"```mermaid\n.*?^```$", output, re.MULTILINE | re.DOTALL))
    assert drawn.count("```") == 2
    assert not set("`@<>") & set(re.sub(r"<(br/?|/?small|/?i|/?b)>|-->", "", drawn.strip("`")))
    output = output.replace(drawn, "")
    (summary,) = re.findall(r"<summary>.*</summary>", output)
    inside = re.fullmatch(r"<summary>[\w ]+<code>(.*)</code>, drawn</summary>", summary)
    assert inside
    assert not set("<>") & set(inside[1])
    output = output.replace(f"<details>{summary}", "").removesuffix("</details>\n")
    outside = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "CODE", output.removeprefix(MARKER))
    assert "octocat" in output
    for sign in ("@", "<", "octocat", "javascript"):
        assert sign not in outside
    row = next(line for line in output.splitlines() if line.startswith("| ") and "arch" in line[3:])
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


def test_what_changed_is_drawn_folded(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("relu", "gelu")})
    output = run("review", "--against", "main").output
    head = (
        "<details><summary>What changed in <code>net.arch:net</code>, drawn</summary>\n\n```mermaid"
    )
    drawn = output.partition(head)[2]
    assert "flowchart TB" in drawn
    assert drawn.endswith("```\n\n</details>\n")
    added = "arch other { input(3, 8, 8); relu }\n"
    repository.write({"net.arch": NET, "new.arch": added})
    assert "mermaid" not in run("review", "--against", "main").output


def test_a_key_tells_comments_apart(repository: Repository, run: Run) -> None:
    same = run("review", "--against", "main", "--key", "vision/a").output
    mark = "<!-- archgen review: vision/a -->\n"
    assert same == f"{mark}`vision/a`: No network changed since `main`.\n"
    repository.write({"net.arch": NET.replace("relu", "gelu")})
    output = run("review", "--against", "main", "--key", "vision/a").output
    assert output.startswith(f"{mark}### `vision/a`: 1 network changed since `main`: 1 breaking")


@pytest.mark.parametrize("key", ["a-->", "a--b", "-a", "a\nb", "<b>", "`", "ä", "a" * 101])
def test_a_key_cannot_end_the_mark(repository: Repository, run: Run, key: str) -> None:
    result = run("review", "--against", "main", f"--key={key}")
    assert result.exit_code == 2
    assert "a key is letters" in result.output


EXCEPTION = '[[breaking.exceptions]]\nspec = "*"\ncategory = "numerics"\nreason = "meant"\n'


@pytest.mark.parametrize(
    ("before", "after", "tables"),
    [
        ({}, {"archgen.toml": EXCEPTION}, "`breaking`"),
        ({"archgen.toml": EXCEPTION}, {"archgen.toml": ""}, "`breaking`"),
        ({"archgen.toml": EXCEPTION}, {"archgen.toml": f"# why\r\n\r\n{EXCEPTION}"}, None),
        (
            {"archgen.toml": "[lint]\n"},
            {"archgen.toml": f"{EXCEPTION}[lint]\ndisable = ['W004']\n"},
            "`breaking`, `lint`",
        ),
        ({}, {"pyproject.toml": "[tool.other]\nx = 1\n"}, None),
        ({}, {"pyproject.toml": EXCEPTION.replace("[[", "[[tool.archgen.")}, "`breaking`"),
    ],
)
def test_changed_settings_are_mentioned(
    repository: Repository,
    run: Run,
    before: dict[str, str],
    after: dict[str, str],
    tables: str | None,
) -> None:
    """Compared by what they say, whatever changed beside them."""
    repository.commit({**before, "other": ""})
    repository.write(after)
    output = run("review", "--against", "main").output
    (name,) = after
    if tables is None:
        assert "configuration" not in output
    else:
        assert output.startswith(f"{MARKER}### 0 networks changed since `main`")
        assert f"- **configuration** `{name}` changed ({tables}): what is checked" in output


def test_settings_that_are_gone_or_hold_from_above(
    repository: Repository, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({"archgen.toml": EXCEPTION, "sub/net.arch": NET})
    top = repository.folder.resolve()
    monkeypatch.chdir(top / "sub")
    assert "configuration" not in run("review", "--against", "main").output
    (top.parent / "archgen.toml").write_text("[lint]\n")  # outside: another project
    (top / "archgen.toml").unlink()
    output = run("review", "--against", "main").output
    assert "- **configuration** `../archgen.toml` changed (`breaking`)" in output
    assert output.count("**configuration**") == 1
