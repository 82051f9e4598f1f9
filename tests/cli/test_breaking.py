"""`archgen breaking`: changes in a real git repository, formats, categories, exceptions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import NET, Run
from tests.repositories import Repository

BLOCK = "block unit(out) { conv(out, 3) -> bn -> relu }\n"
USER = """\
use "unit.arch"

arch one { input(3, 8, 8); a = unit(4); b = conv(4, 3) }
arch two { input(3, 8, 8); a = unit(8); b = conv(4, 3) }
"""
EXCEPTION = """\
[[breaking.exceptions]]
spec = "net.arch"
category = "numerics"
reason = "trained again"
"""


@pytest.fixture
def repository(folder: Path) -> Repository:
    """The folder as a repository, with its specs as they were."""
    made = Repository(folder)
    made.commit({"net.arch": NET, "specs/unit.arch": BLOCK, "specs/user.arch": USER})
    return made


def codes(output: str) -> list[str]:
    return [each["code"] for each in json.loads(output)["diagnostics"]]


def test_nothing_changed(repository: Repository, run: Run) -> None:
    result = run("breaking", "--against", "main")
    assert (result.exit_code, result.output) == (0, "0 networks compared: nothing breaks\n")


def test_a_comment_breaks_nothing(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": "# new\n" + NET})
    result = run("breaking", "--against", "HEAD")
    assert (result.exit_code, result.output) == (0, "1 network compared: nothing breaks\n")


def test_a_change_shows_both_places(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": "\n" + NET.replace("relu", "gelu")})
    result = run("breaking", "--against", "HEAD")
    assert result.exit_code == 1
    assert "error[B301]: `gelu`, it was `relu`\n" in result.output
    assert "--> net.arch:6:41\n" in result.output
    assert "::: HEAD:net.arch:5:41\n" in result.output
    assert "note: in `stem.2`\n" in result.output
    assert result.output.endswith("1 network compared: 1 breaking change\n")


def test_a_block_of_several_archs_is_one_finding(repository: Repository, run: Run) -> None:
    repository.write({"specs/unit.arch": BLOCK.replace("relu", "silu")})
    result = run("breaking", "--against", "main", "--format", "json")
    (found,) = json.loads(result.output)["diagnostics"]
    assert found["code"] == "B301"
    assert found["labels"][0]["path"] == "specs/unit.arch"
    assert "`specs/user.arch:one`, `specs/user.arch:two`" in found["notes"][-1]
    assert result.exit_code == 1


def test_only_some_categories(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("relu", "gelu").replace("conv(16", "conv(17")})
    every = run("breaking", "--against", "main", "--format", "json")
    assert codes(every.output) == ["B107", "B203", "B301", "B401", "B402", "B403"]
    some = run("breaking", "--against", "main", "--format", "json", "--only", "weights")
    assert codes(some.output) == ["B203"]
    numerics = run("breaking", "--against", "main", "--only", "numerics")
    over = "numerics of 1 network compared only over the weights that `archgen transfer` carries"
    assert numerics.exit_code == 1
    assert numerics.output.endswith(f"1 network compared: 1 breaking change; {over}\n")
    none = run("breaking", "--against", "main", "--only", "training")
    assert (none.exit_code, none.output) == (
        0,
        "1 network compared: nothing found that breaks; "
        "training of 1 network not compared: the weights do not load as a whole\n",
    )


def test_the_threshold_of_cost(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("conv(16", "conv(17")})
    cost = ("breaking", "--against", "main", "--only", "cost")
    assert run(*cost, "--threshold", "7").exit_code == 0
    assert run(*cost, "--threshold", "6").exit_code == 1
    assert run(*cost, "--threshold", "-1").exit_code == 2


def test_paths_choose_specs(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("relu", "gelu")})
    assert run("breaking", "--against", "main", "specs").exit_code == 0
    assert run("breaking", "--against", "main", "net.arch").exit_code == 1
    unknown = run("breaking", "--against", "main", "nte.arch")
    assert unknown.exit_code == 1
    assert "nte.arch: there is no such file or folder" in unknown.output


def test_an_arch_that_is_gone(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("arch net", "arch new")})
    result = run("breaking", "--against", "main")
    assert result.exit_code == 1
    message = "the arch `net` is gone from net.arch; `new` in net.arch computes the same"
    assert f"error[B101]: {message}\n" in result.output
    assert "= help: `arch net = new` keeps the name\n" in result.output
    assert "--> net.arch:1:1\n" in result.output
    assert "::: main:net.arch:1:6\n" in result.output
    repository.write({"net.arch": NET.replace("arch net", "arch new").replace("relu", "gelu")})
    assert "= help: `arch net = ...` keeps" in run("breaking", "--against", "main").output
    (repository.folder / "net.arch").unlink()
    assert "--> main:net.arch:1:6\n" in run("breaking", "--against", "main", "net.arch").output


def test_an_arch_that_needs_arguments_now(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("classes=10", "classes")})
    result = run("breaking", "--against", "main")
    assert result.exit_code == 1
    assert "error[B103]: `net` needs arguments now\n --> net.arch:1:6" in result.output


def test_a_new_spec_breaks_nobody(repository: Repository, run: Run) -> None:
    repository.write({"more.arch": NET})
    result = run("breaking", "--against", "main")
    assert (result.exit_code, result.output) == (0, "1 network compared: nothing breaks\n")


def test_a_faulty_spec_is_an_error_and_a_mended_one_none(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("relu", "rely")})
    assert "error[A102]" in run("breaking", "--against", "main").output
    assert run("breaking", "--against", "main").exit_code == 1
    repository.commit({"net.arch": NET.replace("relu", "rely")})
    repository.write({"net.arch": NET})
    result = run("breaking", "--against", "main")
    assert "warning[A102]" in result.output
    assert result.exit_code == 0


def test_exceptions_are_shown_with_their_reason(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("relu", "gelu"), "archgen.toml": EXCEPTION})
    result = run("breaking", "--against", "main")
    assert result.exit_code == 0
    assert "note[B301]" in result.output
    assert "= note: allowed: trained again\n" in result.output
    assert result.output.endswith("1 network compared: nothing breaks, 1 allowed\n")


def test_exceptions_for_a_path(repository: Repository, run: Run) -> None:
    text = NET.replace("relu", "gelu")
    for path, status in (("stem", 0), ("stem.2", 0), ("ste", 1), ("fc", 1)):
        repository.write({"net.arch": text, "archgen.toml": EXCEPTION + f'path = "{path}"\n'})
        assert run("breaking", "--against", "main").exit_code == status


def test_exceptions_that_except_nothing_are_reported(repository: Repository, run: Run) -> None:
    repository.write({"archgen.toml": EXCEPTION})
    result = run("breaking", "--against", "main")
    assert result.exit_code == 0
    assert "warning[B001]: this exception excepts nothing: numerics of net.arch" in result.output
    assert "archgen.toml:1:" in result.output
    assert "B001" not in run("breaking", "--against", "main", "specs").output
    assert "B001" not in run("breaking", "--against", "main", "--only", "cost").output


def test_exceptions_in_pyproject(repository: Repository, run: Run) -> None:
    table = EXCEPTION.replace("[[breaking", "[[tool.archgen.breaking")
    repository.write({"net.arch": NET.replace("relu", "gelu"), "pyproject.toml": table})
    assert run("breaking", "--against", "main").exit_code == 0
    repository.write({"net.arch": NET})
    unused = run("breaking", "--against", "main")
    assert "pyproject.toml:1:" in unused.output


def test_categories_and_threshold_of_the_configuration(repository: Repository, run: Run) -> None:
    settings = '[breaking]\ncategories = ["cost"]\ncost-threshold = 50\n'
    repository.write({"net.arch": NET.replace("conv(16", "conv(17"), "archgen.toml": settings})
    assert run("breaking", "--against", "main").exit_code == 0
    assert run("breaking", "--against", "main", "--threshold", "1").exit_code == 1
    assert run("breaking", "--against", "main", "--only", "weights").exit_code == 1


def test_two_files_and_two_folders(folder: Path, run: Run) -> None:
    (folder / "new").mkdir()
    (folder / "old").mkdir()
    (folder / "old" / "net.arch").write_text(NET)
    (folder / "new" / "net.arch").write_text(NET.replace("relu", "gelu"))
    (folder / "old" / "gone.arch").write_text(NET)
    folders = run("breaking", "--against", "old", "new", "--format", "json")
    assert codes(folders.output) == ["B101", "B301"]
    files = run("breaking", "--against", "old/net.arch", "new/net.arch", "--format", "json")
    assert codes(files.output) == ["B301"]
    archs = run("breaking", "--against", "old/net.arch:net", "new/net.arch:net")
    assert archs.exit_code == 1
    assert run("breaking", "--against", "old/net.arch").exit_code == 2
    assert run("breaking", "--against", "nothing.arch", "net.arch").exit_code == 1


def test_specs_are_named_as_for_diff(folder: Path, run: Run) -> None:
    """A shipped network, an arch of a file, and files of one arch each, whatever their names."""
    (folder / "two.arch").write_text(NET + NET.replace("arch net", "arch other"))
    (folder / "new.arch").write_text(NET.replace("arch net", "arch new").replace("relu", "gelu"))
    for old, new in (("net.arch", "new.arch"), ("two.arch:other", "new.arch")):
        result = run("breaking", "--against", old, new, "--format", "json")
        assert codes(result.output) == ["B301"]
        assert run("diff", old, new).exit_code == 1
    assert run("breaking", "--against", "net.arch:net", "two.arch:other").exit_code == 0
    assert run("breaking", "--against", "net.arch", "two.arch").exit_code == 0
    gone = run("breaking", "--against", "two.arch", "net.arch", "--format", "json")
    assert codes(gone.output) == ["B101"]
    assert run("breaking", "--against", "resnet18", "resnet18").output == (
        "1 network compared: nothing breaks\n"
    )
    shipped = run("breaking", "--against", "resnet18", "resnet34", "--format", "json")
    assert codes(shipped.output) == ["B202", "B401", "B402", "B403"]
    unknown = run("breaking", "--against", "two.arch:nothing", "net.arch")
    assert (unknown.exit_code, "A122" in unknown.output) == (1, True)
    several = run("diff", "two.arch", "new.arch", "--format", "json")
    assert [each["status"] for each in json.loads(several.output)["comparisons"]] == [
        *("added", "removed", "removed")
    ]


def test_a_branch_called_as_a_shipped_network_is_a_branch(repository: Repository, run: Run) -> None:
    repository.git("branch", "resnet18")
    result = run("breaking", "--against", "resnet18")
    assert (result.exit_code, result.output) == (0, "0 networks compared: nothing breaks\n")


def test_wrong_calls(repository: Repository, run: Run) -> None:
    assert run("breaking").exit_code == 2
    assert run("breaking", "--against", "main", "--only", "speed").exit_code == 2
    unknown = run("breaking", "--against", "nowhere")
    assert unknown.exit_code != 0
    assert "A512" in unknown.output or "no revision is called `nowhere`" in unknown.output


def test_formats_of_code_hosts(repository: Repository, run: Run) -> None:
    repository.write({"net.arch": NET.replace("relu", "gelu").replace("arch net", "arch new")})
    repository.write({"specs/unit.arch": BLOCK.replace("relu", "gelu")})
    github = run("breaking", "--against", "main", "--format", "github")
    assert github.exit_code == 1
    column = BLOCK.index("relu") + 1
    place = f"file=specs/unit.arch,line=1,endLine=1,col={column},endColumn={column + 4}"
    assert f"::error {place},title=B301 the network computes another function::" in github.output
    sarif = run("breaking", "--against", "main", "--format", "sarif")
    assert sarif.exit_code == 1
    (log,) = json.loads(sarif.output)["runs"]
    assert [each["ruleId"] for each in log["results"]] == ["B101", "B301"]
