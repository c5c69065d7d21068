"""The package on its own: a wheel in a bare environment, used outside the workbook's folder."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tree import ROOT, project_files

EXERCISE = "06_value_abc_rfm_clv"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the workbook in which somebody has left private files."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "the workbook 工作簿"
    for path in project_files():
        target = source / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for private in ("datasets/roster.csv", "datasets/lantern_leaf/roster.csv", "exercises/grades.csv",
                    "exercises/private/course.json", "exercises/private/90_mine.key.json", "exercises/notes.ipynb",
                    "exercises/quick/notes.json"):
        (source / private).write_text("secret")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    done = subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "-w", str(folder), str(source)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel; other packages are lent by the one that runs the tests."""
    folder = tmp_path_factory.mktemp("bare") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)], check=True)
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    lent = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (packages / "lent.pth").write_text("".join(f"{path}\n" for path in lent), encoding="utf-8")
    return python


def run(python: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    home.mkdir(exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"HOME": str(home), "USERPROFILE": str(home), "PYTHONUTF8": "1"}
    return subprocess.run([str(python), *words], cwd=home, env=env, capture_output=True, text=True, encoding="utf-8",
                          check=False)


def test_the_wheel_holds_tables_and_keys_and_nothing_private(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    inside = {name.removeprefix("crmlab/_workbook/") for name in names if name.startswith("crmlab/_workbook/")}
    company = ROOT / "datasets" / "lantern_leaf"
    listed = json.loads((company / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    here = {one["path"] for one in listed if (company / one["path"]).is_file()} | {"datapackage.json", "VERSION"}
    keys = {path.name for path in (ROOT / "exercises").glob("*.key.json")}
    assert len(keys) >= 12
    assert inside == {f"datasets/lantern_leaf/{path}" for path in here} | {f"exercises/{name}" for name in keys} | {
        f"exercises/{name.replace('.key.json', '.ipynb')}" for name in keys} | {"exercises/quick/key.json"}
    assert not [name for name in names if "solutions/" in name or "private" in name or "secret" in name]
    modules = {path.relative_to(ROOT).as_posix() for path in project_files() if path.parts[len(ROOT.parts)] == "crmlab"}
    assert modules <= names
    assert wheel.stat().st_size < 10_000_000


def test_tables_truth_and_exercises_work_outside_the_workbook(bare: Path, tmp_path: Path) -> None:
    program = f"""
import crmlab
from crmlab import data
from crmlab.company import simulate
from crmlab.exercise import Exercise, own
assert "bare" in crmlab.__file__ and str(own.ROOT).startswith(str(crmlab.__path__[0]))
assert len(data.load("orders")) > 10_000 and data.truth("effects") and len(data.describe("orders"))
for name in data.tables().query("here == 'yes'")["table"]:
    data.load(name)
ex = Exercise("{EXERCISE}")
print(len(ex.load("orders")) > 100)
for name, question in ex.questions.items():
    if question["kind"] == "set":
        ex.answer(name, question["right"]["items"])
Exercise("{EXERCISE}", course="CRM", student="20261234")
print(len(simulate(7, 50)["customers"]))
"""
    done = run(bare, tmp_path / "home", "-c", program)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0].startswith("Practice data (version ") and said[1] == "True" and said[-1] == "50"
    assert any(line.endswith(": right") for line in said), said
    assert any(line.startswith("Own data of 20261234, course crm") for line in said)


def test_quick_checks_answer_outside_the_workbook(bare: Path, tmp_path: Path) -> None:
    key = json.loads((ROOT / "exercises" / "quick" / "key.json").read_text(encoding="utf-8"))
    name, asked = next((name, asked) for questions in key["chapters"].values() for name, asked in questions.items()
                       if asked["kind"] == "number")
    program = f"""
from crmlab import check
check.quick({name!r}, ...)
check.quick({name!r}, {asked["right"]["value"]!r})
"""
    said = run(bare, tmp_path / "home", "-c", program).stdout.splitlines()
    assert said[0].startswith(f"{name}: not answered yet") and said[1:] == [f"{name}: right"]


def test_copies_of_ones_own_go_home(bare: Path, tmp_path: Path) -> None:
    done = run(bare, tmp_path / "home", "-m", "crmlab.exercise", "start", "06")
    mine = tmp_path / "home" / "my_work" / f"{EXERCISE}.ipynb"
    assert done.returncode == 0 and f"Your own copy is {mine}" in done.stdout, done.stderr
    assert json.loads(mine.read_text(encoding="utf-8"))["cells"]


def test_a_damaged_table_and_grading_get_their_cure(bare: Path, tmp_path: Path) -> None:
    program = "from crmlab.data import dictionary; print(dictionary.damaged('datasets/x.csv', 'is missing'))"
    assert "is missing. Cure: install the package once more" in run(bare, tmp_path / "home", "-c", program).stdout
    if os.name == "posix":
        done = run(bare, tmp_path / "home", "-m", "crmlab.grading", "release")
        assert done.returncode == 1 and "need the whole workbook" in done.stderr
