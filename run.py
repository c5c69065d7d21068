#!/usr/bin/env python3
"""Make the workbook's environment, the folder `.venv` beside this file, and start its parts.

Needs nothing but Python. This file must parse on Python 3.6, so that an old Python gets a sentence, not a
SyntaxError; what it prints is plain ASCII, so that every terminal can show it. It is one long file, because it must run
before there is anything to import.
"""

# ruff: noqa: UP021
import contextlib
import os
import sys
from collections.abc import Iterator

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "crmlab-stamp.json")  # written last: without it the environment is half made
LEVELS = ("lab", "test", "spark")  # each holds the one before
SPACE_MB = {"lab": 800, "test": 1300, "spark": 1800}  # what each level took, and some room
OLDEST, NEWEST = (3, 11), (3, 15)  # the Pythons that constraints.txt is made for
UV = "uv==0.13.9"  # installs the packages; where it cannot be had, pip does it more slowly
BINARIES = os.path.join(VENV, "crmlab-binaries.json")  # what uv found for every Python and system
SYSTEMS = ("x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc", "aarch64-apple-darwin")
AGAIN = "then run the same command again."

HELP = """\
python3 run.py COMMAND        (on Windows: py run.py COMMAND)

  lab      open the workbook in JupyterLab     lab -- --no-browser --port 8899
  test     run every check                     test -- -q tests/test_data.py
  build    run notebooks and store outputs     build notebooks/00_start_here.ipynb
  setup    only make the environment and fetch the real data
  release  exercises for students              release --help
  grade    collected exercises                 grade --help

The first start makes the environment in .venv; later starts use it. What follows -- goes to JupyterLab
or pytest. To begin afresh, delete the folder .venv.
"""


class Stop(Exception):
    """The end, with a sentence for the person at the terminal."""


def python_problem(version: "tuple[int, int, int]") -> str:
    """Return "" if this Python can run the workbook, else what to do."""
    if version[:2] >= OLDEST:
        return ""
    import shutil

    this = ".".join(str(part) for part in version)
    found = [name for name in (f"python3.{minor}" for minor in (13, 12, 11, 14, 15)) if shutil.which(name)]
    if os.name == "nt":
        cure = "Install Python 3.13, then: py -3.13 run.py lab"
    elif found:
        cure = f"This computer has {found[0]}, try: {found[0]} run.py lab"
    else:
        cure = "Install Python 3.13, then: python3.13 run.py lab"
    return f"The workbook needs Python 3.11 or newer; this is Python {this}. {cure}"


def python_remark(version: "tuple[int, int, int]") -> str:
    """Return a line about a Python that is newer than those the packages were chosen for, else ""."""
    if version[:2] <= NEWEST:
        return ""
    this, last = (f"{pair[0]}.{pair[1]}" for pair in (version, NEWEST))
    return (
        f"Python {this} is newer than what this workbook was made for (up to {last}); it goes on. If something "
        f"fails, install Python {last} or 3.13."
    )


