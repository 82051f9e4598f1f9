"""Headers of safetensors files, compared with the library of that format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize

from archgen.checkpoint.contents import Held
from archgen.checkpoint.header import DTYPES, LONGEST, Damaged, read_header

ENTRY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def packed(header: object, data: bytes = bytes(24)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def ours(content: bytes, folder: Path) -> dict[str, Any] | None:
    """Shapes by name; None if the file is refused."""
    path = folder / "x.safetensors"
    path.write_bytes(content)
    with open(path, "rb") as file:
        try:
            return {name: held.shape for name, held in read_header(file).tensors.items()}
        except Damaged:
            return None


def theirs(content: bytes) -> dict[str, Any] | None:
    try:
        return {name: tuple(facts["shape"]) for name, facts in deserialize(content)}
    except SafetensorError:
        return None


REFUSED: dict[str, bytes] = {
    "empty": b"",
    "a length alone": bytes(8),
    "longer than the file": (1000).to_bytes(8, "little") + b"{}",
    "longest": (2**64 - 1).to_bytes(8, "little") + b"{}",
    "more than the limit": (LONGEST + 1).to_bytes(8, "little") + b"{}",
    "no JSON": packed(b"{]"),
    "no object": packed([]),
    "not UTF-8": packed(b'{"\xff": 1}'),
    "no facts": packed({"a": 1}),
    "an unknown dtype": packed({"a": {**ENTRY, "dtype": "F12"}}),
    "no dtype": packed({"a": {"shape": [2, 3], "data_offsets": [0, 24]}}),
    "a dtype of another kind": packed({"a": {**ENTRY, "dtype": 32}}),
    "a negative size": packed({"a": {**ENTRY, "shape": [-2, -3]}}),
    "a fraction": packed({"a": {**ENTRY, "shape": [2.0, 3]}}),
    "a truth": packed({"a": {**ENTRY, "shape": [True, 6]}}),
    "sizes that overflow": packed({"a": {**ENTRY, "shape": [2**62, 2**62, 2**62]}}),
    "another number of bytes": packed({"a": {**ENTRY, "shape": [2, 4]}}),
    "one offset": packed({"a": {**ENTRY, "data_offsets": [24]}}),
    "backwards": packed({"a": {**ENTRY, "data_offsets": [24, 0]}}),
    "behind the end": packed({"a": {**ENTRY, "data_offsets": [24, 48]}}),
    "overlapping": packed({"a": ENTRY, "b": ENTRY}),
    "a hole": packed({"a": {**ENTRY, "data_offsets": [8, 32]}}, bytes(32)),
    "bytes left": packed({"a": ENTRY}, bytes(25)),
    "bytes missing": packed({"a": ENTRY}, bytes(23)),
    "metadata that is no text": packed({"__metadata__": {"a": 1}, "a": ENTRY}),
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_is_damaged_is_refused(content: bytes, tmp_path: Path) -> None:
    assert ours(content, tmp_path) is None
    assert theirs(content) is None


OURS_ALONE: dict[str, bytes] = {
    "a name twice": packed(b'{"a": %s, "a": %s}' % ((json.dumps(ENTRY).encode(),) * 2)),
    "nested beyond measure": packed(b'{"a":' * 100_000),
    "axes beyond measure": packed({"a": {**ENTRY, "shape": [1] * 70 + [6]}}),
    "a number beyond measure": packed(b'{"a": {"dtype": "F32", "shape": [%s]}}' % (b"9" * 9999)),
}


@pytest.mark.parametrize("content", OURS_ALONE.values(), ids=OURS_ALONE)
def test_what_no_honest_program_writes_is_refused(content: bytes, tmp_path: Path) -> None:
    assert ours(content, tmp_path) is None


@pytest.mark.parametrize(("size", "fits"), [(2**63 - 1, True), (2**63, False)])
def test_a_size_is_one_of_torch(size: int, fits: bool, tmp_path: Path) -> None:
    """Of 63 bits; the library takes 64."""
    entry = {"dtype": "F64", "shape": [0, size], "data_offsets": [0, 0]}
    found = ours(packed({"a": entry}, b""), tmp_path)
    assert found == ({"a": (0, size)} if fits else None)


ACCEPTED: dict[str, bytes] = {
    "nothing": packed({}, b""),
    "a number": packed({"a": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}}, bytes(8)),
    "no numbers": packed({"a": {"dtype": "F64", "shape": [0, 9], "data_offsets": [0, 0]}}, b""),
    "metadata": packed({"__metadata__": {"format": "pt"}, "a": ENTRY}),
    "blanks behind": packed(json.dumps({"a": ENTRY}).encode() + b"   "),
    "another order": packed({"b": {**ENTRY, "data_offsets": [24, 48]}, "a": ENTRY}, bytes(48)),
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_sound_is_read(content: bytes, tmp_path: Path) -> None:
    found = ours(content, tmp_path)
    assert found is not None
    assert found == theirs(content)


SIZE = st.integers(-1, 5) | st.integers(0, 2**65)


@given(
    entries=st.lists(
        st.fixed_dictionaries(
            {
                "dtype": st.sampled_from(["F32", "F16", "I8", "U64", "F99"]),
                "shape": st.lists(SIZE, max_size=3),
                "data_offsets": st.lists(st.integers(0, 40), min_size=2, max_size=2),
            }
        ),
        max_size=2,
    ),
    size=st.integers(0, 40),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_refuses_what_the_library_refuses(entries: list[Any], size: int, tmp_path: Path) -> None:
    content = packed(dict(zip("abc", entries, strict=False)), bytes(size))
    assert ours(content, tmp_path) == theirs(content)


def test_metadata_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(ACCEPTED["metadata"])
    with open(path, "rb") as file:
        assert read_header(file).metadata == {"format": "pt"}


def _in_torch(name: str) -> bool:
    """Those of less than a byte have shapes of their own in torch."""
    return not name.startswith(("float4", "float6"))


@pytest.mark.torch
@pytest.mark.parametrize("name", [name for name, _ in DTYPES.values() if _in_torch(name)])
def test_dtypes_have_the_names_of_torch(name: str, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2, 4, dtype=getattr(torch, name))}, tmp_path / "x")
    with open(tmp_path / "x", "rb") as file:
        assert read_header(file).tensors == {"a": Held((2, 4), name)}
