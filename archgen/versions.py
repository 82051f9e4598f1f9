"""Networks as they were: `main:specs/a.arch:resnet18` beside `specs/a.arch:resnet18`.

Above `archgen.loading`, which knows no file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from archgen import config, specs
from archgen.config.changes import changed_tables
from archgen.diagnostics import ArchError, Diagnostic, Fault, error
from archgen.git import Revision, affected
from archgen.loaded import Network
from archgen.loading import network_in
from archgen.overrides import Features, Inputs
from archgen.resolve.modules import Loader
from archgen.resolve.program import Program
from archgen.text import Source

__all__ = [
    "Broken",
    "Pair",
    "Reconfigured",
    "Version",
    "between",
    "between_folders",
    "changed",
    "changed_since",
    "load",
    "program",
    "reconfigured",
]

# The revision is as short as what follows allows: it may hold colons (`HEAD@{12:30}`).
_AT_REVISION = re.compile(r"(?P<name>.+?):(?P<path>[^:]+\.arch)(:(?P<arch>\w+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Version:
    """What a SPEC says: a file, the arch in it, and the revision it is read at.

    revision: None for the work tree. path: absolute where there is a revision. shown: the path
    for people, without the revision. text: what is read in the place of the file.
    """

    revision: Revision | None
    path: str
    arch: str | None
    shown: str
    text: str | None = None

    @staticmethod
    def of(spec: str) -> Version:
        """Read `PATH[:ARCH]`, `REV:PATH[:ARCH]` or the name of a shipped network.

        As for git, PATH at a REV starts at the top of the work tree, or with `./` at the
        current folder. Raises `ArchError`.
        """
        found = _AT_REVISION.fullmatch(spec)
        if found is None or os.path.exists(spec):
            path, arch = specs.locate(spec)
            return Version(None, path, arch, path)
        try:
            revision = Revision.find(found["name"])
        except Fault as fault:
            raise ArchError([fault.diagnostic]) from None
        path = found["path"]
        start = os.curdir if path.startswith(("./", "../")) else revision.root
        place = os.path.abspath(os.path.join(start, path))
        if revision.inside(Path(place)) is None:
            message = f"{spec}: outside the repository, of which a revision has no files"
            raise ArchError(
                [error("A515", message, Source("<command line>", spec).span(0, len(spec)))]
            )
        return Version(revision, place, found["arch"], path)

    @staticmethod
    def live(shown: str, text: str) -> Version:
        """The spec of a module of PyTorch."""
        return Version(None, shown, None, shown, text)

    def loader(self) -> Loader:
        """What reads this version's files."""
        if self.text is not None:
            return Loader.with_texts({self.path: self.text})
        return Loader() if self.revision is None else _loader(self.revision)

    def network(
        self,
        parameters: Mapping[str, object] | None = None,
        input: Inputs = None,
        features: Features = (),
        *,
        promises: bool = False,
    ) -> Network:
        """Resolve its network. promises: verify them. Raises `ArchError`."""
        read, given = program(self), parameters or {}
        return network_in(read, self.arch, given, input, features, promises=promises)


def _loader(revision: Revision) -> Loader:
    return Loader(revision.read, revision.place)


def load(
    spec: str,
    parameters: Mapping[str, object] | None = None,
    input: Inputs = None,
    features: Features = (),
    *,
    promises: bool = False,
) -> Network:
    """Resolve the network that a SPEC names, at its revision. promises: verify them.

    Raises `ArchError`.
    """
    return Version.of(spec).network(parameters, input, features, promises=promises)


def program(version: Version) -> Program:
    """The file of a version, read and bound. Raises `ArchError`."""
    loader = version.loader()
    read = Program.read(version.path, loader, version.shown)
    if read is None or loader.sink.failed:
        raise ArchError(list(loader.sink))
    return read


# --- the configuration --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """A configuration file that differs from a revision's. tables: those that do, by name."""

    path: str
    tables: tuple[str, ...]


def reconfigured(name: str) -> list[Reconfigured]:
    """The configuration files that hold for the current folder, or held, and have changed since a
    revision: what is checked, and what may break, can differ. Raises `ArchError`."""
    try:
        revision = Revision.find(name)
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None
    found = []
    here = Path(os.path.realpath(os.curdir))
    for folder in (here, *here.parents):
        for path in (folder / config.OWN, folder / config.SHARED):
            new = path.read_bytes() if path.is_file() else None
            if tables := changed_tables(path, revision.content(path), new):
                found.append(Reconfigured(os.path.relpath(path, here), tuple(tables)))
        if str(folder) == revision.root:
            break
    return found


# --- all that changed since ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """An arch in both versions, with its default parameters; `old` is None for a new one, `new`
    for one that is gone.

    path: of its file, from the current folder (where it is, or where it was).
    """

    path: str
    arch: str
    old: Network | None
    new: Network | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A spec that cannot be compared: what is wrong with it, in either version.

    old: nothing is wrong with the new one.
    """

    path: str
    faults: tuple[Diagnostic, ...]
    old: bool = False


