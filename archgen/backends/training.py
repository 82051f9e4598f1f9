"""The memory of a training step, as text and as data for a summary."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.analysis.memory.amounts import DTYPES, Amount, Training
from archgen.analysis.memory.training import advice, memory
from archgen.analysis.numerals import short
from archgen.analysis.summary import Row
from archgen.network import Network

__all__ = ["Told", "size"]

SAID = {"sgd": "SGD with momentum", "adam": "Adam", "adamw": "AdamW"}


def size(count: int) -> str:
    """So many bytes: `172.03 MB`, of a million bytes each."""
    text = short(count)
    return f"{text}B" if " " in text else f"{text} B"


class Told:
    """What one training step keeps of a network."""

    def __init__(self, network: Network, depth: int, training: Training) -> None:
        self.training = training
        self.memory = memory(network, depth)
        self.advice = advice(network)

    def bytes(self, amount: Amount) -> int:
        return amount.bytes(self.training.batch, self.training.dtype)

    def text(self, amount: Amount | None) -> str:
        return "not known" if amount is None else size(self.bytes(amount))

    def kept(self, row: Row) -> str:
        """The cell of a row."""
        if self.memory.kept is None:
            return "not known"
        return self.text(self.memory.rows.get(row.path, Amount()))

    def facts(self) -> Iterator[tuple[str, str]]:
        """Lines below the table."""
        training, found = self.training, self.memory
        weights = found.params * DTYPES[training.dtype]
        state = found.optimizer(training.optimizer, training.dtype)
        batch = "one sample" if training.batch == 1 else f"{training.batch:,} samples"
        yield "training", f"{batch}, {training.dtype}, {SAID[training.optimizer]}"
        yield "weights", f"{size(weights)}, their gradients {size(weights)}"
        yield "optimizer", size(state)
        if found.kept is None:
            yield "kept", f"not known ({found.unknown})"
        else:
            kept, idle = self.bytes(found.kept), self.text(found.evaluated)
            yield "kept", f"{size(kept)} in training mode, {idle} in evaluation mode"
            yield "in all", size(2 * weights + state + kept)
        yield "evaluation", f"at most {self.text(Amount(found.peak.numbers))} at once{self._place}"
        if self.advice:
            yield "checkpoints", "; ".join(self._advised())

    @property
    def _place(self) -> str:
        return f", in {self.memory.peak.path}" if self.memory.peak.path else ""

    def _advised(self) -> Iterator[str]:
        for each in self.advice:
            again = f", {short(each.macs * self.training.batch)} MACs again" if each.macs else ""
            yield f"{each.path}: {self.text(each.saved)} less{again}"

    # --- data -------------------------------------------------------------------------------

    def row_data(self, row: Row) -> dict[str, object]:
        if self.memory.kept is None:
            return {"kept": None}
        return {"kept": self.bytes(self.memory.rows.get(row.path, Amount()))}

    def data(self) -> dict[str, object]:
        training, found = self.training, self.memory
        weights = found.params * DTYPES[training.dtype]
        return {
            "batch": training.batch,
            "dtype": training.dtype,
            "optimizer": training.optimizer,
            "weights": weights,
            "gradients": weights,
            "optimizer_state": found.optimizer(training.optimizer, training.dtype),
            "kept": None if found.kept is None else self.bytes(found.kept),
            "kept_in_evaluation": None if found.evaluated is None else self.bytes(found.evaluated),
            "evaluation_peak": self.bytes(Amount(found.peak.numbers)),
            "checkpoints": [
                {"path": each.path, "saved": self.bytes(each.saved), "macs": each.macs}
                for each in self.advice
            ],
        }
