"""Specs at a revision, against real repositories of real git."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import archgen
from archgen import versions
from archgen.diagnostics import ArchError, Fault
from archgen.git import Revision, affected
from archgen.versions import Broken, Pair, Version, changed
from tests.repositories import Repository

NET = 'use "blocks/unit.arch"\narch net {{ input(3, 8, 8); unit({width}) }}\n'
UNIT = "block unit(out) {{ conv(out, {kernel}) -> bn -> relu }}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """`net.arch`, which uses `blocks/unit.arch`; and `alone.arch`. In the current folder."""
    monkeypatch.chdir(tmp_path)
    made = Repository(tmp_path)
    made.commit(
        {
            "net.arch": NET.format(width=8),
            "blocks/unit.arch": UNIT.format(kernel=3),
            "alone.arch": "arch alone { input(3, 8, 8); conv(4, 1) }\n",
        }
    )
    return made


def code_of(spec: str) -> str:
    with pytest.raises(ArchError) as refused:
        versions.load(spec)
    (diagnostic,) = refused.value.diagnostics
    return diagnostic.code


# --- one spec at a revision -------------------------------------------------------------------


def test_a_spec_is_read_with_the_files_it_used_then(repository: Repository) -> None:
    repository.write({"net.arch": NET.format(width=16), "blocks/unit.arch": UNIT.format(kernel=5)})
    assert versions.load("main:net.arch").params == 8 * 3 * 3 * 3 + 16
    assert versions.load("net.arch").params == 16 * 3 * 5 * 5 + 32
    repository.commit({})
    assert versions.load("HEAD~1:net.arch:net").params == 8 * 3 * 3 * 3 + 16
    (repository.folder / "blocks/unit.arch").unlink()
    assert versions.load("HEAD:net.arch").params == 16 * 3 * 5 * 5 + 32


def test_places_name_the_revision(repository: Repository) -> None:
    span = versions.load("main:net.arch").body.nodes[0].span
    assert (span.source.path, span.line) == ("main:net.arch", 2)
    repository.commit({"blocks/unit.arch": "block unit(out) {\n  conv(out, 3, bias=1)\n}\n"})
    with pytest.raises(ArchError) as refused:
        versions.load("HEAD:net.arch")
    assert "HEAD:blocks/unit.arch:2:" in str(refused.value)


def test_paths_start_at_the_top_or_with_a_dot_at_the_current_folder(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({"deep/net.arch": "arch net { input(3, 8, 8); conv(1, 1) }\n"})
    monkeypatch.chdir(repository.folder / "deep")
    assert versions.load("HEAD:net.arch").params > versions.load("HEAD:./net.arch").params
    assert versions.load("HEAD:../net.arch").params == versions.load("HEAD:net.arch").params


@pytest.mark.parametrize(
    ("spec", "revision", "path", "arch"),
    [
        ("main:net.arch", "main", "net.arch", None),
        ("HEAD~0:net.arch:net", "HEAD~0", "net.arch", "net"),
        ("net.arch:net", None, "net.arch", "net"),
        ("net.arch", None, "net.arch", None),
        ("HEAD@{2099-01-01 12:30}:net.arch", "HEAD@{2099-01-01 12:30}", "net.arch", None),
    ],
)
def test_what_a_spec_says(
    repository: Repository, spec: str, revision: str | None, path: str, arch: str | None
) -> None:
    version = Version.of(spec)
    assert (version.revision.name if version.revision else None) == revision
    assert (version.shown, version.arch) == (path, arch)


def test_a_file_with_a_colon_in_its_name_is_a_file(repository: Repository) -> None:
    repository.write({"main:net.arch": "arch other { input(3, 8, 8); conv(1, 1) }\n"})
    assert versions.load("main:net.arch").name == "other"


def test_the_installed_library_is_read_from_the_disk(repository: Repository) -> None:
    repository.commit({"res.arch": "use residual\narch net { input(8, 8, 8); basic(8) }\n"})
    network = versions.load("HEAD:res.arch")
    assert network.params == versions.load("res.arch").params
    inner = network.body.nodes[0]
    assert inner.body.definition.span.source.path == "specs/blocks/residual.arch"  # type: ignore[union-attr]


def test_what_cannot_be_read(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    os.symlink("/etc/hostname", repository.folder / "link.arch")
    (repository.folder / "latin1.arch").write_bytes("# Stra\xdfe\n".encode("latin-1"))
    (repository.folder / "long.arch").write_text("#" * (1 << 21))
    (repository.folder / "folder.arch").mkdir()
    repository.commit({"folder.arch/x": ""})
    assert code_of("HEAD:link.arch") == "A502"
    assert code_of("HEAD:folder.arch") == "A502"
    assert code_of("HEAD:long.arch") == "A504"
    assert code_of("HEAD:latin1.arch") == "A505"
    assert code_of("HEAD:gone.arch") == "A515"
    assert code_of("HEAD~1:latin1.arch") == "A515"
    assert code_of("nobody:net.arch") == "A514"
    assert code_of("--all:net.arch") == "A514"
    assert code_of("-:net.arch") == "A514"
    monkeypatch.setenv("PATH", "")
    assert code_of("HEAD:net.arch") == "A512"


def test_a_path_at_a_revision_is_never_one_of_the_disk(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither outside the repository, nor a file that is there by now."""
    outside = repository.folder.parent / "outside.arch"
    outside.write_text("arch net { input(3, 8, 8); conv(1, 1) }\n")
    repository.write({"later.arch": outside.read_text(), "deep/x": ""})
    assert code_of("HEAD:../outside.arch") == "A515"
    assert code_of(f"HEAD:{outside}") == "A515"
    assert code_of("HEAD:later.arch") == "A515"
    monkeypatch.chdir(repository.folder / "deep")
    assert code_of("HEAD:../../outside.arch") == "A515"
    assert code_of("HEAD:../later.arch") == "A515"
    assert code_of("HEAD:../gone/../deep/../../outside.arch") == "A515"


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(Fault, match="not a git repository"):
        Revision.find("main")


