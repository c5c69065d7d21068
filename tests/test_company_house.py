"""The house of the company: modules are found, draws have one place, nothing is planted twice or read in secret."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from crmlab import company
from crmlab.company import PARAMETERS, TABLES, World, firm, simulate
from crmlab.company import world as house
from crmlab.company.parameters import STORY_OF, described, replace
from crmlab.company.tables import parse_columns, table
from crmlab.company.views.contact_centre import poisson, waits
from crmlab.company.world import DRAWS, STAGES, TIES, stage

FOLDER = Path(company.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


# --- modules -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(FOLDER).as_posix())
def test_a_module_keeps_to_itself(path: Path) -> None:
    """It reads no private name of another, and the global parameters only where they are made and given out."""
    own = {"parameters/__init__.py", "world.py", "__init__.py"}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crmlab"):
            private = [name.name for name in node.names if name.name.startswith("_")]
            assert not private, f"{path.name} imports {private} from {node.module}"
            if path.relative_to(FOLDER).as_posix() not in own:
                assert "PARAMETERS" not in [name.name for name in node.names], path.name
            assert node.module.startswith("crmlab.company"), f"{path.name} uses {node.module}, which students see"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and re.match("_[^_]", node.attr):
            assert node.value.id in ("self", "sys"), f"{path.name}: {node.value.id}.{node.attr}"
        if isinstance(node, ast.Attribute):
            assert node.attr != "__dict__", f"{path.name} writes into a world's __dict__: make a stage"


def test_long_modules_say_why() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 250:
            assert "long module" in (ast.get_docstring(ast.parse(text)) or ""), path


def test_core_does_not_see_the_views() -> None:
    """Views observe; what happens never depends on who looks."""
    for path in (FOLDER / "core").glob("*.py"):
        assert "crmlab.company.views" not in path.read_text(encoding="utf-8"), path
    made = {name for name, function in STAGES.items() if ".core." in function.__module__}
    for path in (FOLDER / "core").glob("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "world":
                assert ast.literal_eval(node.slice) in made, f"{path.name} asks for {ast.unparse(node)}"


def test_every_module_was_found() -> None:
    for path in MODULES:
        if path.parent.name in ("core", "views", "cases"):
            assert f"crmlab.company.{path.parent.name}.{path.stem}".removesuffix(".__init__") in sys.modules


def test_a_new_module_is_found_without_being_listed(tmp_path: Path) -> None:
    """A file laid into `views` is enough."""
    (tmp_path / "wishes.py").write_text(
        "import pandas as pd\n"
        "from crmlab.company.tables import customer_ids, table\n"
        "@table('wishes', grain='a wish', chapter='99', scale='sample', columns='customer_id* string: who')\n"
        "def wishes(world):\n"
        "    return pd.DataFrame({'customer_id': customer_ids(world, range(world.people))})\n",
        encoding="utf-8",
    )
    code = (
        f"from crmlab import company\ncompany.views.__path__.append({str(tmp_path)!r})\ncompany.discover()\n"
        "print(company.simulate(1, 3, ['wishes'])['wishes'].shape)"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "(3, 1)"


# --- the registry ------------------------------------------------------------------------------------------


def test_two_stages_or_tables_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two stages are called 'people', in crmlab.company.core.people and"):
        stage("people")(lambda world: None)
    with pytest.raises(ValueError, match=r"two tables are called 'orders', in crmlab.company.views.spine and"):
        table("orders", grain="an order", chapter="00", scale="firm", columns="a! string: b")(lambda world: None)
    assert STAGES["people"].__module__.endswith("core.people") and TABLES["orders"].make.__module__.endswith("spine")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("amount number yuan: what it is", r"does not read as 'name! type"),
        ("amount! money: what it is", r"does not read as"),
        ("amount number: one\namount number: two", r"describes column amount twice"),
    ],
)
def test_a_column_that_cannot_be_read_is_refused(columns: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_columns("tins", columns)


def test_columns_are_read_with_all_their_parts() -> None:
    key, amount = parse_columns(
        "tins", "\n    tin* integer -> boxes.box: the\n        tin\n    amount number [yuan a kg]: price\n"
    )
    assert (key.key, key.required, key.references, key.description) == (True, True, "boxes.box", "the tin")
    assert (amount.required, amount.unit, amount.type) == (False, "yuan a kg", "number")


def test_a_table_must_have_the_columns_it_describes() -> None:
    world = World(1, 3)
    one = TABLES["customers"]
    other = type(one)(one.name, one.grain, one.chapter, one.scale, one.columns[1:], one.make)
    with pytest.raises(ValueError, match="table customers has columns customer_id, line"):
        other(world)


# --- draws -------------------------------------------------------------------------------------------------


def test_every_draw_has_one_place_or_a_reason_for_two() -> None:
    """Made once with everything there is: a second place raises while the tables are made."""
    simulate(3, 300)
    shared = {name for name, places in DRAWS.items() if len(places) > 1}
    assert shared == set(TIES), "ties that are none any more go from the list"
    assert len(DRAWS) > 400 and all(len(reason) > 20 for reason in TIES.values())


def test_a_draw_that_is_drawn_again_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a module of the company would do it, by accident."""
    simulate(3, 20, ["customers"])
    monkeypatch.setattr(house, "DRAWS", {name: set(places) for name, places in DRAWS.items()})
    code = compile('world.uniform("habit", [1])', "new", "exec")
    with pytest.raises(ValueError, match=r"the draw 'habit' of views\.new:1 is drawn in core\.people:\d+ already"):
        exec(code, {"world": World(3, 20), "__name__": "crmlab.company.views.new"})
    exec(code, {"world": World(3, 20), "__name__": "somewhere.else"})  # who only looks may draw what she likes


