"""Checkpoint files with their numbers: reads and writes what torch and safetensors write.

Beside `archgen.live` the one module that imports torch: that one executes source and knows no
file, this one knows files and executes nothing. A `.pt` is read with `weights_only=True`, which
makes tensors, numbers, texts and containers, and runs no code of the file's author.
"""

from __future__ import annotations

import warnings
from enum import EnumMeta
from pickle import UnpicklingError
from types import ModuleType
from typing import Any, Literal, assert_never

import torch
from torch import Tensor

from archgen.checkpoint.header import Damaged

__all__ = [
    "combined",
    "content",
    "converted",
    "load_safetensors",
    "load_torch",
    "load_torchvision",
    "save_torch",
]

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


def load_torchvision(name: str) -> object:
    """The weights that torchvision publishes under a name, by its own loader: it downloads them
    and keeps them below `TORCH_HOME`.

    Raises `LookupError` with all names if there is none such, `OSError` if they cannot be had,
    `Damaged` if they are not what torchvision published.
    """
    published = _published()
    if name not in published:
        raise LookupError(list(published))
    try:
        return published[name].get_state_dict(
            progress=False, check_hash=True, weights_only=True, map_location="cpu"
        )
    except OSError:
        raise
    except Exception as problem:  # a damaged file may raise anything
        raise Damaged(f"torchvision cannot load it: {_line(problem)}") from None


def _published() -> dict[str, Any]:
    """torchvision's weights by name: `ResNet50_Weights.IMAGENET1K_V2`."""
    from torchvision import models

    kinds: dict[str, Any]
    inner = (each for each in vars(models).values() if isinstance(each, ModuleType))
    kinds = {
        name: kind
        for module in (models, *inner)
        for name, kind in vars(module).items()
        if isinstance(kind, EnumMeta) and issubclass(kind, models.WeightsEnum)
    }
    return {
        f"{name}.{member}": weights
        for name, kind in kinds.items()
        for member, weights in kind.__members__.items()
    }


def save_torch(content: object, path: str) -> None:
    """Write as `torch.save` does. Raises `OSError`."""
    try:
        torch.save(content, path)
    except RuntimeError as problem:  # of its own writer, which hides what the system said
        raise OSError(_line(problem)) from None


def content(tensor: Tensor) -> memoryview:
    """The bytes of a tensor, row-major."""
    numbers = tensor.detach().cpu().contiguous()
    # Of a single number the stride may be 0, and `view` refuses it.
    numbers = numbers.as_strided((numbers.numel(),), (1,))
    return memoryview(numbers.view(torch.uint8).numpy())  # type: ignore[arg-type]


def combined(tensor: Tensor, count: int, how: Literal["sum", "mean", "repeat"]) -> Tensor:
    """A convolution's weight, O x C x kernel, for `count` input channels.

    sum, mean: each new channel has that of all the old ones. repeat: channel i has the numbers of
    old channel i mod C. Nothing is scaled.
    """
    match how:
        case "repeat":
            return tensor[:, torch.arange(count) % tensor.shape[1]]
        case "sum" | "mean":
            one: Tensor = getattr(tensor, how)(dim=1, keepdim=True)
            return one.expand(-1, count, *tensor.shape[2:]).contiguous()
        case _:
            assert_never(how)


def converted(tensor: Tensor, dtype: str) -> Tensor:
    """The same numbers in another floating-point dtype; integers as they are."""
    return tensor.to(getattr(torch, dtype)) if tensor.is_floating_point() else tensor


def _line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0]
