"""A notebook as text, for `git diff`: cells and outputs as they read, a picture as its size and hash.

    python tools/notebook_text.py notebooks/06_value.ipynb

CONTRIBUTING.md gives the command that makes git use it. Git falls back to the file itself for what is no notebook.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def output_lines(output: dict[str, Any]) -> Iterator[str]:
    """One output: its text, or of what is no text its kind, size and hash."""
    if output.get("output_type") == "stream":
        yield from joined(output.get("text", "")).splitlines()
    if output.get("output_type") == "error":
        yield f"{output.get('ename')}: {output.get('evalue')}"
    for kind, value in sorted(output.get("data", {}).items()):
        text = joined(value)
        if kind == "text/plain":
            yield from text.splitlines()
        elif kind.startswith("image/") and kind != "image/svg+xml":
            content = base64.b64decode(text)
            yield f"[{kind}, {len(content)} bytes, {hashlib.sha256(content).hexdigest()[:12]}]"
        elif kind != "text/html" or "text/plain" not in output["data"]:  # the plain form says the same
            yield f"[{kind}]"
            yield from re.sub(r"<[^>]*>", " ", text).split("\n")


def as_lines(notebook: dict[str, Any]) -> Iterator[str]:
    """The whole notebook: metadata, then cell by cell."""
    yield from json.dumps(notebook.get("metadata", {}), indent=1, ensure_ascii=False, sort_keys=True).splitlines()
    for cell in notebook["cells"]:
        tags = cell.get("metadata", {}).get("tags", ())
        yield ""
        yield f"--- {cell['cell_type']}{''.join(f' #{tag}' for tag in tags)}"
        yield from joined(cell["source"]).splitlines()
        for output in cell.get("outputs", ()):
            yield f"--- → {output.get('output_type')}"
            yield from output_lines(output)


def main(arguments: list[str]) -> int:
    text = Path(arguments[0]).read_text(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        print("\n".join(as_lines(json.loads(text))))
    except (ValueError, KeyError, TypeError, AttributeError):  # half merged, or no notebook: show what is there
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
