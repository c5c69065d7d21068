"""Run untrusted notebooks where they can read nothing private, reach nobody and leave nothing behind.

The sandbox is `bwrap`: namespaces of its own for processes, network, mounts, IPC and users; the system and the
environment read-only; an empty, small temporary folder; no variables; an unprivileged user; limits on memory,
processes, file size and processor time, an alarm for each cell and one for each student.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import resource
import selectors
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmlab.exercise import ROOT

INSIDE = Path(__file__).with_name("inside.py")
NOBODY = 65534
MEGA = 1_000_000
LIMITS = {"AS": 2_000 * MEGA, "NPROC": 32, "FSIZE": 50 * MEGA, "CPU": 300, "CORE": 0, "NOFILE": 256}
TREE_BYTES = 4_000 * MEGA  # of all processes of one sandbox together
TEMPORARY_BYTES = 100 * MEGA
CHANNEL_BYTES = LOG_BYTES = MEGA
DEATHS = 4  # after so many cells that end the run, no more is tried
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


def bwrap_command(slot: int = 0) -> list[str]:
    """Return the command that puts what follows it into a sandbox; each slot has a user of its own."""
    program = shutil.which("bwrap")
    if not program:
        raise NoSandbox(f"Grading needs the program bwrap: sudo apt install bubblewrap (Fedora: sudo dnf install "
                        f"bubblewrap), then grade again. {ELSEWHERE}")
    root = os.geteuid() == 0
    show = [Path("/usr"), *map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache"))]
    show += [Path(sys.base_prefix), Path(sys.prefix), ROOT / "crmlab", ROOT / "datasets"]
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
    words += ["--perms", "0755", "--dir", "/sandbox", "--ro-bind", str(INSIDE), "/sandbox/inside.py"]
    words += ["--chdir", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in _environment("/tmp").items():
        words += ["--setenv", name, value]
    if root:  # limits on processes do not bind for root, in whatever namespace: become somebody else
        user = str(NOBODY - slot)
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


def _denied(said: str) -> bool:
    """Tell whether a message is about a right that is missing."""
    return any(word in said.lower() for word in ("permission", "permitted", "denied", "namespace", "uid map"))


# ---- a runner --------------------------------------------------------------------------------------------


class Runner:
    """One process that runs notebooks, in a sandbox or (`trusted`) outside: for solutions only."""

    def __init__(self, slot: int = 0, trusted: bool = False, sandboxed: bool = True,
                 modules: tuple[str, ...] = ()) -> None:
        self.slot, self.trusted, self.sandboxed, self.modules = slot, trusted, sandboxed, modules
        self.process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.stopped = False

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        answers, control = os.pipe(), os.pipe()
        words: list[str] = []
        settings = {"limits": {"CORE": 0} if self.trusted else LIMITS, "modules": self.modules,
                    "answers": answers[1], "control": control[1]}  # bwrap and setpriv hand on what they inherit
        if self.trusted or not self.sandboxed:
            self._folder = tempfile.TemporaryDirectory(prefix="crmlab-grading-")
            words += [sys.executable, str(INSIDE), json.dumps(settings)]
            surroundings = {**os.environ, **_environment(self._folder.name), "PATH": os.environ.get("PATH", "")}
            folder: str | None = self._folder.name
        else:
            words += [*bwrap_command(self.slot), sys.executable, "-P", "/sandbox/inside.py",
                      json.dumps(settings), "alone"]
            surroundings, folder = {"PATH": "/usr/bin:/bin"}, None
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder,
                                        stderr=subprocess.STDOUT, env=surroundings, start_new_session=True,
                                        pass_fds=(answers[1], control[1]))
        os.close(answers[1])
        os.close(control[1])
        assert self.process.stdout is not None
        self._files = {"answers": answers[0], "control": control[0], "log": self.process.stdout.fileno()}
        for file in self._files.values():
            os.set_blocking(file, False)
        self._parts = {"answers": b"", "control": b""}
        self._ready = False

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
            for name in ("answers", "control"):
                os.close(self._files[name])
            for stream in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError):
                    stream.close()  # type: ignore[union-attr]
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
            if self.process is None:
                self._open()
            begun = time.monotonic()
            cell, why = self._once({**task, "skip": skip, "seconds": limits.cell, "careful": careful}, limits,
                                   deadline, outcome)
            if not why:
                return outcome
            if cell is not None and not careful and time.monotonic() < begun + limits.cell:
                careful = True  # it was a quick death: look again, slowly, which cell it is
                continue
            if cell is None:
                if not self._ready and not self.stopped:
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
        assert self.process is not None and self.process.stdin is not None
        data = pickle.dumps(task, protocol=5)
        outcome.times.clear()
        outcome.errors.clear()
        outcome.cell, outcome.done = None, False
        begun = checked = time.monotonic()
        received = 0
        to_send = memoryview(struct.pack("!Q", len(data)) + data)
        os.set_blocking(self.process.stdin.fileno(), False)
        with selectors.DefaultSelector() as selector:
            for name, file in self._files.items():
                selector.register(file, selectors.EVENT_READ, name)
            selector.register(self.process.stdin, selectors.EVENT_WRITE, "task")
            while True:
                for key, _ in selector.select(0.2):
                    if key.data == "task":
                        try:
                            to_send = to_send[os.write(key.fd, to_send[:65536]):]
                        except OSError:
                            to_send = to_send[:0]
                        if not to_send:
                            selector.unregister(self.process.stdin)
                        continue
                    chunk = os.read(key.fd, 65536)
                    if key.data == "log":
                        outcome.log = (outcome.log + chunk)[:LOG_BYTES]
                        if not chunk:
                            selector.unregister(key.fd)
                        continue
                    if not chunk:
                        return self._dead(outcome), self._words(outcome)
                    *lines, self._parts[key.data] = (self._parts[key.data] + chunk).split(b"\n")
                    for line in lines:
                        message = _message(line)
                        if key.data == "answers":
                            if "cell" in message:
                                begun = time.monotonic()
                            _note(message, outcome)
                        elif "end" in message:
                            self._drain(outcome)
                            if message["end"] == 0 and outcome.done:
                                return None, ""
                            return outcome.cell, _how(message["end"])
                        elif "ready" in message:
                            self._ready, begun = True, time.monotonic()  # imports are no cell's time
                    received += len(chunk) if key.data == "answers" else 0
                    if received > CHANNEL_BYTES and not self.trusted:
                        return self._dead(outcome), "wrote more than 1 MB of answers"
                now = time.monotonic()
                if now > deadline:
                    return self._dead(outcome), "did not end within the student's time"
                if now > begun + max(limits.cell, 60 if outcome.cell is None else 0) + GRACE:
                    return self._dead(outcome), "did not end within the cell's time"
                if now > checked + 0.5 and not self.trusted:
                    checked = now
                    pid = self.process.pid
                    if _tree_bytes(pid) > TREE_BYTES and _tree_bytes(pid, exact=True) > TREE_BYTES:
                        return self._dead(outcome), "used too much memory"

    def _drain(self, outcome: Outcome) -> None:
        """Read what is left of the answers when a task has ended: the two pipes are not in step."""
        with contextlib.suppress(OSError):
            while chunk := os.read(self._files["answers"], 65536):
                self._parts["answers"] += chunk
                if len(self._parts["answers"]) > 2 * CHANNEL_BYTES:
                    break
        for line in self._parts["answers"].split(b"\n")[:-1]:
            _note(_message(line), outcome)
        self._parts["answers"] = b""

    def _dead(self, outcome: Outcome) -> int | None:
        """End the process; return the cell it was in."""
        self._drain(outcome)
        self.close()
        return outcome.cell

    def _words(self, outcome: Outcome) -> str:
        last = outcome.log.decode("utf-8", "replace").strip().splitlines()[-1:]
        return f"ended the run{f' ({last[0][:200]})' if last and self.trusted else ''}"


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
        case {"done": True, "tables": list(names)}:
            outcome.done, outcome.tables = True, names
        case {"cell": int(cell)}:
            outcome.cell = cell


def _how(status: Any) -> str:
    if type(status) is int and os.WIFSIGNALED(status):
        return f"ended the run (signal {os.WTERMSIG(status)})"
    return "ended the run"


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