def test_a_use_cannot_leave_the_tree_by_a_link(repository: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "secret.arch"
    outside.write_text("let secret = 1\n")
    os.symlink(outside, repository.folder / "blocks/link.arch")
    repository.commit({"net.arch": 'use "blocks/link.arch"\narch net { input(3); linear(1) }\n'})
    assert code_of("HEAD:net.arch") == "A502"


def test_nothing_of_the_repository_is_run(repository: Repository) -> None:
    spy = repository.folder / "spy.sh"
    spy.write_text(f"#!/bin/sh\ntouch {repository.folder}/ran\ncat\n")
    spy.chmod(0o755)
    repository.commit({".gitattributes": "*.arch filter=spy diff=spy\n"})
    for key in ("filter.spy.smudge", "filter.spy.clean", "diff.spy.textconv", "core.fsmonitor"):
        repository.git("config", key, str(spy))
    repository.write({"net.arch": NET.format(width=16)})
    revision = Revision.find("HEAD")
    assert versions.load("HEAD:net.arch").params == 8 * 3 * 3 * 3 + 16
    assert affected(revision) == ["net.arch"]
    assert not (repository.folder / "ran").exists()


# --- all that changed ---------------------------------------------------------------------------


def test_a_folder_that_looks_like_a_repository_is_none(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git would take it for a bare one, with its configuration, which may name programs."""
    mark = tmp_path / "mark"
    config = f"[core]\n\tbare = true\n\tfsmonitor = \"echo run > '{mark}'\"\n"
    files = {"HEAD": "ref: refs/heads/main\n", "config": config, "objects/x": "", "refs/x": ""}
    repository.write({f"evil/{name}": text for name, text in files.items()})
    monkeypatch.chdir(repository.folder / "evil")
    with pytest.raises(Fault):
        Revision.find("HEAD")
    assert not mark.exists()


def test_nothing_changed(repository: Repository) -> None:
    assert affected(Revision.find("HEAD")) == []


def test_specs_that_use_what_changed_are_affected(repository: Repository) -> None:
    repository.write({"blocks/unit.arch": UNIT.format(kernel=5), "more.arch": "let x = 1\n"})
    (repository.folder / "alone.arch").unlink()
    found = affected(Revision.find("HEAD"))
    assert found == ["alone.arch", "blocks/unit.arch", "more.arch", "net.arch"]


def test_ignored_files_are_nobodys_business(repository: Repository) -> None:
    repository.commit({".gitignore": "build/\n"})
    repository.write({"build/net.arch": NET.format(width=1)})
    assert affected(Revision.find("HEAD")) == []


def test_changed_archs_come_in_both_versions(repository: Repository) -> None:
    repository.write(
        {
            "blocks/unit.arch": UNIT.format(kernel=5),
            "more.arch": "arch more { input(3); linear(1) }\n",
            "bad.arch": "arch bad { input(3); linear(none) }\narch fine { input(3); linear(1) }\n",
        }
    )
    (repository.folder / "alone.arch").unlink()
    pairs, broken = {}, []
    for each in changed(Revision.find("HEAD")):
        if isinstance(each, Pair):
            pairs[each.path, each.arch] = (each.old is None, each.new is None)
        else:
            broken.append(each)
    assert pairs == {
        ("alone.arch", "alone"): (False, True),
        ("more.arch", "more"): (True, False),
        ("net.arch", "net"): (False, False),
    } | {("bad.arch", "fine"): (True, False)}
    (bad,) = broken
    assert isinstance(bad, Broken)
    assert (bad.path, len(bad.faults)) == ("bad.arch", 1)


def test_only_the_paths_asked_for(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    arch = "arch net { input(3); linear(1) }\n"
    repository.write({"a/one.arch": arch, "b/two.arch": arch, "ab.arch": arch})
    revision = Revision.find("HEAD")
    assert [each.path for each in changed(revision, ["a"])] == ["a/one.arch"]
    assert [each.path for each in changed(revision, ["ab.arch", "b/"])] == ["ab.arch", "b/two.arch"]
    monkeypatch.chdir(repository.folder / "b")
    assert [each.path for each in changed(revision, ["."])] == ["two.arch"]


def test_a_revision_of_this_repository_has_its_own_library() -> None:
    """`use residual` at a revision reads that revision's `specs/blocks/residual.arch`."""
    root = Path(archgen.__file__).parent.parent
    if not (root / ".git").exists():
        pytest.skip("an installation, not a checkout")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        network = versions.load("HEAD:specs/resnet50.arch")
    sources = {span.source.path for span in (node.span for node in network.body.nodes)}
    assert sources == {"HEAD:specs/resnet50.arch"}
    stage = next(node.body for node in network.body.nodes if hasattr(node, "body"))
    block = stage.nodes[0].body.definition
    assert block.span.source.path == "HEAD:specs/blocks/residual.arch"
