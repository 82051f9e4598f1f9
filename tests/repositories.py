"""Real git repositories, made by tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PERSON = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A Tester"), ("EMAIL", "tester@example.org"))
}
# The settings of whoever runs the tests do not reach them.
_ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@dataclass
class Repository:
    """A repository in a folder, on the branch `main`."""

    folder: Path

    def __post_init__(self) -> None:
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git in the work tree; what it prints."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **_PERSON, **_ALONE},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def history(self, versions: Sequence[Mapping[str, str]]) -> None:
        """Make a commit of each, with these files and no others, in one run of git; the work tree
        stays as it is."""
        words = [
            "commit refs/heads/main",
            "committer A Tester <tester@example.org> 0 +0000",
            "data 0",
        ]
        lines: list[str] = []
        for files in versions:
            lines += [*words, "deleteall"]
            for name, text in files.items():
                lines += [f"M 644 inline {name}", f"data {len(text.encode())}", text]
        subprocess.run(
            ["git", "fast-import", "--quiet"],
            cwd=self.folder,
            env={**os.environ, **_ALONE},
            input="\n".join(lines).encode() + b"\n",
            check=True,
        )

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the work tree, their folders too."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: Mapping[str, str], message: str = "change") -> str:
        """Write files and commit everything; the commit's name."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()
