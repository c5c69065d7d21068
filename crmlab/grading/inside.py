"""What runs notebooks, in the sandbox for submissions and outside it for solutions.

It is one file, and so somewhat long, because the sandbox shows nothing of the grader but it. It imports everything
once, then forks for each task. A task is one notebook on one set of data, and comes with three pipes of its own: the
task itself, which only the fork reads; the answers, lines of JSON, each written at once; and the log. Where one
sandbox serves many tasks (`warm`) this process keeps the right to make namespaces, and each fork shuts itself in: it
gives up every right, and is process 1 of namespaces nothing was ever in. When it ends, the kernel ends everything in
them. Whatever a submission does can only change which *values* leave by its own pipe.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import gc
import io
import json
import os
import pickle
import platform
import resource
import signal
import socket
import struct
import sys
import time
from typing import Any

LOG, ANSWERS, TASK = 1, 3, 4  # where a fork holds its pipes
REFUSED = 71  # how a fork ends that could not shut itself in; nothing of the submission has run
LOADED: set[str] = set()  # modules, before any task

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, NOEXEC, BIND, MOVE, REC, PRIVATE = 1, 2, 4, 8, 0x1000, 0x2000, 0x4000, 0x40000
SET_DUMPABLE, CAPBSET_DROP, SET_NO_NEW_PRIVS, CAP_AMBIENT, AMBIENT_CLEAR = 4, 24, 38, 47, 4
JOIN_SESSION_KEYRING = 1
KEYCTL = {"x86_64": 250, "aarch64": 219}


def say(message: dict[str, Any]) -> None:
    """Write one line of answers, whole."""
    data = (json.dumps(message) + "\n").encode()
    while data:
        data = data[os.write(ANSWERS, data):]


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
    from crmlab.exercise import own

    tables = pickle.loads(task["tables"]) if task.get("tables") else {}
    if task.get("save"):
        from crmlab.company import simulate

        tables = simulate(task["seed"], task["people"], task["only"])
        say({"fingerprint": own.fingerprint(tables)})
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
    say({"done": True, "tables": sorted(context.tables), "modules": sorted({*sys.modules} - LOADED)})


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
    if os.getpid() == 1 and (name == "TooLong" or task["careful"]):
        end_others()  # what this cell has left running must not be laid at the next one's door
    if task["careful"]:
        time.sleep(0.05)  # if this cell has killed something, the next must not be blamed for it
    return name


def end_others() -> None:
    """End every process but this one, which is the first of its namespace, and wait until they are gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


class TooLong(BaseException):
    """The cell's time is over; a notebook's `except Exception` does not catch it."""


def too_long(*_: Any) -> None:
    """End a cell that takes too long."""
    raise TooLong("the cell's time was over")


# ---- a fork that shuts itself in -------------------------------------------------------------------------


