"""One set of packages, said in four files: pyproject.toml, constraints.txt, environment.yml and run.py."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tree import PARTS, project_files, text_files

import run

REPO = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = [
    Requirement(line)
    for line in (REPO / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
CONDA = yaml.safe_load((REPO / "environment.yml").read_text(encoding="utf-8"))
RUN = (REPO / "run.py").read_text(encoding="utf-8")

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
MACHINES = [
    {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform,
        "os_name": "nt" if platform == "win32" else "posix",
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform],
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    for python in PYTHONS
    for platform in ("linux", "darwin", "win32")
]


def named(lines: list[str]) -> set[tuple[str, str]]:
    """Requirements as (name, specifiers), whatever their spelling."""
    parsed = [Requirement(line) for line in lines]
    return {(canonicalize_name(r.name), ",".join(sorted(map(str, r.specifier)))) for r in parsed}


# ---- pyproject.toml and constraints.txt ------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m['python_version']}-{m['sys_platform']}")
def test_every_requirement_is_pinned_once(machine: dict[str, str]) -> None:
    pins: dict[str, Version] = {}
    for pin in PINS:
        if pin.marker is None or pin.marker.evaluate(machine):
            name = canonicalize_name(pin.name)
            assert name not in pins, f"{name} is pinned twice"
            (exact,) = pin.specifier
            assert exact.operator == "=="
            pins[name] = Version(exact.version)
    for line in [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]:
        wanted = Requirement(line)
        name = canonicalize_name(wanted.name)
        assert name in pins, f"constraints.txt does not pin {name}"
        assert wanted.specifier.contains(pins[name], prereleases=True), f"{line}, but {name}=={pins[name]}"


@pytest.mark.parametrize("system", run.SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_uv_finds_binaries_of_everything(python: str, system: str) -> None:
    """What uv found when `run.py test` made the environment; a test has no network."""
    every = json.loads(Path(run.BINARIES).read_text(encoding="utf-8")) if Path(run.BINARIES).is_file() else []
    found = [one for one in every if (one["python"], one["system"]) == (python, system)]
    if not found or not found[0]["network"]:
        reason = "needs what uv finds when `run.py test` makes the environment, with a network"
        if os.environ.get("CRMLAB_CI") == "1":
            pytest.fail(f"{reason} (CRMLAB_CI=1: nothing may be skipped)")
        pytest.skip(reason)
    assert not found[0]["problem"], found[0]["problem"]
    packages = set(found[0]["packages"].split())
    named = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"] + EXTRAS["test"]}
    assert named <= {package.split("==")[0] for package in packages}
    assert packages <= {f"{pin.name}{pin.specifier}" for pin in PINS}, "something is not pinned"


def test_constraints_name_no_place() -> None:
    text = (REPO / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|@|--|index|\.(org|com|net|cn|io)\b", text)


def test_scale_is_tested() -> None:
    assert named(EXTRAS["scale"]) <= named(EXTRAS["test"])


# ---- run.py ----------------------------------------------------------------------------------------------


def test_run_py_pins_uv_and_knows_the_extras() -> None:
    assert re.search(r'^UV = "uv==\d+\.\d+\.\d+"', RUN, re.MULTILINE)
    levels = re.search(r"^LEVELS = \((.*?)\)", RUN, re.MULTILINE)
    assert levels
    assert set(re.findall(r'"(\w+)"', levels[1])) - {"lab"} <= set(EXTRAS)


def test_the_pythons_agree() -> None:
    assert [f"{major}.{minor}" for major, minor in (run.OLDEST, run.NEWEST)] == [PYTHONS[0], PYTHONS[-1]]
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert f"python>={PYTHONS[0]},<3.{run.NEWEST[1] + 1}" in CONDA["dependencies"]
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in readme


# ---- environment.yml -------------------------------------------------------------------------------------


def test_conda_gets_the_same_set() -> None:
    lines = [line for line in CONDA["dependencies"] if isinstance(line, str)]
    packages = [line for line in lines if Requirement(line).name not in ("python", "pip")]
    assert named(packages) == named(PROJECT["dependencies"])
    assert len(packages) == len(PROJECT["dependencies"])


def test_conda_installs_the_workbooks_package_and_nothing_more() -> None:
    assert "pip" in CONDA["dependencies"]
    assert [line for line in CONDA["dependencies"] if isinstance(line, dict)] == [{"pip": ["-e ."]}]


# ---- the repository --------------------------------------------------------------------------------------


def test_the_files_are_those_that_git_knows() -> None:
    """The tests look at the same files in a clone and in an unpacked archive."""
    git = shutil.which("git")
    done = subprocess.run([git, "ls-files", "-z"], cwd=REPO, capture_output=True, check=False) if git else None
    if done is None or done.returncode or not (REPO / ".git").exists():
        pytest.skip("needs git and a clone")
    known = {name for name in done.stdout.decode("utf-8").split("\0") if name and (REPO / name).is_file()}
    assert {name.split("/")[0] for name in known} <= PARTS, "add the new part to tests/tree.py"
    assert known <= {path.relative_to(REPO).as_posix() for path in project_files()}


def test_what_is_the_users_is_not_looked_at(tmp_path: Path) -> None:
    shutil.copy(REPO / ".gitignore", tmp_path)
    mine = ["env/pyvenv.cfg", "env/x.py", "venv/y.md", "my_work/06.ipynb", "submissions 2027/a.md", "grades.csv"]
    mine += ["crmlab/.ve/pyvenv.cfg", "crmlab/.ve/z.py", "crmlab/__pycache__/a.pyc", "crmlab.egg-info/PKG-INFO"]
    mine += ["exercises/private/course.json", "exercises/private/solutions/06.ipynb", "report.md", "tests/a.filled.csv"]
    mine += ["notebooks/.ipynb_checkpoints/00.ipynb"]
    ours = ["README.md", "crmlab/a.py", "crmlab/data/b.py", "exercises/private/README.md", "exercises/06.ipynb"]
    ours += ["docs/report.md", "notebooks/cases/C5.ipynb"]
    for name in mine + ours:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {path.relative_to(tmp_path).as_posix() for path in project_files(tmp_path)}
    assert found == {*ours, ".gitignore"}


# Spelt in pieces, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a package registry": [
        "pypi" + r"\.(org|io|python)",
        "python" + r"hosted\.org",
        r"(conda|repo)" + r"\.anaconda\.(org|com)",
        "registry" + r"\.npmjs",
        "tuna" + r"\.tsinghua",
    ],
    "a place on one machine": [
        r"(?<![\w.])/" + r"root/[\w.]",
        r"(?<![\w.])/" + r"home/[\w.]",
        r"(?<![\w.])/" + r"Users/[\w.]",
        "/tmp/" + r"ipykernel_\d+/",
        r"(?<![\w.])/" + r"work/(main|shared)\b",
    ],
}


MAY_NAME_PLACES = {"tests/test_net.py"}  # shows the notebook check an absolute path


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile("|".join(FORBIDDEN[what]))
    found = []
    for path in text_files():
        if path.relative_to(REPO).as_posix() in MAY_NAME_PLACES:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if '"image/' not in line and (hit := pattern.search(line)):
                found.append(f"{path.relative_to(REPO)}:{number}: {hit[0]}")
    assert found == [], f"names {what}"


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_search_finds(what: str) -> None:
    samples = [
        "https://" + "pypi" + ".org/simple",
        '"/' + 'home/ann/x"',
        "in /" + "root/.venv",
        "/tmp/" + "ipykernel_7/1.py",
    ]
    pattern = re.compile("|".join(FORBIDDEN[what]))
    assert sum(bool(pattern.search(sample)) for sample in samples) == (1 if "registry" in what else 3)


def test_ci_runs_the_readmes_test_command() -> None:
    script = (REPO / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line.strip() for line in script.splitlines() if line.strip() and not line.startswith("#")]
    assert commands[-1] == "exec python3 run.py test"
    assert "export CRMLAB_CI=1" in commands
    if os.name == "posix":
        assert os.access(REPO / ".ci" / "run", os.X_OK)
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    for command in ("python3 run.py lab", "python3 run.py test"):
        assert command in readme, f"README.md does not say: {command}"
