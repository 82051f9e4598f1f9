"""Specs as a revision of a git repository has them.

git is asked for names and bytes only: no checkout, no filter, no hook, no text conversion, so
that comparing a stranger's branch runs nothing of it. Knows what a spec `use`s, not what it means.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from archgen import resources
from archgen.catalogue import shipped_file
from archgen.diagnostics import Diagnostic, Fault, error
from archgen.syntax import tree
from archgen.syntax.limits import MAX_BYTES
from archgen.syntax.parse import parse
from archgen.syntax.read import decode, read_source
from archgen.text import Source

__all__ = ["Revision", "affected", "is_revision"]

_SUFFIX = ".arch"
_REGULAR = ("100644", "100755")  # modes of a file; others are links, folders, other repositories
# Nothing that a repository's configuration names is run, and nothing is fetched.
# A folder of files that looks like a repository (`HEAD`, `config`) is not taken for one.
_QUIET = (
    *("-c", "core.fsmonitor=false", "-c", "protocol.allow=never"),
    *("-c", "safe.bareRepository=explicit", "--literal-pathspecs"),
)
_ENVIRONMENT = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
_SECONDS = 60
_LARGEST_FILE, _LARGEST_TREE, _AT_ONCE = 1 << 24, 1 << 30, 1 << 25  # bytes
_ODD = {"", ".", "..", ".git"}  # no parts of a path that is written to


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file as a revision lists it; `size` in bytes."""

    mode: str
    blob: str
    size: int


@dataclass(frozen=True)
class Revision:
    """A commit of the repository that the current folder lies in.

    name: as the user wrote it. commit: its full name. root: the top of the work tree, links
    resolved. Paths are those of the work tree, whether or not the file is (still) there.
    """

    name: str
    commit: str
    root: str

    @staticmethod
    def find(name: str) -> Revision:
        """The revision of that name. Raises `Fault`: no git, no repository, no such revision."""
        root = os.fsdecode(_git(["rev-parse", "--show-toplevel"], name)).removesuffix("\n")
        if name.startswith("-"):
            raise _unknown(name)
        asked = ["rev-parse", "--quiet", "--verify", f"{name}^{{commit}}"]
        try:
            commit = _git(asked, name).decode().strip()
        except Fault as fault:
            raise _unknown(name) if fault.diagnostic.code == "A513" else fault from None
        return Revision(name, commit, os.path.realpath(root))

    # --- what a Loader needs ------------------------------------------------------------------

    def read(self, path: Path, shown: str) -> Source:
        """A spec of this revision; what lies outside the repository is read from the disk.

        Raises `Fault` (A5xx) if it is not a small `.arch` file in UTF-8.
        """
        inside = self.inside(path)
        if inside is None:
            return Source(shown, read_source(path).text)
        shown = f"{self.name}:{shown}"
        if PurePosixPath(inside).suffix != _SUFFIX:
            raise _fault("A503", shown, f"not a spec: its name does not end in {_SUFFIX}")
        entry = self._entry(inside)
        if entry is None:
            hint = "it was added since" if os.path.isfile(path) else None
            raise _fault("A515", shown, f"{self.name} has no such file", help=hint)
        if entry.mode not in _REGULAR:
            raise _fault("A502", shown, "not a regular file")
        if entry.size > MAX_BYTES:
            raise _fault("A504", shown, f"larger than {MAX_BYTES >> 20} MiB")
        return decode(shown, self._run("cat-file", "blob", entry.blob))

    def content(self, path: Path) -> bytes | None:
        """What a small regular file of this revision holds; None if there is none of that path."""
        inside = self.inside(path)
        entry = self._entry(inside) if inside else None
        if entry is None or entry.mode not in _REGULAR or entry.size > MAX_BYTES:
            return None
        return self._run("cat-file", "blob", entry.blob)

    def place(self, path: Path) -> str:
        """The same for two paths to one file."""
        inside = self.inside(path)
        return os.path.realpath(path) if inside is None else f"{self.commit}:{inside}"

    def inside(self, path: Path) -> str | None:
        """The path from the top of the work tree, with `/`; None for one outside.

        The installed library may lie in the work tree (in a `.venv`) and be no part of it.
        """
        here = os.path.normpath(os.path.join(os.path.realpath(os.curdir), path))
        found = _below(self.root, here) or _below(self.root, os.path.realpath(path))
        library = self._untracked_library
        return None if found is None or (library and _below(library, found)) else found

    @cached_property
    def _untracked_library(self) -> str | None:
        specs = _below(self.root, os.path.realpath(resources.root("specs")))
        if specs is None or self._run("ls-tree", "-z", "--full-tree", self.commit, "--", specs):
            return None
        return specs

    def write(self, folder: str) -> None:
        """Write its files into an empty folder, by names and bytes alone: for what reads more than
        specs. Links, submodules and files of more than 16 MiB are left out.

        Raises `Fault` for more than 1 GiB, and for a path that leads out of the folder.
        """
        listed = _entries(self._run("ls-tree", "-z", "-l", "-r", "--full-tree", self.commit))
        wanted = [
            (path, entry)
            for path, entry in listed
            if entry.mode in _REGULAR and entry.size <= _LARGEST_FILE
        ]
        if sum(entry.size for _, entry in wanted) > _LARGEST_TREE:
            raise _fault("A513", self.name, f"holds more than {_LARGEST_TREE >> 30} GiB")
        for path, _ in wanted:
            if any(part.lower() in _ODD or "\\" in part for part in path.split("/")):
                raise _fault("A513", f"{self.name}:{path}", "no path to write to")
        for group in _groups(wanted):
            asked = "".join(f"{entry.blob}\n" for _, entry in group).encode()
            rest = memoryview(_git(["cat-file", "--batch"], self.name, asked))
            for path, entry in group:
                start = len(f"{entry.blob} blob {entry.size}\n")
                if bytes(rest[:start]) != f"{entry.blob} blob {entry.size}\n".encode():
                    raise _fault("A513", f"{self.name}:{path}", "git does not have it here")
                place = Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(rest[start : start + entry.size])
                rest = rest[start + entry.size + 1 :]

    # --- listings -----------------------------------------------------------------------------

    def _entry(self, inside: str) -> _Entry | None:
        listed = self._run("ls-tree", "-z", "-l", "--full-tree", self.commit, "--", inside)
        return dict(_entries(listed)).get(inside)

    @cached_property
    def specs(self) -> Mapping[str, _Entry]:
        """Every `.arch` file of the revision by its path from the top."""
        listed = self._run("ls-tree", "-z", "-l", "-r", "--full-tree", self.commit)
        return {path: entry for path, entry in _entries(listed) if path.endswith(_SUFFIX)}

    def work_tree(self) -> list[str]:
        """Every `.arch` file of the work tree that git tracks or would, in order."""
        asked = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        listed = os.fsdecode(self._run("-C", self.root, *asked)).split("\0")
        found = {path for path in listed if path.endswith(_SUFFIX)}
        return sorted(path for path in found if os.path.isfile(os.path.join(self.root, path)))

    def _run(self, *arguments: str) -> bytes:
        return _git(arguments, self.name)


