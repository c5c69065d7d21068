"""A process that runs notebooks, one after another, in a sandbox or (solutions) outside; a death costs one cell."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from crmlab.grading import sandbox
from crmlab.grading.inside import REFUSED
from crmlab.grading.outcome import CHANNEL_BYTES, Limits, Outcome, Reader

TREE_BYTES = 4_000 * sandbox.MEGA  # of all processes of one sandbox together
DEATHS = 4  # after so many cells that end the run, no more is tried
NOT_SHUT_IN = "could not be shut in"
GRACE = 3.0  # seconds a cell has to end by itself after its alarm


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
        rights = self.sandboxed and sandbox.warm()
        settings = json.dumps({
            "limits": {"CORE": 0} if self.trusted else sandbox.LIMITS, "modules": self.modules, "trusted": self.trusted,
            "warm": rights, "temporary": sandbox.TEMPORARY_BYTES, "below_tmp": sandbox.below_tmp(),
            "control": theirs.fileno()})  # bwrap hands on what it gets
        if self.sandboxed:
            words = [*sandbox.bwrap_command(rights), sys.executable, "-P", "/sandbox/inside.py", settings]
            surroundings, folder = {"PATH": "/usr/bin:/bin"}, None
        else:
            self._folder = tempfile.TemporaryDirectory(prefix="crmlab-grading-")
            words, folder = [sys.executable, str(sandbox.INSIDE), settings], self._folder.name
            surroundings = {**os.environ, **sandbox.environment(folder), "PATH": os.environ.get("PATH", "")}
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
                socket.send_fds(self._control, [struct.pack("!I", sandbox.user())], theirs)
            for file in theirs:
                os.close(file)
            to_send = memoryview(pickle.dumps(task, protocol=5))
            reader = Reader(ours["answers"], ours["log"], outcome)
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

    def _dead(self, reader: Reader) -> int | None:
        """End the process; return the cell it was in."""
        self.close()
        reader.rest()
        return reader.outcome.cell

    def _words(self, outcome: Outcome) -> str:
        last = outcome.log.decode("utf-8", "replace").strip().splitlines()[-1:]
        return f"ended the run{f' ({last[0][:200]})' if last and self.trusted else ''}"


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
