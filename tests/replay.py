"""`make replay`: what a change of the code changes in what archgen writes.

    python -m tests.replay [--against main] [--random 2000] [--show 5]

Runs two versions of the package side by side on the same specs: the shipped networks, backbones of
them, the traps of the generator and random specs with fixed seeds. Compares their sources, the
codes of what is refused, and the networks as JSON, all but digests and lines of specs. A
refactoring changes nothing; where a change is meant, its diff is read; specs that were refused
before, as by a version without a word of theirs, are counted. Exits with 1 if something differs.
"""

from __future__ import annotations

import argparse
import difflib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
Texts = dict[str, str]  # what was written, by `kind/name`


def main(words: list[str]) -> int:
    if words[:1] == ["dump"]:
        return _dump(Path(words[1]), Path(words[2]))
    parser = argparse.ArgumentParser(prog="python -m tests.replay")
    parser.add_argument("--against", default="HEAD", help="a revision of git; HEAD if not given")
    parser.add_argument("--random", type=int, default=2000, help="how many random specs")
    parser.add_argument("--show", type=int, default=5, help="how many differences are printed")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _unpack(options.against, place / "before")
        specs = place / "specs.json"
        _write_specs(place / "before", options.random, specs)
        runs = [
            _start(tree, specs, place / f"{name}.json")
            for name, tree in (("before", place / "before"), ("after", ROOT))
        ]
        codes = [run.wait() for run in runs]
        if any(codes):
            return 2
        before, after = (
            json.loads((place / f"{name}.json").read_text("utf-8")) for name in ("before", "after")
        )
    return _report(before, after, options.show)


# --- what is run ----------------------------------------------------------------------------

SPECS = "import json, sys; from tests.replay import _specs; print(json.dumps(dict(_specs({}))))"


def _write_specs(before: Path, count: int, out: Path) -> None:
    """The specs of the version before, in its own words: it refuses what the present one writes."""
    command = [sys.executable, "-c", SPECS.format(count)]
    environment = os.environ | {"PYTHONPATH": str(before)}
    run = subprocess.run(command, cwd=before, env=environment, check=True, capture_output=True)
    out.write_bytes(run.stdout)


def _specs(count: int) -> Iterator[tuple[str, str]]:
    """Texts of specs by name, each with its last arch as the network."""
    from tests.backends.pytorch.specs import TRAPS

    yield from ((f"trap/{name}", text) for name, text in TRAPS.items())
    yield from ((f"random/{number}", text) for number, text in enumerate(_random_specs(count)))


def _random_specs(count: int) -> list[str]:
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from tests.laws.writing import specs

    texts: dict[str, None] = {}

    @seed(0)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(specs())
    def write(text: str) -> None:
        texts[text] = None

    write()
    return list(texts)


def _unpack(revision: str, folder: Path) -> None:
    command = ["git", "-C", str(ROOT), "archive", revision]
    archive = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def _start(tree: Path, specs: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(Path(__file__).resolve()), "dump", str(specs), str(out)]
    return subprocess.Popen(command, cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)})


def _dump(specs: Path, out: Path) -> int:
    """In a process of one version: write down what it makes of everything."""
    import archgen

    texts: Texts = {}
    for name, _ in archgen.shipped():
        network = archgen.load(name)
        texts[f"shipped/{name}"] = _less_places(archgen.source(network))
        texts[f"json/{name}"] = _less_places(_json(network))
        features = list(network.features)
        if features:
            picked = features[:: max(1, len(features) // 4)]
            text = _source_of(lambda: archgen.load(name, features=picked))  # noqa: B023
            texts[f"backbone/{name}"] = _less_places(text)
    for name, text in json.loads(specs.read_text("utf-8")).items():
        arch = text.rpartition("arch ")[2].split("(")[0].split("{")[0].split("=")[0].strip()
        texts[name] = _source_of(lambda: archgen.loads(text, arch))  # noqa: B023
    out.write_text(json.dumps(texts), encoding="utf-8")
    return 0


def _less_places(text: str) -> str:
    """Without digests of specs and lines in them, which a comment changes too."""
    return re.sub(r'(sha256\s+|"digest": "|"line": )[0-9a-f]+', r"\1", text)


def _json(network: object) -> str:
    try:
        from archgen.backends.json import render
    except ModuleNotFoundError:  # it was called `ir`
        from archgen.backends.ir import render

    return render(network)  # type: ignore[arg-type]


def _source_of(load: object) -> str:
    """The source of a network, or why there is none."""
    import archgen

    try:
        return archgen.source(load())  # type: ignore[operator]
    except archgen.ArchError as refused:
        return "refused: " + " ".join(each.code for each in refused.diagnostics) + "\n"
    except Exception as error:  # both versions may fail: what counts is that they do the same
        return f"failed: {type(error).__name__}: {error}\n"


# --- what is told ---------------------------------------------------------------------------


def _report(before: Texts, after: Texts, show: int) -> int:
    both = [name for name in after if name in before and before[name] != after[name]]
    newer = {name for name in both if before[name].startswith("refused")}
    changed = [name for name in both if name not in newer]
    for name in changed[:show]:
        lines = (texts[name].splitlines(keepends=True) for texts in (before, after))
        print("".join(difflib.unified_diff(*lines, f"before/{name}", f"after/{name}", n=2)))
    for kind in sorted({name.partition("/")[0] for name in after | before}):
        names = [name for name in after | before if name.startswith(f"{kind}/")]
        differ = sum(name in changed for name in names)
        accepted = sum(name in newer for name in names)
        print(f"{kind}: {len(names)} compared, {differ} differ, {accepted} were refused before")
    for title, names in (
        ("only before", before.keys() - after),
        ("only after", after.keys() - before),
    ):
        if names:
            print(f"{title}: {', '.join(sorted(names))}")
    return int(before != after)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