def libc(name: str, *words: Any) -> None:
    """Call a function of the C library; raise OSError if it fails."""
    given = [ctypes.c_ulong(word) if type(word) is int else word for word in words]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*given) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def shut_in(user: int, temporary_bytes: int, below_tmp: list[str]) -> None:
    """Return as the first process of new namespaces, as `user`, without any right.

    Temporary folders are new and empty, but for the read-only folders `below_tmp` that stood in /tmp. The process
    that called waits outside, and ends when the first one, and so everything in there, has ended.
    """
    root = os.getuid() == 0
    libc("unshare", NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS)
    first = os.fork()
    if first:
        code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
        os._exit(code if code >= 0 else 128 - code)
    own = os.open("/proc/self", os.O_PATH)  # in the old /proc, which can be written to
    empty = f"mode=1777,size={temporary_bytes}".encode()
    libc("mount", b"none", b"/", None, REC | PRIVATE, None)
    libc("mount", b"tmpfs", b"/sandbox/tmp", b"tmpfs", NOSUID | NODEV, empty)
    for path in below_tmp:
        os.makedirs(f"/sandbox{path}", exist_ok=True)
        libc("mount", path.encode(), f"/sandbox{path}".encode(), None, BIND | REC, None)
    libc("mount", b"/sandbox/tmp", b"/tmp", None, MOVE, None)
    libc("mount", b"tmpfs", b"/dev/shm", b"tmpfs", NOSUID | NODEV, empty)
    libc("mount", b"devpts", b"/dev/pts", b"devpts", NOSUID | NOEXEC, b"newinstance,ptmxmode=0666,mode=620")
    libc("mount", b"proc", b"/proc", b"proc", NOSUID | NODEV | NOEXEC | RDONLY, None)
    os.chdir("/tmp")
    if not root:  # all here are one user to the system; but a namespace of users has keyrings of its own
        libc("unshare", NEWUSER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{user} {user} 1")):
            file = os.open(name, os.O_WRONLY, dir_fd=own)
            os.write(file, text.encode())
            os.close(file)
    os.close(own)
    with open("/proc/sys/kernel/cap_last_cap") as text_file:
        last = int(text_file.read())
    for number in range(last + 1):
        libc("prctl", CAPBSET_DROP, number, 0, 0, 0)
    if root:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    libc("prctl", CAP_AMBIENT, AMBIENT_CLEAR, 0, 0, 0)
    libc("capset", struct.pack("=Ii", 0x20080522, 0), bytes(24))
    libc("prctl", SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc("prctl", SET_DUMPABLE, 1, 0, 0, 0)  # as after exec: a process may read its own files in /proc
    look_around(user)


def leave_keyring() -> None:
    """Leave the kernel's keyring of the session, which is that of whoever started the grader."""
    try:
        libc("syscall", KEYCTL[platform.machine()], JOIN_SESSION_KEYRING, None)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):  # no keyrings here, or none for anybody in here
            raise


def look_around(user: int) -> None:
    """Raise PermissionError if this process has any right, or is not alone."""
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    rights = [status[f"Cap{name}"].strip("\t\n0") for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")]
    who = {*os.getresuid(), *os.getresgid(), *os.getgroups()} - ({65534} if user == 65534 else set())
    others = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    others += [name for name in os.listdir("/proc/self/fd") if int(name) > TASK + 1]  # one is the list itself
    if any(rights) or status["NoNewPrivs"].strip() != "1" or not who <= {user} or os.getpid() != 1 or others:
        raise PermissionError(f"rights are left: {rights} {who} {others}")


# ---- serving ---------------------------------------------------------------------------------------------


def hold_only(pipes: list[int]) -> None:
    """Close every file but the three pipes, and put these into their places."""
    task, answers, log = (fcntl.fcntl(pipe, fcntl.F_DUPFD, 10) for pipe in pipes)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, place in ((nothing, 0), (log, LOG), (log, 2), (answers, ANSWERS), (task, TASK)):
        os.dup2(source, place)
    os.closerange(TASK + 1, 2**20)
    sys.stdin = io.StringIO()


def do(pipes: list[int], user: int, settings: dict[str, Any], shell: Any) -> None:
    """Do one task in this fork; this does not return."""
    code = REFUSED
    try:
        hold_only(pipes)
        if settings["warm"]:
            shut_in(user, settings["temporary"], settings["below_tmp"])
        if not settings["trusted"]:
            leave_keyring()
        os.setsid()
        set_limits(settings["limits"])
        with open(TASK, "rb") as file:
            task = pickle.load(file)
        code = 8
        run(task, shell)
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def main() -> None:
    """Serve tasks until the grader closes the socket."""
    gc.disable()  # imports only make objects that stay
    settings = json.loads(sys.argv[1])
    control = socket.socket(fileno=settings["control"])
    shell = prepare(settings["modules"])
    if settings["trusted"]:  # a solution's data are simulated here: the first company takes longer than the next
        from crmlab.company import simulate

        simulate(1, 50, ["orders"])
    LOADED.update(sys.modules)
    gc.freeze()  # what is shared with the forks stays shared
    gc.enable()
    control.sendall(b'{"ready": true}\n')
    while True:
        order, pipes, *_ = socket.recv_fds(control, 4, 3)
        if len(pipes) < 3:
            return
        child = os.fork()
        if child == 0:
            do(pipes, struct.unpack("!I", order)[0], settings, shell)
        for pipe in pipes:
            os.close(pipe)
        status = os.waitpid(child, 0)[1]
        if settings["warm"] and not os.WIFEXITED(status):
            return  # what waited outside was killed: give everything up
        if not settings["warm"]:
            try:
                os.killpg(child, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        control.sendall(json.dumps({"end": os.waitstatus_to_exitcode(status)}).encode() + b"\n")


if __name__ == "__main__":
    main()