def main(arguments: "list[str]") -> int:
    """Do one command and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a folder's name may hold what the terminal cannot show
    command = arguments[0] if arguments else ""
    if command in ("", "help", "-h", "--help"):
        print(HELP, end="")
        return 0 if command else 2
    problem = python_problem(sys.version_info[:3])
    if problem:
        return complain(problem, 1)
    remark = python_remark(sys.version_info[:3])
    if remark:
        complain(remark, 0)
    try:
        return do(command, arguments[1:])
    except Stop as stop:
        return complain(str(stop), 1)
    except KeyboardInterrupt:
        return complain(
            "\nStopped. Run the same command again when you like: what is half made is made anew.", 130
        )
    except OSError as error:
        return complain(cause_of(str(error)) or f"Something went wrong with a file: {error}", 1)


def complain(message: str, code: int) -> int:
    """Print what is wrong and return the exit code."""
    print(message, file=sys.stderr, flush=True)
    return code


def do(command: str, rest: "list[str]") -> int:
    """Do one command that is known to have a fitting Python."""
    ci = os.environ.get("CRMLAB_CI") == "1"
    tests = "spark" if ci else "test"
    if command in ("lab", "setup", "test"):
        own, passed = split_at_dashes(rest)
        if command == "setup":
            own += passed
        if own:
            program = {"lab": "JupyterLab", "test": "pytest"}.get(command)
            hint = f" What is meant for {program} follows --: run.py {command} -- {' '.join(own)}"
            raise Stop(f"'{command}' does not know {' '.join(own)}.{hint if program else ''}")
        try:
            ensure(tests if command == "test" else "lab")
        except Offline as offline:
            if command != "lab" or not read_stamp():
                raise
            print(f"{offline}\nJupyterLab starts with the packages of before.", flush=True)
        fetch_real_data(command, ci)
        if command == "test":
            return become(["-m", "pytest", *passed])
        if command == "setup":
            print("Ready: python3 run.py lab opens the workbook.")
            return 0
        start = os.path.join("notebooks", "00_start_here.ipynb")
        where = [start] if os.path.exists(os.path.join(ROOT, start)) else []
        return become(["-m", "jupyterlab", *where, *passed])
    passed = rest[1:] if rest[:1] == ["--"] else rest
    if command == "build":
        tool = os.path.join("tools", "build.py")
        if not os.path.exists(os.path.join(ROOT, tool)):
            raise Stop(
                f"{tool} is missing. Get it back with git: git checkout -- tools/build.py; without git: unpack the "
                "workbook's archive once more and copy the folder tools from there."
            )
        ensure(tests)
        return become([tool, *passed])
    if command in ("release", "grade"):
        if not any(os.path.exists(os.path.join(ROOT, "crmlab", name)) for name in ("grading", "grading.py")):
            raise Stop(f"'{command}' arrives with the exercises; this version of the workbook has none yet.")
        ensure("lab")
        return become(["-m", "crmlab.grading", command, *passed], folder=os.getcwd())
    raise Stop(f"There is no command '{command}'. There are: lab, test, build, setup, release, grade.")


def split_at_dashes(rest: "list[str]") -> "tuple[list[str], list[str]]":
    """Split what is meant for run.py from what follows -- and is meant for the program it starts."""
    at = rest.index("--") if "--" in rest else len(rest)
    return rest[:at], rest[at + 1 :]


# ---- the environment -------------------------------------------------------------------------------------


def venv_python() -> str:
    """Return the path of the environment's Python."""
    return os.path.join(VENV, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def site_packages() -> str:
    """Return the folder of the environment's packages."""
    if os.name == "nt":
        return os.path.join(VENV, "Lib", "site-packages")
    return os.path.join(VENV, "lib", "python{}.{}".format(*sys.version_info[:2]), "site-packages")


def pins() -> str:
    """Return the SHA-256 of what decides which packages are installed, whatever the line ends."""
    import hashlib

    total = hashlib.sha256(UV.encode("ascii"))
    for name in ("constraints.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            total.update(file.read().replace(b"\r\n", b"\n"))
    return total.hexdigest()


def read_stamp() -> "dict[str, str]":
    """Return what the stamp says, or nothing if it is missing or broken."""
    import json

    try:
        with open(STAMP, encoding="utf-8") as file:
            stamp = json.load(file)
        return {key: str(stamp[key]) for key in ("pins", "python", "level", "where", "base")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write_stamp(level: str) -> None:
    """Say that the environment is complete."""
    import json

    stamp = {
        "pins": pins(),
        "python": sys.version.split()[0],
        "level": level,
        "where": VENV,
        "base": base_python(),
    }
    with open(STAMP + ".part", "w", encoding="utf-8") as file:
        json.dump(stamp, file, indent=1)
    os.replace(STAMP + ".part", STAMP)


def base_python() -> str:
    """Return the Python outside any environment."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def state(level: str) -> "tuple[str, str]":
    """Return ("ready" | "update" | "make", why)."""
    stamp = read_stamp()
    if not stamp:
        begun = os.path.isdir(VENV) and any(name != "run.lock" for name in os.listdir(VENV))
        return "make", "it was not finished" if begun else ""
    version = stamp["python"].split(".")[:2]
    if not os.path.exists(venv_python()) or not os.path.exists(stamp["base"]):
        return "make", "the Python it was made with has gone"
    if version != [str(part) for part in sys.version_info[:2]]:
        return "make", f"it was made with Python {'.'.join(version)}"
    if os.path.normcase(stamp["where"]) != os.path.normcase(VENV):
        return "make", "the folder has moved"
    if stamp["pins"] != pins() or stamp["level"] not in LEVELS[LEVELS.index(level) :]:
        return "update", ""
    return "ready", ""


def ensure(level: str) -> None:
    """Make or update the environment unless it is ready."""
    if state(level)[0] == "ready":
        return
    with lock():
        what, why = state(level)  # another run.py may have made it meanwhile
        if what == "make":
            if why:
                print(f"The environment .venv is made again: {why}.", flush=True)
            make(level)
        elif what == "update":
            update(level)


def make(level: str) -> None:
    """Make the environment from nothing."""
    import shutil

    clear()
    free, need = shutil.disk_usage(VENV).free // 10**6, SPACE_MB[level]
    if free < need:
        raise Stop(
            f"The disk is too full: {need} MB are needed and {free} MB are free at {ROOT}. Make room, {AGAIN}"
        )
    print("First start: the environment is made in .venv, once. This takes a minute or two.", flush=True)
    version = ".".join(str(part) for part in sys.version_info[:3])
    code, output = step(f"Python {version} environment", [base_python(), "-m", "venv", VENV])
    if code:
        fail("Python could not make the environment", output)
    install(level)
    link_the_workbook()
    write_stamp(level)


def update(level: str) -> None:
    """Bring a complete environment to the present pins or to a higher level."""
    stamp = read_stamp()
    level = max(level, stamp["level"] if stamp["level"] in LEVELS else level, key=LEVELS.index)
    old = STAMP + ".old"
    os.replace(STAMP, old)
    try:
        install(level)
    except Offline:
        # Both installers fetch everything before they change anything: what was there still works.
        os.replace(old, STAMP)
        raise
    link_the_workbook()
    write_stamp(level)


def clear() -> None:
    """Empty .venv, except for the lock that we hold."""
    import shutil

    try:
        for name in os.listdir(VENV):
            path = os.path.join(VENV, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif name != "run.lock":
                os.remove(path)
    except PermissionError as error:
        raise Stop(
            f"The old environment is in use ({error}). Close JupyterLab and other Pythons, {AGAIN}"
        ) from None


def requirements(level: str) -> "list[str]":
    """Return what pyproject.toml asks for at this level."""
    import tomllib

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        project = tomllib.load(file)["project"]
    wanted = list(project["dependencies"])
    for extra in LEVELS[1 : LEVELS.index(level) + 1]:
        wanted += project["optional-dependencies"][extra]
    return wanted


def install(level: str) -> None:
    """Install the packages with uv, or with pip where uv cannot be had."""
    wanted = ["-c", os.path.join(ROOT, "constraints.txt"), *requirements(level)]
    if wanted[2:]:
        options = ["--disable-pip-version-check", "--retries=1", "--no-compile"]
        pip = [venv_python(), "-m", "pip", "install", *options]
        code, output = step("uv", [*pip, "--no-deps", "--only-binary=:all:", UV])
        if code and cause_of(output):
            fail("uv could not be installed", output)
        if not code:
            uv = [venv_python(), "-m", "uv", "pip", "install", "--python", venv_python()]
            code, output = step("packages", [*uv, *wanted], like_pip())
        if code:
            if "disk" in cause_of(output):
                fail("The packages could not be installed", output)
            print("uv could not install the packages; pip tries, which takes longer.", flush=True)
            code, output = step("packages", [*pip, *wanted])
        if code:
            fail("The packages could not be installed", output)
    if level != "lab":
        look_everywhere()


def look_everywhere() -> None:
    """Let uv look for a binary of every pinned package, for each Python and system; a test reads what it found.

    It is done here because tests have no network. The extra `spark` is left out: pyspark comes as source only.
    """
    import json
    import subprocess
    import time
    from concurrent.futures import ThreadPoolExecutor

    begun = time.monotonic()
    command = [venv_python(), "-m", "uv", "pip", "compile", "--quiet", "--no-build", "--no-header", "--no-annotate"]
    command += ["--python", venv_python(), "--constraints", os.path.join(ROOT, "constraints.txt")]
    command += [word for extra in ("test", "scale", "link") for word in ("--extra", extra)]
    command += [os.path.join(ROOT, "pyproject.toml")]
    env = dict(child_env(), **like_pip())
    machines = [(f"3.{minor}", system) for system in SYSTEMS for minor in range(OLDEST[1], NEWEST[1] + 1)]

    def look(machine: "tuple[str, str]") -> "dict[str, str | int]":
        python, system = machine
        asked = [*command, "--python-version", python, "--python-platform", system]
        done = subprocess.run(asked, env=env, cwd=ROOT, capture_output=True, text=True, errors="replace")
        said = {"packages": done.stdout, "problem": done.stderr if done.returncode else ""}
        return {"python": python, "system": system, "network": not cause_of(said["problem"]), **said}

    with ThreadPoolExecutor(len(SYSTEMS)) as pool:
        found = list(pool.map(look, machines))
    with open(BINARIES, "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
    good = sum(not one["problem"] for one in found)
    print(f"  binaries for {good} of {len(found)} Pythons and systems: {time.monotonic() - begun:.1f} s", flush=True)


def link_the_workbook() -> None:
    """Let the environment import crmlab from this folder, and keep JupyterLab's news away."""
    import json

    # Relative, so that no letter of the folder's name can be misread.
    with open(os.path.join(site_packages(), "crmlab.pth"), "w", encoding="ascii") as file:
        file.write(os.path.relpath(ROOT, site_packages()).replace(os.sep, "/") + "\n")
    settings = os.path.join(VENV, "share", "jupyter", "lab", "settings")
    os.makedirs(settings, exist_ok=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    with open(os.path.join(settings, "overrides.json"), "w", encoding="ascii") as file:
        json.dump({"@jupyterlab/apputils-extension:notification": quiet}, file, indent=1)


def like_pip() -> "dict[str, str]":
    """Return the settings that let uv use the mirror, proxy and certificates that pip is told to use."""
    import re
    import subprocess

    told = subprocess.run(
        [venv_python(), "-m", "pip", "config", "list"],
        env=child_env(),
        stdout=subprocess.PIPE,
        universal_newlines=True,
    ).stdout
    names = {
        "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
        "proxy": ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"),
        "cert": ("SSL_CERT_FILE",),
        "trusted-host": ("UV_INSECURE_HOST",),
    }
    settings = {}
    for section, key, value in re.findall(r"^(global|install|:env:)\.([a-z-]+)='(.*)'$", told, re.MULTILINE):
        if key in names and not any(name in os.environ for name in names[key]):
            if section == ":env:" or names[key][0] not in settings:
                settings[names[key][0]] = value
    return settings


@contextlib.contextmanager
def lock() -> "Iterator[None]":
    """Let one run.py at a time change .venv; the system frees the lock even if that run.py dies."""
    import time

    os.makedirs(VENV, exist_ok=True)
    told = False
    with open(os.path.join(VENV, "run.lock"), "a") as file:
        while True:
            try:
                if sys.platform == "win32":
                    import msvcrt

                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                else:
                    import fcntl

                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except (BlockingIOError, PermissionError):
                if not told:
                    print("Another run.py is making the environment; waiting for it ...", flush=True)
                told = True
                time.sleep(0.5)
            except OSError:
                break  # a file system without locks
        yield


# ---- programs we start -----------------------------------------------------------------------------------


def child_env() -> "dict[str, str]":
    """Return the settings for every program we start: this environment and nothing of another one."""
    env = dict(os.environ)
    unwanted = "PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH MPLBACKEND JUPYTER_PATH PIP_USER"
    for name in unwanted.split():
        env.pop(name, None)
    env["VIRTUAL_ENV"] = VENV
    env["PATH"] = os.path.dirname(venv_python()) + os.pathsep + env.get("PATH", "")
    env["PYTHONNOUSERSITE"] = "1"
    env["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel called python3 is this environment's
    return env


def step(title: str, command: "list[str]", extra: "dict[str, str] | None" = None) -> "tuple[int, str]":
    """Run a command while showing how long it takes; return its exit code and what it printed."""
    import subprocess
    import threading
    import time

    begun = time.monotonic()
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(child_env(), **(extra or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
    )
    lines = []  # type: list[str]

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            lines.append(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    live, told = sys.stdout.isatty(), 0
    try:
        while reader.is_alive():
            seconds = int(time.monotonic() - begun)
            if live:
                last = lines[-1].strip()[:50] if lines else ""
                print(f"\r  {title}: {seconds} s  {last:50}", end="", flush=True)
            elif seconds >= told + 15:
                told = seconds
                print(f"  {title}: {seconds} s ...", flush=True)
            reader.join(0.2)
        code = child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
    line = f"  {title}: {time.monotonic() - begun:.1f} s"
    if title == "packages" and not code:
        line += f", {installed()} packages"
    print(f"\r{line:80}" if live else line, flush=True)
    return code, "".join(lines)


def installed() -> int:
    """Return how many packages the environment has."""
    return sum(name.endswith(".dist-info") for name in os.listdir(site_packages()))


class Offline(Stop):
    """The packages could not be reached."""


def fail(what: str, output: str) -> None:
    """Stop, with the cause in words if it is a known one, else with the end of the output."""
    cause = cause_of(output)
    if cause.startswith("No network"):
        raise Offline(cause)
    raise Stop(cause or "{}:\n  {}".format(what, "\n  ".join(output.strip().splitlines()[-12:])))


def cause_of(output: str) -> str:
    """Return what is wrong, in words, if the output shows a cause that we know, else ""."""
    text = " ".join(output.lower().split())  # messages are broken into lines anywhere
    for signs, message in CAUSES:
        if any(sign in text for sign in signs):
            return message
    return ""


CAUSES = (
    (
        (
            "no space left on device",
            "os error 28",
            "not enough space on the disk",
            "os error 112",
            "disk quota exceeded",
        ),
        f"The disk is full. Make room (about 1 GB for the lab, 2 GB for the tests), {AGAIN}",
    ),
    (
        ("ensurepip is not available", "no module named ensurepip", "no module named venv"),
        f"This Python cannot make environments. On Debian or Ubuntu: sudo apt install python3-venv, {AGAIN}",
    ),
    (
        ("certificate_verify_failed", "certificate verify failed", "invalid peer certificate"),
        "The network's certificate is not trusted, as behind some company proxies. Tell pip its certificate "
        f"(pip config set global.cert FILE), {AGAIN}",
    ),
    (
        (
            "newconnectionerror",
            "connecttimeout",
            "readtimeout",
            "read timed out",
            "name resolution",
            "nameresolutionerror",
            "getaddrinfo failed",
            "dns error",
            "error sending request",
            "proxyerror",
            "network is unreachable",
            "connection refused",
            "connection reset",
        ),
        "No network: the packages cannot be reached. Connect (or tell pip your mirror: pip config set "
        f"global.index-url ADDRESS), {AGAIN}",
    ),
    (
        ("permission denied", "read-only file system", "access is denied"),
        f"No permission to write in {ROOT}. Copy the workbook to a folder of your own, {AGAIN}",
    ),
)


def fetch_real_data(command: str, ci: bool) -> None:
    """Fetch the real data that are missing; `lab` tries once for each list of them, so as to start fast."""
    import hashlib
    import subprocess

    with open(os.path.join(ROOT, "crmlab", "data", "catalogue.py"), "rb") as file:
        catalogue = hashlib.sha256(file.read()).hexdigest() + os.environ.get("CRMLAB_CACHE", "")
    tried = os.path.join(VENV, "crmlab-real.txt")
    if command == "lab" and os.path.exists(tried):
        with open(tried, encoding="utf-8") as file_:
            if file_.read() == catalogue:
                return
    code = subprocess.call([venv_python(), "-m", "crmlab.data", "fetch"], env=child_env(), cwd=ROOT)
    with contextlib.suppress(OSError), open(tried, "w", encoding="utf-8") as file_:
        file_.write(catalogue)  # not where someone else made the environment for us
    if code and (ci or command == "setup"):
        raise Stop(
            "The real data are not complete. The workbook can be used; the sections on real data say how."
        )


def become(arguments: "list[str]", folder: str = ROOT) -> int:
    """Run the environment's Python in our place."""
    command = [venv_python(), *arguments]
    os.chdir(folder)
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(command[0], command, child_env())
    import subprocess

    child = subprocess.Popen(command, env=child_env())
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is for the child, which got it too
            return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
