"""Numbers drawn twice: do two samples come from one distribution?

Means, spreads and tails (the fourth moment, which tells a uniform from a normal) may differ by
`MOST` deviations of a difference of samples of their sizes. What does not vary must be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

MOST = 6.0  # deviations: for ten thousand comparisons a false alarm in fifty thousand runs
ENOUGH = 512  # numbers; small weights are drawn with several seeds
LARGEST = 20_000  # of a large weight so many numbers, spread over all of it
SEEDS = 4
FEWEST = 30  # less tells nothing but whether it varies
FEWEST_FOR_TAILS = 400


def drawn(make: Callable[[], nn.Module], seed: int) -> dict[str, Tensor]:
    """The learned parameters of fresh models by key, flat: a row for each draw."""
    rows: dict[str, list[Tensor]] = {}
    for number in range(SEEDS):
        torch.manual_seed(seed + number)
        for key, weight in make().named_parameters():
            flat = weight.detach().flatten()
            rows.setdefault(key, []).append(flat[:: -(-flat.numel() // LARGEST)].clone())
        if number and not any(map(_is_short, rows.values())):
            break
    return {key: torch.stack(row) for key, row in rows.items()}


def _is_short(rows: list[Tensor]) -> bool:
    """Whether more draws would tell more: what two draws agree about is fixed."""
    return rows[0].numel() * len(rows) < ENOUGH and not torch.equal(rows[0], rows[1])


def differences(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> list[str]:
    """What is wrong with our draws, key by key."""
    assert ours.keys() == theirs.keys()
    return [f"{key}: {fault}" for key in ours for fault in _faults(ours[key], theirs[key])]


def _faults(ours: Tensor, theirs: Tensor) -> Iterator[str]:
    if _is_fixed(theirs) or _is_fixed(ours):
        if not torch.equal(ours[0], theirs[0]):
            yield f"starts with {_told(ours)}, there with {_told(theirs)}"
        return
    mine, other = ours.flatten().double(), theirs.flatten().double()
    if min(mine.numel(), other.numel()) < FEWEST:
        return
    share = (1 / mine.numel() + 1 / other.numel()) ** 0.5
    spread, tails = other.std().item(), _tails(other)
    errors = {
        "mean": ((mine.mean() - other.mean()).item(), spread * share),
        "spread": (mine.std().item() - spread, spread * share * (tails - 1) ** 0.5 / 2),
    }
    if min(mine.numel(), other.numel()) >= FEWEST_FOR_TAILS:
        errors["tails"] = (_tails(mine) - tails, 24**0.5 * share)
    for what, (error, deviation) in errors.items():
        if abs(error) > MOST * deviation:
            yield f"{what} differs by {error:.3g}: {_told(ours)}, there {_told(theirs)}"


def _is_fixed(rows: Tensor) -> bool:
    """Whether every draw gives the same numbers."""
    return bool((rows == rows[0]).all())


def _tails(numbers: Tensor) -> float:
    """The fourth moment: 3 for a normal distribution, 1.8 for a uniform one."""
    standard = (numbers - numbers.mean()) / numbers.std()
    return max(standard.pow(4).mean().item(), 1.5)


def _told(rows: Tensor) -> str:
    return f"{rows.mean().item():.3g} +- {rows.double().std().item():.3g}"