def test_draws_of_one_seed_are_unlike() -> None:
    """The keys of different draws give different numbers, also for names that nearly agree."""
    world, ids = World(3, 10), np.arange(4000)
    names = list(DRAWS)[:60]
    drawn = np.array([world.uniform(name, ids) for name in names])
    assert np.abs(np.corrcoef(drawn) - np.eye(len(names))).max() < 5 / np.sqrt(len(ids))


# --- planted numbers ---------------------------------------------------------------------------------------


def test_a_planted_number_has_a_sentence_a_range_and_keeps_to_it() -> None:
    assert len(described()) > 400
    for one in described():
        assert len(one["description"]) > 5, one
        assert one["minimum"] is None or one["minimum"] < one["maximum"], one
    with pytest.raises(
        ValueError, match=r"margin must lie between 0.05 and 0.8 share, and 1.2 does not: margin of goods"
    ):
        replace(PARAMETERS, margin=1.2)
    with pytest.raises(ValueError, match=r"city_shares must lie between"):
        replace(PARAMETERS, city_shares=(0.5, 0.5, -0.1, 0.1, 0.0, 0.0))
    with pytest.raises(KeyError, match=r"no parameter is called 'marge'"):
        replace(PARAMETERS, marge=0.3)
    assert replace(PARAMETERS, margin=0.2).retail.margin == 0.2 and PARAMETERS.retail.margin == 0.42


def test_no_planted_number_is_read_nowhere() -> None:
    text = "\n".join(p.read_text(encoding="utf-8") for p in MODULES if p.parent.name in ("core", "views", "cases"))
    unread = [name for name, story in STORY_OF.items() if not re.search(rf"\.{name}\b", text)]
    assert not unread


# --- small machines of its own -----------------------------------------------------------------------------


def test_poisson_counts_are_those_of_scipy() -> None:
    uniform = np.concatenate([np.linspace(1e-9, 1 - 1e-9, 4001), np.random.default_rng(1).random(20_000)])
    for mean in (0.01, 0.4, 3.0, 17.5, 60.0):
        np.testing.assert_array_equal(poisson(uniform, np.full(len(uniform), mean)), stats.poisson.ppf(uniform, mean))


def test_the_queue_of_the_company_by_hand() -> None:
    """Two agents, three calls at once; then one agent goes home and finishes her call."""
    arrive, talk = np.array([0, 10, 20, 25]), np.array([60, 60, 60, 10])
    assert waits(arrive, talk, np.array([2, 2, 2, 2])).tolist() == [0, 0, 40, 45]
    assert waits(arrive, talk, np.array([2, 2, 1, 1])).tolist() == [0, 0, 50, 105]
    assert waits(arrive, talk, np.array([1, 1, 1, 3])).tolist() == [0, 50, 100, 0]


def test_importing_the_company_loads_no_statistics() -> None:
    """scipy.stats alone takes as long as all the rest."""
    code = (
        "import sys, crmlab.company; print([m for m in ('scipy.stats', 'statsmodels', 'sklearn') if m in sys.modules])"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_the_calendar() -> None:
    days = firm.month_days()
    assert len(days) == firm.MONTHS + 1 and days[0] == 0 and days[-1] == firm.DAYS and days[24] == firm.LEARN_DAYS
    assert importlib.import_module("crmlab.company.core.people").HORIZON_YEARS == pytest.approx(3.0, abs=0.002)
