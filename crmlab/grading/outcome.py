"""What came out of one notebook on one set of data, read from a channel that anybody may have written to."""

from __future__ import annotations

import json
import os
import select
import time
from dataclasses import dataclass, field
from typing import Any

CHANNEL_BYTES = LOG_BYTES = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Seconds for one cell, and for one student with both sets of data."""

    cell: float = 20.0
    student: float = 120.0


@dataclass
class Outcome:
    """What came out of one notebook on one set of data."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)  # how often each question was answered in the last run
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    exercises: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    killed: dict[int, str] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)  # that the run has imported
    fingerprint: str = ""
    problem: str = ""  # the run was given up
    log: bytes = b""
    speaking: set[int] = field(default_factory=set)  # cells that answered something
    cell: int | None = None  # begun last
    done: bool = False

    @property
    def hopeless(self) -> set[int]:
        """Cells that ended the run or took too long: there is no sense in running them on other data."""
        late = {cell for cell, text in self.errors.items() if text.startswith("TooLong")}
        return {*self.killed, *late} - self.speaking


class Reader:
    """Reads what comes out of one run into its outcome."""

    def __init__(self, answers: Any, log: Any, outcome: Outcome) -> None:
        self.answers, self.log, self.outcome = answers, log, outcome
        self.received = 0
        self.begun = 0.0  # when a cell was begun last
        self._part = b""

    def read(self, file: Any) -> int:
        """Read what there is, of the answers or of a log; return how much."""
        try:
            chunk = os.read(file.fileno(), 65536)
        except BlockingIOError:
            return 1  # somebody may still write
        if file is not self.answers:
            self.outcome.log = (self.outcome.log + chunk)[:LOG_BYTES]
            return len(chunk)
        self.received += len(chunk)
        *lines, self._part = (self._part + chunk).split(b"\n")
        for message in map(_message, lines):
            if "cell" in message:
                self.begun = time.monotonic()
            _note(message, self.outcome)
        return len(chunk)

    def rest(self) -> None:
        """Read what is left when a run has ended: its pipes are not in step with its end."""
        for file in (self.answers, self.log):
            for _ in range(2 * CHANNEL_BYTES // 65536):
                if select.select([file], [], [], 0)[0] and not self.read(file):
                    break


def _message(line: bytes) -> dict[str, Any]:
    """Read one line from the channel; what is not a small dictionary is nothing."""
    try:
        message = json.loads(line)
        return message if type(message) is dict else {}
    except (ValueError, RecursionError):
        return {}


def _note(message: dict[str, Any], outcome: Outcome) -> None:
    """Enter a message from the channel, which anybody may have written, into the outcome."""
    match message:
        case {"answer": str(name), "value": {"is": str()} as value} if len(outcome.answers) < 200:
            if value["is"] != "nothing":
                outcome.answers[name[:80]] = value
                outcome.speaking.add(-1 if outcome.cell is None else outcome.cell)
                outcome.times[name[:80]] = outcome.times.get(name[:80], 0) + 1
        case {"question": str(name)}:
            outcome.questions[name] = {key: value for key, value in message.items() if key != "question"}
        case {"exercise": str()} if len(outcome.exercises) < 20:
            outcome.exercises.append({key: str(value)[:80] for key, value in message.items()})
        case {"error": [int(cell), str(name), str(text)]} if len(outcome.errors) < 500:
            outcome.errors.pop(cell, None)  # it may have been run again
            if name:
                outcome.errors[cell] = f"{name}: {text}"[:300]
        case {"fingerprint": str(text)}:
            outcome.fingerprint = text
        case {"done": True, "tables": list(names), "modules": list(modules)}:
            outcome.done, outcome.tables, outcome.modules = True, names, modules
        case {"cell": int(cell)}:
            outcome.cell = cell
