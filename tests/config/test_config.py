"""The project's configuration: which file holds, what it may say, and where it is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgen import config
from archgen.config.globs import matches
from archgen.config.schema import CATEGORIES
from archgen.diagnostics import ArchError, Diagnostic, Fault


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a repository's root."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults(text: str, name: str = "archgen.toml") -> list[Diagnostic]:
    Path(name).write_text(text)
    try:
        config.load()
    except Fault as fault:
        return [fault.diagnostic]
    except ArchError as refused:
        return list(refused.diagnostics)
    return []


def fault(text: str) -> tuple[str, int, str, str | None]:
    """Code, line and words of the one mistake, and what its place covers."""
    (found,) = faults(text)
    return found.code, found.span.line, found.message, found.help


# --- which file holds -----------------------------------------------------------------------------


def test_without_a_file_the_defaults_hold(project: Path) -> None:
    assert config.find() is None
    assert config.load().breaking.categories == CATEGORIES
    assert config.load().breaking.cost_threshold == 5


def test_the_nearest_file_upwards_holds(project: Path) -> None:
    (project / "archgen.toml").write_text("[breaking]\ncost-threshold = 1\n")
    below = project / "a" / "b"
    below.mkdir(parents=True)
    assert config.load(below).breaking.cost_threshold == 1
    (project / "a" / "pyproject.toml").write_text("[tool.archgen.breaking]\ncost-threshold = 2\n")
    assert config.load(below).breaking.cost_threshold == 2
    (below / "pyproject.toml").write_text('[project]\nname = "archgen"\n')
    assert config.load(below).breaking.cost_threshold == 2


def test_nothing_outside_the_repository_is_read(project: Path) -> None:
    (project / "archgen.toml").write_text("[breaking]\ncost-threshold = 1\n")
    inner = project / "inner"
    (inner / ".git").mkdir(parents=True)
    assert config.find(inner) is None


def test_two_files_in_one_folder_are_a_mistake(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.archgen]\n")
    (found,) = faults("")
    assert found.code == "A511"
    assert "pyproject.toml beside it" in found.message


def test_without_settings_nothing_is_imported(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    code = (
        "import sys; from archgen import config; assert config.find() is None;"
        "print({'tomllib', 'pydantic'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


# --- what it may say ------------------------------------------------------------------------------

WHOLE = """\
[breaking]
categories = ["weights", "cost"]
cost-threshold = 2.5

[[breaking.exceptions]]
spec = "specs/unet.arch"
category = "weights"
path = "down.0"
reason = "trained anew for release 2"

[[breaking.exceptions]]
spec = "specs/**"
category = "cost"
reason = "nobody pays for these"
"""


def test_a_whole_file(project: Path) -> None:
    Path("archgen.toml").write_text(WHOLE)
    settings = config.load()
    assert settings.breaking.categories == ("weights", "cost")
    assert settings.breaking.cost_threshold == 2.5
    first, second = settings.breaking.exceptions
    assert (first.spec, first.category, first.path) == ("specs/unet.arch", "weights", "down.0")
    assert second.path is None
    assert second.reason == "nobody pays for these"


def test_globs_start_where_the_file_lies(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("archgen.toml").write_text("")
    (project / "specs").mkdir()
    monkeypatch.chdir(project / "specs")
    settings = config.load()
    assert settings.matches("specs/*.arch", "unet.arch")
    assert settings.matches("specs/*.arch", str(project / "specs" / "unet.arch"))
    assert not settings.matches("*.arch", "unet.arch")


@pytest.mark.parametrize(
    ("glob", "path", "answer"),
    [
        ("specs/*.arch", "specs/unet.arch", True),
        ("specs/*.arch", "specs/blocks/unet.arch", False),
        ("specs/**/*.arch", "specs/unet.arch", True),
        ("specs/**/*.arch", "specs/a/b/unet.arch", True),
        ("specs", "specs/a/unet.arch", True),
        ("specs/", "specs/a/unet.arch", True),
        ("spec", "specs/unet.arch", False),
        ("./u?et.arch", "unet.arch", True),
        ("unet+arch", "unet.arch", False),
        ("**/unet.arch", "unet.arch", True),
    ],
)
def test_globs(glob: str, path: str, answer: bool) -> None:
    assert matches(glob, path) is answer


@given(st.text(st.sampled_from("ab./[](){}^$+"), min_size=1).filter(lambda s: s[-1] != "/"))
def test_a_name_without_signs_is_a_glob_for_itself(path: str) -> None:
    assert matches(path, path.removeprefix("./"))


# --- where it is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("[lint]\n\ndisabled = []\n", 3, "there is no setting `lint.disabled`", "`disable`"),
        ("[braking]\n", 1, "there is no setting `braking`", "`breaking`"),
        ("x = 1\n", 1, "there is no setting `x`", "there are: lint, breaking"),
        ("[lint]\ndisable = 'W1'\n", 2, "`lint.disable`: a list is wanted", None),
        ("lint = 3\n", 1, "`lint`: a table is wanted", None),
        ("[breaking]\ncost-threshold = '5'\n", 2, "a number is wanted", None),
        ("[breaking]\ncost-threshold = true\n", 2, "a number is wanted", None),
        ("[breaking]\ncost-threshold = -1\n", 2, "greater than or equal to 0", None),
        ("[breaking]\ncost-threshold = nan\n", 2, "finite", None),
        ("[breaking]\ncost_threshold = 1\n", 2, "no setting", "`cost-threshold`"),
        ("[breaking]\ncategories = ['wights']\n", 2, "`wights` is none of", "`interface`"),
        ("[lint]\ndisable = ['W999']\n", 2, "no warning has the code `W999`", None),
        ("[lint]\ndisable = ['A101']\n", 2, "no warning has the code `A101`", None),
    ],
)
def test_mistakes_have_a_place(
    project: Path, text: str, line: int, message: str, hint: str | None
) -> None:
    code, at, said, help = fault(text)
    assert (code, at) == ("A511", line)
    assert message in said
    assert hint is None or hint in (help or "")


def test_a_reason_must_be_given(project: Path) -> None:
    without = WHOLE.replace('reason = "trained anew for release 2"\n', "")
    assert fault(without)[:3] == ("A511", 5, "`breaking.exceptions.0.reason`: is missing")
    empty = WHOLE.replace("nobody pays for these", " ")
    assert fault(empty)[:3] == ("A511", 14, "`breaking.exceptions.1.reason`: says nothing")


def test_every_mistake_in_one_run(project: Path) -> None:
    found = faults("x = 1\n[lint]\ny = 2\n[breaking]\nz = 3\n")
    assert sorted(each.span.line for each in found) == [1, 3, 5]


def test_mistakes_in_pyproject(project: Path) -> None:
    (found,) = faults("[tool.archgen.lint]\ndisabled = []\n", "pyproject.toml")
    assert (found.code, found.span.source.path, found.span.line) == ("A511", "pyproject.toml", 2)


@pytest.mark.parametrize("content", [b"[lint", b"x = 1\nx = 2\n", b"\xff", b"#" * (2 << 20)])
def test_what_is_no_configuration(project: Path, content: bytes) -> None:
    (project / "archgen.toml").write_bytes(content)
    with pytest.raises(Fault) as caught:
        config.load()
    assert caught.value.diagnostic.code == "A510"


def test_a_folder_is_no_configuration(project: Path) -> None:
    (project / "archgen.toml").mkdir()
    with pytest.raises(Fault, match="not a regular file"):
        config.load()
