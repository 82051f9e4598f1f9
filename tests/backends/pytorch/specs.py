"""The specs that sources are generated of: those of `traps.txt`, and shipped ones."""

from __future__ import annotations

import re
from pathlib import Path

import archgen
from archgen.network import Network
from archgen.resolve.program import Program

TRAPS: dict[str, str] = {
    heading.strip(): text
    for part in re.split(r"^## ", Path(__file__).with_name("traps.txt").read_text(), flags=re.M)[1:]
    for heading, _, text in [part.partition("\n")]
}


def network_of(text: str, name: str | None = None, **parameters: object) -> Network:
    """The network of a spec's text; the shipped blocks may be used."""
    program = Program.of(text, "spec.arch", Path("specs"))
    network = program.network(name, parameters)
    assert network is not None, [item.message for item in program.sink]
    return network


def shipped(spec: str) -> Network:
    return archgen.load(f"specs/{spec}")
