"""Differences as JSON for programs. One object, its structure stable within a `version`:

    {"version": 1, "same": false, "comparisons": [
        {"path": "specs/net.arch", "arch": "net", "status": "changed",
         "old": NETWORK or null, "new": NETWORK or null,
         "edits": [EDIT], "follows": [EDIT],
         "figures": {"params": {"before": 1, "after": 2, "change": 1}, ...},
         "state_dict": {"counts": {"kept": 1, ...}, "changed": [KEY], "cut": false}}]}

status is "same", "changed", "added" or "removed"; of the last two there are no edits, figures and
keys. NETWORK is "arch", "path" and "output" (a list of shapes). EDIT is "kind", "aspect", "old"
and "new" (PLACE or null), "arguments" (each "name", "before", "after", "varies" and, if it varies,
the "paths" with this change) and "paths" (the first thousand; ranges as `layer3.1-5.conv1`). PLACE
is "path", "what", "count" (of nodes), and
"file", "line", "column", "end_line", "end_column" as in diagnostics. KEY is "fate" and "old" and
"new", each "key" and "shape" or null; of more than ten thousand the first, and "cut" is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice

from archgen.analysis.difference import Difference, Edit, KeyPair, Place
from archgen.analysis.weights import Entry
from archgen.as_json import to_json
from archgen.network import Network

MOST_KEYS = 10_000

Comparison = tuple[str, str, Network | None, Network | None, Difference | None]


def render(comparisons: Sequence[Comparison]) -> str:
    """Render comparisons: path, arch, both networks, and their difference where both are there."""
    items = [_comparison(*each) for each in comparisons]
    same = all(item["status"] == "same" for item in items)
    return to_json({"version": 1, "same": same, "comparisons": items})


def _comparison(
    path: str, arch: str, old: Network | None, new: Network | None, found: Difference | None
) -> dict[str, object]:
    start = {"path": path, "arch": arch, "old": _network(old), "new": _network(new)}
    if found is None:
        return {**start, "status": "added" if old is None else "removed"}
    return {**start, "status": "same" if found.same else "changed", **_difference(found)}


def _network(network: Network | None) -> dict[str, object] | None:
    if network is None:
        return None
    body = network.body
    outputs = [list(body.values[output.value].sizes) for output in body.outputs]
    return {"arch": network.name, "path": network.span.source.path, "output": outputs}


def _difference(found: Difference) -> dict[str, object]:
    pairs = list(islice(found.state(changed=True), MOST_KEYS))
    return {
        "edits": [_edit(edit) for edit in found.edits],
        "follows": [_edit(edit) for edit in found.follows],
        "figures": {
            each.name: {"before": each.before, "after": each.after, "change": each.change}
            for each in found.figures
        },
        "state_dict": {
            "counts": asdict(found.keys),
            "changed": [_pair(pair) for pair in pairs],
            "cut": found.keys.changed > len(pairs),
        },
    }


def _edit(edit: Edit) -> dict[str, object]:
    return {
        "kind": edit.kind,
        "aspect": edit.aspect,
        "old": _place(edit.old),
        "new": _place(edit.new),
        "arguments": [asdict(argument) for argument in edit.arguments],
        "paths": list(edit.paths),
    }


def _place(place: Place | None) -> dict[str, object] | None:
    if place is None:
        return None
    source = place.span.source
    line, column = source.line_column(place.span.start)
    end_line, end_column = source.line_column(place.span.end)
    return {
        "path": place.path,
        "what": place.what,
        "count": place.count,
        "file": source.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _pair(pair: KeyPair) -> dict[str, object]:
    return {"fate": pair.fate, "old": _entry(pair.old), "new": _entry(pair.new)}


def _entry(entry: Entry | None) -> dict[str, object] | None:
    return None if entry is None else {"key": entry.key, "shape": list(entry.sizes)}