def changed(revision: Revision, paths: Sequence[str] = ()) -> Iterator[Pair | Broken]:
    """The archs of every spec that may mean something else than at a revision.

    `paths`: only these files, and those below these folders. Specs that became different only
    because a file they use did are among them. Archs that need parameters are left out.
    Raises `ArchError` where git fails.
    """
    here = os.path.realpath(os.curdir)
    wanted = [os.path.normpath(os.path.join(here, path)) for path in paths]
    if unknown := [path for path in wanted if not _is_there(path, revision)]:
        shown = os.path.relpath(unknown[0], here)
        span = Source("<command line>", shown).span(0, len(shown))
        raise ArchError([error("A501", f"{shown}: there is no such file or folder", span)])
    try:
        found = affected(revision)
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None
    for inside in found:
        place = os.path.join(revision.root, inside)
        if not wanted or any(_is_in(place, folder) for folder in wanted):
            yield from _pairs(revision, inside, os.path.relpath(place, here))


def between_folders(old: str, new: str) -> Iterator[Pair | Broken]:
    """The archs of the specs in two folders, by file and name."""
    for path in sorted({*_below(old), *_below(new)}):
        files = (os.path.join(folder, path) for folder in (old, new))
        before, after = (
            _Side(Loader(), file, file) if os.path.isfile(file) else None for file in files
        )
        yield from _paired(os.path.join(new, path), before, after)


def between(before: Version, after: Version) -> Iterator[Pair | Broken]:
    """The archs of two specs, paired as `partners` does.

    Raises `ArchError` for a spec that is not there.
    """
    one, other = _side(before), _side(after)
    for version, side in ((before, one), (after, other)):
        if version.arch and version.arch not in side.names and side.program:
            network_in(side.program, version.arch, {})  # raises: there is none
    chosen = partners(before, after, (one.names, other.names))
    yield from _paired(after.shown, one, other, chosen)


def partners(
    before: Version, after: Version, names: tuple[Sequence[str], Sequence[str]]
) -> list[tuple[str | None, str | None]]:
    """Which archs of two specs belong together: those that are asked for; of a file with one arch
    that one, whatever its name; else those of equal names.

    names: the archs of each that need no arguments. None on a side that has no such arch.
    """
    one, other = _chosen(before, after, names[0]), _chosen(after, before, names[1])
    if before.arch or after.arch or max(map(len, names)) <= 1:
        return [(one, other)]
    return [
        (name if name in names[0] else None, name if name in names[1] else None)
        for name in dict.fromkeys((*names[1], *names[0]))
    ]


def _chosen(version: Version, other: Version, names: Sequence[str]) -> str | None:
    """The arch that is asked for, or the only one; of several, the one of the other's name."""
    if version.arch or len(names) == 1:
        return version.arch or names[0]
    return other.arch if other.arch in names else None


def _below(folder: str) -> Iterator[str]:
    for place, _, files in os.walk(folder):
        specs = (name for name in files if name.endswith(".arch"))
        yield from (os.path.relpath(os.path.join(place, name), folder) for name in specs)


def _side(version: Version) -> _Side:
    side = _Side(version.loader(), version.path, version.shown)
    if side.program is None:
        raise ArchError(list(side.loader.sink))
    return side


def changed_since(name: str, paths: Sequence[str] = ()) -> Iterator[Pair | Broken]:
    """`changed` for the name of a revision."""
    try:
        revision = Revision.find(name)
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None
    yield from changed(revision, paths)


def _is_there(path: str, revision: Revision) -> bool:
    known = (os.path.join(revision.root, spec) for spec in revision.specs)
    return os.path.exists(path) or any(_is_in(spec, path) for spec in known)


def _is_in(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)


def _pairs(revision: Revision, inside: str, shown: str) -> Iterator[Pair | Broken]:
    place = os.path.join(revision.root, inside)
    old = _Side(_loader(revision), place, shown) if inside in revision.specs else None
    new = _Side(Loader(), place, shown) if os.path.isfile(place) else None
    yield from _paired(shown, old, new)


def _paired(
    shown: str,
    old: _Side | None,
    new: _Side | None,
    chosen: Sequence[tuple[str | None, str | None]] | None = None,
) -> Iterator[Pair | Broken]:
    """The archs of two versions of a file: pairs of names, by default those of equal names."""
    sides = [side for side in (old, new) if side]
    if faults := [item for side in sides for item in side.loader.sink]:
        yield Broken(shown, tuple(faults), not (new and new.loader.sink.failed))
    if any(side.program is None or not side.program.module.whole for side in sides):
        return
    if chosen is None:
        every = dict.fromkeys(name for side in (new, old) if side for name in side.names)
        chosen = [(name, name) for name in every]
    for names in chosen:
        found = [(side, name) for side, name in zip((old, new), names, strict=True)]
        if not any(side and name in side.failed for side, name in found):
            one, other = (side.networks.get(name or "") if side else None for side, name in found)
            if one or other:
                yield Pair(shown, names[1] or names[0] or "", one, other)


class _Side:
    """The archs of one version of a file that need no arguments: their names, those that resolve,
    and the names of the others."""

    def __init__(self, loader: Loader, place: str, shown: str) -> None:
        self.loader = loader
        self.networks: dict[str, Network] = {}
        self.failed: set[str] = set()
        self.program = program = Program.read(place, loader, shown)
        self.names = [
            name
            for name, definition in (program.archs.items() if program else ())
            if all(parameter.default is not None for parameter in definition.parameters)
        ]
        sound = not loader.sink.failed
        for name in self.names:
            self._resolve(program, name, sound=sound)

    def _resolve(self, program: Program | None, name: str, *, sound: bool) -> None:
        network = program.network(name) if program and sound else None
        if network is None:
            self.failed.add(name)
        else:
            self.networks[name] = Network.of(network)
