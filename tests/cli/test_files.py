"""A file is replaced whole or not at all, and never by surprise; a seal tells whose it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgen.cli import files
from archgen.cli.failures import Stopped
from archgen.seal import origin, seal

TEXT = seal("class Net:\n    pass\n")
OTHER = seal("class Net:\n    x = 1\n")


def test_a_seal_is_a_comment_that_formatters_leave() -> None:
    *body, comment = TEXT.splitlines()
    assert body == ["class Net:", "    pass", "", ""]
    assert comment.startswith("# ")
    assert len(comment) <= 88
    assert seal(TEXT) == TEXT


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_a_seal_knows_its_text(text: str) -> None:
    sealed = seal(text)
    assert origin(sealed) == "sealed"
    assert origin(sealed.replace("\n", "\r\n")) == "sealed"
    assert origin("#" + sealed) == "edited"
    assert origin(sealed + "x = 1\n") == "edited"


def test_other_texts() -> None:
    assert origin("") == origin(" \n") == "empty"
    assert origin("class Net:\n    pass\n") == "foreign"
    assert origin(TEXT.replace("pass", "...")) == "edited"


def test_written_where_nothing_is(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    assert files.write_source(str(path), TEXT, force=False)
    assert path.read_bytes() == TEXT.encode()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert os.listdir(tmp_path) == ["net.py"]


def test_what_is_up_to_date_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(TEXT)
    os.utime(path, (1, 1))
    assert not files.write_source(str(path), TEXT, force=False)
    assert path.stat().st_mtime == 1


@pytest.mark.parametrize("before", ["", OTHER])
def test_written_over_nothing_and_over_its_own(tmp_path: Path, before: str) -> None:
    path = tmp_path / "net.py"
    path.write_text(before)
    path.chmod(0o640)
    files.write_source(str(path), TEXT, force=False)
    assert path.read_text() == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (b"print('mine')\n", "archgen did not write this file"),
        (OTHER.replace("1", "2").encode(), "edited since archgen wrote it"),
        (b"\xff\xfe\x00", "archgen did not write this file"),
    ],
)
def test_a_person_is_not_overwritten_without_force(tmp_path: Path, before: bytes, why: str) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(before)
    with pytest.raises(Stopped, match=why):
        files.write_source(str(path), TEXT, force=False)
    assert path.read_bytes() == before
    files.write_source(str(path), TEXT, force=True)
    assert path.read_text() == TEXT


def test_links_are_followed_and_stay(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "real.py", tmp_path / "link.py"
    link.symlink_to(target)
    for text in (TEXT, OTHER):  # dangling at first
        files.write_source(str(link), text, force=False)
        assert link.is_symlink()
        assert target.read_text() == text
    target.write_text("mine")
    with pytest.raises(Stopped):
        files.write_source(str(link), TEXT, force=False)


def test_a_failed_write_leaves_the_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.py"
    path.write_text(OTHER)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Stopped, match="No space left on device"):
        files.write_source(str(path), TEXT, force=False)
    assert path.read_text() == OTHER
    assert os.listdir(tmp_path) == ["net.py"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(OTHER)
    path.chmod(0o444)
    with pytest.raises(Stopped, match="read-only"):
        files.write_source(str(path), TEXT, force=True)


@pytest.mark.parametrize("name", ["folder", "no/such/folder/net.py", "net\0.py", "loop"])
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Stopped, match="cannot be written"):
        files.write_source(f"{tmp_path}/{name}", TEXT, force=True)


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="needs devices")
def test_a_device_is_written_to_and_stays_one() -> None:
    files.write_source("/dev/null", TEXT, force=False)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
