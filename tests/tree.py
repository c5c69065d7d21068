"""Which files belong to the workbook: the same answer in a clone, in an unpacked archive and without git."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = frozenset(
    ".ci .gitattributes .gitignore CHANGELOG.md CONCORDANCE.md CONTRIBUTING.md GLOSSARY.md LICENSE LICENSE-TEXT "
    "README.md benchmarks constraints.txt crmlab datasets docs environment.yml exercises notebooks pyproject.toml "
    "run.py setup.py studies tests tools".split()
)  # whatever else lies beside them - an environment, submissions, my_work - is the user's


def project_files(root: Path = ROOT) -> list[Path]:
    """Return the workbook's files: its parts without what .gitignore names and without environments in them."""
    ignored = _ignored(root)

    def walk(path: Path) -> Iterator[Path]:
        if path.is_symlink() or ignored(path):
            return
        if path.is_dir():
            if not (path / "pyvenv.cfg").is_file():
                for inner in sorted(path.iterdir()):
                    yield from walk(inner)
        elif path.is_file():
            yield path

    return [file for part in sorted(PARTS) if (root / part).exists() for file in walk(root / part)]


def text_files(root: Path = ROOT) -> list[Path]:
    """Return those that people read."""
    return [path for path in project_files(root) if b"\0" not in path.read_bytes()[:1000]]


class _ignored:
    """Tell whether .gitignore names a path, for the kinds of patterns that ours uses; the last one wins."""

    def __init__(self, root: Path) -> None:
        lines = (root / ".gitignore").read_text(encoding="utf-8").splitlines()
        self.root = root
        self.patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        assert not any(re.search(r"\*\*|\?|\[|\\", pattern) for pattern in self.patterns), "teach _ignored this one"

    def __call__(self, path: Path) -> bool:
        inside = path.relative_to(self.root).as_posix()
        found = False
        for pattern in self.patterns:
            wanted = pattern.lstrip("!").rstrip("/")
            name = inside if "/" in wanted else path.name
            depth = wanted.startswith("/") and inside.count("/") != wanted.count("/") - 1  # * stops at a slash
            if (path.is_dir() or not pattern.endswith("/")) and not depth and fnmatch(name, wanted.lstrip("/")):
                found = not pattern.startswith("!")
        return found
