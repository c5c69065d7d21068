"""Runs that share one open sandbox, one after the other: nothing of one reaches the next, or what forks them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crmlab.grading import sandbox
from crmlab.grading.outcome import Limits, Outcome
from crmlab.grading.runner import Runner
from tests.exercise_fixture import CELLS, NAME, need_sandbox

MARKER = "crmlab-slot-" + "left"
LEAVE = """
import builtins, ctypes, fcntl, os, socket, subprocess, sys
import pandas as pd, crmlab
libc = ctypes.CDLL(None, use_errno=True)
def each(*doings):
    done = []
    for number, do in enumerate(doings):
        try:
            if do() != -1:
                done.append(number)
        except Exception:
            pass
    return done
def write(path):
    open(path, 'w').write('left')
def listen():
    global kept
    kept = [socket.create_server(('127.0.0.1', 5555)), socket.socket(socket.AF_UNIX)]
    kept[1].bind('\\0left'); kept[1].listen()
def stay():
    if os.fork() == 0:
        os.setsid()
        import time, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(0.01)
            os.write(3, b'{"answer": "late", "value": {"is": "text", "value": "of another"}}\\n')
def key(ring):
    return libc.syscall(248, b'user', b'left', b'here', 4, ring)
def spoil():
    for number in (0, 1, 2, 3):
        fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_NONBLOCK)
    pd.read_csv = pd.DataFrame.sum = builtins.len = lambda *a, **k: 'left'
    crmlab.left = sys.left = builtins.left = True
    os.environ['LEFT'] = 'here'
    os.umask(0o777)
"""
DO_LEAVE = f"""
ex.answer('q1', each(
    lambda: write('/tmp/left'), lambda: write('/dev/shm/left'),
    lambda: libc.shm_open(b'/left2', os.O_CREAT | os.O_RDWR, 0o666),
    lambda: libc.shmget(4242, 1000, 0o1666), lambda: libc.msgget(4242, 0o1666), lambda: libc.semget(4242, 1, 0o1666),
    lambda: libc.mq_open(b'/left', os.O_CREAT | os.O_RDWR, 0o666, None), lambda: key(-4), lambda: key(-3), listen,
    lambda: subprocess.Popen(['/usr/bin/sleep', '900'], start_new_session=True, env={{'{MARKER}': '1'}}) and 0, stay))
try:
    os.chmod('/dev/pts/ptmx', 0o000)
except OSError:
    pass
spoil()
"""
FIND = """
import builtins, ctypes, fcntl, os, socket, sys
import pandas as pd, crmlab
libc = ctypes.CDLL(None, use_errno=True)
found = []
def look(name, do):
    try:
        if do() not in (-1, False, None):
            found.append(name)
    except OSError:
        pass
def connect(family, where):
    with socket.socket(family) as one:
        one.settimeout(1)
        one.connect(where)
    return True
for path in ('/tmp', '/dev/shm'):
    look(path, lambda: bool(set(os.listdir(path)) - BELOW_TMP))
look('shared memory', lambda: libc.shmget(4242, 0, 0))
look('messages', lambda: libc.msgget(4242, 0))
look('semaphore', lambda: libc.semget(4242, 0, 0))
look('queue', lambda: libc.mq_open(b'/left', os.O_RDONLY))
for ring in (-3, -4, -5):
    look(f'key {ring}', lambda: libc.syscall(250, 10, ring, b'user', b'left', 0))
look('port', lambda: connect(socket.AF_INET, ('127.0.0.1', 5555)))
look('abstract socket', lambda: connect(socket.AF_UNIX, '\\0left'))
look('processes', lambda: [one for one in os.listdir('/proc') if one.isdigit()] != ['1'])
look('files', lambda: max(map(int, os.listdir('/proc/self/fd'))) > 4)
look('not blocking', lambda: any(fcntl.fcntl(n, fcntl.F_GETFL) & os.O_NONBLOCK for n in (0, 1, 2, 3)))
look('module', lambda: hasattr(crmlab, 'left') or hasattr(sys, 'left') or hasattr(builtins, 'left'))
look('builtins', lambda: len('abc') != 3)
look('pandas', lambda: pd.DataFrame({'a': [1, 2]}).sum().iloc[0] != 3)
look('environment', lambda: 'LEFT' in os.environ)
look('umask', lambda: os.umask(0o22) == 0o777)
look('terminals', lambda: not os.access('/dev/ptmx', os.R_OK))
ex.answer('q1', str(found))
"""
ATTACK = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
found = []
def trial(name, do):
    try:
        if do() != -1:
            found.append(name)
    except (OSError, ValueError):
        pass
for pid in [os.getppid(), *range(2, 400)]:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number) if pid else None
            found += [f'signal {pid}'] * bool(pid)
        except OSError:
            pass
    if pid:
        trial(f'ptrace {pid}', lambda: libc.ptrace(16, pid, None, None))
        trial(f'memory {pid}', lambda: os.open(f'/proc/{pid}/mem', os.O_RDWR))
        trial(f'files {pid}', lambda: os.listdir(f'/proc/{pid}/fd'))
        trial(f'pidfd {pid}', lambda: os.pidfd_open(pid))
def rights(word):
    for path in (b'/proc', b'/tmp', b'/dev/shm', b'/dev/pts', b'/'):
        trial(f'umount {word} {path}', lambda: libc.umount2(path, 2))
        trial(f'writable {word} {path}', lambda: libc.mount(None, path, None, 32 | 4096, None))
    trial(f'chroot {word}', lambda: -1 if word else os.chroot('/tmp'))
trial('mount', lambda: libc.mount(b'proc', b'/tmp', b'proc', 0, None))
rights('')
for call in (os.setuid, os.setgid, lambda n: os.setgroups([n])):
    trial('another user', lambda: call(0))
for path in ('/left', '/sandbox/left', '/sandbox/tmp/left', '/dev/left', '/usr/left'):
    trial(path, lambda: os.open(path, os.O_CREAT | os.O_WRONLY))
import crmlab
for path in (os.path.dirname(crmlab.__file__) + '/grading',):
    trial('opens', lambda: os.chmod(path, 0o777))
    trial('leaves', lambda: os.open(path + '/left', os.O_CREAT | os.O_WRONLY))
trial('limits', lambda: __import__('resource').setrlimit(6, (4000, 4000)))
if libc.unshare(0x10000000 | 0x20000) == 0:  # a namespace of its own, where it has every right: over nothing
    rights('within')
signal.signal(signal.SIGTERM, signal.SIG_IGN)
try:
    os.kill(-1, signal.SIGKILL)
except OSError:
    pass
ex.answer('q1', str(found))
"""
TOKEN = "the-first-one-"  # and "s-secret": the second run must not hold the whole of it anywhere
SEARCH = f"""
import re
found = 0
with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:
    for line in maps.read().splitlines():
        begin, end = (int(one, 16) for one in line.split()[0].split('-'))
        if 'rw' in line and 'vsyscall' not in line:
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue
            found += sum(data[m.end():m.end() + 8] == b's-' + b'secret' for m in re.finditer({TOKEN.encode()!r}, data))
            del data
ex.answer('q1', found)
"""


