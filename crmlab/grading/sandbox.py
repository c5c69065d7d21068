"""Run untrusted notebooks where they can read nothing private, reach nobody and leave nothing behind.

The sandbox is `bwrap`: namespaces of its own for processes, network, mounts, IPC and users; the system and the
environment read-only; an empty, small temporary folder; no variables; an unprivileged user; limits on memory,
processes, file size and processor time, an alarm for each cell and one for each student. Where that is possible
(`warm`) one sandbox stays open for a whole class, its first process imports everything once, and each run gets a
fork in namespaces of its own within it (`inside.shut_in`); elsewhere each run gets a sandbox of its own.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pickle
import resource
import secrets
import select
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmlab.exercise import ROOT
from crmlab.grading.inside import REFUSED

INSIDE = Path(__file__).with_name("inside.py")
SHOWN = (Path(sys.base_prefix), Path(sys.prefix), ROOT / "crmlab", ROOT / "datasets")  # beside the system
NOBODY = 65534
MEGA = 1_000_000
LIMITS = {"AS": 2_000 * MEGA, "NPROC": 32, "FSIZE": 50 * MEGA, "CPU": 300, "CORE": 0, "NOFILE": 256}
TREE_BYTES = 4_000 * MEGA  # of all processes of one sandbox together
TEMPORARY_BYTES = 100 * MEGA
CHANNEL_BYTES = LOG_BYTES = MEGA
DEATHS = 4  # after so many cells that end the run, no more is tried
NOT_SHUT_IN = "could not be shut in"
GRACE = 3.0  # seconds a cell has to end by itself after its alarm

ELSEWHERE = ("On Windows grade in WSL 2, on macOS in a Linux container or virtual machine "
             "(exercises/README.md, Where grading runs).")


class NoSandbox(Exception):
    """No sandbox can be made on this machine; the message says what to do."""


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


# ---- the command -----------------------------------------------------------------------------------------


def bwrap_command(keep_rights: bool = False) -> list[str]:
    """Return the command that puts what follows it into a sandbox.

    With `keep_rights` what follows may make namespaces and must itself give up that right before it runs a notebook.
    """
    program = shutil.which("bwrap")
    if not program:
        raise NoSandbox(f"Grading needs the program bwrap: sudo apt install bubblewrap (Fedora: sudo dnf install "
                        f"bubblewrap), then grade again. {ELSEWHERE}")
    root = os.geteuid() == 0
    show = [Path("/usr"), *map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")), *SHOWN]
    hide = [ROOT / "datasets" / "lantern_leaf" / "truth", ROOT / "crmlab" / "grading"]
    words = [program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
             "--die-with-parent", "--new-session", "--clearenv"]
    words += [] if root else ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    words += ["--proc", "/proc", "--dev", "/dev", *_tmpfs("/dev/shm"), *_tmpfs("/tmp")]
    made: set[Path] = set()
    for path in show:
        if path.is_symlink() and len(path.parts) == 2:
            words += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            for parent in [p for p in reversed(path.parents) if p != Path("/") and p not in made]:
                made.add(parent)
                if not any(parent.is_relative_to(other) for other in show if other.is_dir()):
                    words += ["--perms", "0755", "--dir", str(parent)]
            words += ["--ro-bind", str(path), str(path)]
    for path in hide:
        words += ["--perms", "0000", "--tmpfs", str(path)] if path.is_dir() else []
    words += ["--perms", "0755", "--dir", "/sandbox", "--perms", "0755", "--dir", "/sandbox/tmp",
              "--ro-bind", str(INSIDE), "/sandbox/inside.py"]
    words += ["--chdir", "/tmp", *(word for path in ["/dev", *map(str, hide), "/"] if Path(path).is_dir()
                                   for word in ("--remount-ro", path))]
    for name, value in _environment("/tmp").items():
        words += ["--setenv", name, value]
    if keep_rights:
        rights = ("SYS_ADMIN", "SETPCAP", *(("SETUID", "SETGID") if root else ()))
        return [*words, "--cap-drop", "ALL", *(word for name in rights for word in ("--cap-add", f"CAP_{name}")), "--"]
    if root:  # limits on processes do not bind for root, in whatever namespace: become somebody else
        user = str(_user())
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP", "--",
                  shutil.which("setpriv") or "setpriv", "--reuid", user, "--regid", user, "--clear-groups",
                  "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--"]
    return words


def _tmpfs(path: str) -> list[str]:
    return ["--perms", "1777", "--size", str(TEMPORARY_BYTES), "--tmpfs", path]


def _environment(home: str) -> dict[str, str]:
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "NUMEXPR")}
    return {"PATH": "/usr/bin:/bin", "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "MPLBACKEND": "agg",
            "IPYTHONDIR": f"{home}/ipython", "MPLCONFIGDIR": f"{home}/matplotlib", "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", **threads}


def check() -> None:
    """Raise NoSandbox, with the cure, unless a sandbox can be made here."""
    if not sys.platform.startswith("linux"):
        raise NoSandbox(f"Grading needs Linux. {ELSEWHERE}")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        raise NoSandbox("Grading as root needs the program setpriv (package util-linux); or grade as an ordinary "
                        "user.")
    done = subprocess.run([*bwrap_command(), sys.executable, "-S", "-c", "print('ready')"], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=60)
    if done.stdout.strip() == "ready":
        return
    said = (done.stderr.strip().splitlines() or ["no message"])[-1]
    if _denied(said) and os.geteuid() == 0:
        cure = ("This root user may not make namespaces, as in a container without rights: start the container "
                "with --privileged, or with --cap-add SYS_ADMIN --security-opt seccomp=unconfined "
                "--security-opt apparmor=unconfined.")
    elif _denied(said):
        cure = ("The missing right is to make user namespaces. On Ubuntu 23.10 and later: sudo sysctl -w "
                "kernel.apparmor_restrict_unprivileged_userns=0; on older Debian: sudo sysctl -w "
                "kernel.unprivileged_userns_clone=1. Or grade as root.")
    else:
        cure = "Update it (0.8 or later is needed): sudo apt install bubblewrap."
    raise NoSandbox(f"bwrap cannot make a sandbox here; it says: {said}\n{cure} {ELSEWHERE}")


@functools.cache
def warm() -> bool:
    """Tell whether a process in a sandbox here can shut its forks in, so that one sandbox can serve a class."""
    probe = f"import inside; inside.shut_in({_user()}, {TEMPORARY_BYTES}, {_below_tmp()}); print('ready')"
    done = subprocess.run([*bwrap_command(keep_rights=True), sys.executable, "-S", "-c",
                           f"import sys; sys.path.append('/sandbox'); {probe}"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode == 0 and done.stdout == "ready\n"


def _user() -> int:
    """Return the user for one run: as root one that nobody is or was, so that nothing of an earlier run is its own."""
    if os.geteuid() != 0:
        return NOBODY
    first, _, count = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
    low = 2_000_000_000 if first + count > 2_100_000_000 else NOBODY - 10_000  # in some containers there are few
    return low + secrets.randbelow(10_000 if low < NOBODY else 100_000_000)


def _below_tmp() -> list[str]:
    """Return what must still be seen when a run's own /tmp covers the sandbox's."""
    return [str(path) for path in SHOWN if path.is_relative_to("/tmp")]


def _denied(said: str) -> bool:
    """Tell whether a message is about a right that is missing."""
    return any(word in said.lower() for word in ("permission", "permitted", "denied", "namespace", "uid map"))


# ---- a runner --------------------------------------------------------------------------------------------


class Runner:
    """One process that runs notebooks, in a sandbox or (`trusted`) outside: for solutions only."""

    def __init__(self, trusted: bool = False, sandboxed: bool = True, modules: tuple[str, ...] = ()) -> None:
        self.trusted, self.sandboxed, self.modules = trusted, sandboxed and not trusted, modules
        self.process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.stopped = False

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Start the process, if there is none; it then imports what it needs while others work."""
        if self.process is not None:
            return
        ours, theirs = socket.socketpair()
        rights = self.sandboxed and warm()
        settings = json.dumps({
            "limits": {"CORE": 0} if self.trusted else LIMITS, "modules": self.modules, "trusted": self.trusted,
            "warm": rights, "temporary": TEMPORARY_BYTES, "below_tmp": _below_tmp(),
            "control": theirs.fileno()})  # bwrap hands on what it gets
        if self.sandboxed:
            words = [*bwrap_command(rights), sys.executable, "-P", "/sandbox/inside.py", settings]
            surroundings, folder = {"PATH": "/usr/bin:/bin"}, None
        else:
            self._folder = tempfile.TemporaryDirectory(prefix="crmlab-grading-")
            words, folder = [sys.executable, str(INSIDE), settings], self._folder.name
            surroundings = {**os.environ, **_environment(folder), "PATH": os.environ.get("PATH", "")}
        with theirs:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=folder,
                                            stderr=subprocess.STDOUT, env=surroundings, start_new_session=True,
                                            pass_fds=(theirs.fileno(),))
        self._control, self._said, self._ready = ours, b"", False
        self._once_only = self.sandboxed and not rights

    def stop(self) -> None:
        """End the process from another thread; what runs ends, and nothing is started again."""
        self.stopped = True
        process = self.process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process and everything in its sandbox."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self._control.close()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def run(self, task: dict[str, Any], limits: Limits, deadline: float) -> Outcome:
        """Run a notebook; after a death again, without the cell that caused it.

        Parameters: `task` as `inside.run` reads it (`cells`, `exercise`, `tables` or `seed`); `limits`;
        `deadline` by the monotonic clock. Returns what came out; it never raises for what a notebook does.
        """
        outcome = Outcome()
        skip: set[int] = set(task.get("skip", ()))
        careful = False
        while len(outcome.killed) <= DEATHS:
            if self.stopped:
                break
            fresh = self.process is None
            if fresh:
                self.open()
            begun = time.monotonic()
            cell, why = self._once({**task, "skip": skip, "seconds": limits.cell, "careful": careful}, limits,
                                   deadline, outcome)
            if self._once_only:
                self.close()
            if not why:
                return outcome
            if cell is not None and not careful and time.monotonic() < begun + limits.cell:
                careful = True  # it was a quick death: look again, slowly, which cell it is
                continue
            if cell is None:
                if not fresh and self.process is None and time.monotonic() < deadline:
                    continue  # the process was dead when we came: nobody's fault
                if not (self._ready or self.stopped) or why == NOT_SHUT_IN:
                    last = outcome.log.decode("utf-8", "replace").strip().splitlines()[-1:]
                    raise RuntimeError(f"the process that runs notebooks did not start: {' '.join(last)[:300]}")
                outcome.problem = why
                return outcome
            outcome.killed[cell] = why
            skip.add(cell)
            if time.monotonic() >= deadline:
                outcome.problem = "the student's time was over"
                return outcome
        outcome.problem = "stopped" if self.stopped else f"given up after {DEATHS + 1} cells ended the run"
        return outcome

    def _once(self, task: dict[str, Any], limits: Limits, deadline: float, outcome: Outcome
              ) -> tuple[int | None, str]:
        """Run the task once; return the cell that ended it and how, or (None, "")."""
        assert self.process is not None and self.process.stdout is not None
        outcome.times.clear()
        outcome.errors.clear()
        outcome.cell, outcome.done = None, False
        begun = checked = time.monotonic()
        with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
            theirs, ours = [], {}
            for name in ("task", "answers", "log"):  # of this run alone: what it does to them, no other run sees
                ends = os.pipe()
                theirs.append(ends[name != "task"])
                ours[name] = stack.enter_context(open(ends[name == "task"], "wb" if name == "task" else "rb", 0))
                os.set_blocking(ours[name].fileno(), False)
            with contextlib.suppress(OSError):  # if it is dead, that shows below
                socket.send_fds(self._control, [struct.pack("!I", _user())], theirs)
            for file in theirs:
                os.close(file)
            to_send = memoryview(pickle.dumps(task, protocol=5))
            reader = _Reader(ours["answers"], ours["log"], outcome)
            selector.register(ours["task"], selectors.EVENT_WRITE)
            for one in (ours["answers"], ours["log"], self._control, self.process.stdout):
                selector.register(one, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(0.2):
                    if key.fileobj is ours["task"]:
                        with contextlib.suppress(BlockingIOError):
                            try:
                                to_send = to_send[os.write(key.fd, to_send[:65536]):]
                            except BrokenPipeError:
                                to_send = to_send[:0]
                        if not to_send:
                            selector.unregister(ours["task"])
                            ours["task"].close()
                    elif key.fileobj is not self._control:
                        if not reader.read(key.fileobj):
                            selector.unregister(key.fileobj)
                        elif key.fileobj is ours["answers"]:
                            begun = reader.begun or begun
                        if reader.received > CHANNEL_BYTES and not self.trusted:
                            return self._dead(reader), "wrote more than 1 MB of answers"
                    else:
                        chunk = b""
                        with contextlib.suppress(ConnectionResetError):
                            chunk = self._control.recv(4096)
                        if not chunk:
                            return self._dead(reader), self._words(outcome)
                        *lines, self._said = (self._said + chunk).split(b"\n")
                        for message in map(json.loads, lines):
                            if "ready" in message:
                                self._ready, begun = True, time.monotonic()  # imports are no cell's time
                            else:
                                reader.rest()
                                return self._ended(message["end"], outcome)
                now = time.monotonic()
                if now > deadline:
                    return self._dead(reader), "did not end within the student's time"
                if now > begun + max(limits.cell, 60 if outcome.cell is None else 0) + GRACE:
                    return self._dead(reader), "did not end within the cell's time"
                if now > checked + 0.5 and not self.trusted:
                    checked = now
                    pid = self.process.pid
                    if _tree_bytes(pid) > TREE_BYTES and _tree_bytes(pid, exact=True) > TREE_BYTES:
                        return self._dead(reader), "used too much memory"

    def _ended(self, code: int, outcome: Outcome) -> tuple[int | None, str]:
        """Return the cell that ended the run and how, from the code the fork ended with."""
        if code == 0 and outcome.done:
            return None, ""
        if code == REFUSED and outcome.cell is None:
            return None, NOT_SHUT_IN
        signal_number = -code if code < 0 else code - 128
        return outcome.cell, f"ended the run{f' (signal {signal_number})' if 0 < signal_number < 65 else ''}"

    def _dead(self, reader: _Reader) -> int | None:
        """End the process; return the cell it was in."""
        self.close()
        reader.rest()
        return reader.outcome.cell

    def _words(self, outcome: Outcome) -> str:
        last = outcome.log.decode("utf-8", "replace").strip().splitlines()[-1:]
        return f"ended the run{f' ({last[0][:200]})' if last and self.trusted else ''}"


class _Reader:
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


def _tree_bytes(pid: int, exact: bool = False) -> int:
    """Return the memory of a process and all its descendants; `exact` counts what forks share only once."""
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        with contextlib.suppress(OSError, ValueError):
            for task in os.listdir(f"/proc/{one}/task"):
                todo += map(int, Path(f"/proc/{one}/task/{task}/children").read_text().split())
            fields = Path(f"/proc/{one}/statm").read_text().split()
            size = (int(fields[1]) - int(fields[2])) * resource.getpagesize()
            if exact:
                with contextlib.suppress(OSError, StopIteration):  # not every kernel lets us see it
                    lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
                    size = 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])
            total += size
    return total
