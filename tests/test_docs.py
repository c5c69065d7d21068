"""What is written about the project is true: tables are current, the README runs, the code has one style."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tree import project_files, text_files

from tools import tables
from tools.notebook import ROOT, all_notebooks, chapter_of, headings
from tools.rules import table

README = ROOT / "README.md"


def documents() -> list[Path]:
    return [path for path in text_files() if path.suffix == ".md"]


# --- derived tables --------------------------------------------------------------------------------------


def test_generated_files_are_current() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tables.stale()]
    assert not names, f"run `python tools/tables.py`: {', '.join(names)}"


def test_the_readme_has_a_place_for_the_chapter_table() -> None:
    text = README.read_text(encoding="utf-8")
    assert not text or text.count(tables.BEGIN) == text.count(tables.END) == 1


def test_curriculum_tables_agree_with_each_other() -> None:
    notebooks = {row["number"] for row in table("notebooks")}
    books = {row["key"] for row in table("books")}
    chapters = {f"{row['book']} {row['chapter']}" for row in table("chapters")}
    assert len(notebooks) == 33 and len(books) == 5 and len(chapters) == 62
    assert {row["notebook"] for row in table("glossary")} <= notebooks
    assert {row["book"] for row in table("chapters")} == books
    for row in table("chapters"):
        assert row["main"] and {*row["main"].split(), *row["also"].split()} <= notebooks, row
    for row in table("instruments"):
        assert row["id"][:2] in notebooks and set(row["chapters"].split("; ")) <= chapters, row
    for row in table("routes"):
        assert set(row["notebooks"].split()) <= notebooks
    for name, key in (("notebooks", "number"), ("instruments", "id"), ("glossary", "en"), ("books", "key")):
        values = [row[key].lower() for row in table(name)]
        assert len(values) == len(set(values)), name


def test_every_notebook_is_one_of_the_plan() -> None:
    planned = {row["number"] for row in table("notebooks")}
    numbers = [path.name.partition("_")[0] for path in all_notebooks() if path.parent.name != "solutions"]
    assert {chapter_of(number) for number in numbers} <= planned and len(numbers) == len(set(numbers))


# --- the README and its fellows --------------------------------------------------------------------------


def test_readme_python_blocks_run() -> None:
    """In order and in one namespace, as someone would who types them in."""
    blocks = re.findall(
        r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    program = "\n".join(blocks)
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr


def commands(text: str) -> set[str]:
    return set(re.findall(r"\b(?:python3?|py) run\.py ([a-z]+)", text))


def test_documented_commands_exist() -> None:
    used = {command for path in documents() for command in commands(path.read_text(encoding="utf-8"))}
    if used:
        result = subprocess.run(
            [sys.executable, "run.py", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, result.stderr
        offered = set(re.findall(r"[a-z]+", result.stdout))
        assert used <= offered, f"run.py does not offer {used - offered}"


def anchors(path: Path) -> set[str]:
    """The anchors GitHub makes of a document's headings."""
    found = headings(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-") for _, text in found}


def broken_links() -> Iterator[str]:
    for path in documents():
        text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(<?([^)\s>]+)>?\)", text):
            name, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = path.parent / name if name else path
            if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
                yield f"{path.relative_to(ROOT)}: {target}"


def test_relative_links_in_documents_lead_somewhere() -> None:
    assert list(broken_links()) == []


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    """A clone must work anywhere, and a lock file must not decide where packages come from."""
    registries = [
        "py" + "pi.org",
        "files.python" + "hosted.org",
        "con" + "da.anaconda.org",
        "index-" + "url =",
    ]
    machines = ["/ho" + "me/", "/ro" + "ot/", "/wo" + "rk/", "C:\\" + "Users"]
    allowed = {"tests/test_net.py", "tools/rules/code.py"}  # they look for such paths
    found = []
    for path in text_files():
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name}: {word}" for word in registries if word in text]
        found += [f"{name}: {word}" for word in machines if word in text and name not in allowed]
    assert found == []


# --- style -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["ruff", "check", "--force-exclude"], ["mypy"]], ids=["ruff", "mypy"])
def test_style_and_types(command: list[str]) -> None:
    if "ruff" in command:  # the workbook's own files: not those of an environment, or of a student, in its folder
        command = command + [str(path) for path in project_files() if path.suffix in (".py", ".ipynb")]
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, f"\n{result.stdout}{result.stderr}"
