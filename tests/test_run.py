"""run.py: one command from nothing to JupyterLab, and a plain sentence for everything that can go wrong.

No test here uses the network. Most load a copy of run.py in a folder of its own and put a recorder in place
of the programs it starts; one makes a real environment, without packages.
"""

from __future__ import annotations

import ast
import errno
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

RUN = Path(__file__).resolve().parents[1] / "run.py"
PROJECT = """\
[project]
name = "crmlab"
dependencies = ["one>=1"]
[project.optional-dependencies]
test = ["two"]
spark = ["three"]
"""


class Book:
    """A copy of run.py in a folder of its own, with the programs it starts replaced by a recorder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.venv = folder / ".venv"
        self.stamp = self.venv / "crmlab-stamp.json"
        self.steps: list[str] = []
        self.commands: list[list[str]] = []
        self.answers: dict[str, tuple[int, str]] = {}  # by the title of a step, or "pip" for the slow way
        self.became: list[str] = []
        self.fetched = 0
        self.fetch_code = 0
        self.looked_up = 0
        make_folder(folder)
        self.run = load(folder / "run.py")
        monkeypatch.setattr(self.run, "step", self.step)
        monkeypatch.setattr(self.run, "become", self.become)
        monkeypatch.setattr(self.run, "look_everywhere", self.look_everywhere)
        monkeypatch.setattr(self.run, "like_pip", lambda: {})
        monkeypatch.setattr(subprocess, "call", self.fetch)
        monkeypatch.delenv("CRMLAB_CI", raising=False)

    def step(self, title: str, command: list[str], extra: dict[str, str] | None = None) -> tuple[int, str]:
        slow = title == "packages" and "uv" not in command
        title = "pip" if slow else title
        self.steps.append(title)
        self.commands.append(command)
        if "venv" in command:
            for path in (Path(self.run.venv_python()), Path(self.run.site_packages()) / "pip"):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            title = "venv"
        return self.answers.get(title, (0, ""))

    def become(self, arguments: list[str], folder: str = "") -> int:
        self.became = arguments
        return 0

    def fetch(self, command: list[str], **options: Any) -> int:
        assert command[1:] == ["-m", "crmlab.data", "fetch"]
        self.fetched += 1
        return self.fetch_code

    def look_everywhere(self) -> None:
        self.looked_up += 1

    def __call__(self, *arguments: str) -> int:
        self.steps, self.commands, self.became = [], [], []
        return int(self.run.main(list(arguments)))


def make_folder(folder: Path) -> None:
    (folder / "crmlab").mkdir(parents=True)
    (folder / "crmlab" / "__init__.py").touch()
    (folder / "crmlab" / "data").mkdir()
    (folder / "crmlab" / "data" / "catalogue.py").write_text("")
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "constraints.txt").write_text("one==1.0\n")
    shutil.copy(RUN, folder / "run.py")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_copy", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    return Book(tmp_path / "my workbook 灯", monkeypatch)


# ---- Python itself ---------------------------------------------------------------------------------------


def test_the_file_parses_on_old_pythons_and_is_plain_ascii() -> None:
    source = RUN.read_bytes()
    ast.parse(source, feature_version=(3, 6))
    source.decode("ascii")
    for node in ast.parse(source).body:  # what runs before the version is looked at must exist there
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = (
                [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            )
            assert set(names) <= {"contextlib", "os", "sys", "collections.abc"}


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_gets_one_line(version: tuple[int, int, int]) -> None:
    fake = f"import runpy, sys; sys.version_info = {version}; sys.argv = ['run.py', 'lab']"
    code = f"{fake}; runpy.run_path({str(RUN)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert f"needs Python 3.11 or newer; this is Python {'.'.join(map(str, version))}." in done.stderr
    assert "run.py lab" in done.stderr


@pytest.mark.parametrize("minor", [11, 12, 13, 14, 15])
def test_these_pythons_are_welcome(book: Book, minor: int) -> None:
    assert book.run.python_problem((3, minor, 0)) == book.run.python_remark((3, minor, 0)) == ""


def test_a_newer_python_gets_one_line_and_goes_on(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 16, 1))
    assert book("lab") == 0
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and said.startswith("Python 3.16 is newer than")
    assert book.became


# ---- commands --------------------------------------------------------------------------------------------


def test_help_names_every_command(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    assert book("--help") == 0
    text = capsys.readouterr().out
    assert all(f"\n  {command} " in text for command in ("lab", "test", "build", "setup", "release", "grade"))
    assert book() == 2


def test_unknown_command(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    assert book("labb") == 1
    assert "There is no command 'labb'. There are: lab, test," in capsys.readouterr().err
    assert book.steps == []


def test_what_follows_the_dashes_goes_on(book: Book) -> None:
    assert book("lab", "--", "--no-browser", "--port", "8899") == 0
    assert book.became == ["-m", "jupyterlab", "--no-browser", "--port", "8899"]
    (book.folder / "notebooks").mkdir()
    (book.folder / "notebooks" / "00_start_here.ipynb").touch()
    book("lab")
    assert book.became == ["-m", "jupyterlab", os.path.join("notebooks", "00_start_here.ipynb")]
    book("test", "--", "-q", "--", "tests/test_run.py")
    assert book.became == ["-m", "pytest", "-q", "--", "tests/test_run.py"]


def test_options_before_the_dashes_are_refused_with_the_cure(
    book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    assert book("lab", "--no-browser") == 1
    assert "run.py lab -- --no-browser" in capsys.readouterr().err
    assert book("setup", "now") == 1
    assert "'setup' does not know now." in capsys.readouterr().err
    assert book.steps == []


def test_build_passes_everything_on(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    assert book("build") == 1
    said = capsys.readouterr().err
    assert "with git: git checkout -- tools/build.py; without git: unpack" in said
    (book.folder / "tools").mkdir()
    (book.folder / "tools" / "build.py").touch()
    assert book("build", "--check", "a.ipynb") == 0
    assert book.became == [os.path.join("tools", "build.py"), "--check", "a.ipynb"]
    assert json.loads(book.stamp.read_text())["level"] == "test"


@pytest.mark.parametrize("command", ["release", "grade"])
def test_the_exercises_commands_wait_for_the_exercises(
    book: Book, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert book(command, "--help") == 1
    assert f"'{command}' arrives with the exercises" in capsys.readouterr().err
    assert book.steps == []
    (book.folder / "crmlab" / "grading").mkdir()
    assert book(command, "--seed", "3") == 0
    assert book.became == ["-m", "crmlab.grading", command, "--seed", "3"]


# ---- when the environment is made ------------------------------------------------------------------------


def test_first_and_second_start(book: Book) -> None:
    assert book("lab") == 0
    assert book.steps[1:] == ["uv", "packages"]
    assert book.commands[0][1:] == ["-m", "venv", str(book.venv)]
    assert book.commands[1][-1] == book.run.UV
    assert book.commands[2][-3:] == ["-c", str(book.folder / "constraints.txt"), "one>=1"]
    assert book("lab") == 0
    assert book.steps == []


def test_levels_grow_and_do_not_shrink(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    book("lab")
    assert not book.looked_up
    book("test")
    assert book.looked_up == 1, "tests ask for binaries for other machines"
    assert book.steps == ["uv", "packages"]
    assert book.commands[-1][-2:] == ["one>=1", "two"]
    book("lab")
    assert book.steps == []
    monkeypatch.setenv("CRMLAB_CI", "1")
    book("test")
    assert book.commands[-1][-3:] == ["one>=1", "two", "three"]
    monkeypatch.delenv("CRMLAB_CI")
    (book.folder / "constraints.txt").write_text("one==1.1\n")
    book("lab")
    assert book.commands[-1][-3:] == ["one>=1", "two", "three"], "new pins keep the level"


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_new_pins_update_in_place(book: Book, name: str) -> None:
    book("lab")
    with (book.folder / name).open("a") as file:
        file.write("# new\n")
    book("lab")
    assert book.steps == ["uv", "packages"]
    (book.folder / name).write_bytes((book.folder / name).read_bytes().replace(b"\n", b"\r\n"))
    book("lab")
    assert book.steps == [], "line ends decide nothing"


def test_the_stamp_is_written_last(book: Book) -> None:
    book.answers["packages"] = book.answers["pip"] = (1, "something odd")
    assert book("lab") == 1
    assert not book.stamp.exists()


def test_a_half_made_environment_is_made_again(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    (book.venv / "lib").mkdir(parents=True)
    (book.venv / "lib" / "half").touch()
    assert book("lab") == 0
    assert "made again: it was not finished" in capsys.readouterr().out
    assert not (book.venv / "lib" / "half").exists()
    book.stamp.write_text('{"pins": "cut o')
    assert book("lab") == 0
    assert "made again: it was not finished" in capsys.readouterr().out


def test_an_interrupted_update_is_made_again(book: Book) -> None:
    book("lab")
    (book.folder / "constraints.txt").write_text("one==1.1\n")
    book.answers["packages"] = book.answers["pip"] = (1, "something odd")
    assert book("lab") == 1
    book.answers.clear()
    assert book("lab") == 0
    assert book.steps[1:] == ["uv", "packages"] and "venv" in book.commands[0]


def test_ctrl_c(book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> tuple[int, str]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(book.run, "step", interrupted)
        assert book("lab") == 130
    assert "Stopped. Run the same command again" in capsys.readouterr().err
    assert not book.stamp.exists()
    assert book("lab") == 0


def change_stamp(book: Book, **changes: str) -> None:
    book.stamp.write_text(json.dumps(json.loads(book.stamp.read_text()) | changes))


def test_the_folder_has_moved(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    book("lab")
    change_stamp(book, where="/elsewhere/.venv")
    assert book("lab") == 0
    assert "made again: the folder has moved" in capsys.readouterr().out


def test_its_python_has_gone(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    book("lab")
    Path(book.run.venv_python()).unlink()
    assert book("lab") == 0
    assert "made again: the Python it was made with has gone" in capsys.readouterr().out
    change_stamp(book, base="/gone/python3")
    assert book("lab") == 0
    assert "made again: the Python it was made with has gone" in capsys.readouterr().out


def test_another_python_makes_its_own(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    book("lab")
    change_stamp(book, python="3.10.2")
    assert book("lab") == 0
    assert "made again: it was made with Python 3.10" in capsys.readouterr().out


def test_two_at_once(book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    first = book.run.lock()
    first.__enter__()
    waited: list[float] = []

    def the_first_one_ends(seconds: float) -> None:
        waited.append(seconds)
        first.__exit__(None, None, None)

    monkeypatch.setattr("time.sleep", the_first_one_ends)
    assert book("lab") == 0
    assert len(waited) == 1
    assert "Another run.py is making the environment" in capsys.readouterr().out


# ---- how packages are installed --------------------------------------------------------------------------


def test_pip_where_uv_cannot_be_had(book: Book) -> None:
    book.answers["uv"] = (1, "ERROR: No matching distribution found for uv")
    assert book("lab") == 0
    assert book.steps[1:] == ["uv", "pip"]
    assert book.commands[2][1:4] == ["-m", "pip", "install"]


def test_pip_where_uv_fails(book: Book) -> None:
    book.answers["packages"] = (2, "error: dns error")
    assert book("lab") == 0
    assert book.steps[1:] == ["uv", "packages", "pip"]


def test_uv_hears_what_pip_is_told(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "global.index-url='A'\n:env:.index-url='B'\nglobal.cert='C'\nglobal.find-links='D'\n"
    told += "global.proxy='E'\n"
    run = load(book.folder / "run.py")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=told))
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "SSL_CERT_FILE", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "mine")
    assert run.like_pip() == {"UV_DEFAULT_INDEX": "B", "SSL_CERT_FILE": "C"}


def test_programs_get_this_environment_and_write_bytecode(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "JUPYTER_PATH", "MPLBACKEND"):
        monkeypatch.setenv(name, "1")
    env = book.run.child_env()
    assert not {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "JUPYTER_PATH", "MPLBACKEND"} & set(
        env
    )
    assert env["PATH"].split(os.pathsep)[0] == os.path.dirname(book.run.venv_python())
    assert env["VIRTUAL_ENV"] == str(book.venv)
    assert env["JUPYTER_PREFER_ENV_PATH"] == "1"


def test_the_workbook_is_linked_and_the_news_kept_away(book: Book) -> None:
    book("lab")
    site = Path(book.run.site_packages())
    link = (site / "crmlab.pth").read_text(encoding="ascii").strip()
    assert (site / link).resolve() == book.folder.resolve()
    overrides = json.loads((book.venv / "share/jupyter/lab/settings/overrides.json").read_text())
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_a_step_runs_a_program_and_keeps_what_it_prints(
    book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    run = load(book.folder / "run.py")
    code, output = run.step("probe", [sys.executable, "-c", "import sys; print('out'); sys.exit('err')"])
    assert (code, sorted(output.split())) == (1, ["err", "out"])
    assert "  probe: " in capsys.readouterr().out


# ---- what goes wrong -------------------------------------------------------------------------------------


def test_too_little_room(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(book.folder)._replace(free=7_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert book("lab") == 1
    message = capsys.readouterr().err
    assert f"{book.run.SPACE_MB['lab']} MB are needed and 7 MB are free" in message
    assert len(message.splitlines()) == 1
    assert book.steps == []


@pytest.mark.parametrize(
    ("title", "output", "message"),
    [
        ("venv", "Error: [Errno 28] No space left on device", "The disk is full."),
        (
            "venv",
            "The virtual environment was not created because ensurepip is not\navailable.  On Debian",
            "python3-venv",
        ),
        ("venv", "Error: [Errno 13] Permission denied: '/x/.venv'", "No permission to write in "),
        ("venv", "something odd", "Python could not make the environment:\n  something odd"),
        (
            "uv",
            "connection broken by 'NewConnectionError('...",
            "No network: the packages cannot be reached.",
        ),
        ("uv", "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "certificate is not trusted"),
        ("packages", "error: failed to write: No space left on device (os error 28)", "The disk is full."),
        ("pip", "ERROR: Could not install: [Errno 28] No space left on device", "The disk is full."),
        ("pip", "Temporary failure in name resolution", "No network: the packages cannot be reached."),
        ("pip", "something odd", "The packages could not be installed:\n  something odd"),
    ],
)
def test_known_causes_become_sentences(
    book: Book, title: str, output: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book.answers[title] = (1, output)
    if title == "pip":
        book.answers["packages"] = (1, "error: odd")
    assert book("lab") == 1
    said = capsys.readouterr().err
    assert message in said
    if "odd" not in output:
        assert len(said.splitlines()) == 1 and "run the same command again" in said
    assert not book.stamp.exists()
    book.answers.clear()
    assert book("lab") == 0, "the next run recovers"


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "The disk is full."), (errno.EACCES, "No permission"), (errno.EIO, "wrong with a file")],
)
def test_files_that_cannot_be_written(
    book: Book, monkeypatch: pytest.MonkeyPatch, number: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(level: str) -> None:
        raise OSError(number, os.strerror(number), "x")

    monkeypatch.setattr(book.run, "write_stamp", refuse)
    assert book("lab") == 1
    assert message in capsys.readouterr().err


def test_no_network_for_an_update_leaves_what_works(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    book("test")
    (book.folder / "constraints.txt").write_text("one==1.1\n")
    book.answers["uv"] = (1, "NewConnectionError")
    assert book("test") == 1
    assert "No network" in capsys.readouterr().err
    assert book("lab") == 0
    assert "JupyterLab starts with the packages of before" in capsys.readouterr().out
    assert book.became[:2] == ["-m", "jupyterlab"]
    book.answers.clear()
    assert book("test") == 0
    assert book.steps == ["uv", "packages"], "nothing had to be made again"


# ---- real data -------------------------------------------------------------------------------------------


def test_the_lab_tries_once_to_fetch_real_data(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    book.fetch_code = 1
    assert book("lab") == 0
    assert book("lab") == 0
    assert book.fetched == 1
    (book.folder / "crmlab" / "data" / "catalogue.py").write_text("# another catalogue\n")
    book("lab")
    assert book.fetched == 2
    assert book("test") == 0
    assert book.fetched == 3


def test_an_environment_that_someone_else_made(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    book("lab")
    (book.venv / "crmlab-real.txt").unlink()
    (book.venv / "crmlab-real.txt").mkdir()  # cannot be written, as in a folder that is not ours
    monkeypatch.setattr(os.path, "exists", lambda path: os.path.lexists(path) and "real" not in str(path))
    assert book("lab") == 0
    assert book.became[:2] == ["-m", "jupyterlab"]


def test_missing_real_data_fail_setup_and_ci(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book.fetch_code = 1
    assert book("setup") == 1
    assert "The real data are not complete" in capsys.readouterr().err
    monkeypatch.setenv("CRMLAB_CI", "1")
    assert book("test") == 1
    assert book.became == []
    book.fetch_code = 0
    assert book("test") == 0


# ---- all of it, for once ---------------------------------------------------------------------------------


def test_a_real_environment_without_packages(tmp_path: Path) -> None:
    folder = tmp_path / "my workbook 灯"
    make_folder(folder)
    none = "[project]\ndependencies = []\n[project.optional-dependencies]\ntest = []\nspark = []\n"
    (folder / "pyproject.toml").write_text(none)
    # Found through the link to the workbook's folder, it stands in for pytest.
    (folder / "pytest.py").write_text(
        "import json, sys, crmlab\n"
        "print(json.dumps([sys.prefix, sys.argv[1:], crmlab.__file__, sys.dont_write_bytecode]))\n"
    )
    command = [sys.executable, str(folder / "run.py"), "test", "--", "-k", "a b"]
    env = {name: value for name, value in os.environ.items() if name != "CRMLAB_CI"}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    for start in ("first", "second"):
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        *lines, last = done.stdout.splitlines()
        assert bool(lines) == (start == "first")
        prefix, arguments, package, no_bytecode = json.loads(last)
        assert Path(prefix).resolve() == (folder / ".venv").resolve()
        assert arguments == ["-k", "a b"]
        assert Path(package).resolve() == (folder / "crmlab" / "__init__.py").resolve()
        assert no_bytecode is False