@pytest.fixture(params=[True, False], ids=["one open sandbox", "a sandbox for each run"])
def slot(request: pytest.FixtureRequest, need_program: Callable[..., str], monkeypatch: pytest.MonkeyPatch
         ) -> Iterator[Runner]:
    need_sandbox(need_program)
    if not request.param:
        monkeypatch.setattr(sandbox, "warm", lambda: False)
    elif not sandbox.warm():
        if os.environ.get("CRMLAB_CI") == "1":
            pytest.fail("a process in a sandbox cannot make namespaces here (CRMLAB_CI=1: nothing may be skipped)")
        pytest.skip("a process in a sandbox cannot make namespaces here")
    with Runner() as runner:
        yield runner


def run(runner: Runner, *cells: str, seconds: float = 20) -> Outcome:
    limits = Limits(seconds, 60)
    task = {"cells": [CELLS["setup"], *cells], "exercise": NAME, "tables": None, "skip": ()}
    return runner.run(task, limits, time.monotonic() + limits.student)


def said(outcome: Outcome) -> object:
    assert not outcome.problem and not outcome.errors and not outcome.killed, outcome
    return outcome.answers["q1"].get("value", outcome.answers["q1"].get("items"))


def test_nothing_is_left_for_the_next(slot: Runner) -> None:
    left = run(slot, LEAVE, DO_LEAVE)
    done = left.answers["q1"]["items"]
    assert {0, 1, 2, 3, 4, 5, 9, 10, 11} <= set(done), "the attack must work, or the test shows nothing"
    process = slot.process
    below = {Path(path).parts[2] for path in sandbox.below_tmp()} if sandbox.warm() else None
    find = FIND.replace("BELOW_TMP", repr(below) if below is not None else "set(os.listdir('/tmp'))")
    outcome = run(slot, find)
    assert said(outcome) == ("[]" if sandbox.warm() else "['processes']") and "late" not in outcome.answers
    assert slot.process is process, "it was to be the same sandbox"


def test_what_forks_them_cannot_be_reached(slot: Runner) -> None:
    first = run(slot, ATTACK)
    if not sandbox.warm():  # it may be reached, and is gone with its run
        assert slot.process is None
        return
    process = slot.process
    assert said(first) == "[]"
    assert said(run(slot, "ex.answer('q1', 1)")) == 1
    assert slot.process is process


def test_no_memory_of_another_run(slot: Runner) -> None:
    assert said(run(slot, f"x = '{TOKEN}s-secret' * 1000", "ex.answer('q1', 1)")) == 1
    assert said(run(slot, SEARCH)) == 0
    assert said(run(slot, f"x = '{TOKEN}s-secret' * 9", SEARCH)) > 0, "the search must find what is there"  # type: ignore[operator]


@pytest.mark.parametrize("cell", [
    "import os\nos._exit(71)", "import os\nos.abort()", "import ctypes\nctypes.string_at(0)",
    "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    "import os\nos.closerange(0, 99)", "x = bytearray(3 * 10**9)"])
def test_the_next_one_is_graded_after_any_end(slot: Runner, cell: str) -> None:
    run(slot, cell, seconds=1)
    assert said(run(slot, "ex.answer('q1', 1)")) == 1


def test_a_dead_sandbox_is_replaced(slot: Runner) -> None:
    assert said(run(slot, "ex.answer('q1', 1)")) == 1
    if slot.process is not None:
        os.killpg(slot.process.pid, signal.SIGKILL)
        slot.process.wait()
    assert said(run(slot, "ex.answer('q1', 2)")) == 2


def test_all_ends_with_the_grader(slot: Runner) -> None:
    run(slot, LEAVE, DO_LEAVE)
    slot.close()
    for _ in range(100):  # the kernel ends them when it gets to it
        left = []
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    left += [process.name] * (MARKER.encode() in (process / "environ").read_bytes())
                except OSError:
                    continue
        if not left:
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {left}")


def test_a_fork_that_cannot_shut_itself_in_runs_nothing(slot: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    if not sandbox.warm():  # bwrap has shut it in already
        return
    monkeypatch.setattr(sandbox, "below_tmp", lambda: ["/no/such/folder"])
    with pytest.raises(RuntimeError, match="did not start: OSError"):
        run(slot, "ex.answer('q1', 1)")