def is_revision(name: str) -> bool:
    """Whether git knows a revision of that name here."""
    try:
        Revision.find(name)
    except Fault:
        return False
    return True


def affected(revision: Revision) -> list[str]:
    """Specs that may mean something else now: added, removed, changed, or using one that is.

    Paths from the top of the work tree, in order. Line ends that a checkout converts count as
    a change; whoever compares by meaning finds none.
    """
    now = revision.work_tree()
    found = {path for path in {*now, *revision.specs} if _differs(revision, path)}
    users: dict[str, list[str]] = {}
    for path in now if found else ():
        for used in _uses(revision.root, path):
            users.setdefault(used, []).append(path)
    waiting = list(found)
    while waiting:
        more = [user for user in users.get(waiting.pop(), ()) if user not in found]
        found.update(more)
        waiting += more
    return sorted(found)


def _differs(revision: Revision, path: str) -> bool:
    entry = revision.specs.get(path)
    try:
        content = Path(revision.root, path).read_bytes()
    except OSError:
        return entry is not None
    if entry is None or entry.size != len(content):
        return True
    make = hashlib.sha1 if len(entry.blob) == 40 else hashlib.sha256
    return make(b"blob %d\0" % len(content) + content).hexdigest() != entry.blob


def _uses(root: str, path: str) -> Iterator[str]:
    """The files that a spec of the work tree uses, those of the repository."""
    place = os.path.join(root, path)
    try:
        items = parse(read_source(place)).tree.items
    except Fault:
        return
    library = os.path.realpath(resources.root("specs") / "blocks")
    for item in items:
        if isinstance(item, tree.Use):
            target = item.target if item.quoted else f"{item.target}{_SUFFIX}"
            folder = os.path.dirname(place) if item.quoted else library
            if item.arch:
                folder, target = os.path.split(os.path.realpath(shipped_file(item.target) or ""))
            found = _below(root, os.path.normpath(os.path.join(folder, target)))
            if found:
                yield found


# --- git ------------------------------------------------------------------------------------------


def _groups(files: Sequence[tuple[str, _Entry]]) -> Iterator[list[tuple[str, _Entry]]]:
    """Files, as many at once as fit into memory easily."""
    group: list[tuple[str, _Entry]] = []
    size = 0
    for path, entry in files:
        if group and size + entry.size > _AT_ONCE:
            yield group
            group, size = [], 0
        group.append((path, entry))
        size += entry.size
    if group:
        yield group


def _git(arguments: Sequence[str], name: str, given: bytes = b"") -> bytes:
    """What git prints, given an input. Raises `Fault` if it is not there or has nothing to say."""
    try:
        done = subprocess.run(
            ["git", *_QUIET, *arguments],
            capture_output=True,
            input=given,
            env={**os.environ, **_ENVIRONMENT},
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        hint = "install git, or compare two files"
        raise _fault("A512", name, "git is not installed", help=hint) from None
    except (subprocess.TimeoutExpired, OSError, ValueError) as problem:
        raise _fault("A513", name, f"git cannot answer: {problem}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise _fault("A513", name, said.removeprefix("fatal: ") or "git cannot answer")
    return done.stdout


def _entries(listed: bytes) -> Iterator[tuple[str, _Entry]]:
    """The lines of `ls-tree -l -z`: mode, kind, name, size, a tab, the path."""
    for line in os.fsdecode(listed).split("\0"):
        head, _, path = line.partition("\t")
        if path:
            mode, _, blob, size = head.split()
            yield path, _Entry(mode, blob, int(size) if size.isdecimal() else 0)


def _below(folder: str, path: str) -> str | None:
    """The way from a folder to what lies below it, with `/`."""
    start = folder.rstrip(os.sep) + os.sep
    return path.removeprefix(start).replace(os.sep, "/") if path.startswith(start) else None


def _unknown(name: str) -> Fault:
    hint = "`git log` names commits, `git branch -a` branches; a shallow clone lacks most"
    return _fault("A514", name, f"no revision is called `{name}`", help=hint)


def _fault(code: str, shown: str, message: str, help: str | None = None) -> Fault:
    return Fault(_diagnostic(code, shown, message, help))


def _diagnostic(code: str, shown: str, message: str, help: str | None) -> Diagnostic:
    return error(code, f"{shown}: {message}", Source(shown, "").span(0, 0), help=help)
