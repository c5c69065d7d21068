"""What runs notebooks, in the sandbox for submissions and outside it for solutions.

It imports everything once, then forks for each task it is sent. A task is one notebook on one set of data.
Answers leave by one pipe as lines of JSON, each written at once; another says how a task ended. Whatever a
submission does to this process can only change which *values* leave it; they are compared elsewhere.
"""

from __future__ import annotations

import gc
import io
import json
import os
import pickle
import resource
import signal
import struct
import sys
import time
from typing import Any

CHANNEL: dict[str, int] = {}


def say(message: dict[str, Any], where: str = "answers") -> None:
    """Write one line, whole."""
    data = (json.dumps(message) + "\n").encode()
    while data:
        data = data[os.write(CHANNEL[where], data):]


def receive() -> dict[str, Any] | None:
    """Read one task from the grader; None when there are no more."""
    head = sys.stdin.buffer.read(8)
    if len(head) < 8:
        return None
    return dict(pickle.loads(sys.stdin.buffer.read(struct.unpack("!Q", head)[0])))


def set_limits(limits: dict[str, int]) -> None:
    """Limit memory, processes, file size and CPU of everything that follows; it cannot be undone."""
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def prepare(modules: list[str]) -> Any:
    """Import what the notebooks will import, and make the shell that runs cells."""
    import importlib

    import pandas  # noqa: F401
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    import crmlab.exercise  # noqa: F401

    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:  # then the cell that wants it says so
            continue
    settings = Config()
    settings.HistoryManager.enabled = False
    shell: Any = InteractiveShell.instance(config=settings)
    shell.showtraceback = shell.showsyntaxerror = lambda *args, **kwargs: None
    return shell


def run(task: dict[str, Any], shell: Any) -> None:
    """Run the cells of one notebook on its data; a cell that fails does not keep the next from running."""
    from crmlab import exercise

    tables = pickle.loads(task["tables"]) if task.get("tables") else {}
    if task.get("save"):
        from crmlab.company import simulate

        tables = simulate(task["seed"], task["people"], task["only"])
        say({"fingerprint": exercise.fingerprint(tables)})
        with open(task["save"], "wb") as file:
            pickle.dump(tables, file, protocol=5)
    context = exercise.Context(task["exercise"], dict(tables), say, task.get("seed"))
    exercise._context = context
    again = []
    for number in range(len(task["cells"])):
        if number not in task["skip"] and run_cell(number, task, shell) == "NameError":
            again.append(number)
    while again:  # cells may stand in the order in which they were written, not run
        still = [number for number in again if run_cell(number, task, shell) == "NameError"]
        if len(still) == len(again):
            break
        again = still
    say({"done": True, "tables": sorted(context.tables)})


def run_cell(number: int, task: dict[str, Any], shell: Any) -> str:
    """Run one cell under an alarm; return the name of its error, or ""."""
    say({"cell": number})
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, task["seconds"])
    name = text = ""
    try:
        result = shell.run_cell(task["cells"][number])
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            name, text = type(error).__name__, str(error)[:300]
    except BaseException as error:
        name = type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    say({"error": [number, name[:60], text]})
    if task["careful"]:
        time.sleep(0.05)  # if this cell has killed something, the next must not be blamed for it
    return name


class TooLong(BaseException):
    """The cell's time is over; a notebook's `except Exception` does not catch it."""


def too_long(*_: Any) -> None:
    """End a cell that takes too long."""
    raise TooLong("the cell's time was over")


def sweep(alone: bool, group: int) -> None:
    """End what a task left running."""
    def another() -> bool:
        return any(name.isdigit() and int(name) not in (1, os.getpid()) for name in os.listdir("/proc"))

    if alone:  # everything, but only where that is the sandbox: a process namespace of its own, and not as root
        with open("/proc/1/comm") as file:
            alone = file.read().strip() == "bwrap" and os.getuid() != 0
    for _ in range(200 if alone else 1):
        try:
            os.kill(-1, signal.SIGKILL) if alone else os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        if not alone or not another():
            return
        time.sleep(0.01)
    os._exit(9)  # something will not die: give the whole sandbox up


def main() -> None:
    """Serve tasks until the grader closes the pipe."""
    alone = "alone" in sys.argv
    gc.disable()  # imports only make objects that stay
    settings = json.loads(sys.argv[1])
    CHANNEL.update(answers=settings["answers"], control=settings["control"])
    set_limits(settings["limits"])
    shell = prepare(settings["modules"])
    if not alone:  # a solution's data are simulated here: the first company takes longer than the next
        from crmlab.company import simulate

        simulate(1, 50, ["orders"])
    gc.freeze()  # what is shared with the forks stays shared
    gc.enable()
    say({"ready": True}, "control")
    while (task := receive()) is not None:
        child = os.fork()
        if child == 0:
            os.setsid()
            os.close(CHANNEL["control"])
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.stdin = io.StringIO()
            try:
                run(task, shell)
                os._exit(0)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr)
                os._exit(8)
        task = None
        status = os.waitpid(child, 0)[1]
        sweep(alone, child)
        say({"end": status}, "control")


if __name__ == "__main__":
    main()
