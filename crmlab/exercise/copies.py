"""Copies of one's own: the hand-out stays as it is, students work in their folder `my_work`."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
from pathlib import Path

from crmlab._files import INSTALLED
from crmlab.exercise import own

WORK = "my_work"  # git ignores this folder


def desk() -> Path:
    """Return the folder of one's own: in the workbook where one may write there, else in one's home.

    Raises ExerciseError if neither can be written.
    """
    tried = [Path.home() / WORK] if INSTALLED else [own.ROOT / WORK, Path.home() / WORK]
    for folder in tried:
        try:
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    raise own.ExerciseError(f"There is no place for your own copy: {' and '.join(map(str, tried))} cannot be "
                            "written. Ask who runs this computer for a home folder.")


def start(name: str) -> Path:
    """Copy an exercise to the folder `my_work`; a copy that is already there stays as it is.

    Parameters: `name` of the exercise, or its beginning, such as "06". Returns the path of the copy.
    Raises ExerciseError if there is no such exercise, or several begin so.
    """
    found = [path for place in own.places()[:2] for path in sorted(place.glob("*.ipynb"))
             if path.stem == name or path.stem.split("_")[0] == name]
    if len(found) != 1:
        known = sorted(path.stem for place in own.places()[:2] for path in place.glob("*.ipynb"))
        raise own.ExerciseError(f"{'Several exercises begin' if found else 'No exercise begins'} with {name!r}; "
                            f"there are: {', '.join(known)}.")
    notebook = json.loads(found[0].read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell.get("id") != "hand-out"]  # its note
    for cell in notebook["cells"]:
        for word in ("editable", "deletable"):  # the hand-out itself cannot be typed into
            cell["metadata"].pop(word, None)
    mine = desk() / found[0].name
    try:
        with open(mine, "x", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    except FileExistsError:
        pass
    return mine


def restart(name: str) -> Path:
    """Put a fresh copy in place and return its path; the old one is kept under its date."""
    mine = desk() / f"{name}.ipynb"
    if mine.exists():
        day, number = dt.date.today().isoformat(), 1
        while (old := mine.with_name(f"{name}.{day}{f'-{number}' * (number > 1)}.ipynb")).exists():
            number += 1
        mine.rename(old)
        print(f"The old copy, as last saved, is now {WORK}/{old.name}. Close this tab without saving.")
    return start(name)


def send_to(mine: Path) -> None:
    """Say where one's own copy is; in a notebook with a link."""
    if not mine.is_relative_to(own.ROOT):  # where no link from the hand-out leads
        print(f"Your own copy is {mine}, in your home folder. Work there.")
        return
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython
        from IPython.display import Markdown, display

        if get_ipython() is not None:
            link = Path(os.path.relpath(mine, Path.cwd())).as_posix()
            display(Markdown(f"**Your own copy: [{WORK}/{mine.name}]({link})**. Work there."))
            return
    print(f"Your own copy is {WORK}/{mine.name}. Work there.")
