"""Reading files: only small regular `.arch` files in UTF-8."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from archgen.diagnostics import Diagnostic, Fault
from archgen.syntax.limits import MAX_BYTES
from archgen.syntax.read import decode, read_source


def _refused(path: Path | str) -> Diagnostic:
    with pytest.raises(Fault) as raised:
        read_source(path)
    return raised.value.diagnostic


def test_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_bytes("\ufeffarch a { }  # é\r\n".encode())
    source = read_source(path)
    assert (source.path, source.text) == (str(path), "arch a { }  # é\r\n")


def test_the_largest_spec(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_bytes(b"#" * MAX_BYTES)
    assert len(read_source(path).text) == MAX_BYTES
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert _refused(path).code == "A504"


def test_the_largest_spec_that_is_given_as_bytes() -> None:
    """Of git, or of another program."""
    assert decode("net.arch", b"\xef\xbb\xbf" + b"#" * (MAX_BYTES - 3)).text == "#" * (
        MAX_BYTES - 3
    )
    with pytest.raises(Fault) as raised:
        decode("net.arch", b"#" * (MAX_BYTES + 1))
    fault = raised.value.diagnostic
    assert (fault.code, fault.span.source.path) == ("A504", "net.arch")


def test_missing(tmp_path: Path) -> None:
    assert _refused(tmp_path / "net.arch").code == "A501"
    assert _refused("a\0b.arch").code == "A501"


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "net.arch").mkdir()
    assert _refused(tmp_path / "net.arch").code == "A502"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files there")
def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.arch")
    assert _refused(tmp_path / "pipe.arch").code == "A502"
    (tmp_path / "zero.arch").symlink_to("/dev/zero")
    assert _refused(tmp_path / "zero.arch").code == "A502"


def test_another_ending(tmp_path: Path) -> None:
    path = tmp_path / "net.txt"
    path.write_text("arch a { }")
    assert _refused(path).code == "A503"


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_bytes(b"arch a {\n  # caf\xe9\n}\n")
    fault = _refused(path)
    assert (fault.code, fault.span.line, fault.span.column) == ("A505", 2, 8)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "net.arch").symlink_to(tmp_path / "net.arch")
    assert _refused(tmp_path / "net.arch").code == "A506"
