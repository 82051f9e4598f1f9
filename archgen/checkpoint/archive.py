"""A file of `torch.save`, a zip, read without torch where its pickle is plain.

The zip holds a pickle and, for each storage, its bytes. Names, shapes and dtypes come from the
pickle; the bytes are only located. Archives are never unpacked further than the pickle.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import IO, BinaryIO, Final
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from archgen.checkpoint.header import Damaged
from archgen.checkpoint.pickled import LONGEST, NotPlain, load

_MOST_TIMES: Final = 10  # larger than the file; torch does not compress
_SPARE: Final = 1 << 20
_HEADER: Final = 30  # bytes of a record's own header, without its name

_DAMAGED: Final = (
    *(BadZipFile, zlib.error, struct.error, EOFError),
    *(ValueError, LookupError, ArithmeticError, NotImplementedError, RuntimeError),
)
"""What `zipfile` raises for archives that are damaged, encrypted or compressed in other ways."""

__all__ = ["NotPlain", "check_size", "read_plain"]


def check_size(file: BinaryIO) -> None:
    """Raise `Damaged` for a zip whose contents are far larger than the file.

    A file that is not a zip passes: torch says what is wrong with it.
    """
    try:
        with ZipFile(file) as archive:
            records = archive.infolist()
    except _DAMAGED:
        return
    whole, size = sum(record.file_size for record in records), _size(file)
    if whole > _MOST_TIMES * size + _SPARE:
        raise Damaged(f"it would unpack to {whole:,} bytes, the file has {size:,}")


def read_plain(file: BinaryIO) -> object:
    """What `torch.save` wrote, tensors as `Held`. Raises `NotPlain` where only torch can tell."""
    try:
        with ZipFile(file) as archive:
            records = _Records(file, archive)
            return load(records.pickle(), records)
    except NotPlain:
        raise
    except _DAMAGED as problem:
        raise NotPlain(f"its zip is damaged: {problem}") from None


class _Records:
    """The records of an archive below the name that all of them begin with."""

    def __init__(self, file: IO[bytes], archive: ZipFile) -> None:
        self.file = file
        self.archive = archive
        records = archive.infolist()
        # As torch reads them: whatever their case, and none twice.
        self.known = {record.filename.lower(): record for record in records}
        if len(self.known) < len(records):
            raise NotPlain("its zip has a name twice")
        if any(record.header_offset < 0 for record in records):  # something before them is missing
            raise NotPlain("its zip is damaged")
        self.root = records[0].filename.partition("/")[0] if records else ""
        if self.find("constants.pkl"):
            raise NotPlain("it is TorchScript")
        order = self.find("byteorder")
        self.little = order is None or self.content(order, 16) == b"little"

    def find(self, name: str) -> ZipInfo | None:
        return self.known.get(f"{self.root}/{name}".lower())

    def content(self, record: ZipInfo, limit: int) -> bytes:
        with self.archive.open(record) as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise NotPlain(f"{record.filename} is too long")
        return content

    def pickle(self) -> bytes:
        record = self.find("data.pkl")
        if record is None:
            raise NotPlain("its zip has no pickle")
        return self.content(record, LONGEST)

    def start(self, key: str, size: int) -> int | None:
        record = self.find(f"data/{key}")
        if record is None or record.file_size != size:
            raise NotPlain(f"its zip has no record of {size:,} bytes for the storage {key!r}")
        if record.compress_type != ZIP_STORED or not self.little:
            return None
        self.file.seek(record.header_offset)
        header = self.file.read(_HEADER)
        if len(header) < _HEADER or header[:4] != b"PK\x03\x04":
            raise NotPlain("its zip is damaged")
        name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        start = record.header_offset + _HEADER + name + extra
        if start + size > _size(self.file):
            raise NotPlain("its zip ends within a record")
        return start


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size
