"""Run untrusted notebooks where they can read nothing private, reach nobody and leave nothing behind.

The sandbox is `bwrap`: namespaces of its own for processes, network, mounts, IPC and users; the system and the
environment read-only; an empty, small temporary folder; no variables; an unprivileged user; limits on memory,
processes, file size and processor time, an alarm for each cell and one for each student. Where that is possible
(`warm`) one sandbox stays open for a whole class, its first process imports everything once, and each run gets a
fork in namespaces of its own within it (`inside.shut_in`); elsewhere each run gets a sandbox of its own.
"""

from __future__ import annotations

import functools
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from crmlab.exercise.own import ROOT

INSIDE = Path(__file__).with_name("inside.py")
SHOWN = (Path(sys.base_prefix), Path(sys.prefix), ROOT / "crmlab", ROOT / "datasets")  # beside the system
NOBODY = 65534
MEGA = 1_000_000
LIMITS = {"AS": 2_000 * MEGA, "NPROC": 32, "FSIZE": 50 * MEGA, "CPU": 300, "CORE": 0, "NOFILE": 256}
TEMPORARY_BYTES = 100 * MEGA

ELSEWHERE = ("On Windows grade in WSL 2, on macOS in a Linux container or virtual machine "
             "(exercises/README.md, Where grading runs).")


class NoSandbox(Exception):
    """No sandbox can be made on this machine; the message says what to do."""


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
    for name, value in environment("/tmp").items():
        words += ["--setenv", name, value]
    if keep_rights:
        rights = ("SYS_ADMIN", "SETPCAP", *(("SETUID", "SETGID") if root else ()))
        return [*words, "--cap-drop", "ALL", *(word for name in rights for word in ("--cap-add", f"CAP_{name}")), "--"]
    if root:  # limits on processes do not bind for root, in whatever namespace: become somebody else
        number = str(user())
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP", "--",
                  shutil.which("setpriv") or "setpriv", "--reuid", number, "--regid", number, "--clear-groups",
                  "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--"]
    return words


def _tmpfs(path: str) -> list[str]:
    return ["--perms", "1777", "--size", str(TEMPORARY_BYTES), "--tmpfs", path]


def environment(home: str) -> dict[str, str]:
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
    probe = f"import inside; inside.shut_in({user()}, {TEMPORARY_BYTES}, {below_tmp()}); print('ready')"
    done = subprocess.run([*bwrap_command(keep_rights=True), sys.executable, "-S", "-c",
                           f"import sys; sys.path.append('/sandbox'); {probe}"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode == 0 and done.stdout == "ready\n"


def user() -> int:
    """Return the user for one run: as root one that nobody is or was, so that nothing of an earlier run is its own."""
    if os.geteuid() != 0:
        return NOBODY
    first, _, count = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
    low = 2_000_000_000 if first + count > 2_100_000_000 else NOBODY - 10_000  # in some containers there are few
    return low + secrets.randbelow(10_000 if low < NOBODY else 100_000_000)


def below_tmp() -> list[str]:
    """Return what must still be seen when a run's own /tmp covers the sandbox's."""
    return [str(path) for path in SHOWN if path.is_relative_to("/tmp")]


def _denied(said: str) -> bool:
    """Tell whether a message is about a right that is missing."""
    return any(word in said.lower() for word in ("permission", "permitted", "denied", "namespace", "uid map"))
