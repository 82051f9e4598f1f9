"""docs/IMPORTED.md: the networks of torchvision that `archgen import` was tried on, and what came
of it.

`python docs/imported.py` rewrites the page; `--run` imports what has no result yet (with torch and
torchvision, about a minute each on one core), `--run NAME ...` imports these again. Results are
kept in imported.json after each network, so that a stopped run goes on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))  # the table of networks is the tests'

import archgen  # noqa: E402

if TYPE_CHECKING:
    from tests.importers.networks import Imported

PAGE = DOCS / "IMPORTED.md"
RESULTS = DOCS / "imported.json"
HEAD = """# Imported networks

{exact} of {count} networks of torchvision became specs that are proved equal. Made by
`make imported`, with torch {torch} and torchvision {torchvision}; `make prove` tries all of them.

- *Lines* are those of the spec that `archgen import` writes, blocks and promises included;
  *shipped* those of the file in `specs/` that holds the network, which a family shares.
- *Input* is one side of the square image that was traced; most networks take any.
- *Result*: the same keys and shapes, loaded strictly; equal outputs in evaluation, equal outputs
  and gradients in training, in float64 with calibrated norms: to the bit, or within the difference
  that sums in another order make. *Keys* says whether their order is the same: heads for training
  (`aux`) come last in a spec.
- *Seconds* are those of one core that had other work to do: an order of magnitude. *Commit*: the
  code that it was run with.

| network | input | lines | shipped | parameters | result | keys | seconds | commit |
| --- | ---: | ---: | ---: | ---: | --- | --- | ---: | --- |
"""


def page(known: dict[str, Any]) -> str:
    """The page, with these results."""
    shipped = dict(archgen.shipped())
    rows = known["results"]
    exact = sum("refused" not in row for row in rows.values())
    head = HEAD.format(**known["versions"], exact=exact, count=len(rows))
    rows_of = "".join(_row(name, row, shipped) for name, row in sorted(rows.items()))
    left = ", ".join(f"`{name}`" for name in known["left"])
    return head + rows_of + (f"\nNot tried yet: {left}.\n" if left else "")


def _row(name: str, row: dict[str, Any], shipped: dict[str, Path]) -> str:
    path = shipped.get(name)
    lines = len(path.read_text(encoding="utf-8").splitlines()) if path else None
    size = row["size"]
    if "refused" in row:
        cells = [f"`{name}`", size, "", lines or "", "", row["refused"], ""]
    else:
        cells = [
            *(f"`{name}`", size, row["lines"], lines or "", f"{row['params']:,}"),
            *(row["equal"], row["order"]),
        ]
    return f"| {' | '.join(map(str, [*cells, row['seconds'], row['commit']]))} |\n"


def imported(network: Imported) -> dict[str, Any]:
    """What came of importing a network."""
    model = network.model()
    start = monotonic()
    sizes = (3, network.size, network.size)
    try:
        made = archgen.from_module(model, sizes, name=network.name.split()[0])
    except archgen.ImportFault as fault:
        reason = str(fault).splitlines()[0]
        return {"size": network.size, "refused": reason, "seconds": round(monotonic() - start)}
    proof = made.proof
    largest = max(proof.outputs, proof.gradients)
    return {
        "size": network.size,
        "lines": len(made.text.splitlines()),
        "params": made.network.params,
        "equal": "to the bit" if largest == 0 else f"within {largest:.0e}",
        "order": "same order" if proof.same_order else "another order",
        "seconds": round(monotonic() - start),
    }


def commit() -> str:
    """The commit that is checked out."""
    words = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def run(names: list[str], known: dict[str, Any]) -> None:
    """Import networks and keep what came of it."""
    import torch
    import torchvision

    from tests.importers.networks import NETWORKS

    modules = {"torch": torch, "torchvision": torchvision}
    known["versions"] = {name: each.__version__.split("+")[0] for name, each in modules.items()}
    for name in names or [each for each in NETWORKS if each not in known["results"]]:
        known["results"][name] = imported(NETWORKS[name]) | {"commit": commit()}
        known["left"] = [each for each in NETWORKS if each not in known["results"]]
        print(name, known["results"][name], file=sys.stderr, flush=True)
        RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", nargs="*", metavar="NAME", help="import these, or what is missing")
    wanted = parser.parse_args().run
    known = (
        json.loads(RESULTS.read_text(encoding="utf-8"))
        if RESULTS.exists()
        else {"results": {}, "left": []}
    )
    if wanted is not None:
        run(wanted, known)
    PAGE.write_text(page(known), encoding="utf-8")


if __name__ == "__main__":
    main()
