"""Checkpoint files with their numbers: reads and writes what torch and safetensors write.

Beside `archgen.live` the one module that imports torch: that one executes source and knows no
file, this one knows files and executes nothing. A `.pt` is read with `weights_only=True`, which
makes tensors, numbers, texts and containers, and runs no code of the file's author.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pickle import UnpicklingError

import torch
from torch import Tensor

from archgen.checkpoint.header import Damaged

__all__ = ["load_safetensors", "load_torch", "save_safetensors", "save_torch"]

_CODE = "it holds more than weights, and to load it would run its code"


def load_torch(path: str, *, numbers: bool) -> object:
    """Load what `torch.save` wrote: on the CPU, as a view of the file where that can be.

    numbers: else tensors are on the device "meta": shapes and dtypes, and no number is read.
    Raises `Damaged`, whatever the file holds.
    """
    where = "cpu" if numbers else "meta"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of is refused
        try:
            try:
                return torch.load(path, map_location=where, weights_only=True, mmap=True)
            except RuntimeError:  # files of torch before 1.6 cannot be mapped
                return torch.load(path, map_location=where, weights_only=True)
        except UnpicklingError:
            raise Damaged(_CODE) from None
        except Exception as problem:  # a damaged pickle may raise anything
            if "TorchScript" in str(problem):
                raise Damaged(_CODE) from None
            raise Damaged(f"torch cannot read it: {_line(problem)}") from None


def load_safetensors(path: str) -> dict[str, Tensor]:
    """Load the tensors of a file whose header was checked, on the CPU. Raises `Damaged`."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, KeyError) as problem:  # KeyError: a dtype that this torch lacks
        raise Damaged(f"safetensors cannot read it: {problem}") from None


def save_torch(content: object, path: str) -> None:
    """Write as `torch.save` does. Raises `OSError`."""
    try:
        torch.save(content, path)
    except RuntimeError as problem:  # of its own writer, which hides what the system said
        raise OSError(_line(problem)) from None


def save_safetensors(state: Mapping[str, Tensor], path: str, metadata: Mapping[str, str]) -> None:
    """Write each tensor by itself: the format knows neither views nor shared memory.

    Raises `OSError`.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(_apart(state), path, metadata=dict(metadata))
    except SafetensorError as problem:
        raise OSError(_line(problem)) from None


def _apart(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same numbers, contiguous; no two tensors share memory, and none is a part of more."""
    apart: dict[str, Tensor] = {}
    taken: set[int] = set()
    for key, tensor in state.items():
        tensor = tensor.contiguous()
        memory = tensor.untyped_storage()
        whole = tensor.numel() * tensor.element_size() == memory.nbytes()
        apart[key] = tensor if whole and memory.data_ptr() not in taken else tensor.clone()
        taken.add(memory.data_ptr())
    return apart


def _line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0]
