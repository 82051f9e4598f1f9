"""The memory that autograd keeps, as its hooks for saved tensors see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks


def saved_storages(
    run: Callable[[], object], but: Iterable[Tensor]
) -> tuple[dict[int, int], list[Tensor]]:
    """Bytes of the distinct storages that `run` saves, by address, without those of `but`; and
    the tensors that it returns."""
    held: list[Tensor] = []  # so that no address is given twice

    def pack(tensor: Tensor) -> Tensor:
        held.append(tensor)
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        made = run()
    outputs = list(made) if isinstance(made, list | tuple) else [made]
    known = {each.untyped_storage().data_ptr() for each in but}
    storages = {each.untyped_storage().data_ptr(): each.untyped_storage() for each in held}
    seen = {key: each.nbytes() for key, each in storages.items() if key not in known}
    return seen, [each for each in outputs if isinstance(each, Tensor)]
