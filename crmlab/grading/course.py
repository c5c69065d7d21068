"""The course: its name, which students know, and its secret key, which makes the hidden data."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from crmlab.exercise.answers import fold
from crmlab.grading.files import GradingError, as_json, write
from crmlab.grading.solutions import PRIVATE

COURSE = PRIVATE / "course.json"


def course(path: Path = COURSE) -> dict[str, str]:
    """Return the course's name and secret key, or say how to set them."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"course": str(found["course"]), "key": str(found["key"])}
    except FileNotFoundError:
        raise GradingError('There is no course yet. Name it once: python3 run.py release --course "CRM 2027 '
                           'spring"') from None
    except (ValueError, KeyError, TypeError):
        raise GradingError(f"{path} is damaged; restore it from your backup. With a new one "
                           "the hidden data differ.") from None


def set_course(name: str, path: Path = COURSE) -> bool:
    """Write the course's name with a new secret key; say whether it was new."""
    if not fold(name):
        raise GradingError('The course needs a name: --course "CRM 2027 spring"')
    if path.exists():
        if fold(course(path)["course"]) == fold(name):
            return False
        raise GradingError(f"{path} is for {course(path)['course']!r}. Move it away first, to a safe "
                           "place: without its key old hidden data cannot be made again.")
    write(path, as_json({"course": name, "key": secrets.token_hex(16)}))
    path.chmod(0o600)
    return True
